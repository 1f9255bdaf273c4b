//! Packing: the positions at which one segment ends and the next begins.
//!
//! Here: greedy packing over the bytes of a text whose encoding is known. Not here: which encoding
//! that is, and how much a segment holds in it.
//!
//! The cost of a character is laid on the first byte of its UTF-8 form, and the bytes that continue
//! it cost nothing. So a text is packed without decoding it, and a cut always falls before a first
//! byte: an escape pair is one character and a surrogate pair is one character, and neither is ever
//! split.

use crate::gsm7::{
    block::{self, BLOCK},
    is_ascii_extension,
};

/// The units that characters take, known from their first bytes.
pub(super) trait Units {
    /// Whether the character that begins with this byte takes two units. The byte must begin one.
    fn is_double(byte: u8) -> bool;

    /// Whether every character has one byte and takes one unit.
    fn are_singles(bytes: &[u8]) -> bool;
}

/// Septets, for a text that is known to be all GSM-7.
pub(super) struct Septets;

impl Units for Septets {
    /// The extension table: nine ASCII characters, and the euro sign, which is the only character
    /// of three bytes in GSM-7.
    fn is_double(byte: u8) -> bool {
        is_ascii_extension(byte) | (byte == 0xE2)
    }

    fn are_singles(bytes: &[u8]) -> bool {
        let other = |byte: u8| is_ascii_extension(byte) | !byte.is_ascii();
        !bytes.iter().fold(false, |some, &byte| some | other(byte))
    }
}

/// UTF-16 code units, for any text.
pub(super) struct Utf16;

impl Units for Utf16 {
    /// Four bytes: beyond the Basic Multilingual Plane, a surrogate pair.
    fn is_double(byte: u8) -> bool {
        byte >= 0xF0
    }

    fn are_singles(bytes: &[u8]) -> bool {
        bytes.is_ascii()
    }
}

/// Whether a character begins with this byte.
const fn is_first(byte: u8) -> bool {
    // 0b10xxxxxx continues one: the lowest 64 values of a signed byte.
    byte as i8 >= -64
}

/// The cost that a byte carries.
fn units_of<U: Units>(byte: u8) -> usize {
    usize::from(is_first(byte)) + usize::from(U::is_double(byte))
}

/// The number of characters of a piece of text, and their units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    /// Code points.
    pub characters: usize,
    /// The characters that take two units.
    pub doubles: usize,
}

impl Tally {
    /// The units of all characters.
    pub const fn units(self) -> usize {
        self.characters + self.doubles
    }

    /// Whether this many bytes with this tally are characters of one byte and one unit each.
    const fn is_plain(self, bytes: usize) -> bool {
        self.doubles == 0 && self.characters == bytes
    }

    const fn less(self, taken: Self) -> Self {
        Self {
            characters: self.characters - taken.characters,
            doubles: self.doubles - taken.doubles,
        }
    }

    /// Tallies bytes, which need not begin or end with a whole character.
    ///
    /// Each position of a block has a sum of its own, in a byte, and the sums are added only at the
    /// end of a run. That needs no branches, so the compiler can vectorize it.
    pub fn of<U: Units>(bytes: &[u8]) -> Self {
        let mut tally = Self::default();
        for run in bytes.chunks(RUN) {
            let (mut characters, mut doubles) = ([0_u8; BLOCK], [0_u8; BLOCK]);
            let (blocks, last) = (run.as_chunks().0, block::last(run, CONTINUES));
            for block in blocks.iter().chain([&last]) {
                for (sum, &byte) in characters.iter_mut().zip(block) {
                    *sum = sum.wrapping_add(u8::from(is_first(byte)));
                }
                for (sum, &byte) in doubles.iter_mut().zip(block) {
                    *sum = sum.wrapping_add(u8::from(U::is_double(byte)));
                }
            }
            let sum = |places: [u8; BLOCK]| places.into_iter().map(u32::from).sum::<u32>();
            tally.characters += sum(characters) as usize;
            tally.doubles += sum(doubles) as usize;
        }
        tally
    }
}

/// As many blocks as can be counted in a byte a place, with the one that is filled up.
const RUN: usize = BLOCK * 254;

/// The sums of a block.
fn tally_block<U: Units>(block: &[u8; BLOCK]) -> Tally {
    let (mut characters, mut doubles) = (0_u8, 0_u8);
    for &byte in block {
        characters = characters.wrapping_add(u8::from(is_first(byte)));
        doubles = doubles.wrapping_add(u8::from(U::is_double(byte)));
    }
    Tally {
        characters: usize::from(characters),
        doubles: usize::from(doubles),
    }
}

/// The byte that pads a short block: one that continues a character, which costs nothing.
const CONTINUES: u8 = 0x80;

/// Counts the segments of this many units that the text fills; the tally is the text's.
pub(super) fn count<U: Units>(bytes: &[u8], tally: Tally, capacity: usize) -> usize {
    let mut packer = Packer::new(capacity);
    let mut left = tally;
    for rest in bytes.chunks(BLOCK) {
        // Only a character of two units can leave a gap: from the last of them on, this is a
        // division.
        if left.doubles == 0 {
            break;
        }
        let mut filled = [CONTINUES; BLOCK];
        let bytes = block::first(rest, &mut filled);
        let block = tally_block::<U>(bytes);
        left = left.less(block);
        if block.doubles == 0 {
            packer.take_singles(block.characters);
        } else if !packer.take_whole(block.units()) {
            for &byte in bytes {
                packer.take_units(units_of::<U>(byte));
            }
        }
    }
    packer.take_singles(left.characters);
    packer.segments
}

/// Cuts the text: reports the end and the units of each segment but the last, and returns the units
/// of the last.
pub(super) fn cut<U: Units>(
    bytes: &[u8],
    mut tally: Tally,
    capacity: usize,
    mut segment: impl FnMut(usize, usize),
) -> usize {
    let mut begin = 0;
    loop {
        let rest = bytes.get(begin..).unwrap_or_default();
        let (taken, units) = fill::<U>(rest, &mut tally, capacity);
        begin += taken;
        if begin >= bytes.len() {
            return units;
        }
        segment(begin, units);
    }
}

/// The bytes that fill one segment, and their units; subtracts them from the tally of the rest.
fn fill<U: Units>(rest: &[u8], left: &mut Tally, capacity: usize) -> (usize, usize) {
    let mut used = 0;
    for (at, piece) in (0..).step_by(BLOCK).zip(rest.chunks(BLOCK)) {
        // From here on, a byte is a unit: in many texts the characters of two units are in one
        // place.
        if left.is_plain(rest.len() - at) {
            let taken = left.characters.min(capacity - used);
            left.characters -= taken;
            return (at + taken, used + taken);
        }
        if at == 0
            && let Some(most) = rest.get(..capacity)
            && U::are_singles(most)
        {
            left.characters -= capacity;
            return (capacity, capacity);
        }
        let mut filled = [CONTINUES; BLOCK];
        let bytes = block::first(piece, &mut filled);
        let block = tally_block::<U>(bytes);
        if used + block.units() <= capacity {
            used += block.units();
            *left = left.less(block);
            continue;
        }
        for (offset, &byte) in bytes.iter().enumerate() {
            let units = units_of::<U>(byte);
            if used + units > capacity {
                return (at + offset, used);
            }
            used += units;
            left.characters -= usize::from(is_first(byte));
            left.doubles -= usize::from(U::is_double(byte));
        }
    }
    (rest.len(), used)
}

/// Greedy packing, character by character.
pub(super) struct Packer {
    capacity: usize,
    /// The number of segments begun.
    pub segments: usize,
    /// The units in the last segment.
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

    /// Packs one character of this many units; returns whether it begins a new segment.
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

    /// Packs characters of one unit each, which leave no gap.
    const fn take_singles(&mut self, characters: usize) {
        self.used += characters;
        if self.used > self.capacity {
            // If nothing is left over, the last segment is full.
            let begun = (self.used - 1) / self.capacity;
            self.segments += begun;
            self.used -= begun * self.capacity;
        }
    }

    /// Packs several characters if they all fit the last segment; otherwise it does nothing.
    const fn take_whole(&mut self, units: usize) -> bool {
        let fits = self.used + units <= self.capacity;
        if fits {
            self.used += units;
        }
        fits
    }
}
