//! What a message costs: one function computes both quotes and charges (law Q3).
//!
//! Here: segments, recipients and rates multiplied and added up, exactly. Not here: how a text is
//! cut into segments ([`crate::segmentation`]), and whether there are credits for it.

use crate::{
    channel::Channel, country::CountryCode, credits::Credits, destination::Destinations,
    rate::RateCard,
};

/// The most segments a message may have (law S2).
pub const MAX_SEGMENTS: u32 = 255;

/// The most credits that one message may cost: a hundred times the largest amount of one input, and
/// still far enough within the range of [`Credits`] to be added up.
pub const MAX_CREDITS: Credits = Credits::from_units(Credits::MAX_INPUT.units() * 100);

/// Recipients in one country who get the same number of segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Share {
    /// The country.
    pub country: CountryCode,
    /// Segments for each of them, 1 to [`MAX_SEGMENTS`].
    pub segment_count: u32,
    /// The number of recipients.
    pub recipients: u64,
}

/// The cost of one share of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Line {
    /// The country of the recipients.
    pub country: CountryCode,
    /// The number of recipients.
    pub recipients: u64,
    /// Segments for each of them.
    pub segment_count: u32,
    /// Credits for a segment to a recipient; `None` if the card does not serve the country.
    pub credits_per_segment: Option<Credits>,
    /// Credits for the whole share; zero if the card does not serve the country.
    pub credits: Credits,
}

/// What a message costs.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Priced {
    /// Recipients in countries that the card serves.
    pub recipients: u64,
    /// Recipients in countries that the card does not serve; they are not charged (law Q2).
    pub unsupported_recipients: u64,
    /// Segments to all recipients in countries that the card serves, as carriers bill them.
    pub segments: u64,
    /// One line for each share in the given order, with those that are not served.
    pub lines: Vec<Line>,
    /// The sum of the lines.
    pub credits: Credits,
}

/// Why a message has no price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// The message has no segment, or more than [`MAX_SEGMENTS`].
    #[error("must have between 1 and {MAX_SEGMENTS} segments")]
    SegmentCount,
    /// The price is above [`MAX_CREDITS`], or there are more recipients than can be counted.
    #[error("would cost more than {MAX_CREDITS} credits")]
    TooLarge,
}

/// Prices a message whose text is the same for everyone (law Q1): one line for each country, by
/// country code.
///
/// # Errors
/// A segment count outside 1 to [`MAX_SEGMENTS`]; a total above [`MAX_CREDITS`].
pub fn price(
    segment_count: u32,
    channel: Channel,
    destinations: &Destinations,
    card: &RateCard,
) -> Result<Priced, PriceError> {
    // Refused even if there are no recipients.
    check_segment_count(segment_count)?;
    let shares = destinations.iter().map(|(country, recipients)| Share {
        country,
        segment_count,
        recipients,
    });
    price_shares(channel, shares, card)
}

/// Prices a message whose texts differ in length because of merge fields (law Q6).
///
/// # Errors
/// A segment count outside 1 to [`MAX_SEGMENTS`]; a total above [`MAX_CREDITS`].
pub fn price_shares(
    channel: Channel,
    shares: impl IntoIterator<Item = Share>,
    card: &RateCard,
) -> Result<Priced, PriceError> {
    let mut priced = Priced::default();
    for share in shares {
        priced.add(share, card.rate(share.country, channel))?;
    }
    Ok(priced)
}

impl Priced {
    fn add(&mut self, share: Share, rate: Option<Credits>) -> Result<(), PriceError> {
        let Share {
            country,
            segment_count,
            recipients,
        } = share;
        check_segment_count(segment_count)?;
        let mut credits = Credits::ZERO;
        if let Some(rate) = rate {
            let segments = recipients
                .checked_mul(u64::from(segment_count))
                .ok_or(PriceError::TooLarge)?;
            credits = line_credits(segments, rate)?;
            self.recipients = sum(self.recipients, recipients)?;
            self.segments = sum(self.segments, segments)?;
        } else {
            self.unsupported_recipients = sum(self.unsupported_recipients, recipients)?;
        }
        self.credits = self
            .credits
            .checked_add(credits)
            .filter(|total| *total <= MAX_CREDITS)
            .ok_or(PriceError::TooLarge)?;
        self.lines.push(Line {
            country,
            recipients,
            segment_count,
            credits_per_segment: rate,
            credits,
        });
        Ok(())
    }
}

fn check_segment_count(segment_count: u32) -> Result<(), PriceError> {
    if (1..=MAX_SEGMENTS).contains(&segment_count) {
        Ok(())
    } else {
        Err(PriceError::SegmentCount)
    }
}

fn line_credits(segments: u64, rate: Credits) -> Result<Credits, PriceError> {
    i64::try_from(segments)
        .ok()
        .and_then(|segments| rate.checked_mul(segments))
        .filter(|credits| *credits <= MAX_CREDITS)
        .ok_or(PriceError::TooLarge)
}

fn sum(one: u64, other: u64) -> Result<u64, PriceError> {
    one.checked_add(other).ok_or(PriceError::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rate::{
        AreaRates, CarrierOptions, MAX_RATE,
        tests::{card, country, rate, rate_of},
    };
    use proptest::prelude::*;

    fn destinations(pairs: &[(&str, i64)]) -> Destinations {
        let pairs = pairs.iter().map(|(code, count)| (country(code), *count));
        Destinations::from_pairs(pairs).unwrap()
    }

    #[test]
    fn the_default_card_charges_as_promised() {
        let card = card(&[(None, AreaRates::starting())]).unwrap();
        let check = |segments, channel, recipients, want: &str| {
            let priced = price(
                segments,
                channel,
                &destinations(&[("IT", recipients)]),
                &card,
            );
            assert_eq!(priced.unwrap().credits.to_string(), want);
        };
        check(1, Channel::Sms, 1_653, "1653");
        check(2, Channel::Sms, 1_653, "3306");
        check(1, Channel::Mms, 1_653, "4959");
        // An MMS of two segments counts two.
        check(2, Channel::Mms, 1_653, "9918");
        check(1, Channel::Sms, 0, "0");
    }

    #[test]
    fn countries_not_served_are_counted_apart() {
        let card = card(&[
            (Some("IT"), rate(Some("0.75"), None)),
            (Some("US"), rate(Some("0.3333"), Some("2.5"))),
        ])
        .unwrap();
        let audience = destinations(&[("US", 3), ("FR", 10), ("IT", 5)]);
        let check = |channel,
                     reached,
                     apart,
                     segments,
                     lines: &[(&str, Option<&str>, &str)],
                     credits: &str| {
            let priced = price(2, channel, &audience, &card).unwrap();
            let found: Vec<_> = priced
                .lines
                .iter()
                .map(|line| (line.country, line.credits_per_segment, line.credits))
                .collect();
            let lines: Vec<_> = lines
                .iter()
                .map(|(code, rate, credits)| {
                    (
                        country(code),
                        rate.map(|rate| rate.parse().unwrap()),
                        credits.parse().unwrap(),
                    )
                })
                .collect();
            assert_eq!(found, lines);
            assert_eq!(
                (priced.recipients, priced.unsupported_recipients),
                (reached, apart)
            );
            assert_eq!(
                (priced.segments, priced.credits.to_string().as_str()),
                (segments, credits)
            );
        };
        check(
            Channel::Sms,
            8,
            10,
            16,
            &[
                ("FR", None, "0"),
                ("IT", Some("0.75"), "7.5"),
                ("US", Some("0.3333"), "1.9998"),
            ],
            "9.4998",
        );
        check(
            Channel::Mms,
            3,
            15,
            6,
            &[
                ("FR", None, "0"),
                ("IT", None, "0"),
                ("US", Some("2.5"), "15"),
            ],
            "15",
        );
    }

    #[test]
    fn what_can_not_be_charged_has_no_price() {
        let dear = card(&[(None, rate(Some("1000000"), None))]).unwrap();
        let check = |segments, recipients, want: Result<&str, PriceError>| {
            let audience = destinations(&[("IT", recipients)]);
            let found = price(segments, Channel::Sms, &audience, &dear);
            let want = want.map(|text| text.parse().unwrap());
            assert_eq!(found.map(|priced| priced.credits), want);
        };
        check(0, 1, Err(PriceError::SegmentCount));
        check(256, 1, Err(PriceError::SegmentCount));
        check(0, 0, Err(PriceError::SegmentCount));
        check(1, 1_000_000, Ok("1000000000000"));
        check(200, 1_000_000, Err(PriceError::TooLarge));
        check(255, 1_000_000_000, Err(PriceError::TooLarge));
    }

    #[test]
    fn a_sum_above_the_limit_has_no_price_either() {
        let dear = card(&[(None, rate(Some("1000000"), None))]).unwrap();
        let most = destinations(&[("IT", 50_000_000), ("US", 50_000_000)]);
        assert_eq!(
            price(1, Channel::Sms, &most, &dear).unwrap().credits,
            MAX_CREDITS
        );
        let above = destinations(&[("IT", 50_000_000), ("US", 50_000_001)]);
        assert_eq!(
            price(1, Channel::Sms, &above, &dear),
            Err(PriceError::TooLarge)
        );
        let share = Share {
            country: country("IT"),
            segment_count: 2,
            recipients: u64::MAX,
        };
        assert_eq!(
            price_shares(Channel::Sms, [share], &dear),
            Err(PriceError::TooLarge)
        );
    }

    fn any_card() -> impl Strategy<Value = RateCard> {
        let credits = || prop::option::of((0..=MAX_RATE.units()).prop_map(Credits::from_units));
        let rate = (credits(), credits())
            .prop_map(|(sms, mms)| rate_of(sms, mms, CarrierOptions::default()));
        prop::collection::vec(rate, 4).prop_map(|rates| {
            let codes = [Some("AA"), Some("BB"), Some("CC"), None];
            card(&codes.into_iter().zip(rates).collect::<Vec<_>>()).unwrap()
        })
    }

    fn any_shares() -> impl Strategy<Value = Vec<Share>> {
        let share = (0_usize..5, 1_u32..=4, 0_u64..100_000).prop_map(
            |(place, segment_count, recipients)| Share {
                country: country(["AA", "BB", "CC", "DD", "EE"][place]),
                segment_count,
                recipients,
            },
        );
        prop::collection::vec(share, 0..20)
    }

    proptest! {
        #[test]
        fn nothing_is_lost_between_lines_and_total(card in any_card(), shares in any_shares(), channel in prop::sample::select(&Channel::ALL)) {
            let priced = price_shares(channel, shares.iter().copied(), &card).unwrap();
            let (mut reached, mut apart, mut segments, mut units) = (0, 0, 0, 0_i128);
            for share in &shares {
                match card.rate(share.country, channel) {
                    Some(rate) => {
                        reached += share.recipients;
                        segments += share.recipients * u64::from(share.segment_count);
                        units += i128::from(share.recipients) * i128::from(share.segment_count) * i128::from(rate.units());
                    }
                    None => apart += share.recipients,
                }
            }
            prop_assert_eq!((priced.recipients, priced.unsupported_recipients), (reached, apart));
            prop_assert_eq!((priced.segments, i128::from(priced.credits.units())), (segments, units));
            prop_assert_eq!(priced.lines.len(), shares.len());
            let lines: i64 = priced.lines.iter().map(|line| line.credits.units()).sum();
            prop_assert_eq!(lines, priced.credits.units());
        }

        #[test]
        fn one_text_for_all_costs_what_its_shares_cost(
            card in any_card(),
            counts in prop::collection::vec(0_i64..1_000_000, 3),
            segments in 1_u32..=5,
        ) {
            let audience = destinations(&[("AA", counts[0]), ("DD", counts[1]), ("BB", counts[2])]);
            let whole = price(segments, Channel::Sms, &audience, &card).unwrap();
            // One by one, in another order.
            let shares = audience.iter().collect::<Vec<_>>().into_iter().rev();
            let shares = shares.map(|(country, recipients)| Share { country, segment_count: segments, recipients });
            let apart = price_shares(Channel::Sms, shares, &card).unwrap();
            prop_assert_eq!(whole.credits, apart.credits);
            prop_assert_eq!(whole.recipients + whole.unsupported_recipients, audience.total());
        }
    }
}
