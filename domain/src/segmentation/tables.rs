//! Tables: the national language tables with which a text takes the fewest segments.
//!
//! Here: the choice, and the septets of characters with it. Not here: the tables themselves
//! ([`crate::gsm7::national`]).
//!
//! Among tables that take the same number of segments, those with the smaller header are chosen:
//! none before a single shift table, that before a locking shift table, that before both; then the
//! language of the lower identifier.

use super::{
    capacity::{Capacity, Reference},
    packing::Packer,
};
use crate::gsm7::national::{self, Language, Languages};

/// The national language tables that a text is sent with; none by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Tables {
    /// The table used in place of the default alphabet.
    pub locking_shift: Option<Language>,
    /// The table used in place of the default extension table.
    pub single_shift: Option<Language>,
}

impl Tables {
    /// The number of tables that a header names.
    pub(super) const fn count(self) -> usize {
        self.locking_shift.is_some() as usize + self.single_shift.is_some() as usize
    }

    /// Septets of a character, 1 or 2; `None` if the tables lack it.
    pub(super) fn septets(self, character: char) -> Option<usize> {
        let holders = national::holders(character);
        if holders.one_septet & bit(self.locking_shift) != 0 {
            Some(1)
        } else if holders.two_septets & bit(self.single_shift) != 0 {
            Some(2)
        } else {
            None
        }
    }

    /// The order of preference among tables that take the same number of segments.
    fn rank(self) -> impl Ord {
        (
            self.locking_shift.is_some(),
            self.single_shift.is_some(),
            self.locking_shift,
        )
    }
}

fn bit(language: Option<Language>) -> u16 {
    1 << language.map_or(0, Language::identifier)
}

/// The language of a bit; `None` for the lowest bit, which means the default tables.
fn language(bit: usize) -> Option<Language> {
    Language::ALL.get(bit.checked_sub(1)?).copied()
}

/// A text in GSM-7 with the tables chosen for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Choice {
    pub tables: Tables,
    pub capacity: Capacity,
    pub segments: usize,
}

/// The tables with which the text takes the fewest segments; `None` if no pair has every character.
pub(super) fn choose(
    text: impl Iterator<Item = char> + Clone,
    languages: Languages,
    reference: Reference,
) -> Option<Choice> {
    Survey::of(text.clone(), languages)?
        .candidates()
        .map(|(tables, septets)| {
            let capacity = Capacity::gsm7(tables, reference);
            let segments = if septets <= capacity.alone {
                1
            } else {
                pack(text.clone(), tables, capacity.joined)
            };
            Choice {
                tables,
                capacity,
                segments,
            }
        })
        .min_by_key(|choice| (choice.segments, choice.tables.rank()))
}

fn pack(text: impl Iterator<Item = char>, tables: Tables, capacity: usize) -> usize {
    let mut packer = Packer::new(capacity);
    for character in text {
        // A candidate has every character.
        packer.take_units(tables.septets(character).unwrap_or_default());
    }
    packer.segments
}

/// The septets of a text with each locking shift table, and the single shift tables it then needs.
///
/// A character costs one septet if the locking table has it and else two, whichever single shift
/// table that is. So there is one candidate a locking table, and not one a pair.
struct Survey {
    characters: usize,
    /// By locking table: the number of characters that it lacks.
    lacking: [usize; 14],
    /// By locking table: the single shift tables that have all of those.
    filling: [u16; 14],
    languages: u16,
}

impl Survey {
    /// `None` if some character is in no table.
    fn of(text: impl Iterator<Item = char>, languages: Languages) -> Option<Self> {
        let languages = languages.bits();
        let mut survey = Self {
            characters: 0,
            lacking: [0; 14],
            filling: [languages; 14],
            languages,
        };
        for character in text {
            let holders = national::holders(character);
            if (holders.one_septet | holders.two_septets) & languages == 0 {
                return None;
            }
            survey.characters += 1;
            let mut without = languages & !holders.one_septet;
            while without != 0 {
                let table = without.trailing_zeros() as usize;
                // There are fourteen tables, and bits for no more.
                survey.lacking[table] += 1;
                survey.filling[table] &= holders.two_septets;
                without &= without - 1;
            }
        }
        Some(survey)
    }

    /// Tables that hold all of the text, with its septets. The default extension table needs no
    /// header, and so it is taken wherever it will do.
    fn candidates(&self) -> impl Iterator<Item = (Tables, usize)> {
        let tables = self.lacking.iter().zip(self.filling).enumerate();
        tables.filter_map(|(locking, (lacking, filling))| {
            // Spanish has no locking table; it lacks every character, and costs more than the
            // default.
            let chosen = self.languages & (1 << locking) != 0 && filling != 0;
            let tables = Tables {
                locking_shift: language(locking),
                single_shift: language(filling.trailing_zeros() as usize),
            };
            let sound = tables.locking_shift != Some(Language::Spanish);
            (chosen && sound).then_some((tables, self.characters + lacking))
        })
    }
}
