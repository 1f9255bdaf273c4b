//! Packing: where one segment ends and the next begins.
//!
//! Here: greedy packing over the bytes of a text whose encoding is known. Not here: which encoding that
//! is, and how much a segment holds in it.
//!
//! The cost of a character is laid on the first byte of its UTF-8 form, and the bytes that continue it
//! cost nothing. So a text is packed without decoding it, and a cut always falls before a first byte:
//! an escape pair is one character and a surrogate pair is one character, and neither is ever split.

use crate::gsm7::is_ascii_extension;

/// What the characters of a text cost, told from their first bytes.
pub(super) trait Units {
    /// Whether the character that begins with this byte costs two units. The byte begins one.
    fn is_double(byte: u8) -> bool;
}

/// Septets, for a text that is known to be all GSM-7.
pub(super) struct Septets;

impl Units for Septets {
    /// The extension table: nine ASCII characters, and the euro sign, which is the only character of
    /// three bytes in GSM-7.
    fn is_double(byte: u8) -> bool {
        is_ascii_extension(byte) | (byte == 0xE2)
    }
}

/// UTF-16 code units, for any text.
pub(super) struct Utf16;

impl Units for Utf16 {
    /// Four bytes: beyond the Basic Multilingual Plane, a surrogate pair.
    fn is_double(byte: u8) -> bool {
        byte >= 0xF0
    }
}

/// Whether a character begins with this byte.
const fn is_first(byte: u8) -> bool {
    // 0b10xxxxxx continues one: the lowest 64 values of a signed byte.
    byte as i8 >= -64
}

/// What is laid on one byte.
fn units_of<U: Units>(byte: u8) -> usize {
    usize::from(is_first(byte)) + usize::from(U::is_double(byte))
}

/// Bytes looked at together. They cost 64 units at most, less than any segment holds, so that at most
/// one segment ends in a block.
const BLOCK: usize = 32;

/// The characters of a piece of text and what they cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    /// Code points.
    pub characters: usize,
    /// Those that cost two units.
    pub doubles: usize,
}

impl Tally {
    /// Units of them all.
    pub const fn units(self) -> usize {
        self.characters + self.doubles
    }

    /// Tallies bytes, which need not begin or end with a whole character.
    pub fn of<U: Units>(bytes: &[u8]) -> Self {
        let mut sum = Self::default();
        for (_, block) in Blocks::new(bytes) {
            let tally = Self::of_block::<U>(&block);
            sum.characters += tally.characters;
            sum.doubles += tally.doubles;
        }
        sum
    }

    /// Without branches, so that the compiler looks at sixteen bytes and more at once.
    fn of_block<U: Units>(block: &[u8; BLOCK]) -> Self {
        let (mut characters, mut doubles) = (0_u8, 0_u8);
        for &byte in block {
            characters = characters.wrapping_add(u8::from(is_first(byte)));
            doubles = doubles.wrapping_add(u8::from(U::is_double(byte)));
        }
        Self {
            characters: usize::from(characters),
            doubles: usize::from(doubles),
        }
    }
}

/// The blocks of a text with their offsets; the last is filled up with bytes that cost nothing.
struct Blocks<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Blocks<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }
}

impl Iterator for Blocks<'_> {
    type Item = (usize, [u8; BLOCK]);

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.at;
        let rest = self.bytes.get(at..).filter(|rest| !rest.is_empty())?;
        self.at += BLOCK;
        if let Some(block) = rest.first_chunk::<BLOCK>() {
            return Some((at, *block));
        }
        // A continuing byte costs nothing.
        let mut block = [0x80; BLOCK];
        for (to, from) in block.iter_mut().zip(rest) {
            *to = *from;
        }
        Some((at, block))
    }
}

/// How many segments of so many units the text fills.
pub(super) fn count<U: Units>(bytes: &[u8], capacity: usize) -> usize {
    let mut packer = Packer::new(capacity);
    for (_, block) in Blocks::new(bytes) {
        let tally = Tally::of_block::<U>(&block);
        if tally.doubles == 0 {
            packer.take_singles(tally.characters);
        } else if !packer.take_whole(tally.units()) {
            for &byte in &block {
                packer.take_units(units_of::<U>(byte));
            }
        }
    }
    packer.segments
}

/// The same, telling where each segment but the last ends and what it holds; answers what the last holds.
pub(super) fn cut<U: Units>(
    bytes: &[u8],
    capacity: usize,
    mut segment: impl FnMut(usize, usize),
) -> usize {
    let mut packer = Packer::new(capacity);
    for (at, block) in Blocks::new(bytes) {
        if packer.take_whole(Tally::of_block::<U>(&block).units()) {
            continue;
        }
        for (offset, &byte) in block.iter().enumerate() {
            let used = packer.used;
            if packer.take_units(units_of::<U>(byte)) {
                segment(at + offset, used);
            }
        }
    }
    packer.used
}

/// Greedy packing, a character after the other.
pub(super) struct Packer {
    capacity: usize,
    /// Segments begun.
    pub segments: usize,
    /// Units in the last of them.
    pub used: usize,
}

impl Packer {
    pub const fn new(capacity: usize) -> Self {
        Self {
            capacity,
            segments: 1,
            used: 0,
        }
    }

    /// Packs one character of so many units; true where it begins a new segment.
    pub const fn take_units(&mut self, units: usize) -> bool {
        let begins = self.used + units > self.capacity;
        if begins {
            self.segments += 1;
            self.used = units;
        } else {
            self.used += units;
        }
        begins
    }

    /// Packs characters of one unit each, fewer than a segment holds: they leave no gap.
    const fn take_singles(&mut self, characters: usize) {
        self.used += characters;
        if self.used > self.capacity {
            self.segments += 1;
            self.used -= self.capacity;
        }
    }

    /// Packs several characters where they all fit the last segment; else it does nothing.
    const fn take_whole(&mut self, units: usize) -> bool {
        let fits = self.used + units <= self.capacity;
        if fits {
            self.used += units;
        }
        fits
    }
}
