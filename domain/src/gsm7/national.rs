//! National languages in GSM-7: the locking and single shift tables of 3GPP TS 23.038 annex A.
//!
//! Here: the languages, and the tables that have a character. Not here: choosing tables for a text,
//! and how much text is left beside a header that names them ([`crate::segmentation`]).
//!
//! A locking shift table replaces the default alphabet for the whole message: its characters take
//! one septet. A single shift table replaces the extension table: its characters take two. Either
//! is named by three octets of header (TS 23.040 §9.2.3.24.15, §9.2.3.24.16), and they need not be
//! of one language. Phones and carriers know them unevenly; so no table is used
//! unless its language is requested.

mod locking_shift;
mod single_shift;

use super::{ALPHABET, ESCAPE, EXTENSION};

/// A table by code; [`NONE`] for an undefined code.
type Table = [char; 128];

/// No character. No table has U+0000.
const NONE: char = '\0';

/// A language with tables of its own; as a number, its identifier (TS 23.038 §6.2.1.2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Language {
    /// Both tables.
    Turkish = 1,
    /// A single shift table only.
    Spanish = 2,
    /// Both tables.
    Portuguese = 3,
    /// Both tables; for Assamese too.
    Bengali = 4,
    /// Both tables.
    Gujarati = 5,
    /// Both tables.
    Hindi = 6,
    /// Both tables.
    Kannada = 7,
    /// Both tables.
    Malayalam = 8,
    /// Both tables.
    Oriya = 9,
    /// Both tables.
    Punjabi = 10,
    /// Both tables.
    Tamil = 11,
    /// Both tables.
    Telugu = 12,
    /// Both tables.
    Urdu = 13,
}

impl Language {
    /// Every language, by identifier.
    pub const ALL: [Self; 13] = [
        Self::Turkish,
        Self::Spanish,
        Self::Portuguese,
        Self::Bengali,
        Self::Gujarati,
        Self::Hindi,
        Self::Kannada,
        Self::Malayalam,
        Self::Oriya,
        Self::Punjabi,
        Self::Tamil,
        Self::Telugu,
        Self::Urdu,
    ];

    /// The identifier that names it in a header (TS 23.038 §6.2.1.2.4).
    #[must_use]
    pub const fn identifier(self) -> u8 {
        self as u8
    }

    /// Its locking shift table by code, with `None` for undefined codes and the escape; Spanish has
    /// none.
    pub fn locking_shift(self) -> Option<impl Iterator<Item = Option<char>>> {
        LOCKING[usize::from(self.identifier())].map(defined)
    }

    /// Its single shift table by code, with `None` for undefined codes.
    pub fn single_shift(self) -> impl Iterator<Item = Option<char>> {
        defined(SINGLE[usize::from(self.identifier())])
    }
}

fn defined(table: &Table) -> impl Iterator<Item = Option<char>> {
    table.iter().map(|&cell| (cell != NONE).then_some(cell))
}

/// A set of languages; the default is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Languages(u16);

impl Languages {
    /// None of them.
    pub const NONE: Self = Self(0);
    /// All thirteen.
    pub const ALL: Self = Self(0b11_1111_1111_1110);

    /// Whether the set is empty.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether the set has this language.
    #[must_use]
    pub const fn contains(self, language: Language) -> bool {
        self.0 & (1 << language.identifier()) != 0
    }

    /// The set with this language added.
    #[must_use]
    pub const fn with(self, language: Language) -> Self {
        Self(self.0 | (1 << language.identifier()))
    }

    /// The set as bits; the lowest bit means the default tables, and is always set.
    pub(crate) const fn bits(self) -> u16 {
        self.0 | 1
    }
}

impl FromIterator<Language> for Languages {
    fn from_iter<I: IntoIterator<Item = Language>>(languages: I) -> Self {
        languages.into_iter().fold(Self::NONE, Self::with)
    }
}

/// The tables that have a character, as bits by identifier; bit 0 means the default tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Holders {
    /// Tables of one septet a character: the default alphabet and the locking shift tables.
    pub one_septet: u16,
    /// Tables of two septets a character: the default extension table and the single shift tables.
    pub two_septets: u16,
}

/// The tables that have the character.
pub(crate) fn holders(character: char) -> Holders {
    let scalar = character as usize;
    let page = PAGE_OF.get(scalar >> 7).copied().unwrap_or(PAGES as u8);
    let page = HOLDERS.get(usize::from(page));
    page.map_or_else(Holders::default, |page| page[scalar & 0x7F])
}

/// Tables by identifier, the default ones first; those that a language lacks are `None`.
const LOCKING: [Option<&Table>; 14] = [
    Some(&ALPHABET),
    Some(&locking_shift::TURKISH),
    None,
    Some(&locking_shift::PORTUGUESE),
    Some(&locking_shift::BENGALI),
    Some(&locking_shift::GUJARATI),
    Some(&locking_shift::HINDI),
    Some(&locking_shift::KANNADA),
    Some(&locking_shift::MALAYALAM),
    Some(&locking_shift::ORIYA),
    Some(&locking_shift::PUNJABI),
    Some(&locking_shift::TAMIL),
    Some(&locking_shift::TELUGU),
    Some(&locking_shift::URDU),
];

const SINGLE: [&Table; 14] = [
    &default_extension(),
    &single_shift::TURKISH,
    &single_shift::SPANISH,
    &single_shift::PORTUGUESE,
    &single_shift::BENGALI,
    &single_shift::GUJARATI,
    &single_shift::HINDI,
    &single_shift::KANNADA,
    &single_shift::MALAYALAM,
    &single_shift::ORIYA,
    &single_shift::PUNJABI,
    &single_shift::TAMIL,
    &single_shift::TELUGU,
    &single_shift::URDU,
];

const fn default_extension() -> Table {
    let mut table = [NONE; 128];
    let mut entry = 0;
    while entry < EXTENSION.len() {
        table[EXTENSION[entry].0 as usize] = EXTENSION[entry].1;
        entry += 1;
    }
    table
}

/// Pages of 128 code points up to the last that any table has, U+221E: most are empty.
const PAGE_OF: [u8; 0x45] = page_numbers();

/// The number of pages that are not empty.
const PAGES: usize = 17;

static HOLDERS: [[Holders; 128]; PAGES] = holders_by_page();

/// Numbers the pages that are not empty in the order they are found; the others get [`PAGES`].
const fn page_numbers() -> [u8; 0x45] {
    let mut numbers = [PAGES as u8; 0x45];
    let mut seen = 0;
    let mut cell = 0;
    while cell < 2 * 14 * 128 {
        let character = character_at(cell);
        let page = character as usize >> 7;
        if character != NONE && numbers[page] == PAGES as u8 {
            numbers[page] = seen;
            seen += 1;
        }
        cell += 1;
    }
    assert!(seen as usize == PAGES, "PAGES is the count of pages");
    numbers
}

const fn holders_by_page() -> [[Holders; 128]; PAGES] {
    let nothing = Holders {
        one_septet: 0,
        two_septets: 0,
    };
    let mut pages = [[nothing; 128]; PAGES];
    let mut cell = 0;
    while cell < 2 * 14 * 128 {
        let character = character_at(cell);
        if character != NONE {
            let scalar = character as usize;
            let holders = &mut pages[PAGE_OF[scalar >> 7] as usize][scalar & 0x7F];
            let language = 1 << (cell / 128 % 14);
            if cell < 14 * 128 {
                holders.one_septet |= language;
            } else {
                holders.two_septets |= language;
            }
        }
        cell += 1;
    }
    pages
}

/// The cells of all tables in a row: fourteen locking, then fourteen single shift tables.
const fn character_at(cell: usize) -> char {
    let (language, code) = (cell / 128, cell % 128);
    if language >= 14 {
        return SINGLE[language - 14][code];
    }
    match LOCKING[language] {
        // The default alphabet lists the escape as if it were a character.
        Some(table) if code != ESCAPE as usize => table[code],
        _ => NONE,
    }
}

#[cfg(test)]
mod tests;
