//! Capacity: how many units one segment holds.
//!
//! Here: what the elements of a header leave of a message's octets. Not here: which elements a text
//! needs.

use super::Tables;

/// Octets of user data in one message, header included (3GPP TS 23.040 §9.2.3.24).
const OCTETS: usize = 140;

/// Octets of the element that names one national language table: identifier, length and language
/// (§9.2.3.24.15, §9.2.3.24.16).
const TABLE_OCTETS: usize = 3;

/// The size of the reference number that joins the segments of one message: the sender gives all of
/// them the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Reference {
    /// One octet (§9.2.3.24.1), the usual size: it leaves 153 septets or 67 UTF-16 units.
    #[default]
    EightBit,
    /// Two octets (§9.2.3.24.8): it leaves 152 septets or 66 UTF-16 units.
    SixteenBit,
}

impl Reference {
    /// Octets of the element: identifier, length, the number, the count of segments, the position.
    const fn octets(self) -> usize {
        match self {
            Self::EightBit => 5,
            Self::SixteenBit => 6,
        }
    }
}

/// The units that one segment holds, alone and joined with others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Capacity {
    pub alone: usize,
    pub joined: usize,
}

impl Capacity {
    /// Segments without headers, as those of an MMS (law S3).
    pub const fn without_headers(units: usize) -> Self {
        Self {
            alone: units,
            joined: units,
        }
    }

    /// Septets, with the header elements of national language tables, if any.
    pub const fn gsm7(tables: Tables, reference: Reference) -> Self {
        let named = TABLE_OCTETS * tables.count();
        Self {
            alone: octets_left(named) * 8 / 7,
            joined: octets_left(named + reference.octets()) * 8 / 7,
        }
    }

    /// UTF-16 code units of two octets.
    pub const fn ucs2(reference: Reference) -> Self {
        Self {
            alone: octets_left(0) / 2,
            joined: octets_left(reference.octets()) / 2,
        }
    }

    pub const fn of(self, segments: usize) -> usize {
        if segments == 1 {
            self.alone
        } else {
            self.joined
        }
    }
}

/// Octets that a header with these elements leaves for the text. The header's length takes one more
/// octet.
const fn octets_left(elements: usize) -> usize {
    match elements {
        0 => OCTETS,
        elements => OCTETS - 1 - elements,
    }
}

#[cfg(test)]
mod tests {
    use super::{Capacity, Reference, Tables};
    use crate::gsm7::national::Language;
    use Reference::{EightBit, SixteenBit};

    #[test]
    fn capacities_are_those_of_the_specification() {
        let check = |capacity: Capacity, alone, joined| {
            assert_eq!((capacity.alone, capacity.joined), (alone, joined));
        };
        let none = Tables::default();
        let one = Tables {
            single_shift: Some(Language::Turkish),
            ..none
        };
        let both = Tables {
            locking_shift: Some(Language::Turkish),
            ..one
        };
        check(Capacity::gsm7(none, EightBit), 160, 153);
        check(Capacity::gsm7(one, EightBit), 155, 149);
        check(Capacity::gsm7(both, EightBit), 152, 146);
        check(Capacity::gsm7(none, SixteenBit), 160, 152);
        check(Capacity::gsm7(one, SixteenBit), 155, 148);
        check(Capacity::gsm7(both, SixteenBit), 152, 145);
        check(Capacity::ucs2(EightBit), 70, 67);
        check(Capacity::ucs2(SixteenBit), 70, 66);
        check(Capacity::without_headers(1_600), 1_600, 1_600);
    }
}
