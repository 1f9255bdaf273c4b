//! Personal texts: texts with merge fields, counted contact by contact (law Q6).
//!
//! Here: the tally of a message's segments over the contacts of a list, with the shortest and the
//! longest text, and how many contacts lack a value for each merge field. Not here: reading
//! contacts, and what their segments cost.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    channel::Channel,
    country::CountryCode,
    distribution::segment_count,
    merge::{Template, Values},
    private::Private,
    quote::Share,
    rate::RateCard,
    segmentation::{Encoding, MAX_SEGMENTS, Options, TooManySegments, count},
};

/// Counts contacts by country and segments, each by its own text. Once its buffers have grown, it
/// allocates nothing for a contact.
#[derive(Debug)]
pub struct Tally {
    template: Template,
    channel: Channel,
    requested: Options,
    card: Arc<RateCard>,
    countries: BTreeMap<CountryCode, usize>,
    tallies: Vec<CountryTally>,
    /// The last contact's country: the next contact mostly has the same.
    last: Option<(CountryCode, usize)>,
    sent: Private<String>,
    contacts: u64,
    lacking: Vec<u64>,
    shortest: Option<PersonalText>,
    longest: Option<PersonalText>,
}

#[derive(Debug)]
struct CountryTally {
    country: CountryCode,
    options: Options,
    is_served: bool,
    /// Contacts by segments.
    counts: Vec<u64>,
    /// Contacts by segments with smart encoding.
    smart_counts: Vec<u64>,
}

/// A contact's own text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonalText {
    /// The number of segments.
    pub segment_count: u32,
    /// The number of code points, before smart encoding.
    pub characters: usize,
    /// The text, before smart encoding.
    pub text: Private<String>,
    /// The options that the text is cut with in its contact's country.
    pub options: Options,
}

/// The result of a tally.
#[derive(Debug, Clone)]
pub struct Tallied {
    /// Contacts by country and segments, in that order.
    pub shares: Vec<Share>,
    /// Contacts by country and segments with smart encoding.
    pub smart_shares: Vec<Share>,
    /// The number of contacts.
    pub contacts: u64,
    /// By slot of the template: the number of contacts that have no value for it.
    pub lacking: Vec<u64>,
    /// The text with the fewest segments, then the fewest characters, then the first in the
    /// alphabet. Only contacts in countries that the card serves count; `None` if there are none.
    pub shortest: Option<PersonalText>,
    /// The text with the most segments, then the most characters, then the first in the alphabet,
    /// among the same contacts.
    pub longest: Option<PersonalText>,
}

impl Tally {
    /// An empty tally.
    #[must_use]
    pub fn new(
        template: Template,
        channel: Channel,
        requested: Options,
        card: Arc<RateCard>,
    ) -> Self {
        let slots = template.names().len();
        Self {
            template,
            channel,
            requested,
            card,
            countries: BTreeMap::new(),
            tallies: Vec::new(),
            last: None,
            sent: Private::default(),
            contacts: 0,
            lacking: vec![0; slots],
            shortest: None,
            longest: None,
        }
    }

    /// Counts a contact.
    ///
    /// # Errors
    /// The contact's text takes more than [`MAX_SEGMENTS`].
    pub fn add(&mut self, country: CountryCode, values: &Values) -> Result<(), TooManySegments> {
        self.contacts += 1;
        for (slot, lacking) in self.lacking.iter_mut().enumerate() {
            *lacking += u64::from(values.get(slot).is_none());
        }
        self.template.render(values, self.sent.unguarded_mut());
        let place = self.place(country);
        let Some(tally) = self.tallies.get_mut(place) else {
            return Ok(());
        };
        let segments = tally.add(self.sent.unguarded(), self.channel)?;
        if tally.is_served {
            let options = tally.options;
            self.keep_extremes(segments, options);
        }
        Ok(())
    }

    fn place(&mut self, country: CountryCode) -> usize {
        if let Some((_, place)) = self.last.filter(|(last, _)| *last == country) {
            return place;
        }
        let place = *self.countries.entry(country).or_insert_with(|| {
            self.tallies.push(CountryTally {
                country,
                options: self.card.options(country, self.requested),
                is_served: self.card.rate(country, self.channel).is_some(),
                counts: Vec::new(),
                smart_counts: Vec::new(),
            });
            self.tallies.len() - 1
        });
        self.last = Some((country, place));
        place
    }

    fn keep_extremes(&mut self, segments: u32, options: Options) {
        let text = self.sent.unguarded().as_str();
        // A text has at most as many characters as bytes, and at least a quarter as many: the
        // characters rarely need counting.
        let may_be_longest = self.longest.as_ref().is_none_or(|longest| {
            (segments, text.len()) >= (longest.segment_count, longest.characters)
        });
        let may_be_shortest = self.shortest.as_ref().is_none_or(|shortest| {
            (segments, text.len() / 4) <= (shortest.segment_count, shortest.characters)
        });
        if !may_be_longest && !may_be_shortest {
            return;
        }
        let characters = text.chars().count();
        let here = (segments, characters);
        let is_longest = may_be_longest
            && self.longest.as_ref().is_none_or(|longest| {
                let there = (longest.segment_count, longest.characters);
                here > there || (here == there && text < longest.text.unguarded().as_str())
            });
        let is_shortest = may_be_shortest
            && self.shortest.as_ref().is_none_or(|shortest| {
                let there = (shortest.segment_count, shortest.characters);
                (here, text) < (there, shortest.text.unguarded().as_str())
            });
        let own = || PersonalText {
            segment_count: segments,
            characters,
            text: Private::new(text.to_owned()),
            options,
        };
        if is_longest {
            self.longest = Some(own());
        }
        if is_shortest {
            self.shortest = Some(own());
        }
    }

    /// Ends the tally and returns its result.
    #[must_use]
    pub fn end(self) -> Tallied {
        let mut tallies = self.tallies;
        tallies.sort_by_key(|tally| tally.country);
        let shares = |counts: fn(&CountryTally) -> &[u64]| {
            let each = tallies.iter().flat_map(|tally| {
                let counts = (0_u32..).zip(counts(tally));
                counts.filter(|(_, recipients)| **recipients > 0).map(
                    |(segment_count, recipients)| Share {
                        country: tally.country,
                        segment_count,
                        recipients: *recipients,
                    },
                )
            });
            each.collect::<Vec<_>>()
        };
        Tallied {
            shares: shares(|tally| &tally.counts),
            smart_shares: shares(|tally| &tally.smart_counts),
            contacts: self.contacts,
            lacking: self.lacking,
            shortest: self.shortest,
            longest: self.longest,
        }
    }
}

impl CountryTally {
    /// Counts a text, and returns the number of segments it takes.
    fn add(&mut self, text: &str, channel: Channel) -> Result<u32, TooManySegments> {
        let plain = count(text, channel, &self.options)?;
        // Smart encoding can only save segments of a text that takes several, and only if it has
        // characters that GSM-7's default tables lack, or CR LF line ends.
        let may_gain = plain.segment_count > 1
            && !self.options.smart_encoding
            && (plain.encoding == Some(Encoding::Ucs2)
                || !self.options.languages.is_empty()
                || text.contains("\r\n"));
        let smart = if may_gain {
            let smart = Options {
                smart_encoding: true,
                ..self.options
            };
            segment_count(text, channel, &smart)? as usize
        } else {
            plain.segment_count
        };
        increment(&mut self.counts, plain.segment_count);
        increment(&mut self.smart_counts, smart);
        Ok(u32::try_from(plain.segment_count).unwrap_or(u32::MAX))
    }
}

fn increment(counts: &mut Vec<u64>, segments: usize) {
    if counts.len() <= segments {
        // A count is at most MAX_SEGMENTS: it was checked.
        counts.resize(segments.min(MAX_SEGMENTS) + 1, 0);
    }
    if let Some(count) = counts.get_mut(segments) {
        *count += 1;
    }
}

#[cfg(test)]
mod tests;
