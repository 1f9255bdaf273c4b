//! Blocks: bytes of a text that are read together, so that the compiler uses vectors of sixteen or
//! more.
//!
//! Here: the bytes of a block, and how a short one is padded. Not here: what is searched for in
//! them.

/// Two vectors of the smallest machines. At two units a byte, a block takes at most 64 units, which
/// fit the byte that they are added up in, and is less than any segment holds.
pub(crate) const BLOCK: usize = 32;

/// A block of zeros, then one of ones: a window over it is a mask that keeps the end of a block.
const NOTHING_THEN_ALL: [u8; 2 * BLOCK] = {
    let mut mask = [0; 2 * BLOCK];
    let mut place = BLOCK;
    while place < mask.len() {
        mask[place] = u8::MAX;
        place += 1;
    }
    mask
};

/// The block that a piece of text begins with: borrowed, or copied into the given block if the text
/// is shorter; the other bytes of that block stay.
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

/// The bytes at the end of a text that make no whole block, as the end of a block whose first bytes
/// are padded; if the text is shorter than a block, as its beginning.
///
/// Padding bytes that were read takes less time than copying the others.
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
