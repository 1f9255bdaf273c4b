//! Bytes of a text that are looked at together, so that the compiler uses vectors of sixteen and more.
//!
//! Here: where a block begins and what stands in the place of what lacks. Not here: what is looked for.

/// Two vectors of the smallest machines. A text that costs two units a byte costs at most 64 in a block, which
/// fits the byte that they are added up in, and is less than any segment holds.
pub(crate) const BLOCK: usize = 32;

/// The places of a block, in bytes, so that many are compared at once.
pub(crate) const PLACES: [u8; BLOCK] = {
    let mut places = [0; BLOCK];
    let mut place = 0;
    while place < BLOCK {
        // Below 32.
        places[place] = place as u8;
        place += 1;
    }
    places
};

/// The block that a piece of text begins with: in its place, or, where it is short, copied to the one that is
/// given, whose other bytes stay.
pub(crate) fn first<'a>(text: &'a [u8], filled: &'a mut [u8; BLOCK]) -> &'a [u8; BLOCK] {
    match text.first_chunk() {
        Some(block) => block,
        None => {
            for (to, from) in filled.iter_mut().zip(text) {
                *to = *from;
            }
            filled
        }
    }
}

/// The bytes at the end of a text that make no whole block, as the end of one, the bytes before them filled;
/// where the text is shorter than a block, as its beginning.
///
/// Filling bytes that were read takes less than copying the others.
pub(crate) fn last(text: &[u8], filler: u8) -> [u8; BLOCK] {
    let Some(block) = text.last_chunk() else {
        let mut filled = [filler; BLOCK];
        return *first(text, &mut filled);
    };
    let others = BLOCK - text.len() % BLOCK;
    let mut block = *block;
    for (byte, place) in block.iter_mut().zip(PLACES) {
        if usize::from(place) < others {
            *byte = filler;
        }
    }
    block
}
