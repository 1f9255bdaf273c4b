use super::{
    Channel, Encoding, MAX_SEGMENTS, NonGsmCharacter, Options, SegmentCount, Segmentation,
    TooManySegments, count, segment,
};
use crate::gsm7;
use Encoding::{Gsm7, Ucs2};
use proptest::prelude::*;
use std::borrow::Cow;

const PLAIN: Options = Options {
    smart_encoding: false,
};
const SMART: Options = Options {
    smart_encoding: true,
};

fn sms(text: &str) -> Segmentation<'_> {
    segment(text, false, &PLAIN).unwrap()
}

#[test]
fn texts_take_the_segments_that_carriers_bill() {
    let check = |text: &str, encoding, units, segments| {
        let answer = sms(text);
        let seen = (answer.encoding, answer.units, answer.segment_count());
        assert_eq!(seen, (Some(encoding), units, segments), "{text:?}");
        assert_eq!(answer.channel, Channel::Sms);
        let counted = count(text, false, &PLAIN).map(|count| count.segment_count);
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
    let check = |text: String, has_media, expected: Result<usize, usize>| {
        let expected = expected.map_err(|needed| TooManySegments { needed });
        let counted = count(&text, has_media, &PLAIN).map(|count| count.segment_count);
        assert_eq!(counted, expected);
        let cut = segment(&text, has_media, &PLAIN).map(|answer| answer.segment_count());
        assert_eq!(cut, expected);
    };
    check("a".repeat(255 * 153), false, Ok(255));
    check("a".repeat(255 * 153 + 1), false, Err(256));
    check("я".repeat(255 * 67), false, Ok(255));
    check("я".repeat(255 * 67 + 1), false, Err(256));
    check("😀".repeat(255 * 33), false, Ok(255));
    check("😀".repeat(255 * 33 + 1), false, Err(256));
    check("a".repeat(255 * 1_600), true, Ok(255));
    check("a".repeat(255 * 1_600 + 1), true, Err(256));
    check("a".repeat(1_530_000), false, Err(10_000));
}

#[test]
fn media_makes_it_an_mms() {
    let check = |text: &str, units, segments, remaining| {
        let answer = segment(text, true, &SMART).unwrap();
        assert_eq!((answer.channel, answer.encoding), (Channel::Mms, None));
        assert_eq!((answer.units, answer.segment_count()), (units, segments));
        assert_eq!(answer.units_per_segment, 1_600);
        assert_eq!(answer.units_remaining, remaining);
        assert_eq!(answer.non_gsm_characters, []);
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
        offset,
        replacement,
    };
    let answer = sms(text);
    assert_eq!(
        answer.non_gsm_characters,
        [
            named('’', 7, Some("'")),
            named('\u{200B}', 12, Some("")),
            named('½', 14, Some(" 1/2")),
            named('á', 16, None),
            named('😀', 18, None),
        ]
    );
    assert_eq!(answer.characters, 19);
    let code_points = answer.non_gsm_characters.iter();
    let code_points: Vec<_> = code_points.map(NonGsmCharacter::code_point).collect();
    assert_eq!(
        code_points,
        ["U+2019", "U+200B", "U+00BD", "U+00E1", "U+1F600"]
    );
    assert_eq!(sms("Caffè [€]").non_gsm_characters, []);
}

#[test]
fn smart_encoding_swaps_where_that_saves_segments() {
    let check = |typed: &str, sent: &str, encoding, segments| {
        let answer = segment(typed, false, &SMART).unwrap();
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
    let kept = segment("l'ora", false, &SMART).unwrap();
    assert!(matches!(kept.text, Cow::Borrowed(_)));
}

#[test]
fn smart_encoding_brings_a_text_under_the_limit() {
    let text = "’".repeat(255 * 67 + 1);
    assert_eq!(
        count(&text, false, &PLAIN),
        Err(TooManySegments { needed: 256 })
    );
    let counted = count(&text, false, &SMART).map(|count| count.segment_count);
    assert_eq!(counted, Ok(112));
    let text = "’".repeat(255 * 153 + 1);
    assert_eq!(
        count(&text, false, &SMART),
        Err(TooManySegments { needed: 256 })
    );
}

/// The fewest segments that hold these characters in order, found without packing greedily:
/// `fewest[n]` is the best for the first n of them, over every place where the last cut could be.
fn fewest_segments(costs: &[usize], alone: usize, joined: usize) -> usize {
    if costs.iter().sum::<usize>() <= alone {
        return 1;
    }
    let mut fewest = vec![0];
    for end in 1..=costs.len() {
        let mut best = usize::MAX;
        let mut held = 0;
        for begin in (0..end).rev() {
            held += costs[begin];
            if held > joined {
                break;
            }
            best = best.min(fewest[begin] + 1);
        }
        fewest.push(best);
    }
    fewest[costs.len()]
}

fn expected(text: &str, has_media: bool) -> SegmentCount {
    let utf16 = || text.chars().map(char::len_utf16).collect::<Vec<_>>();
    let septets: Option<Vec<_>> = text.chars().map(gsm7::septets).collect();
    let (channel, encoding, segment_count) = match septets {
        _ if has_media => (Channel::Mms, None, fewest_segments(&utf16(), 1_600, 1_600)),
        Some(costs) => (Channel::Sms, Some(Gsm7), fewest_segments(&costs, 160, 153)),
        None => (Channel::Sms, Some(Ucs2), fewest_segments(&utf16(), 70, 67)),
    };
    SegmentCount {
        channel,
        encoding,
        segment_count,
    }
}

/// Texts of a few segments, of one kind of character or of several, with likes now and then.
pub(super) fn text() -> impl Strategy<Value = String> {
    let gsm = prop::sample::select(
        gsm7::ALPHABET
            .iter()
            .filter(|&&c| c != '\u{1B}')
            .copied()
            .collect::<Vec<_>>(),
    );
    let extension = prop::sample::select(gsm7::EXTENSION.map(|(_, c)| c).to_vec());
    let like = prop::sample::select("’“”–…½\u{A0}\u{200B}•ﬁ".chars().collect::<Vec<_>>());
    let kinds = (gsm, extension, like, any::<char>());
    (0_u32..40, 0_u32..4, 0_u32..2, 1_usize..400).prop_flat_map(move |(e, l, u, longest)| {
        let (gsm, extension, like, other) = kinds.clone();
        let character = prop_oneof![
            40 => gsm,
            e => extension,
            l => like,
            u => other,
        ];
        prop::collection::vec(character, 0..longest).prop_map(String::from_iter)
    })
}

fn options() -> impl Strategy<Value = Options> {
    any::<bool>().prop_map(|smart_encoding| Options { smart_encoding })
}

proptest! {
    #[test]
    fn no_packing_takes_fewer_segments(text in text(), has_media: bool) {
        prop_assert_eq!(count(&text, has_media, &PLAIN), Ok(expected(&text, has_media)));
    }

    #[test]
    fn counting_and_cutting_agree(text in text(), has_media: bool, options in options()) {
        let counted = count(&text, has_media, &options);
        let cut = segment(&text, has_media, &options);
        let cut = cut.map(|answer| SegmentCount {
            channel: answer.channel,
            encoding: answer.encoding,
            segment_count: answer.segment_count(),
        });
        prop_assert_eq!(counted, cut);
    }

    #[test]
    fn segments_joined_give_the_text(text in text(), has_media: bool, options in options()) {
        let answer = segment(&text, has_media, &options).unwrap();
        prop_assert_eq!(answer.texts().collect::<String>(), &*answer.text);
        prop_assert_eq!(answer.characters, answer.text.chars().count());
        let mut held = 0;
        for (index, each) in answer.segments.iter().enumerate() {
            let piece = answer.text_of(each);
            let units: usize = piece
                .chars()
                .map(|c| match answer.encoding {
                    Some(Gsm7) => gsm7::septets(c).unwrap(),
                    _ => c.len_utf16(),
                })
                .sum();
            prop_assert_eq!((each.index, each.units), (index, units));
            prop_assert!(units <= answer.units_per_segment);
            prop_assert!(units > 0 || answer.text.is_empty());
            held += units;
        }
        prop_assert_eq!(held, answer.units);
        let last = answer.segments.last().unwrap();
        prop_assert_eq!(answer.units_remaining, answer.units_per_segment - last.units);
    }

    #[test]
    fn a_character_more_never_takes_fewer_segments(text in text(), more: char, at: prop::sample::Index, has_media: bool) {
        let before = count(&text, has_media, &PLAIN).unwrap();
        let mut longer: Vec<_> = text.chars().collect();
        longer.insert(at.index(longer.len() + 1), more);
        let after = count(&String::from_iter(longer), has_media, &PLAIN).unwrap();
        prop_assert!(after.segment_count >= before.segment_count);
    }

    #[test]
    fn smart_encoding_never_takes_more_and_touches_no_gsm_character(text in text()) {
        let plain = segment(&text, false, &PLAIN).unwrap();
        let smart = segment(&text, false, &SMART).unwrap();
        prop_assert!(smart.segment_count() <= plain.segment_count());
        if smart.segment_count() == plain.segment_count() {
            prop_assert_eq!(&smart, &plain);
        } else {
            prop_assert_eq!(smart.encoding, Some(Gsm7));
        }
        // What was GSM-7 is still there, in order.
        let mut sent = smart.text.chars();
        for character in text.chars().filter(|&c| gsm7::contains(c)) {
            prop_assert!(sent.any(|each| each == character), "{character:?}");
        }
    }

    #[test]
    fn what_is_named_is_all_that_is_not_gsm(text in text()) {
        let answer = segment(&text, false, &PLAIN).unwrap();
        let named: Vec<_> = answer.non_gsm_characters.iter().map(|each| (each.offset, each.character)).collect();
        let expected: Vec<_> = text.chars().enumerate().filter(|&(_, c)| !gsm7::contains(c)).collect();
        prop_assert_eq!(named, expected);
        prop_assert_eq!(answer.non_gsm_characters.is_empty(), answer.encoding == Some(Gsm7));
    }
}

#[test]
fn the_limit_is_what_one_octet_counts() {
    assert_eq!(MAX_SEGMENTS, usize::from(u8::MAX));
}
