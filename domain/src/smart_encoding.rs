//! Smart encoding: GSM-7 likes of typographic characters.
//!
//! Here: what each such character is swapped for. Not here: whether a text gains by it, which is
//! decided, text by text, in [`crate::segmentation`].
//!
//! Swapped are quotes, dashes, ellipses, spaces, bullets, fractions, ligatures and invisible characters:
//! what word processors and phones put in by themselves, and what a reader does not miss. Letters stay as
//! they are typed, unless it is asked that accents be taken off those that GSM-7 lacks: it has `à`, but not
//! `á`. Characters that GSM-7 has are never touched.

mod accents;

use crate::gsm7::national::{self, Languages};

/// The GSM-7 like of a character, if it has one; empty where the character is simply left out.
/// `previous` is the character before it, as typed: a fraction after a digit keeps its distance, so that
/// 2½ becomes "2 1/2" and not "21/2".
#[must_use]
pub fn replacement(character: char, previous: Option<char>) -> Option<&'static str> {
    if is_of_another_script(character) {
        return None;
    }
    if let Some(fraction) = fraction(character) {
        let apart = previous.is_some_and(|previous| previous.is_ascii_digit());
        return Some(if apart {
            fraction
        } else {
            fraction.trim_start()
        });
    }
    punctuation(character)
        .or_else(|| ligature(character))
        .or_else(|| invisible(character))
}

/// The letter without its accents, if the character is an accented one that GSM-7 lacks; empty for an accent
/// by itself. It changes how a word is spelt, so it is offered, and done only where asked.
#[must_use]
pub fn without_accent(character: char) -> Option<&'static str> {
    if is_of_another_script(character) {
        return None;
    }
    accents::stripped(character)
}

/// Most of what is written in other scripts than Latin, and emoji: nothing there has a like, and a look at
/// the tables is spared.
const fn is_of_another_script(character: char) -> bool {
    matches!(
        character,
        '\u{370}'..='\u{600}' | '\u{620}'..='\u{1600}' | '\u{3040}'..='\u{FA00}' | '\u{1F000}'..='\u{1FFFF}'
    )
}

/// With the space that keeps it from a number before it.
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
        // Single quotes: turned, low, reversed, angled; letters used as apostrophes; primes; accents that
        // stand alone; ornaments; full width.
        '\u{2018}'..='\u{201B}' | '‹' | '›' | '\u{2BB}'..='\u{2BD}' | '\u{2B9}' | '\u{2C8}' => {
            "'"
        }
        '′' | '‵' | '`' | '´' | '\u{2CA}' | '\u{2CB}' | '❛' | '❜' | '❟' | '＇' | '｀' => {
            "'"
        }
        // Double quotes, likewise.
        '\u{201C}'..='\u{201F}' | '«' | '»' | '\u{2BA}' | '\u{2DD}' | '\u{2EE}' | '″' | '‶' => {
            "\""
        }
        '❝' | '❞' | '❠' | '〝' | '〞' | '〟' | '＂' => "\"",
        '‴' | '‷' => "'''",
        // Hyphens, dashes, the minus sign, the hyphen bullet's neighbours of compatibility.
        '\u{2010}'..='\u{2015}' | '−' | '⁃' | '﹘' | '﹣' | '－' | '˗' => "-",
        '⸺' => "--",
        '⸻' => "---",
        // Ellipses and leaders.
        '…' | '⋯' => "...",
        '‥' => "..",
        '․' => ".",
        // Bullets.
        '•' | '‣' | '◦' | '∙' | '▪' | '▫' | '●' | '○' | '■' | '□' | '◘' | '◙' | '⦁' | '⦾' => {
            "-"
        }
        '·' | '‧' | '⋅' => ".",
        // Spaces of other widths, and the tab.
        '\t' | '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' => " ",
        '\u{3000}' => " ",
        // Line and paragraph separators are line breaks.
        '\u{B}' | '\u{85}' | '\u{2028}' | '\u{2029}' => "\n",
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
        _ => return None,
    })
}

/// What takes no place on the screen: controls, joiners, marks of direction, selectors.
const fn invisible(character: char) -> Option<&'static str> {
    Some(match character {
        '\0'..='\u{1F}' if !matches!(character, '\n' | '\r' | '\u{C}') => "",
        '\u{7F}'..='\u{9F}' | '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{180B}'..='\u{180E}' => "",
        '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' => "",
        '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' => "",
        '\u{E0100}'..='\u{E01EF}' => "",
        _ => return None,
    })
}

/// Which characters of a text are swapped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Swaps {
    /// Whether accents are taken off letters too.
    pub accents: bool,
    /// The languages whose tables the text may be sent with: what any of them has is kept.
    pub languages: Languages,
}

/// What is sent for one character: itself, or what it is swapped for.
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
    /// What is sent for the characters of a text; `None` for one that is in no table and has no like.
    pub fn of(self, text: &str) -> impl Iterator<Item = Option<Swapped>> + Clone {
        let tables = self.languages.bits();
        let mut previous = None;
        text.chars().map(move |character| {
            let before = previous.replace(character);
            let holders = national::holders(character);
            if (holders.one_septet | holders.two_septets) & tables != 0 {
                return Some(Swapped {
                    kept: Some(character),
                    replacement: "",
                });
            }
            let replacement = replacement(character, before)
                .or_else(|| without_accent(character).filter(|_| self.accents))?;
            Some(Swapped {
                kept: None,
                replacement,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Swaps, replacement, without_accent};
    use crate::gsm7::{
        self,
        national::{Language, Languages},
    };
    use proptest::prelude::*;

    const PLAIN: Swaps = Swaps {
        accents: false,
        languages: Languages::NONE,
    };

    fn sent(swaps: Swaps, text: &str) -> Option<String> {
        let swapped: Option<Vec<_>> = swaps.of(text).collect();
        Some(swapped?.into_iter().flat_map(|each| each.chars()).collect())
    }

    fn smart(text: &str) -> Option<String> {
        sent(PLAIN, text)
    }

    #[test]
    fn accents_are_taken_off_only_where_asked() {
        let accents = Swaps {
            accents: true,
            ..PLAIN
        };
        let check = |typed, expected: &str| {
            assert_eq!(smart(typed), None, "{typed}");
            assert_eq!(sent(accents, typed).as_deref(), Some(expected), "{typed}");
        };
        check("está aquí, señor Núñez…", "esta aqui, señor Nuñez...");
        check("français, garçon, Çà", "francais, garcon, Çà");
        check("Zażółć gęślą jaźń", "Zazolc gesla jazn");
        check("příliš žluťoučký kůň", "prilis zlutoucky kun");
        check("Iğdır, Şişli, İzmir", "Igdir, Sisli, Izmir");
        check("Tiếng Việt, Đà Nẵng", "Tieng Viet, Dà Nang");
        check("e\u{301} ǻ ǘ ḉ", "e å ü c");
        for text in ["þing", "жук", "中", "ώ"] {
            assert_eq!(sent(accents, text), None, "{text}");
        }
    }

    #[test]
    fn what_a_chosen_language_has_is_kept() {
        let turkish = Swaps {
            accents: true,
            languages: Languages::NONE.with(Language::Turkish),
        };
        assert_eq!(sent(turkish, "“Şişli” á").as_deref(), Some("\"Şişli\" a"));
    }

    #[test]
    fn typographic_characters_have_likes() {
        let check = |typed, sent: &str| assert_eq!(smart(typed).as_deref(), Some(sent), "{typed}");
        check(
            "“Ciao”, ‘tu’, «lei», l’amico, ‚noi‛",
            "\"Ciao\", 'tu', \"lei\", l'amico, 'noi'",
        );
        check("uno – due — tre‑quattro − 5", "uno - due - tre-quattro - 5");
        check("e poi…", "e poi...");
        check("a\u{A0}b\u{2009}c\td\u{2028}e", "a b c d\ne");
        check("• uno\n• due", "- uno\n- due");
        check("½ kg, 2½ kg, a¾", "1/2 kg, 2 1/2 kg, a3/4");
        check("eﬃcace, cœur, Œuvre", "efficace, coeur, OEuvre");
        check("a\u{200B}b\u{AD}c\u{FEFF}d\u{FE0F}\u{200D}", "abcd");
        check("`x´", "'x'");
    }

    #[test]
    fn everything_else_has_none() {
        for character in "áçãőłşñàΑжع中😀™©²€Ç\n\r\u{C}".chars() {
            assert_eq!(replacement(character, None), None, "{character:?}");
        }
    }

    #[test]
    fn no_like_is_passed_over_for_its_script() {
        for character in '\0'..=char::MAX {
            if super::is_of_another_script(character) {
                let like = super::fraction(character)
                    .or_else(|| super::punctuation(character))
                    .or_else(|| super::ligature(character))
                    .or_else(|| super::invisible(character))
                    .or_else(|| super::accents::stripped(character));
                assert_eq!(like, None, "{character:?}");
            }
        }
    }

    #[test]
    fn likes_are_gsm_and_stand_for_what_is_not() {
        for character in '\0'..=char::MAX {
            for previous in [None, Some('2')] {
                let likes = [replacement(character, previous), without_accent(character)];
                for like in likes.into_iter().flatten() {
                    assert!(!gsm7::contains(character), "{character:?}");
                    assert!(like.chars().all(gsm7::contains), "{character:?} {like:?}");
                }
                // An accent is never taken for a typographic character.
                assert!(likes.contains(&None), "{character:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn gsm_texts_are_never_touched(text in "[ -_a-~€£èéìòùà\n]*") {
            prop_assert_eq!(smart(&text), Some(text));
        }
    }
}
