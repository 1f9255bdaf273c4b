//! How the recipients of a message are distributed over numbers of segments.
//!
//! Here: one text under each destination's own options, sent messages scaled to what was held, and
//! a price added up by segments. Not here: texts that differ by contact ([`crate::personal`]), and
//! rates ([`crate::quote`]).

use std::collections::BTreeMap;

use crate::{
    channel::Channel,
    country::CountryCode,
    credits::Credits,
    destination::Destinations,
    proportion::split,
    quote::{Line, Share},
    rate::RateCard,
    segmentation::{self, Options, TooManySegments},
};

/// The recipients with the same number of segments, and what they cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SegmentShare {
    /// Segments for each of them.
    pub segment_count: u32,
    /// How many of them can be reached.
    pub recipients: u64,
    /// Credits for all of them.
    pub credits: Credits,
}

/// The shares of a message with the same text for everyone, by country code. Segments may differ by
/// country, because the card's national tables and ways of concatenating do.
///
/// # Errors
/// More than [`segmentation::MAX_SEGMENTS`] in a country.
pub fn of_one_text(
    text: &str,
    channel: Channel,
    asked: Options,
    destinations: &Destinations,
    card: &RateCard,
) -> Result<Vec<Share>, TooManySegments> {
    // Nearly always one option; at most one for each rate of the card.
    let mut counted: Vec<(Options, u32)> = Vec::new();
    let mut count = |options: Options| {
        if let Some((_, known)) = counted.iter().find(|(same, _)| *same == options) {
            return Ok(*known);
        }
        let count = segment_count(text, channel, &options)?;
        counted.push((options, count));
        Ok(count)
    };
    let share = |(country, recipients)| {
        Ok(Share {
            country,
            segment_count: count(card.options(country, asked))?,
            recipients,
        })
    };
    destinations.iter().map(share).collect()
}

/// The number of segments of a text, as shares count them.
pub(crate) fn segment_count(
    text: &str,
    channel: Channel,
    options: &Options,
) -> Result<u32, TooManySegments> {
    let count = segmentation::count(text, channel, options)?;
    // At most 255.
    Ok(u32::try_from(count.segment_count).unwrap_or(u32::MAX))
}

/// The shares of what was sent of a message. A country's head-count is split in proportion to its
/// planned recipients by segments, by largest remainder; among equals the fewer segments come
/// first. Recipients in a country without planned recipients count `otherwise` segments.
#[must_use]
pub fn of_reported(planned: &[Share], sent: &Destinations, otherwise: u32) -> Vec<Share> {
    let mut by_country: BTreeMap<CountryCode, BTreeMap<u32, u64>> = BTreeMap::new();
    for share in planned {
        let counts = by_country.entry(share.country).or_default();
        *counts.entry(share.segment_count).or_default() += share.recipients;
    }
    let mut shares = Vec::new();
    for (country, recipients) in sent.iter() {
        let planned = by_country.get(&country);
        let mut counts: Vec<(u32, u64)> = planned
            .map(|counts| counts.iter().map(|(count, many)| (*count, *many)).collect())
            .unwrap_or_default();
        if counts.iter().all(|(_, many)| *many == 0) {
            counts = vec![(otherwise, 1)];
        }
        let weights: Vec<u64> = counts.iter().map(|(_, many)| *many).collect();
        let parts = counts.into_iter().zip(split(recipients, &weights));
        shares.extend(parts.filter(|(_, recipients)| *recipients > 0).map(
            |((segment_count, _), recipients)| Share {
                country,
                segment_count,
                recipients,
            },
        ));
    }
    shares
}

/// Lines added up by segments, the fewest first. Destinations that aren't served are left out.
#[must_use]
pub fn by_segments(lines: &[Line]) -> Vec<SegmentShare> {
    let mut sums: BTreeMap<u32, (u64, i64)> = BTreeMap::new();
    for line in lines {
        if line.credits_per_segment.is_some() && line.recipients > 0 {
            let (recipients, units) = sums.entry(line.segment_count).or_default();
            // Their totals were already added up in the same way.
            *recipients = recipients.saturating_add(line.recipients);
            *units = units.saturating_add(line.credits.units());
        }
    }
    sums.into_iter()
        .map(|(segment_count, (recipients, units))| SegmentShare {
            segment_count,
            recipients,
            credits: Credits::from_units(units),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{by_segments, of_one_text, of_reported};
    use crate::{
        channel::Channel,
        destination::Destinations,
        quote::{Share, price_shares},
        rate::{
            AreaRates, CarrierOptions,
            tests::{card, country, rate},
        },
        segmentation::{Language, Languages, Options, Reference},
    };
    use proptest::prelude::*;

    fn destinations(pairs: &[(&str, i64)]) -> Destinations {
        let pairs = pairs.iter().map(|(code, count)| (country(code), *count));
        Destinations::from_pairs(pairs).unwrap()
    }

    fn shares(rows: &[(&str, u32, u64)]) -> Vec<Share> {
        let share = |&(code, segment_count, recipients)| Share {
            country: country(code),
            segment_count,
            recipients,
        };
        rows.iter().map(share).collect()
    }

    #[test]
    fn segments_differ_by_destination() {
        let turkish = AreaRates {
            carriers: CarrierOptions {
                languages: Languages::NONE.with(Language::Turkish),
                ..CarrierOptions::default()
            },
            ..AreaRates::starting()
        };
        let wide = AreaRates {
            carriers: CarrierOptions {
                reference: Reference::SixteenBit,
                ..CarrierOptions::default()
            },
            ..AreaRates::starting()
        };
        let card = card(&[
            (Some("TR"), turkish),
            (Some("US"), wide),
            (None, AreaRates::starting()),
        ])
        .unwrap();
        let audience = destinations(&[("IT", 5), ("TR", 3), ("US", 2)]);
        let check = |text: &str, channel, want: [u32; 3]| {
            let found = of_one_text(text, channel, Options::default(), &audience, &card);
            let found = found.unwrap().into_iter().map(|share| share.segment_count);
            assert_eq!(found.collect::<Vec<_>>(), want, "{text}");
        };
        check("Ciao", Channel::Sms, [1, 1, 1]);
        check(&"ş".repeat(100), Channel::Sms, [2, 1, 2]);
        check(&format!("{}ş", "a".repeat(100)), Channel::Sms, [2, 1, 2]);
        check(&"a".repeat(306), Channel::Sms, [2, 2, 3]);
        check(&"ş".repeat(306), Channel::Mms, [1, 1, 1]);
        let long = of_one_text(
            &"ж".repeat(67 * 255 + 1),
            Channel::Sms,
            Options::default(),
            &audience,
            &card,
        );
        assert_eq!(long.unwrap_err().needed, 256);
    }

    #[test]
    fn sent_recipients_are_split_like_the_planned_ones() {
        let planned = shares(&[("DE", 1, 4), ("IT", 1, 60), ("IT", 2, 30), ("IT", 4, 10)]);
        let check = |sent: &[(&str, i64)], want: &[(&str, u32, u64)]| {
            let found = of_reported(&planned, &destinations(sent), 4);
            assert_eq!(found, shares(want), "{sent:?}");
        };
        check(
            &[("IT", 100)],
            &[("IT", 1, 60), ("IT", 2, 30), ("IT", 4, 10)],
        );
        check(&[("IT", 5)], &[("IT", 1, 3), ("IT", 2, 2)]);
        check(
            &[("IT", 200)],
            &[("IT", 1, 120), ("IT", 2, 60), ("IT", 4, 20)],
        );
        check(&[("DE", 9), ("FR", 2)], &[("DE", 1, 9), ("FR", 4, 2)]);
        check(&[("IT", 0)], &[]);
    }

    proptest! {
        #[test]
        fn head_counts_are_kept_for_any_sent_amounts(
            planned in prop::collection::vec((0_usize..3, 1_u32..6, 0_u64..500), 0..12),
            sent in prop::collection::vec(0_i64..1_000, 3),
        ) {
            let codes = ["AA", "BB", "CC"];
            let planned: Vec<_> = planned.iter().map(|(at, count, many)| (codes[*at], *count, *many)).collect();
            let planned = shares(&planned);
            let sent = destinations(&[("AA", sent[0]), ("BB", sent[1]), ("CC", sent[2])]);
            let found = of_reported(&planned, &sent, 7);
            for (country, recipients) in sent.iter() {
                let of = |shares: &[Share]| shares.iter().filter(|share| share.country == country).map(|share| share.recipients).sum::<u64>();
                prop_assert_eq!(of(&found), recipients);
                let most = planned.iter().filter(|share| share.country == country && share.recipients > 0).map(|share| share.segment_count).max();
                let reached = found.iter().filter(|share| share.country == country).map(|share| share.segment_count).max();
                prop_assert!(reached.unwrap() <= most.unwrap_or(7));
            }
            prop_assert!(found.iter().all(|share| share.recipients > 0));
        }

        #[test]
        fn a_distribution_covers_everything_paid_for(
            rows in prop::collection::vec((0_usize..3, 1_u32..6, 0_u64..5_000), 0..12),
        ) {
            let dear = rate(Some("0.7333"), Some("3"));
            let card = card(&[(Some("AA"), dear), (Some("BB"), AreaRates::starting())]).unwrap();
            let rows: Vec<_> = rows.iter().map(|(at, count, many)| (["AA", "BB", "CC"][*at], *count, *many)).collect();
            let priced = price_shares(Channel::Sms, shares(&rows), &card).unwrap();
            let found = by_segments(&priced.lines);
            prop_assert_eq!(found.iter().map(|share| share.recipients).sum::<u64>(), priced.recipients);
            prop_assert_eq!(found.iter().map(|share| share.credits.units()).sum::<i64>(), priced.credits.units());
            let segments = found.iter().map(|share| share.recipients * u64::from(share.segment_count));
            prop_assert_eq!(segments.sum::<u64>(), priced.segments);
            prop_assert!(found.is_sorted_by(|one, other| one.segment_count < other.segment_count));
        }
    }
}
