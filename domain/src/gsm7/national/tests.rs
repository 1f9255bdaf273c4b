//! The national language tables against each other and the default ones.

use super::{Holders, LOCKING, Language, Languages, NONE, SINGLE, holders};
use crate::gsm7;

/// The tables in another rendering than the constants: by code point, as runs, from other sources.
const RENDERED: &str = include_str!("../tables.txt");

/// One table of it by code, and how many characters it says it has.
fn rendered(name: &str) -> (Vec<Option<char>>, usize) {
    let heading = format!("= {name}, ");
    let section = RENDERED.split_once(&heading).unwrap().1;
    let section = section.split("\n=").next().unwrap();
    let (characters, runs) = section.split_once(" characters\n").unwrap();
    let mut cells = vec![None; 128];
    for run in runs.split_whitespace() {
        let number = |text| u32::from_str_radix(text, 16).unwrap();
        let (points, code) = run.split_once('@').unwrap();
        let (first, last) = points.split_once('-').unwrap_or((points, points));
        for (point, code) in (number(first)..=number(last)).zip(number(code)..) {
            let before = cells[code as usize].replace(char::from_u32(point).unwrap());
            assert_eq!(before, None, "{name}: two characters at {code:#04X}");
        }
    }
    (cells, characters.parse().unwrap())
}

#[test]
fn every_code_of_every_table_is_what_another_rendering_has() {
    let check = |name: &str, cells: Vec<Option<char>>| {
        let (expected, characters) = rendered(name);
        let seen = cells.iter().flatten().count();
        assert_eq!((seen, cells.len()), (characters, 128), "{name}");
        for (code, pair) in cells.iter().zip(&expected).enumerate() {
            assert_eq!(pair.0, pair.1, "{name} at {code:#04X}");
        }
    };
    let codes = || 0..128_u8;
    let alphabet = codes().map(gsm7::Code::Alphabet);
    check(
        "default alphabet",
        alphabet.map(gsm7::Code::character).collect(),
    );
    let extension = codes().map(gsm7::Code::Extension);
    check(
        "default extension",
        extension.map(gsm7::Code::character).collect(),
    );
    let mut locking_tables = 0;
    for language in Language::ALL {
        if let Some(cells) = language.locking_shift() {
            check(&format!("{language:?} locking"), cells.collect());
            locking_tables += 1;
        }
        check(
            &format!("{language:?} single"),
            language.single_shift().collect(),
        );
    }
    assert_eq!(
        RENDERED.matches("\n= ").count(),
        2 + locking_tables + Language::ALL.len()
    );
}

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
