//! The alphabet and its extension table, character by character.

use super::{ALPHABET, Code, EXTENSION, Prefix, code, contains, prefix, septets};
use proptest::prelude::*;

#[test]
fn every_code_of_both_tables_reads_back() {
    let alphabet = (0..128).filter(|&at| at != 0x1B).map(Code::Alphabet);
    let extension = EXTENSION.map(|(at, _)| Code::Extension(at));
    let mut seen = 0;
    for each in alphabet.chain(extension) {
        let character = each.character().unwrap();
        assert_eq!(code(character), Some(each), "{character:?}");
        assert_eq!(septets(character), Some(each.septets()), "{character:?}");
        seen += 1;
    }
    assert_eq!(seen, 137);
}

#[test]
fn no_other_character_is_gsm() {
    let known = |character: char| {
        (ALPHABET.contains(&character) && character != '\u{1B}')
            || EXTENSION.iter().any(|&(_, each)| each == character)
    };
    for character in '\0'..=char::MAX {
        assert_eq!(contains(character), known(character), "{character:?}");
    }
}

#[test]
fn what_is_often_mistaken() {
    let check = |character, expected| assert_eq!(septets(character), expected, "{character:?}");
    check('Ç', Some(1));
    check('ç', None);
    check('à', Some(1));
    check('á', None);
    check('`', None);
    check('\t', None);
    check('\u{A0}', None);
    check('\u{C}', Some(2));
    check('\n', Some(1));
    check('\r', Some(1));
    check('\u{1B}', None);
    check('\u{7F}', None);
    check('€', Some(2));
    check('|', Some(2));
    check('Ω', Some(1));
    // The ohm sign and the Latin look-alikes of Greek capitals are other characters.
    check('\u{2126}', None);
    check('Α', None);
    check('‒', None);
}

#[test]
fn codes_that_are_undefined_name_no_character() {
    assert_eq!(Code::Alphabet(0x1B).character(), None);
    assert_eq!(Code::Alphabet(0x80).character(), None);
    assert_eq!(Code::Extension(0x41).character(), None);
}

/// Texts in which all kinds of byte meet at all places of a block.
pub(crate) fn text() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        20 => prop::char::range(' ', '~'),
        4 => prop::sample::select(ALPHABET.to_vec()),
        4 => prop::sample::select(EXTENSION.map(|(_, character)| character).to_vec()),
        1 => any::<char>(),
    ];
    prop::collection::vec(character, 0..200).prop_map(String::from_iter)
}

proptest! {
    #[test]
    fn the_prefix_is_what_characters_one_by_one_say(text in text()) {
        let mut expected = Prefix::default();
        for character in text.chars() {
            let Some(septets) = septets(character) else { break };
            expected.bytes += character.len_utf8();
            expected.characters += 1;
            expected.septets += septets;
        }
        prop_assert_eq!(prefix(&text), expected);
    }
}
