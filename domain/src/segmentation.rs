//! Segmentation: how carriers cut a text into segments, and so what they bill.
//!
//! Here: the encoding of a text, its size in units, the positions of the cuts, and whether smart
//! encoding saves segments. Not here: what a segment costs, and who pays for it.
//!
//! An SMS whose characters are all in the GSM 7-bit default alphabet or its extension table (3GPP
//! TS 23.038 §6.2.1, §6.2.1.1) is sent in septets; any other in UCS-2, counted in UTF-16 code
//! units. A message has 140 octets (TS 23.040 §9.2.3.24): 160 septets or 70 units. A longer text is
//! sent in several segments, and each gives six octets to the header that joins them (§9.2.3.24.1),
//! which leaves 153 septets or 67 units. If national language tables are allowed, the header names
//! them too: one table leaves 155 septets (149 in a joined segment), two leave 152 (146). Each
//! segment is filled before the next one begins, and neither an escape pair nor a surrogate pair is
//! split. Nothing else is kept together, so an emoji of several code points can be cut between
//! them, as the specification allows; the phone joins the text again.
//!
//! An MMS is billed by segments of 1,600 UTF-16 code units ([`Channel::segment_size`]).
//!
//! [`count`] and [`segment`] agree on every text; `count` allocates nothing.
//!
//! | header | GSM-7 alone | of several | UCS-2 alone | of several |
//! | --- | --- | --- | --- | --- |
//! | none, or [`Reference::EightBit`] | 160 | 153 | 70 | 67 |
//! | [`Reference::SixteenBit`] (§9.2.3.24.8) | 160 | 152 | 70 | 66 |
//! | one national table (§9.2.3.24.15, §9.2.3.24.16) | 155 | 149, or 148 | | |
//! | two national tables | 152 | 146, or 145 | | |
//!
//! A message has at most [`MAX_SEGMENTS`]: the header counts them in one octet.
//!
//! ```
//! use domain::{
//!     channel::Channel,
//!     segmentation::{Encoding, Options, count, segment},
//! };
//!
//! let plain = Options::default();
//! let counted = count("10% off today: [shop]", Channel::Sms, &plain)?;
//! assert_eq!((counted.encoding, counted.segment_count), (Some(Encoding::Gsm7), 1));
//!
//! // One character that GSM-7 lacks turns the whole text into UCS-2, and is reported.
//! let text = format!("It’s {}", "a".repeat(80));
//! let cut = segment(&text, Channel::Sms, &plain)?;
//! assert_eq!((cut.encoding, cut.segment_count()), (Some(Encoding::Ucs2), 2));
//! assert_eq!(cut.non_gsm_characters()[0].code_point(), "U+2019");
//! assert_eq!(cut.texts().collect::<String>(), text);
//!
//! // Smart encoding replaces it, because that saves a segment here.
//! let smart = Options { smart_encoding: true, ..plain };
//! let cut = segment(&text, Channel::Sms, &smart)?;
//! assert_eq!((cut.encoding, cut.segment_count()), (Some(Encoding::Gsm7), 1));
//! assert!(cut.text.starts_with("It's"));
//! # Ok::<(), domain::segmentation::TooManySegments>(())
//! ```
//!
//! The tables of a language are used if they save segments, and the result names them:
//!
//! ```
//! use domain::{
//!     channel::Channel,
//!     segmentation::{Language, Languages, Options, segment},
//! };
//!
//! let turkish = Options {
//!     languages: Languages::NONE.with(Language::Turkish),
//!     ..Options::default()
//! };
//! let text = "İndirim başladı! Şişli mağazamızda bugün her şey yarı fiyatına, kaçırmayın.";
//! let cut = segment(text, Channel::Sms, &turkish)?;
//! assert_eq!(cut.segment_count(), 1);
//! assert_eq!(cut.tables.single_shift, Some(Language::Turkish));
//! # Ok::<(), domain::segmentation::TooManySegments>(())
//! ```

mod capacity;
mod packing;
mod plan;
mod tables;

pub use crate::gsm7::national::{Language, Languages};
pub use capacity::Reference;
pub use tables::Tables;

use crate::{channel::Channel, gsm7, smart_encoding};
use plan::Plan;
use std::{borrow::Cow, ops::Range};

/// The most segments that one message may have: the header that joins them counts them in one octet
/// (TS 23.040 §9.2.3.24.1).
pub const MAX_SEGMENTS: usize = 255;

/// How the text of an SMS is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encoding {
    /// Septets of the GSM 7-bit tables.
    Gsm7,
    /// UTF-16 code units.
    Ucs2,
}

/// What may be done to the text of an SMS, and how its segments are joined. The default is the
/// plain rules: the text is sent as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Replace typographic characters with GSM-7 lookalikes if the message then takes fewer
    /// segments.
    pub smart_encoding: bool,
    /// Take accents off letters too, if that saves more segments than leaving them. It does nothing
    /// without `smart_encoding`.
    pub strip_accents: bool,
    /// The languages whose tables the text may be sent with, if it then takes fewer segments.
    pub languages: Languages,
    /// How the segments of one SMS are joined.
    pub reference: Reference,
}

/// The text needs more than [`MAX_SEGMENTS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text needs {needed} segments; one message has at most {MAX_SEGMENTS}")]
pub struct TooManySegments {
    /// The number of segments it needs, by the same rules.
    pub needed: usize,
}

/// The segments that a message is billed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SegmentCount {
    /// The channel that carries the message.
    pub channel: Channel,
    /// The encoding of an SMS; `None` on other channels.
    pub encoding: Option<Encoding>,
    /// From 1 to [`MAX_SEGMENTS`].
    pub segment_count: usize,
}

/// How a message is cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segmentation<'a> {
    /// The channel that carries the message.
    pub channel: Channel,
    /// The encoding of an SMS; `None` on other channels.
    pub encoding: Option<Encoding>,
    /// The national language tables that the text is sent with; none unless they saved segments.
    pub tables: Tables,
    /// The code points of the text as it would be sent.
    pub characters: usize,
    /// The septets (GSM-7) or UTF-16 code units (UCS-2, MMS) of the text, without headers.
    pub units: usize,
    /// The units that one segment of this message holds.
    pub units_per_segment: usize,
    /// The units left in the last segment.
    pub units_remaining: usize,
    /// The segments in order; at least one, which is empty if the text is.
    pub segments: Vec<Segment>,
    /// The text as it would be sent: as typed, unless smart encoding saved segments.
    pub text: Cow<'a, str>,
    /// The prefix that is GSM-7. In a UCS-2 text, the characters that GSM-7 lacks are between this
    /// prefix and `ascii_end`.
    gsm: gsm7::Prefix,
    ascii_end: usize,
}

/// One segment of a message.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Segment {
    /// The position, from 0.
    pub index: usize,
    /// Its bytes in the text as it would be sent; [`Segmentation::text_of`] returns the text.
    pub range: Range<usize>,
    /// Its septets or UTF-16 code units.
    pub units: usize,
}

/// A character that forces UCS-2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NonGsmCharacter {
    /// The code point itself.
    pub character: char,
    /// The letter before it, if the two compose to a letter of GSM-7: `e` before U+0300.
    pub base: Option<char>,
    /// The number of code points before it, and before its base.
    pub offset: usize,
    /// The text that smart encoding would send for it, which may be empty; `None` if it has no
    /// lookalike.
    pub replacement: Option<&'static str>,
    /// Whether the replacement loses an accent, which smart encoding does only on request.
    pub strips_accent: bool,
}

impl NonGsmCharacter {
    /// The code points as Unicode writes them: `U+2019`; with a base `U+0065 U+0300`.
    #[must_use]
    pub fn code_point(&self) -> String {
        let written = |character: char| format!("U+{:04X}", u32::from(character));
        let base = self
            .base
            .map_or_else(String::new, |base| written(base) + " ");
        base + &written(self.character)
    }

    /// The text as typed: the character, after its base if it has one.
    #[must_use]
    pub fn typed(&self) -> String {
        self.base.into_iter().chain([self.character]).collect()
    }
}

impl Segmentation<'_> {
    /// The number of segments, from 1 to [`MAX_SEGMENTS`].
    #[must_use]
    pub fn segment_count(&self) -> usize {
        self.segments.len()
    }

    /// The text of one of these segments.
    #[must_use]
    pub fn text_of(&self, segment: &Segment) -> &str {
        // A segment of another message may lie outside or cut a character: it has no text here.
        self.text.get(segment.range.clone()).unwrap_or_default()
    }

    /// The characters that force UCS-2, in order: those that the default tables lack. Empty unless
    /// the text is in UCS-2. Each call scans the text.
    #[must_use]
    pub fn non_gsm_characters(&self) -> Vec<NonGsmCharacter> {
        let mut found = Vec::new();
        if self.encoding != Some(Encoding::Ucs2) {
            return found;
        }
        gsm7::each_foreign(&self.text, self.gsm, self.ascii_end, |each| {
            let base = each.before.chars().next_back();
            if let Some((base, letter)) = base
                .and_then(|base| Some((base, smart_encoding::gsm_letter(base, each.character)?)))
            {
                found.push(NonGsmCharacter {
                    character: each.character,
                    base: Some(base),
                    offset: each.offset - 1,
                    replacement: Some(letter),
                    strips_accent: false,
                });
                return;
            }
            let typographic = smart_encoding::replacement(each.character, each.before);
            let accent = smart_encoding::without_accent(each.character);
            found.push(NonGsmCharacter {
                character: each.character,
                base: None,
                offset: each.offset,
                replacement: typographic.or(accent),
                strips_accent: typographic.is_none() && accent.is_some(),
            });
        });
        found
    }

    /// The texts of the segments, in order; joined they are [`Segmentation::text`].
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().map(|segment| self.text_of(segment))
    }
}

/// Counts the segments that a message is billed by. It allocates only for a text that smart
/// encoding composes, and takes time in proportion to the text.
///
/// ```
/// use domain::{
///     channel::Channel,
///     segmentation::{Options, TooManySegments, count},
/// };
///
/// let segments = |text: &str, channel| {
///     count(text, channel, &Options::default()).map(|counted| counted.segment_count)
/// };
/// assert_eq!(segments(&"a".repeat(160), Channel::Sms), Ok(1));
/// assert_eq!(segments(&"a".repeat(161), Channel::Sms), Ok(2));
/// assert_eq!(segments(&"a".repeat(161), Channel::Mms), Ok(1));
/// assert_eq!(
///     segments(&"a".repeat(40_000), Channel::Sms),
///     Err(TooManySegments { needed: 262 })
/// );
/// ```
///
/// # Errors
///
/// [`TooManySegments`] above [`MAX_SEGMENTS`].
pub fn count(
    text: &str,
    channel: Channel,
    options: &Options,
) -> Result<SegmentCount, TooManySegments> {
    Plan::of(text, channel, options).count(channel)
}

/// Cuts a message into segments.
///
/// # Errors
///
/// [`TooManySegments`] above [`MAX_SEGMENTS`].
pub fn segment<'a>(
    text: &'a str,
    channel: Channel,
    options: &Options,
) -> Result<Segmentation<'a>, TooManySegments> {
    let plan = Plan::of(text, channel, options);
    plan.count(channel)?;
    Ok(plan.cut(text, channel))
}

#[cfg(test)]
mod composed_tests;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
