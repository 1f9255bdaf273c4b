//! Segmentation: how carriers cut a text, and so what they bill.
//!
//! Here: which encoding a text takes, how many units that is, where the cuts fall, and when smart
//! encoding pays. Not here: what a segment costs, or who pays for it.
//!
//! A text whose characters are all in the GSM 7-bit default alphabet and its extension table
//! (3GPP TS 23.038 §6.2.1, §6.2.1.1) is sent in septets; any other in UCS-2, counted in UTF-16 code
//! units. A message has 140 octets (TS 23.040 §9.2.3.24): 160 septets or 70 units. A longer text goes in
//! several, and each gives six octets to the header that joins them (§9.2.3.24.1): 153 or 67 are left.
//! Where it is asked for, the header names national language tables too, and leaves 155 septets (149 of
//! several) with one of them and 152 (146) with both.
//! A segment is filled before the next is begun, and neither an escape pair nor a surrogate pair is split
//! between two. Nothing else is kept together, so an emoji of several code points can be cut between them,
//! as the specification has it; the phone joins the text again.
//!
//! A message with media is an MMS, billed by 1,600 UTF-16 code units.
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
//! At most [`MAX_SEGMENTS`]: the header counts them in one octet.
//!
//! ```
//! use domain::segmentation::{Encoding, Options, count, segment};
//!
//! let plain = Options::default();
//! let counted = count("10% off today: [shop]", false, &plain)?;
//! assert_eq!((counted.encoding, counted.segment_count), (Some(Encoding::Gsm7), 1));
//!
//! // One character that GSM-7 lacks makes all of it UCS-2, and it is named.
//! let text = format!("It’s {}", "a".repeat(80));
//! let cut = segment(&text, false, &plain)?;
//! assert_eq!((cut.encoding, cut.segment_count()), (Some(Encoding::Ucs2), 2));
//! assert_eq!(cut.non_gsm_characters()[0].code_point(), "U+2019");
//! assert_eq!(cut.texts().collect::<String>(), text);
//!
//! // Smart encoding swaps it, because that saves a segment here.
//! let smart = Options { smart_encoding: true, ..plain };
//! let cut = segment(&text, false, &smart)?;
//! assert_eq!((cut.encoding, cut.segment_count()), (Some(Encoding::Gsm7), 1));
//! assert!(cut.text.starts_with("It's"));
//! # Ok::<(), domain::segmentation::TooManySegments>(())
//! ```
//!
//! The tables of a language are used where they save segments, and the answer says which:
//!
//! ```
//! use domain::segmentation::{Language, Languages, Options, segment};
//!
//! let turkish = Options {
//!     languages: Languages::NONE.with(Language::Turkish),
//!     ..Options::default()
//! };
//! let text = "İndirim başladı! Şişli mağazamızda bugün her şey yarı fiyatına, kaçırmayın.";
//! let cut = segment(text, false, &turkish)?;
//! assert_eq!(cut.segment_count(), 1);
//! assert_eq!(cut.tables.single_shift, Some(Language::Turkish));
//! # Ok::<(), domain::segmentation::TooManySegments>(())
//! ```

mod capacity;
mod packing;
mod plan;
mod tables;

pub use crate::gsm7::national::{Language, Languages};
pub use capacity::{MMS_UNITS, Reference};
pub use tables::Tables;

use crate::{gsm7, smart_encoding};
use plan::Plan;
use std::{borrow::Cow, ops::Range};

/// The most segments that one message may have: the header that joins them counts them in one octet
/// (TS 23.040 §9.2.3.24.1).
pub const MAX_SEGMENTS: usize = 255;

/// How a message is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// Text alone.
    Sms,
    /// Text and media, or media alone.
    Mms,
}

/// How the text of an SMS is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encoding {
    /// Septets of the GSM 7-bit tables.
    Gsm7,
    /// UTF-16 code units.
    Ucs2,
}

/// What may be done to a text, and how it is joined. The default is the plain rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Swap typographic characters for GSM-7 likes where the message then takes fewer segments.
    pub smart_encoding: bool,
    /// Take accents off letters too, where that saves more segments than leaving them. It does nothing
    /// without `smart_encoding`.
    pub strip_accents: bool,
    /// The languages whose tables the text may be sent with, where it then takes fewer segments.
    pub languages: Languages,
    /// How segments of one SMS are joined.
    pub reference: Reference,
}

/// The text needs more than [`MAX_SEGMENTS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the text needs {needed} segments; one message has at most {MAX_SEGMENTS}")]
pub struct TooManySegments {
    /// How many it needs, by the same rules.
    pub needed: usize,
}

/// What a message is billed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SegmentCount {
    /// SMS, or MMS with any media.
    pub channel: Channel,
    /// `None` for an MMS.
    pub encoding: Option<Encoding>,
    /// From 1 to [`MAX_SEGMENTS`].
    pub segment_count: usize,
}

/// How a message is cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segmentation<'a> {
    /// SMS, or MMS with any media.
    pub channel: Channel,
    /// `None` for an MMS.
    pub encoding: Option<Encoding>,
    /// The national language tables that the text is sent with; none unless they saved segments.
    pub tables: Tables,
    /// Code points of the text as it would be sent.
    pub characters: usize,
    /// Septets (GSM-7) or UTF-16 code units (UCS-2, MMS) of it, headers apart.
    pub units: usize,
    /// How many units one segment of this message holds.
    pub units_per_segment: usize,
    /// Free in the last segment.
    pub units_remaining: usize,
    /// In order; at least one, which is empty where the text is.
    pub segments: Vec<Segment>,
    /// The text as it would be sent: as typed, unless smart encoding saved segments.
    pub text: Cow<'a, str>,
    /// Between these two is what GSM-7 lacks, where the text is in UCS-2.
    gsm: gsm7::Prefix,
    ascii_end: usize,
}

/// One segment of a message.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Segment {
    /// From 0.
    pub index: usize,
    /// Its bytes in the text as it would be sent; [`Segmentation::text_of`] gives the text.
    pub range: Range<usize>,
    /// Septets or UTF-16 code units of it.
    pub units: usize,
}

/// A character that forces UCS-2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NonGsmCharacter {
    /// The code point itself.
    pub character: char,
    /// The letter before it, where the two are one of GSM-7's in composed form: `e` before U+0300.
    pub base: Option<char>,
    /// Code points before it, and before its base.
    pub offset: usize,
    /// What smart encoding would send for it, which may be nothing at all; `None` where it has no like.
    pub replacement: Option<&'static str>,
    /// Whether that takes an accent away, which smart encoding does only where it is asked to.
    pub strips_accent: bool,
}

impl NonGsmCharacter {
    /// As Unicode writes it: `U+2019`; with its base `U+0065 U+0300`.
    #[must_use]
    pub fn code_point(&self) -> String {
        let written = |character: char| format!("U+{:04X}", u32::from(character));
        let base = self
            .base
            .map_or_else(String::new, |base| written(base) + " ");
        base + &written(self.character)
    }

    /// What is typed there: the character, after its base.
    #[must_use]
    pub fn typed(&self) -> String {
        self.base.into_iter().chain([self.character]).collect()
    }
}

impl Segmentation<'_> {
    /// How many segments there are, from 1 to [`MAX_SEGMENTS`].
    #[must_use]
    pub fn segment_count(&self) -> usize {
        self.segments.len()
    }

    /// The text of one of its segments.
    #[must_use]
    pub fn text_of(&self, segment: &Segment) -> &str {
        // A segment of another message may lie outside, or cut a character: that one has no text here.
        self.text.get(segment.range.clone()).unwrap_or_default()
    }

    /// Every character that forces UCS-2, in order: those that the default tables lack. Empty where the text
    /// is not in UCS-2. They are looked for when they are asked for.
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

    /// The texts of its segments, which joined are [`Segmentation::text`].
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().map(|segment| self.text_of(segment))
    }
}

/// How many segments a message is billed as. Allocates nothing, but for a text that smart
/// encoding composes, and takes time in proportion to the text.
///
/// ```
/// use domain::segmentation::{Options, TooManySegments, count};
///
/// let segments = |text: &str, has_media| {
///     count(text, has_media, &Options::default()).map(|counted| counted.segment_count)
/// };
/// assert_eq!(segments(&"a".repeat(160), false), Ok(1));
/// assert_eq!(segments(&"a".repeat(161), false), Ok(2));
/// assert_eq!(segments(&"a".repeat(161), true), Ok(1), "an MMS");
/// assert_eq!(
///     segments(&"a".repeat(40_000), false),
///     Err(TooManySegments { needed: 262 })
/// );
/// ```
///
/// # Errors
///
/// [`TooManySegments`] above [`MAX_SEGMENTS`].
pub fn count(
    text: &str,
    has_media: bool,
    options: &Options,
) -> Result<SegmentCount, TooManySegments> {
    Plan::of(text, has_media, options).count()
}

/// How a message is cut into segments.
///
/// # Errors
///
/// [`TooManySegments`] above [`MAX_SEGMENTS`].
pub fn segment<'a>(
    text: &'a str,
    has_media: bool,
    options: &Options,
) -> Result<Segmentation<'a>, TooManySegments> {
    let plan = Plan::of(text, has_media, options);
    plan.count()?;
    Ok(plan.cut(text))
}

#[cfg(test)]
mod composed_tests;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;
