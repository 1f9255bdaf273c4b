//! Texts with combining accents, signs that stand for letters, and line ends of two characters.

use super::tests::{PLAIN, SMART, sms};
use super::{Encoding, Options, count, segment};
use crate::channel::Channel;
use Encoding::{Gsm7, Ucs2};

/// A letter and its combining accent are named together if GSM-7 has both as one.
#[test]
fn combining_accents_are_named_with_their_letter() {
    let answer = sms("caffe\u{300} e\u{323} o\u{301}");
    let found = answer.non_gsm_characters();
    let told: Vec<_> = found
        .iter()
        .map(|each| {
            (
                each.offset,
                each.typed(),
                each.code_point(),
                each.replacement,
                each.strips_accent,
            )
        })
        .collect();
    let one = |offset, typed: &str, code: &str, replacement, strips| {
        (
            offset,
            typed.to_owned(),
            code.to_owned(),
            Some(replacement),
            strips,
        )
    };
    assert_eq!(
        told,
        [
            one(4, "e\u{300}", "U+0065 U+0300", "è", false),
            one(8, "\u{323}", "U+0323", "", true),
            one(11, "\u{301}", "U+0301", "", true),
        ]
    );
}

#[test]
fn smart_encoding_composes_accents_and_line_ends() {
    let check = |options: Options, typed: &str, sent: &str, encoding, segments| {
        let answer = segment(typed, Channel::Sms, &options).unwrap();
        assert_eq!(answer.text, sent);
        let seen = (answer.encoding, answer.segment_count());
        assert_eq!(seen, (Some(encoding), segments), "{typed:?}");
        assert_eq!(
            count(typed, Channel::Sms, &options).map(|count| count.segment_count),
            Ok(segments)
        );
        assert_eq!(answer.texts().collect::<String>(), sent);
    };
    let grave = "e\u{300}".repeat(70);
    check(PLAIN, &grave, &grave, Ucs2, 3);
    check(SMART, &grave, &"è".repeat(70), Gsm7, 1);
    // Accents that GSM-7 has stay on, although they might be taken off.
    let strip = Options {
        strip_accents: true,
        ..SMART
    };
    let city = format!(
        "Citta\u{300}: caffe\u{300} e te\u{301} gratis{}",
        "!".repeat(60)
    );
    let composed = format!("Città: caffè e té gratis{}", "!".repeat(60));
    check(SMART, &city, &composed, Gsm7, 1);
    check(strip, &city, &composed, Gsm7, 1);
    // One segment as typed: nothing is gained.
    check(SMART, "te\u{301}", "te\u{301}", Ucs2, 1);
    // A line break is one character.
    let lines = |end: &str| format!("{}{end}{}", "a".repeat(80), "a".repeat(79));
    check(PLAIN, &lines("\r\n"), &lines("\r\n"), Gsm7, 2);
    check(SMART, &lines("\r\n"), &lines("\n"), Gsm7, 1);
    let signs = |angstrom: &str, ohm: &str| format!("{angstrom}{ohm}{}", "a".repeat(100));
    check(
        SMART,
        &signs("\u{212B}", "\u{2126}"),
        &signs("Å", "Ω"),
        Gsm7,
        1,
    );
    // Where the text stays in UCS-2, what is composed saves units of it.
    check(
        SMART,
        &format!("😀{}", "e\u{300}".repeat(68)),
        &format!("😀{}", "è".repeat(68)),
        Ucs2,
        1,
    );
}
