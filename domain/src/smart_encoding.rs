//! Smart encoding (law S4): GSM-7 lookalikes of typographic characters.
//!
//! Here: the replacement of each such character. Not here: whether replacing saves segments, which
//! [`crate::segmentation`] decides for each text.
//!
//! A text is composed first, which nobody sees: `e` with a combining accent becomes `è`, and CRLF
//! becomes LF. Quotes, dashes, ellipses, spaces, bullets, fractions, ligatures and invisible
//! characters are replaced: word processors and phones insert them automatically, and readers do
//! not miss them. Letters stay as typed, unless accents are to be taken off letters that GSM-7
//! lacks: it has `à`, but not `á`. Characters that GSM-7 has are never replaced.

mod accents;
mod composed;

pub use composed::{composed, gsm_letter};

use crate::gsm7::national::{self, Languages};

/// The GSM-7 lookalike of a character; empty if the character is left out, `None` if it has none.
///
/// `before` is the text before it, as typed: a fraction after a digit gets a space, so that 2½
/// becomes "2 1/2" and not "21/2". Characters between the two that are left out make no difference.
///
/// ```
/// use domain::smart_encoding::replacement;
///
/// assert_eq!(replacement('’', "l"), Some("'"));
/// assert_eq!(replacement('½', "2"), Some(" 1/2"));
/// assert_eq!(replacement('\u{200B}', ""), Some(""));
/// assert_eq!(replacement('á', ""), None);
/// ```
#[must_use]
pub fn replacement(character: char, before: &str) -> Option<&'static str> {
    if is_of_another_script(character) {
        return None;
    }
    if let Some(fraction) = fraction(character) {
        return Some(if ends_in_digit(before) {
            fraction
        } else {
            fraction.trim_start()
        });
    }
    punctuation(character)
        .or_else(|| ligature(character))
        .or_else(|| invisible(character))
}

/// Whether a text ends in a digit after replacing.
fn ends_in_digit(text: &str) -> bool {
    // A fraction ends the search, so that a text of many fractions is not searched repeatedly.
    text.chars().rev().find_map(leaves_digit) == Some(true)
}

/// Whether the replacement of a character ends in a digit; `None` if the character is left out.
fn leaves_digit(character: char) -> Option<bool> {
    let like = replacement(character, "").or_else(|| without_accent(character));
    match like {
        Some(like) => like.bytes().last().map(|last| last.is_ascii_digit()),
        None => Some(character.is_ascii_digit()),
    }
}

/// The letter without its accents, if the character is an accented letter that GSM-7 lacks; empty
/// for a combining accent. It changes how a word is spelt, so it is done only on request.
///
/// ```
/// use domain::smart_encoding::without_accent;
///
/// assert_eq!(without_accent('á'), Some("a"));
/// assert_eq!(without_accent('à'), None, "GSM-7 has it");
/// ```
#[must_use]
pub fn without_accent(character: char) -> Option<&'static str> {
    if is_of_another_script(character) {
        return None;
    }
    accents::stripped(character)
}

/// Most characters of scripts other than Latin, and emoji: none of them has a lookalike, and this
/// saves searching the tables.
const fn is_of_another_script(character: char) -> bool {
    matches!(
        character,
        '\u{370}'..='\u{600}' | '\u{620}'..='\u{1600}' | '\u{3040}'..='\u{FA00}' | '\u{1F000}'..='\u{1FFFF}'
    )
}

/// The replacement of a fraction, with a space that separates it from a number before it.
const fn fraction(character: char) -> Option<&'static str> {
    Some(match character {
        '¼' => " 1/4",
        '½' => " 1/2",
        '¾' => " 3/4",
        '⅐' => " 1/7",
        '⅑' => " 1/9",
        '⅒' => " 1/10",
        '⅓' => " 1/3",
        '⅔' => " 2/3",
        '⅕' => " 1/5",
        '⅖' => " 2/5",
        '⅗' => " 3/5",
        '⅘' => " 4/5",
        '⅙' => " 1/6",
        '⅚' => " 5/6",
        '⅛' => " 1/8",
        '⅜' => " 3/8",
        '⅝' => " 5/8",
        '⅞' => " 7/8",
        '⅟' => " 1/",
        '↉' => " 0/3",
        _ => return None,
    })
}

const fn punctuation(character: char) -> Option<&'static str> {
    Some(match character {
        // Single quotes: turned, low, reversed, angled; letters used as apostrophes; primes;
        // spacing accents; ornaments; full width.
        '\u{2018}'..='\u{201B}' | '‹' | '›' | '\u{2BB}'..='\u{2BD}' | '\u{2B9}' | '\u{2C8}' => {
            "'"
        }
        '′' | '‵' | '`' | '´' | '\u{2CA}' | '\u{2CB}' | '❛' | '❜' | '❟' | '❮' | '❯' => {
            "'"
        }
        '＇' | '｀' => "'",
        // Double quotes: the same kinds.
        '\u{201C}'..='\u{201F}' | '«' | '»' | '\u{2BA}' | '\u{2DD}' | '\u{2EE}' | '″' | '‶' => {
            "\""
        }
        '❝' | '❞' | '❠' | '〝' | '〞' | '〟' | '＂' | '⹂' => "\"",
        '‴' | '‷' => "'''",
        '⁗' => "''''",
        // Hyphens, dashes, the minus sign, the hyphen bullet's neighbours of compatibility.
        '\u{2010}'..='\u{2015}' | '−' | '⁃' | '﹘' | '﹣' | '－' | '˗' => "-",
        '⸺' => "--",
        '⸻' => "---",
        // Ellipses and leaders.
        '…' | '⋯' => "...",
        '‥' => "..",
        '․' => ".",
        // Bullets: dots, squares, arrow heads and the diamonds of word processors.
        '▸' | '▹' | '►' | '▻' | '◆' | '◇' | '◉' | '❖' | '➢' | '➤' | '⁌' | '⁍' | '⦿' => {
            "-"
        }
        '•' | '‣' | '◦' | '∙' | '▪' | '▫' | '●' | '○' | '■' | '□' | '◘' | '◙' | '⦁' | '⦾' => {
            "-"
        }
        '·' | '‧' | '⋅' => ".",
        // Spaces of other widths, and the tab.
        '\t' | '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' => " ",
        '\u{3000}' => " ",
        // Line and paragraph separators are line breaks.
        '\u{B}' | '\u{85}' | '\u{2028}' | '\u{2029}' => "\n",
        // The signs for ångström, ohm and kelvin are letters, by Unicode's own rule.
        '\u{212B}' => "Å",
        '\u{2126}' => "Ω",
        '\u{212A}' => "K",
        // The slashes of fractions set by hand.
        '⁄' | '∕' => "/",
        _ => return None,
    })
}

const fn ligature(character: char) -> Option<&'static str> {
    Some(match character {
        'ﬀ' => "ff",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        'ﬃ' => "ffi",
        'ﬄ' => "ffl",
        'ﬅ' | 'ﬆ' => "st",
        'œ' => "oe",
        'Œ' => "OE",
        'ĳ' => "ij",
        'Ĳ' => "IJ",
        'Ǉ' => "LJ",
        'ǈ' => "Lj",
        'ǉ' => "lj",
        'Ǌ' => "NJ",
        'ǋ' => "Nj",
        'ǌ' => "nj",
        'Ǳ' => "DZ",
        'ǲ' => "Dz",
        'ǳ' => "dz",
        _ => return None,
    })
}

/// Characters that take no space on the screen: controls, joiners, direction marks, selectors,
/// tags, the object replacement character.
const fn invisible(character: char) -> Option<&'static str> {
    Some(match character {
        '\0'..='\u{1F}' if !matches!(character, '\n' | '\r' | '\u{C}') => "",
        '\u{7F}'..='\u{9F}' | '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{180B}'..='\u{180F}' => "",
        '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' => "",
        '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFC}' => "",
        '\u{E0000}'..='\u{E007F}' | '\u{E0100}'..='\u{E01EF}' => "",
        _ => return None,
    })
}

/// The characters of a text that are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Swaps {
    /// Whether accents are taken off letters too.
    pub accents: bool,
    /// The languages whose tables the text may be sent with: characters of these tables are kept.
    pub languages: Languages,
}

/// The text sent for one character: itself, or its replacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Swapped {
    kept: Option<char>,
    replacement: &'static str,
}

impl Swapped {
    pub fn chars(self) -> impl Iterator<Item = char> + Clone {
        self.kept.into_iter().chain(self.replacement.chars())
    }
}

impl Swaps {
    /// The text sent for each character of a text; `None` for a character that is in no table and
    /// has no lookalike.
    pub fn of(self, text: &str) -> impl Iterator<Item = Option<Swapped>> + Clone {
        let tables = self.languages.bits();
        text.char_indices().map(move |(at, character)| {
            let holders = national::holders(character);
            if (holders.one_septet | holders.two_septets) & tables != 0 {
                return Some(Swapped {
                    kept: Some(character),
                    replacement: "",
                });
            }
            let replacement = replacement(character, text.get(..at).unwrap_or_default())
                .or_else(|| without_accent(character).filter(|_| self.accents))?;
            Some(Swapped {
                kept: None,
                replacement,
            })
        })
    }
}

#[cfg(test)]
mod tests;
