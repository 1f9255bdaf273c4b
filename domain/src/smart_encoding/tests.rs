//! The replacements of each family of characters, and the characters that are kept.

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
        assert_eq!(replacement(character, ""), None, "{character:?}");
    }
}

/// Every character of every family, by code point, so that none can be lost from the code
/// unnoticed.
#[test]
fn each_family_is_swapped_whole() {
    let check = |characters: &str, like: &str| {
        for character in characters.chars() {
            let code_point = u32::from(character);
            assert_eq!(replacement(character, ""), Some(like), "U+{code_point:04X}");
        }
    };
    // Single quotes: general punctuation, angled, modifier letters, primes, accents alone,
    // ornaments, full width.
    check("\u{2018}\u{2019}\u{201A}\u{201B}\u{2039}\u{203A}", "'");
    check("\u{2B9}\u{2BB}\u{2BC}\u{2BD}\u{2C8}\u{2CA}\u{2CB}", "'");
    check("\u{2032}\u{2035}\u{60}\u{B4}\u{FF07}\u{FF40}", "'");
    check("\u{275B}\u{275C}\u{275F}\u{276E}\u{276F}", "'");
    // Double quotes, and primes of three and four.
    check("\u{201C}\u{201D}\u{201E}\u{201F}\u{AB}\u{BB}", "\"");
    check("\u{2BA}\u{2DD}\u{2EE}\u{2033}\u{2036}\u{2E42}", "\"");
    check(
        "\u{275D}\u{275E}\u{2760}\u{301D}\u{301E}\u{301F}\u{FF02}",
        "\"",
    );
    check("\u{2034}\u{2037}", "'''");
    check("\u{2057}", "''''");
    // Hyphen, no-break hyphen, figure, en and em dashes, bar, minus, bullet, small and full width.
    check("\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}\u{2015}", "-");
    check("\u{2212}\u{2043}\u{2D7}\u{FE58}\u{FE63}\u{FF0D}", "-");
    check("\u{2E3A}", "--");
    check("\u{2E3B}", "---");
    check("\u{2026}\u{22EF}", "...");
    check("\u{2025}", "..");
    check("\u{2024}\u{B7}\u{2027}\u{22C5}", ".");
    // No-break, Ogham, from en quad to hair, narrow, mathematical and ideographic spaces; the tab.
    check("\t\u{A0}\u{1680}\u{202F}\u{205F}\u{3000}", " ");
    check("\u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\u{2005}", " ");
    check("\u{2006}\u{2007}\u{2008}\u{2009}\u{200A}", " ");
    check("\u{B}\u{85}\u{2028}\u{2029}", "\n");
    // Bullets: round, square, triangular, diamonds, arrows.
    check(
        "\u{2022}\u{25E6}\u{2219}\u{25CF}\u{25CB}\u{25D8}\u{25D9}",
        "-",
    );
    check("\u{25AA}\u{25AB}\u{25A0}\u{25A1}\u{2981}", "-");
    check(
        "\u{2023}\u{25B8}\u{25B9}\u{25BA}\u{25BB}\u{25C6}\u{25C7}",
        "-",
    );
    check(
        "\u{25C9}\u{2756}\u{27A2}\u{27A4}\u{204C}\u{204D}\u{29BE}\u{29BF}",
        "-",
    );
    for (character, like) in "¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞⅟↉".chars().zip([
        "1/4", "1/2", "3/4", "1/7", "1/9", "1/10", "1/3", "2/3", "1/5", "2/5", "3/5", "4/5", "1/6",
        "5/6", "1/8", "3/8", "5/8", "7/8", "1/", "0/3",
    ]) {
        check(&character.to_string(), like);
    }
    check("\u{2044}\u{2215}", "/");
    for (character, like) in "ﬀﬁﬂﬃﬄﬅﬆœŒĳĲǇǈǉǊǋǌǱǲǳ".chars().zip([
        "ff", "fi", "fl", "ffi", "ffl", "st", "st", "oe", "OE", "ij", "IJ", "LJ", "Lj", "lj", "NJ",
        "Nj", "nj", "DZ", "Dz", "dz",
    ]) {
        check(&character.to_string(), like);
    }
    // Controls, soft hyphen, joiners, marks of direction, invisible operators, selectors, byte
    // order mark, annotations, tags.
    let ranges = [
        ('\u{1}', '\u{8}'),
        ('\u{E}', '\u{1F}'),
        ('\u{7F}', '\u{84}'),
        ('\u{86}', '\u{9F}'),
        ('\u{AD}', '\u{AD}'),
        ('\u{34F}', '\u{34F}'),
        ('\u{61C}', '\u{61C}'),
        ('\u{180B}', '\u{180F}'),
        ('\u{200B}', '\u{200F}'),
        ('\u{202A}', '\u{202E}'),
        ('\u{2060}', '\u{206F}'),
        ('\u{FE00}', '\u{FE0F}'),
        ('\u{FEFF}', '\u{FEFF}'),
        ('\u{FFF9}', '\u{FFFC}'),
        ('\u{E0000}', '\u{E007F}'),
        ('\u{E0100}', '\u{E01EF}'),
    ];
    for (first, last) in ranges {
        check(&String::from_iter(first..=last), "");
    }
}

#[test]
fn what_gsm_has_is_never_touched() {
    let typed = "§¡¿¤£¥àèéùìòÇØøÅåÄäÖöÑñÜüßÆæÉΔΦΓΛΩΠΨΣΘΞ@$_^{}[~]|\\€\"'\n\r\u{C}";
    for accents in [false, true] {
        let swaps = Swaps { accents, ..PLAIN };
        assert_eq!(sent(swaps, typed).as_deref(), Some(typed));
    }
}

#[test]
fn a_fraction_keeps_its_distance_from_what_is_read_before_it() {
    let check = |typed, sent: &str| assert_eq!(smart(typed).as_deref(), Some(sent), "{typed:?}");
    check("2½", "2 1/2");
    check("2\u{200B}\u{FEFF}½", "2 1/2");
    check("½½", "1/2 1/2");
    check("a½", "a1/2");
    check("2 ½", "2 1/2");
    check("\u{200B}½", "1/2");
    check("⅟2", "1/2");
    check("2’½", "2'1/2");
    let accents = Swaps {
        accents: true,
        ..PLAIN
    };
    assert_eq!(sent(accents, "2\u{301}½").as_deref(), Some("2 1/2"));
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
        for before in ["", "2"] {
            let likes = [replacement(character, before), without_accent(character)];
            for like in likes.into_iter().flatten() {
                assert!(!gsm7::contains(character), "{character:?}");
                assert!(like.chars().all(gsm7::contains), "{character:?} {like:?}");
            }
            // An accent is never treated as a typographic character.
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
