//! Bytes of a text that are looked at together, so that the compiler uses vectors of sixteen and more.
//!
//! Here: where a block begins and what stands in the place of what lacks. Not here: what is looked for.

/// Two vectors of the smallest machines. A text that costs two units a byte costs at most 64 in a block, which
/// fits the byte that they are added up in, and is less than any segment holds.
pub(crate) const BLOCK: usize = 32;

/// Nothing of a block and then all of it: from some byte on, a mask that keeps the end of one.
const NOTHING_THEN_ALL: [u8; 2 * BLOCK] = {
    let mut mask = [0; 2 * BLOCK];
    let mut place = BLOCK;
    while place < mask.len() {
        mask[place] = u8::MAX;
        place += 1;
    }
    mask
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
    let kept = match text.len() % BLOCK {
        0 => return [filler; BLOCK],
        kept => kept,
    };
    let mask = NOTHING_THEN_ALL.get(kept..).and_then(<[u8]>::first_chunk);
    let mask = mask.unwrap_or(&[0; BLOCK]);
    let mut block = *block;
    for (byte, keep) in block.iter_mut().zip(mask) {
        *byte = (*byte & keep) | (filler & !keep);
    }
    block
}
