//! The laws of segmentation, on texts of all kinds.

use super::{
    Encoding, Language, Languages, Options, Reference, SegmentCount, count, segment,
    tests::{PLAIN, SMART},
};
use crate::{
    channel::Channel,
    gsm7,
    smart_encoding::composed,
    smart_encoding::{replacement, without_accent},
};
use Encoding::{Gsm7, Ucs2};
use proptest::prelude::*;

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

fn expected(text: &str, channel: Channel) -> SegmentCount {
    let utf16 = || text.chars().map(char::len_utf16).collect::<Vec<_>>();
    let septets: Option<Vec<_>> = text.chars().map(gsm7::septets).collect();
    let (encoding, segment_count) = match (channel, septets) {
        (Channel::Mms, _) => (None, fewest_segments(&utf16(), 1_600, 1_600)),
        (Channel::Sms, Some(costs)) => (Some(Gsm7), fewest_segments(&costs, 160, 153)),
        (Channel::Sms, None) => (Some(Ucs2), fewest_segments(&utf16(), 70, 67)),
    };
    SegmentCount {
        channel,
        encoding,
        segment_count,
    }
}

/// Texts of a few segments, of one kind of character or of several, with likes now and then.
fn text() -> impl Strategy<Value = String> {
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

fn channel() -> impl Strategy<Value = Channel> {
    prop::sample::select(&Channel::ALL)
}

fn options() -> impl Strategy<Value = Options> {
    let languages = prop_oneof![
        2 => Just(Languages::NONE),
        1 => prop::collection::vec(prop::sample::select(Language::ALL.to_vec()), 1..4)
            .prop_map(Languages::from_iter),
        1 => Just(Languages::ALL),
    ];
    let reference = prop_oneof![Just(Reference::EightBit), Just(Reference::SixteenBit)];
    (any::<bool>(), any::<bool>(), languages, reference).prop_map(
        |(smart_encoding, strip_accents, languages, reference)| Options {
            smart_encoding,
            strip_accents,
            languages,
            reference,
        },
    )
}

/// Texts of a few segments in one or two of the national languages, with accents and likes.
fn national_text() -> impl Strategy<Value = String> {
    let of = |language: Language| {
        let locking = language.locking_shift().into_iter().flatten();
        let mut cells: Vec<_> = locking.chain(language.single_shift()).flatten().collect();
        cells.extend("abcdefg’…áőà€[".chars());
        prop::sample::select(cells)
    };
    let language = prop::sample::select(Language::ALL.to_vec());
    (language.clone(), language, 0_u32..2, 1_usize..300).prop_flat_map(
        move |(one, other, others, longest)| {
            let character = prop_oneof![20 => of(one), others => of(other)];
            prop::collection::vec(character, 0..longest).prop_map(String::from_iter)
        },
    )
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![text(), national_text()]
}

/// The fewest segments of a text in GSM-7 over every pair of tables, each tried; `None` where no
/// pair has all of it.
fn fewest_in_gsm7(text: &str, languages: Languages, reference: Reference) -> Option<usize> {
    let joined = match reference {
        Reference::EightBit => [153, 149, 146],
        Reference::SixteenBit => [152, 148, 145],
    };
    let chosen = |language: &Language| languages.contains(*language);
    let tables: Vec<_> = Language::ALL.into_iter().filter(chosen).map(Some).collect();
    let mut fewest = None;
    for locking in tables.iter().copied().chain([None]) {
        let Some(alphabet) = alphabet(locking) else {
            continue;
        };
        for single in tables.iter().copied().chain([None]) {
            let extension = extension(single);
            let cost = |c| match (alphabet.contains(&c), extension.contains(&c)) {
                (true, _) => Some(1),
                (_, true) => Some(2),
                _ => None,
            };
            let named = usize::from(locking.is_some()) + usize::from(single.is_some());
            if let Some(costs) = text.chars().map(cost).collect::<Option<Vec<_>>>() {
                let segments = fewest_segments(&costs, [160, 155, 152][named], joined[named]);
                fewest = Some(fewest.unwrap_or(segments).min(segments));
            }
        }
    }
    fewest
}

fn alphabet(language: Option<Language>) -> Option<Vec<char>> {
    match language {
        None => Some(
            gsm7::ALPHABET
                .into_iter()
                .filter(|&c| c != '\u{1B}')
                .collect(),
        ),
        Some(language) => Some(language.locking_shift()?.flatten().collect()),
    }
}

fn extension(language: Option<Language>) -> Vec<char> {
    match language {
        None => gsm7::EXTENSION.iter().map(|&(_, c)| c).collect(),
        Some(language) => language.single_shift().flatten().collect(),
    }
}

/// The fewest segments that any of what the options allow takes.
fn fewest_of_all(text: &str, options: &Options) -> usize {
    let composed = composed(text).filter(|_| options.smart_encoding);
    let composed = composed.map(|composed| fewest_of(&composed, options));
    composed
        .into_iter()
        .fold(fewest_of(text, options), usize::min)
}

/// The same without composing.
fn fewest_of(text: &str, options: &Options) -> usize {
    let utf16: Vec<_> = text.chars().map(char::len_utf16).collect();
    let joined = match options.reference {
        Reference::EightBit => 67,
        Reference::SixteenBit => 66,
    };
    let mut ways = vec![
        Some(fewest_segments(&utf16, 70, joined)),
        fewest_in_gsm7(text, options.languages, options.reference),
    ];
    if options.smart_encoding {
        for accents in [false, options.strip_accents] {
            for languages in [options.languages, Languages::NONE] {
                let swapped = swapped(text, accents, languages);
                ways.push(swapped.and_then(|t| fewest_in_gsm7(&t, languages, options.reference)));
            }
        }
    }
    ways.into_iter().flatten().min().unwrap()
}

/// The text with likes for what neither the default tables nor those of the languages have.
fn swapped(text: &str, accents: bool, languages: Languages) -> Option<String> {
    let chosen = Language::ALL
        .into_iter()
        .filter(|&each| languages.contains(each));
    let tables = chosen.map(Some).chain([None]);
    let kept: Vec<_> = tables
        .flat_map(|each| [alphabet(each).unwrap_or_default(), extension(each)].concat())
        .collect();
    let mut sent = String::new();
    for character in text.chars() {
        if kept.contains(&character) {
            sent.push(character);
        } else {
            let like = replacement(character, &sent);
            sent.push_str(like.or_else(|| without_accent(character).filter(|_| accents))?);
        }
    }
    Some(sent)
}

proptest! {
    #[test]
    fn no_packing_takes_fewer_segments(text in text(), channel in channel()) {
        prop_assert_eq!(count(&text, channel, &PLAIN), Ok(expected(&text, channel)));
    }

    #[test]
    fn counting_and_cutting_agree(text in any_text(), channel in channel(), options in options()) {
        let counted = count(&text, channel, &options);
        let cut = segment(&text, channel, &options);
        let cut = cut.map(|answer| SegmentCount {
            channel: answer.channel,
            encoding: answer.encoding,
            segment_count: answer.segment_count(),
        });
        prop_assert_eq!(counted, cut);
    }

    #[test]
    fn segments_joined_give_the_text(text in any_text(), channel in channel(), options in options()) {
        let answer = segment(&text, channel, &options).unwrap();
        prop_assert_eq!(answer.texts().collect::<String>(), &*answer.text);
        prop_assert_eq!(answer.characters, answer.text.chars().count());
        let mut held = 0;
        for (index, each) in answer.segments.iter().enumerate() {
            let piece = answer.text_of(each);
            let units: usize = piece
                .chars()
                .map(|c| match answer.encoding {
                    Some(Gsm7) => answer.tables.septets(c).unwrap(),
                    Some(Ucs2) | None => c.len_utf16(),
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
    fn no_pair_is_split(text in any_text(), channel in channel(), options in options()) {
        let answer = segment(&text, channel, &options).unwrap();
        let units = |c: char| match answer.encoding {
            Some(Gsm7) => answer.tables.septets(c).unwrap(),
            Some(Ucs2) | None => c.len_utf16(),
        };
        // Whether each unit sent is the second of a pair.
        let seconds: Vec<_> = answer.text.chars().flat_map(|c| (0..units(c)).map(|n| n > 0)).collect();
        let mut sent = 0;
        for segment in &answer.segments[1..] {
            sent += answer.segments[segment.index - 1].units;
            prop_assert!(!seconds[sent], "{:?}", segment);
        }
    }

    #[test]
    fn a_character_more_never_takes_fewer_segments(
        text in any_text(),
        more in prop_oneof![any::<char>(), prop::sample::select("a€’…½2\u{200B}á\u{301}क".chars().collect::<Vec<_>>())],
        at: prop::sample::Index,
        channel in channel(),
        options in options(),
    ) {
        let before = count(&text, channel, &options).unwrap();
        let mut longer: Vec<_> = text.chars().collect();
        longer.insert(at.index(longer.len() + 1), more);
        let longer = String::from_iter(longer);
        // A letter before a combining accent that stood alone makes one character of GSM-7 of both.
        prop_assume!(!options.smart_encoding || composed(&longer).is_none());
        let after = count(&longer, channel, &options).unwrap();
        prop_assert!(after.segment_count >= before.segment_count);
    }

    #[test]
    fn nothing_that_is_allowed_takes_fewer_segments(text in any_text(), options in options()) {
        let counted = count(&text, Channel::Sms, &options).unwrap().segment_count;
        prop_assert_eq!(counted, fewest_of_all(&text, &options));
    }

    #[test]
    fn what_is_asked_for_never_takes_more(text in any_text(), options in options(), channel in channel()) {
        let count = |options: &Options| count(&text, channel, options).unwrap().segment_count;
        let all = count(&options);
        for less in [
            Options { strip_accents: false, ..options },
            Options { smart_encoding: false, ..options },
            Options { languages: Languages::NONE, ..options },
            Options { reference: options.reference, ..PLAIN },
        ] {
            prop_assert!(all <= count(&less), "{:?}", less);
        }
    }

    #[test]
    fn a_text_that_is_changed_takes_fewer_segments(text in any_text(), options in options()) {
        let typed = count(&text, Channel::Sms, &Options { smart_encoding: false, ..options }).unwrap();
        let sent = segment(&text, Channel::Sms, &options).unwrap();
        prop_assert_eq!(sent.text != text, sent.segment_count() < typed.segment_count);
    }

    #[test]
    fn smart_encoding_never_takes_more_and_touches_no_gsm_character(text in text()) {
        let plain = segment(&text, Channel::Sms, &PLAIN).unwrap();
        let smart = segment(&text, Channel::Sms, &SMART).unwrap();
        prop_assert!(smart.segment_count() <= plain.segment_count());
        if smart.segment_count() == plain.segment_count() {
            prop_assert_eq!(&smart, &plain);
        } else {
            prop_assert!(smart.encoding == Some(Gsm7) || composed(&text).is_some());
        }
        // What was GSM-7 is still there, in order.
        let mut sent = smart.text.chars();
        let kept = match composed(&text) {
            Some(composed) if smart.segment_count() < plain.segment_count() => composed,
            _ => text.clone(),
        };
        for character in kept.chars().filter(|&c| gsm7::contains(c)) {
            prop_assert!(sent.any(|each| each == character), "{character:?}");
        }
    }

    #[test]
    fn what_is_named_is_all_that_is_not_gsm(text in any_text()) {
        let answer = segment(&text, Channel::Sms, &PLAIN).unwrap();
        let named: Vec<_> = answer.non_gsm_characters().iter()
            .map(|each| (each.offset + usize::from(each.base.is_some()), each.character))
            .collect();
        let expected: Vec<_> = text.chars().enumerate().filter(|&(_, c)| !gsm7::contains(c)).collect();
        prop_assert_eq!(named, expected);
        prop_assert_eq!(answer.non_gsm_characters().is_empty(), answer.encoding == Some(Gsm7));
    }
}
