//! Segmentation: how carriers cut a text, and so what they bill.
//!
//! Here: which encoding a text takes, how many units that is, where the cuts fall, and when smart
//! encoding pays. Not here: what a segment costs, or who pays for it.
//!
//! A text whose characters are all in the GSM 7-bit default alphabet and its extension table
//! (3GPP TS 23.038 §6.2.1, §6.2.1.1) is sent in septets; any other in UCS-2, counted in UTF-16 code
//! units. A message has 140 octets (TS 23.040 §9.2.3.24): 160 septets or 70 units. A longer text goes in
//! several, and each gives six octets to the header that joins them (§9.2.3.24.1): 153 or 67 are left.
//! A segment is filled before the next is begun, and neither an escape pair nor a surrogate pair is split
//! between two. Nothing else is kept together, so an emoji of several code points can be cut between them,
//! as the specification has it; the phone joins the text again.
//!
//! A message with media is an MMS, billed by 1,600 UTF-16 code units.
//!
//! [`count`] and [`segment`] agree on every text; `count` allocates nothing.

mod packing;

use crate::{
    gsm7,
    smart_encoding::{self, Swap},
};
use packing::{Packer, Septets, Tally, Utf16};
use std::{borrow::Cow, ops::Range};

/// The most segments that one message may have: the header that joins them counts them in one octet
/// (TS 23.040 §9.2.3.24.1).
pub const MAX_SEGMENTS: usize = 255;

/// UTF-16 code units that one billed segment of an MMS holds.
pub const MMS_UNITS: usize = 1_600;

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
    /// Every character that forces UCS-2, in order; empty where the text is not in UCS-2.
    pub non_gsm_characters: Vec<NonGsmCharacter>,
    /// The text as it would be sent: as typed, unless smart encoding saved segments.
    pub text: Cow<'a, str>,
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
    /// Code points before it.
    pub offset: usize,
    /// What smart encoding would send for it, which may be nothing at all; `None` where it has no like.
    pub replacement: Option<&'static str>,
}

impl NonGsmCharacter {
    /// As Unicode writes it: `U+2019`.
    #[must_use]
    pub fn code_point(&self) -> String {
        format!("U+{:04X}", u32::from(self.character))
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

    /// The texts of its segments, which joined are [`Segmentation::text`].
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().map(|segment| self.text_of(segment))
    }
}

/// How many segments a message is billed as. Allocates nothing.
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
    let text = if plan.swapped {
        Cow::Owned(swap(text))
    } else {
        Cow::Borrowed(text)
    };
    Ok(plan.cut(text))
}

/// How a text will be sent, decided once for [`count`] and [`segment`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Plan {
    encoding: Option<Encoding>,
    capacity: Capacity,
    segments: usize,
    /// Bytes at the start that are GSM-7; the first character that is not comes next.
    gsm_bytes: usize,
    /// Whether smart encoding's text is sent in place of the typed one.
    swapped: bool,
}

/// What one segment holds, alone and as one of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Capacity {
    alone: usize,
    joined: usize,
}

impl Capacity {
    const MMS: Self = Self {
        alone: MMS_UNITS,
        joined: MMS_UNITS,
    };
    const GSM_7: Self = Self {
        alone: 160,
        joined: 153,
    };
    const UCS_2: Self = Self {
        alone: 70,
        joined: 67,
    };

    const fn of(self, segments: usize) -> usize {
        if segments == 1 {
            self.alone
        } else {
            self.joined
        }
    }
}

impl Plan {
    fn of(text: &str, has_media: bool, options: &Options) -> Self {
        if has_media {
            let tally = Tally::of::<Utf16>(text.as_bytes());
            return Self {
                encoding: None,
                capacity: Capacity::MMS,
                segments: count_utf16(text, tally, Capacity::MMS),
                gsm_bytes: text.len(),
                swapped: false,
            };
        }
        let typed = Self::as_typed(text);
        if typed.encoding == Some(Encoding::Ucs2) && typed.segments > 1 && options.smart_encoding {
            return typed.or_swapped(text);
        }
        typed
    }

    fn as_typed(text: &str) -> Self {
        let gsm = gsm7::prefix(text);
        if gsm.bytes == text.len() {
            return Self::gsm7(text, gsm);
        }
        // Everything before was one unit a character.
        let mut tally = Tally::of::<Utf16>(text.as_bytes().get(gsm.bytes..).unwrap_or_default());
        tally.characters += gsm.characters;
        Self {
            encoding: Some(Encoding::Ucs2),
            capacity: Capacity::UCS_2,
            segments: count_utf16(text, tally, Capacity::UCS_2),
            gsm_bytes: gsm.bytes,
            swapped: false,
        }
    }

    fn gsm7(text: &str, gsm: gsm7::Prefix) -> Self {
        let capacity = Capacity::GSM_7;
        let segments = if gsm.septets <= capacity.alone {
            1
        } else if gsm.septets == gsm.characters {
            gsm.septets.div_ceil(capacity.joined)
        } else {
            packing::count::<Septets>(text.as_bytes(), capacity.joined)
        };
        Self {
            encoding: Some(Encoding::Gsm7),
            capacity,
            segments,
            gsm_bytes: gsm.bytes,
            swapped: false,
        }
    }

    /// The text with its likes, where that takes fewer segments. All of it must then be GSM-7: in a text
    /// that stays UCS-2, swaps would take from its looks and give nothing.
    fn or_swapped(self, text: &str) -> Self {
        let Some(segments) = count_swapped(text) else {
            return self;
        };
        if segments >= self.segments {
            return self;
        }
        Self {
            encoding: Some(Encoding::Gsm7),
            capacity: Capacity::GSM_7,
            segments,
            swapped: true,
            ..self
        }
    }

    fn count(&self) -> Result<SegmentCount, TooManySegments> {
        if self.segments > MAX_SEGMENTS {
            return Err(TooManySegments {
                needed: self.segments,
            });
        }
        Ok(SegmentCount {
            channel: match self.encoding {
                Some(_) => Channel::Sms,
                None => Channel::Mms,
            },
            encoding: self.encoding,
            segment_count: self.segments,
        })
    }

    /// Cuts the text that is sent, as planned.
    fn cut(self, text: Cow<'_, str>) -> Segmentation<'_> {
        let bytes = text.as_bytes();
        let gsm = self.encoding == Some(Encoding::Gsm7);
        let tally = if gsm {
            Tally::of::<Septets>(bytes)
        } else {
            Tally::of::<Utf16>(bytes)
        };
        let units_per_segment = self.capacity.of(self.segments);
        let mut segments = Vec::with_capacity(self.segments);
        let mut begin = 0;
        let mut push = |end, units| {
            segments.push(Segment {
                index: segments.len(),
                range: begin..end,
                units,
            });
            begin = end;
        };
        let used = match (self.segments, gsm) {
            (1, _) => tally.units(),
            (_, true) => packing::cut::<Septets>(bytes, units_per_segment, &mut push),
            (_, false) => packing::cut::<Utf16>(bytes, units_per_segment, &mut push),
        };
        push(bytes.len(), used);
        let non_gsm_characters = match self.encoding {
            Some(Encoding::Ucs2) => non_gsm_characters(&text, self.gsm_bytes),
            _ => Vec::new(),
        };
        Segmentation {
            channel: match self.encoding {
                Some(_) => Channel::Sms,
                None => Channel::Mms,
            },
            encoding: self.encoding,
            characters: tally.characters,
            units: tally.units(),
            units_per_segment,
            units_remaining: units_per_segment - used,
            segments,
            non_gsm_characters,
            text,
        }
    }
}

fn count_utf16(text: &str, tally: Tally, capacity: Capacity) -> usize {
    let units = tally.units();
    if units <= capacity.alone {
        1
    } else if tally.doubles == 0 {
        units.div_ceil(capacity.joined)
    } else {
        packing::count::<Utf16>(text.as_bytes(), capacity.joined)
    }
}

/// Segments of the text in GSM-7 with smart encoding's likes; `None` where a character has none.
fn count_swapped(text: &str) -> Option<usize> {
    let capacity = Capacity::GSM_7;
    let mut packer = Packer::new(capacity.joined);
    let mut units = 0;
    for swap in smart_encoding::swapped(text) {
        let mut take = |character| {
            // Likes are GSM-7, and so is what is kept.
            let septets = gsm7::septets(character).unwrap_or_default();
            units += septets;
            packer.take_units(septets);
        };
        match swap? {
            Swap::Kept(character) => take(character),
            Swap::Replaced(like) => like.chars().for_each(take),
        }
    }
    Some(if units <= capacity.alone {
        1
    } else {
        packer.segments
    })
}

/// The text with smart encoding's likes.
fn swap(text: &str) -> String {
    let mut sent = String::with_capacity(text.len());
    for swap in smart_encoding::swapped(text).flatten() {
        match swap {
            Swap::Kept(character) => sent.push(character),
            Swap::Replaced(like) => sent.push_str(like),
        }
    }
    sent
}

/// Every character that is not GSM-7; the first is known to come after so many bytes.
fn non_gsm_characters(text: &str, gsm_bytes: usize) -> Vec<NonGsmCharacter> {
    let mut found = Vec::new();
    let mut offset = text
        .get(..gsm_bytes)
        .map_or(0, |start| start.chars().count());
    let mut previous = text
        .get(..gsm_bytes)
        .and_then(|start| start.chars().next_back());
    let mut rest = text.get(gsm_bytes..).unwrap_or_default();
    while let Some(character) = rest.chars().next() {
        found.push(NonGsmCharacter {
            character,
            offset,
            replacement: smart_encoding::replacement(character, previous),
        });
        let after = rest.get(character.len_utf8()..).unwrap_or_default();
        let gsm = gsm7::prefix(after);
        let (between, next) = after.split_at_checked(gsm.bytes).unwrap_or_default();
        previous = between.chars().next_back().or(Some(character));
        offset += 1 + gsm.characters;
        rest = next;
    }
    found
}

#[cfg(test)]
mod tests;
