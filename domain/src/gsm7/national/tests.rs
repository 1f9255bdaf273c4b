//! The national language tables against each other and the default ones.

use super::{Holders, LOCKING, Language, Languages, NONE, SINGLE, holders};
use crate::gsm7;

#[test]
fn every_character_is_found_in_every_table_that_has_it_and_no_other() {
    for character in '\u{1}'..=char::MAX {
        let bits = |has: &dyn Fn(usize) -> bool| (0..14).map(|n| u16::from(has(n)) << n).sum();
        let expected = Holders {
            one_septet: bits(&|n| {
                character != '\u{1B}' && LOCKING[n].is_some_and(|table| table.contains(&character))
            }),
            two_septets: bits(&|n| SINGLE[n].contains(&character)),
        };
        assert_eq!(holders(character), expected, "{character:?}");
    }
    assert_eq!(holders(NONE), Holders::default());
}

#[test]
fn the_default_tables_are_the_default_tables() {
    for character in '\0'..=char::MAX {
        let Holders {
            one_septet,
            two_septets,
        } = holders(character);
        let septets = match (one_septet & 1, two_septets & 1) {
            (1, 0) => Some(1),
            (0, 1) => Some(2),
            _ => None,
        };
        assert_eq!(gsm7::septets(character), septets, "{character:?}");
    }
}

#[test]
fn tables_have_what_the_specification_gives_them() {
    let check = |language: Language, locking: &str, single: &str| {
        let bit = 1 << language.identifier();
        for character in locking.chars() {
            assert_ne!(
                holders(character).one_septet & bit,
                0,
                "{language:?} {character}"
            );
        }
        for character in single.chars() {
            assert_ne!(
                holders(character).two_septets & bit,
                0,
                "{language:?} {character}"
            );
        }
    };
    check(Language::Turkish, "€ıĞğŞşİç", "ŞşĞğİıç€|^{}[~]\\");
    check(Language::Spanish, "", "ÁáÍíÓóÚúç€|^{}[~]\\");
    check(
        Language::Portuguese,
        "êúíóçÔôÁáªÀ∞^\\€Ó|ÂâÊºÍÃÕÚ~ãõ`",
        "êçÔôÁáΦΓ^ΩΠΨΣΘÊ{}\\[~]|ÀÍÓÚÃÕÂíóúãõâ€",
    );
    check(Language::Bengali, "অআকখ09az", "০১৯AZ€");
    check(Language::Gujarati, "અઆકખ09az", "૦૧૯AZ€।");
    check(Language::Hindi, "अआकख09az", "०१९AZ€।");
    check(Language::Kannada, "ಅಆಕಖಡಪ09az", "೦೧೯AZ€।");
    check(Language::Malayalam, "അആകഖ09az", "൦൧൯AZ€।");
    check(Language::Oriya, "ଅଆକଖ09az", "୦୧୯AZ€।");
    check(Language::Punjabi, "ਅਆਕਖ09az", "੦੧੯AZ€।");
    check(Language::Tamil, "அஆகங09az", "௦௧௯AZ€।");
    check(Language::Telugu, "అఆకఖ09az", "౦౧౯AZ€");
    check(Language::Urdu, "اآبپ09az", "۰۱۹AZ€؟،");
}

#[test]
fn every_table_is_whole() {
    for (n, language) in Language::ALL.into_iter().enumerate() {
        assert_eq!(usize::from(language.identifier()), n + 1);
        let locking = language.locking_shift().map(|cells| {
            let cells: Vec<_> = cells.collect();
            assert_eq!(cells.len(), 128);
            assert_eq!(
                (cells[0x0A], cells[0x0D]),
                (Some('\n'), Some('\r')),
                "{language:?}"
            );
            assert_eq!(
                (cells[0x1B], cells[0x20]),
                (None, Some(' ')),
                "{language:?}"
            );
            let signs = [cells[0x21], cells[0x2C], cells[0x2E], cells[0x3F]];
            assert_eq!(signs, ['!', ',', '.', '?'].map(Some), "{language:?}");
        });
        assert_eq!(locking.is_none(), language == Language::Spanish);
        let single: Vec<_> = language.single_shift().collect();
        assert_eq!(
            (single[0x0A], single[0x65]),
            (Some('\u{C}'), Some('€')),
            "{language:?}"
        );
        assert_eq!((single[0x1B], single[0x0D]), (None, None), "{language:?}");
        assert_eq!(single[0x14], Some('^'), "{language:?}");
    }
}

#[test]
fn sets_hold_what_is_put_in() {
    let set = Languages::NONE.with(Language::Urdu).with(Language::Turkish);
    for language in Language::ALL {
        let expected = matches!(language, Language::Urdu | Language::Turkish);
        assert_eq!(set.contains(language), expected, "{language:?}");
        assert!(Languages::ALL.contains(language));
    }
    assert_eq!(Languages::from_iter(Language::ALL), Languages::ALL);
    assert!(Languages::default().is_empty() && !set.is_empty());
}
