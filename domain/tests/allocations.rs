//! Counting the segments of a text allocates no memory, with any options.
//!
//! It is a test binary of its own because its allocator counts the allocations of each thread.

use std::hint::black_box;

use allocation_counter::measure;
use domain::{
    channel::Channel,
    segmentation::{Language, Languages, Options, Reference, count, segment},
};

/// Every combination of options.
fn options() -> impl Iterator<Item = (Options, Channel)> {
    let both = [false, true];
    let languages = [
        Languages::NONE,
        Languages::NONE.with(Language::Turkish),
        Languages::ALL,
    ];
    let references = [Reference::EightBit, Reference::SixteenBit];
    both.into_iter().flat_map(move |smart_encoding| {
        both.into_iter().flat_map(move |strip_accents| {
            languages.into_iter().flat_map(move |languages| {
                references.into_iter().flat_map(move |reference| {
                    let options = Options {
                        smart_encoding,
                        strip_accents,
                        languages,
                        reference,
                    };
                    Channel::ALL.map(|channel| (options, channel))
                })
            })
        })
    })
}

/// Texts for every path through the counting: one segment and several, beyond the limit, in each
/// encoding, with tables, swaps and accents.
fn texts() -> Vec<String> {
    let short = [
        "",
        "Ciao",
        "€[]",
        "l’ora 2½",
        "Şişli",
        "está",
        "नमस्ते",
        "😀",
        "\u{C}`",
    ];
    let of = |each: &str, times| each.repeat(times);
    let mut texts: Vec<_> = short.iter().map(|&each| each.to_owned()).collect();
    texts.extend(short.iter().map(|each| of(each, 90)));
    texts.extend([
        of("a", 160),
        of("a", 40_000),
        of("😀", 40_000),
        of("’", 40_000),
        format!("{}ç", of("a", 299)),
        format!("“á” ő Şişli {}", of("a", 150)),
        format!("ş{}", of("क", 150)),
    ]);
    texts
}

#[test]
fn counting_allocates_nothing() {
    let mut asked = 0;
    for text in texts() {
        for (options, channel) in options() {
            let seen = measure(|| {
                let _ = black_box(count(&text, channel, &options));
            });
            let start: String = text.chars().take(20).collect();
            assert_eq!(seen.count_total, 0, "{start:?} {options:?} {channel:?}");
            asked += 1;
        }
    }
    assert_eq!(asked, texts().len() * 24 * Channel::ALL.len());
}

#[test]
fn the_counter_sees_allocations() {
    let seen = measure(|| drop(segment("Ciao", Channel::Sms, &Options::default())));
    assert!(seen.count_total > 0, "cutting lists the segments: {seen:?}");
}
