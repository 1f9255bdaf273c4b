//! Texts whose segments are known.

use super::{
    Encoding, Language, Languages, MAX_SEGMENTS, NonGsmCharacter, Options, Reference, Segmentation,
    Tables, TooManySegments, count, segment,
};
use crate::channel::Channel;
use Encoding::{Gsm7, Ucs2};
use std::borrow::Cow;

pub(super) const PLAIN: Options = Options {
    smart_encoding: false,
    strip_accents: false,
    languages: Languages::NONE,
    reference: Reference::EightBit,
};
pub(super) const SMART: Options = Options {
    smart_encoding: true,
    ..PLAIN
};

pub(super) fn sms(text: &str) -> Segmentation<'_> {
    segment(text, Channel::Sms, &PLAIN).unwrap()
}

#[test]
fn texts_take_the_segments_that_carriers_bill() {
    let check = |text: &str, encoding, units, segments| {
        let answer = sms(text);
        let seen = (answer.encoding, answer.units, answer.segment_count());
        assert_eq!(seen, (Some(encoding), units, segments), "{text:?}");
        assert_eq!(answer.channel, Channel::Sms);
        let counted = count(text, Channel::Sms, &PLAIN).map(|count| count.segment_count);
        assert_eq!(counted, Ok(segments), "{text:?}");
    };
    check("", Gsm7, 0, 1);
    check(&"a".repeat(160), Gsm7, 160, 1);
    check(&"a".repeat(161), Gsm7, 161, 2);
    check(&"a".repeat(306), Gsm7, 306, 2);
    check(&"a".repeat(307), Gsm7, 307, 3);
    check(&"à".repeat(160), Gsm7, 160, 1);
    check(&"à".repeat(161), Gsm7, 161, 2);
    check(&"€".repeat(80), Gsm7, 160, 1);
    check(&format!("a{}", "€".repeat(80)), Gsm7, 161, 2);
    // 76 pairs a segment, and one septet of each is lost.
    check(&"€".repeat(152), Gsm7, 304, 2);
    check(&"€".repeat(153), Gsm7, 306, 3);
    check(&"я".repeat(70), Ucs2, 70, 1);
    check(&"я".repeat(71), Ucs2, 71, 2);
    check(&"я".repeat(134), Ucs2, 134, 2);
    check(&"я".repeat(135), Ucs2, 135, 3);
    check(&"😀".repeat(35), Ucs2, 70, 1);
    check(&"😀".repeat(36), Ucs2, 72, 2);
    // 33 pairs a segment, and one unit of each is lost.
    check(&"😀".repeat(66), Ucs2, 132, 2);
    check(&"😀".repeat(67), Ucs2, 134, 3);
    // Extension characters are one unit in UCS-2.
    check(&format!("я{}", "€".repeat(69)), Ucs2, 70, 1);
    check(&format!("я{}", "[".repeat(69)), Ucs2, 70, 1);
    check(&format!("{}я", "a".repeat(69)), Ucs2, 70, 1);
    check(&format!("{}я", "a".repeat(70)), Ucs2, 71, 2);
}

#[test]
fn characters_that_are_often_mistaken_take_the_right_encoding() {
    let check = |text: &str, encoding| assert_eq!(sms(text).encoding, Some(encoding), "{text:?}");
    check("Ç", Gsm7);
    check("ç", Ucs2);
    check("`", Ucs2);
    check("\t", Ucs2);
    check("a\u{A0}b", Ucs2);
    check("\u{C}", Gsm7);
    check("\u{1B}", Ucs2);
    check("\r\n", Gsm7);
    check("àèéìòù ÄÖÑÜ äöñü ßÉÆæÅåØø £$¥¤§¡¿ ΔΦΓΛΩΠΨΣΘΞ", Gsm7);
    check("^{}\\[~]|€", Gsm7);
    check("e\u{301}", Ucs2);
    check("l’amico", Ucs2);
}

#[test]
fn pairs_are_not_split_and_what_they_leave_is_not_free() {
    let check = |text: String, pieces: &[usize], remaining| {
        let answer = sms(&text);
        let units: Vec<_> = answer
            .segments
            .iter()
            .map(|segment| segment.units)
            .collect();
        assert_eq!(units, pieces, "{text}");
        assert_eq!(answer.units_remaining, remaining, "{text}");
        assert_eq!(answer.texts().collect::<String>(), text);
    };
    let a = |count| "a".repeat(count);
    let ja = |count| "я".repeat(count);
    check(format!("{}€", a(158)), &[160], 0);
    check(format!("{}€", a(159)), &[153, 8], 145);
    check(format!("{}€{}", a(151), a(20)), &[153, 20], 133);
    check(format!("{}€{}", a(152), a(20)), &[152, 22], 131);
    check(format!("{}[{}", a(152), a(151)), &[152, 153], 0);
    check(format!("{}[{}", a(152), a(152)), &[152, 153, 1], 152);
    check(format!("{}😀", ja(68)), &[70], 0);
    check(format!("{}😀", ja(69)), &[67, 4], 63);
    check(format!("{}😀{}", ja(65), ja(20)), &[67, 20], 47);
    check(format!("{}😀{}", ja(66), ja(20)), &[66, 22], 45);
}

#[test]
fn at_most_255_segments_are_sent() {
    let check = |text: String, channel, expected: Result<usize, usize>| {
        let expected = expected.map_err(|needed| TooManySegments { needed });
        let counted = count(&text, channel, &PLAIN).map(|count| count.segment_count);
        assert_eq!(counted, expected);
        let cut = segment(&text, channel, &PLAIN).map(|answer| answer.segment_count());
        assert_eq!(cut, expected);
    };
    check("a".repeat(255 * 153), Channel::Sms, Ok(255));
    check("a".repeat(255 * 153 + 1), Channel::Sms, Err(256));
    check("я".repeat(255 * 67), Channel::Sms, Ok(255));
    check("я".repeat(255 * 67 + 1), Channel::Sms, Err(256));
    check("😀".repeat(255 * 33), Channel::Sms, Ok(255));
    check("😀".repeat(255 * 33 + 1), Channel::Sms, Err(256));
    check("a".repeat(255 * 1_600), Channel::Mms, Ok(255));
    check("a".repeat(255 * 1_600 + 1), Channel::Mms, Err(256));
    check("a".repeat(1_530_000), Channel::Sms, Err(10_000));
}

#[test]
fn media_makes_it_an_mms() {
    let check = |text: &str, units, segments, remaining| {
        let answer = segment(text, Channel::Mms, &SMART).unwrap();
        assert_eq!((answer.channel, answer.encoding), (Channel::Mms, None));
        assert_eq!((answer.units, answer.segment_count()), (units, segments));
        assert_eq!(answer.units_per_segment, 1_600);
        assert_eq!(answer.units_remaining, remaining);
        assert_eq!(answer.non_gsm_characters(), []);
        assert_eq!(answer.text, text);
    };
    check("", 0, 1, 1_600);
    check("“Ciao” 😀", 9, 1, 1_591);
    check(&"€".repeat(1_600), 1_600, 1, 0);
    check(&"a".repeat(1_601), 1_601, 2, 1_599);
    check(&format!("{}😀", "a".repeat(1_599)), 1_601, 2, 1_598);
    check(&"😀".repeat(801), 1_602, 2, 1_598);
}

#[test]
fn what_forces_ucs2_is_named() {
    let text = "Caffè l’ora \u{200B}2½ á 😀";
    let named = |character, offset, replacement| NonGsmCharacter {
        character,
        base: None,
        offset,
        replacement,
        strips_accent: character == 'á',
    };
    let answer = sms(text);
    assert_eq!(
        answer.non_gsm_characters(),
        [
            named('’', 7, Some("'")),
            named('\u{200B}', 12, Some("")),
            named('½', 14, Some(" 1/2")),
            named('á', 16, Some("a")),
            named('😀', 18, None),
        ]
    );
    assert_eq!(answer.characters, 19);
    let found = answer.non_gsm_characters();
    let code_points: Vec<_> = found.iter().map(NonGsmCharacter::code_point).collect();
    assert_eq!(
        code_points,
        ["U+2019", "U+200B", "U+00BD", "U+00E1", "U+1F600"]
    );
    assert_eq!(sms("Caffè [€]").non_gsm_characters(), []);
}

#[test]
fn smart_encoding_swaps_where_that_saves_segments() {
    let check = |typed: &str, sent: &str, encoding, segments| {
        let answer = segment(typed, Channel::Sms, &SMART).unwrap();
        assert_eq!(answer.text, sent);
        let seen = (answer.encoding, answer.segment_count());
        assert_eq!(seen, (Some(encoding), segments), "{typed}");
    };
    let a = |count| "a".repeat(count);
    // One segment either way: as typed.
    check("l’ora", "l’ora", Ucs2, 1);
    check(&format!("’{}", a(69)), &format!("’{}", a(69)), Ucs2, 1);
    check(&format!("’{}", a(70)), &format!("'{}", a(70)), Gsm7, 1);
    check(&format!("’{}", a(159)), &format!("'{}", a(159)), Gsm7, 1);
    check(&format!("’{}", a(160)), &format!("'{}", a(160)), Gsm7, 2);
    // Ellipses grow to three septets: two segments either way.
    check(&"…".repeat(100), &"…".repeat(100), Ucs2, 2);
    // What has no like keeps all of it as typed.
    check(&format!("’á{}", a(100)), &format!("’á{}", a(100)), Ucs2, 2);
    check(
        &format!("’😀\u{200D}{}", a(67)),
        &format!("’😀\u{200D}{}", a(67)),
        Ucs2,
        2,
    );
    // GSM-7 already.
    check(&a(200), &a(200), Gsm7, 2);
    let kept = segment("l'ora", Channel::Sms, &SMART).unwrap();
    assert!(matches!(kept.text, Cow::Borrowed(_)));
}

#[test]
fn smart_encoding_brings_a_text_under_the_limit() {
    let text = "’".repeat(255 * 67 + 1);
    assert_eq!(
        count(&text, Channel::Sms, &PLAIN),
        Err(TooManySegments { needed: 256 })
    );
    let counted = count(&text, Channel::Sms, &SMART).map(|count| count.segment_count);
    assert_eq!(counted, Ok(112));
    let text = "’".repeat(255 * 153 + 1);
    assert_eq!(
        count(&text, Channel::Sms, &SMART),
        Err(TooManySegments { needed: 256 })
    );
}

#[test]
fn national_tables_are_used_where_they_save_segments() {
    let check = |text: &str, languages, tables: Tables, shape: (usize, usize, usize)| {
        let options = Options { languages, ..PLAIN };
        let answer = segment(text, Channel::Sms, &options).unwrap();
        assert_eq!(answer.tables, tables, "{text}");
        let seen = (
            answer.units,
            answer.units_per_segment,
            answer.segment_count(),
        );
        assert_eq!(seen, shape, "{text}");
        assert_eq!(answer.text, text);
    };
    let none = Tables::default();
    let single = |language| Tables {
        single_shift: Some(language),
        ..none
    };
    let locking = |language| Tables {
        locking_shift: Some(language),
        ..none
    };
    let both = |language| Tables {
        locking_shift: Some(language),
        ..single(language)
    };
    let turkish = Languages::NONE.with(Language::Turkish);
    let a = |count| "a".repeat(count);
    let turkish_text = |septets: usize| format!("ş{}", a(septets - 2));
    // One segment in UCS-2 is one segment.
    check("Şişli", turkish, none, (5, 70, 1));
    check(&turkish_text(155), Languages::NONE, none, (154, 67, 3));
    check(
        &turkish_text(155),
        turkish,
        single(Language::Turkish),
        (155, 155, 1),
    );
    // 156 septets with the single shift table are two segments; 155 with the locking one, one.
    check(
        &turkish_text(156),
        turkish,
        locking(Language::Turkish),
        (155, 155, 1),
    );
    check(
        &turkish_text(157),
        turkish,
        single(Language::Turkish),
        (157, 149, 2),
    );
    check(
        &turkish_text(298),
        turkish,
        single(Language::Turkish),
        (298, 149, 2),
    );
    check(
        &turkish_text(299),
        turkish,
        locking(Language::Turkish),
        (298, 149, 2),
    );
    // Plain GSM-7 keeps its whole segment.
    check(&a(160), turkish, none, (160, 160, 1));
    check(&a(161), turkish, none, (161, 153, 2));
    // A locking table can spare the pairs of extension characters.
    let portuguese = Languages::NONE.with(Language::Portuguese);
    check(
        &"€".repeat(100),
        portuguese,
        locking(Language::Portuguese),
        (100, 155, 1),
    );
    check(&"€".repeat(80), portuguese, none, (160, 160, 1));
    let hindi = Languages::NONE.with(Language::Hindi);
    check(
        &"क".repeat(155),
        hindi,
        locking(Language::Hindi),
        (155, 155, 1),
    );
    check(
        &format!("A{}", "क".repeat(150)),
        hindi,
        both(Language::Hindi),
        (152, 152, 1),
    );
    check(
        &format!("A{}", "क".repeat(151)),
        hindi,
        both(Language::Hindi),
        (153, 146, 2),
    );
    let spanish = Languages::NONE.with(Language::Spanish);
    check(
        &format!("á{}", a(153)),
        spanish,
        single(Language::Spanish),
        (155, 155, 1),
    );
    // An alphabet of one language and a shift table of another.
    let mixed = Tables {
        locking_shift: Some(Language::Hindi),
        single_shift: Some(Language::Turkish),
    };
    let text = format!("ş{}", "क".repeat(150));
    check(&text, Languages::ALL, mixed, (152, 152, 1));
    // An emoji is in no table.
    check(&format!("ş😀{}", a(70)), Languages::ALL, none, (73, 67, 2));
}

#[test]
fn references_of_two_octets_leave_less() {
    let check = |text: String, segments| {
        let options = Options {
            reference: Reference::SixteenBit,
            ..PLAIN
        };
        let counted = count(&text, Channel::Sms, &options).map(|count| count.segment_count);
        assert_eq!(counted, Ok(segments));
    };
    check("a".repeat(160), 1);
    check("a".repeat(304), 2);
    check("a".repeat(305), 3);
    check("я".repeat(70), 1);
    check("я".repeat(132), 2);
    check("я".repeat(133), 3);
}

#[test]
fn accents_are_taken_off_last() {
    let check = |typed: &str, options: Options, sent: &str, segments| {
        let answer = segment(typed, Channel::Sms, &options).unwrap();
        assert_eq!((&*answer.text, answer.segment_count()), (sent, segments));
    };
    let accents = Options {
        strip_accents: true,
        ..SMART
    };
    let a = "a".repeat(100);
    let (typed, sent) = (format!("“á” {a}"), format!("\"a\" {a}"));
    check(&typed, SMART, &typed, 2);
    check(&typed, accents, &sent, 1);
    let alone = Options {
        smart_encoding: false,
        ..accents
    };
    check(&typed, alone, &typed, 2);
    // Not where quotes are all there is to swap, nor where the tables of a language do.
    let (typed, sent) = (format!("“à” {a}"), format!("\"à\" {a}"));
    check(&typed, accents, &sent, 1);
    let spanish = Options {
        languages: Languages::NONE.with(Language::Spanish),
        ..accents
    };
    check(&format!("á {a}"), spanish, &format!("á {a}"), 1);
    check(&format!("“á” {a}"), spanish, &format!("\"á\" {a}"), 1);
    check(&format!("“á” ő {a}"), spanish, &format!("\"á\" o {a}"), 1);
    // 155 septets are left beside the Spanish table, and 160 without one.
    let a = "a".repeat(155);
    check(&format!("á {a}"), spanish, &format!("a {a}"), 1);
}

#[test]
fn the_limit_is_what_one_octet_counts() {
    assert_eq!(MAX_SEGMENTS, usize::from(u8::MAX));
}
