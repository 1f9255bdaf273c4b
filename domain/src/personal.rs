//! Texts that differ from contact to contact, counted one by one (law Q6).
//!
//! Here: the tally of a message's segments over the contacts of a list, with the shortest and the longest
//! text and what is not known of whom. Not here: where contacts come from, and what their segments cost.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    country::CountryCode,
    distribution::segment_count,
    merge::{Template, Values},
    private::Private,
    quote::Share,
    rate::RateCard,
    segmentation::{Channel, Encoding, MAX_SEGMENTS, Options, TooManySegments, count},
};

/// Counts contacts by country and segments, each by its own text. It allocates nothing for a contact once
/// its buffers have grown.
#[derive(Debug)]
pub struct Tally {
    template: Template,
    has_media: bool,
    asked: Options,
    card: Arc<RateCard>,
    countries: BTreeMap<CountryCode, usize>,
    tallies: Vec<CountryTally>,
    /// The last contact's country: the next has it mostly too.
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
    /// The same with smart encoding.
    smart_counts: Vec<u64>,
}

/// A contact's own text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonalText {
    /// Segments of it.
    pub segment_count: u32,
    /// Code points of it, before anything is swapped.
    pub characters: usize,
    /// The text, before anything is swapped.
    pub text: Private<String>,
    /// How it is cut where it goes.
    pub options: Options,
}

/// What a tally came to.
#[derive(Debug, Clone)]
pub struct Tallied {
    /// Contacts by country and segments, in that order.
    pub shares: Vec<Share>,
    /// The same with smart encoding.
    pub smart_shares: Vec<Share>,
    /// Contacts in all.
    pub contacts: u64,
    /// By slot of the template: contacts that have no value for it.
    pub lacking: Vec<u64>,
    /// The text of the fewest segments, and of those the fewest characters; the first of the alphabet among
    /// equals. Of contacts that can be reached; `None` where there are none.
    pub shortest: Option<PersonalText>,
    /// The text of the most segments, and of those the most characters, likewise.
    pub longest: Option<PersonalText>,
}

impl Tally {
    /// A tally of nobody yet.
    #[must_use]
    pub fn new(template: Template, has_media: bool, asked: Options, card: Arc<RateCard>) -> Self {
        let slots = template.names().len();
        Self {
            template,
            has_media,
            asked,
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
    /// Its text takes more than [`MAX_SEGMENTS`].
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
        let segments = tally.add(self.sent.unguarded(), self.has_media)?;
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
        let channel = if self.has_media {
            Channel::Mms
        } else {
            Channel::Sms
        };
        let place = *self.countries.entry(country).or_insert_with(|| {
            self.tallies.push(CountryTally {
                country,
                options: self.card.options(country, self.asked),
                is_served: self.card.rate(country, channel).is_some(),
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
        // A text has at most as many characters as bytes, and at least a quarter: mostly they need no counting.
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

    /// What it came to.
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
    /// Counts a text, and answers how many segments it takes.
    fn add(&mut self, text: &str, has_media: bool) -> Result<u32, TooManySegments> {
        let plain = count(text, has_media, &self.options)?;
        // Only a text that its default tables lack, or with long line ends, can gain, and only where it takes
        // several segments.
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
            segment_count(text, has_media, &smart)? as usize
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
        // At most MAX_SEGMENTS, which a count was checked against.
        counts.resize(segments.min(MAX_SEGMENTS) + 1, 0);
    }
    if let Some(count) = counts.get_mut(segments) {
        *count += 1;
    }
}

#[cfg(test)]
mod tests;
