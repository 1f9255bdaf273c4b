//! Segmentation: how a text is cut into segments, and the content of a message.
//!
//! Here: the API's types and fields. Not here: the rules of cutting ([`domain::segmentation`]).

use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use domain::{
    channel,
    segmentation::{self, Options},
};
use entity::sql_enums;

use super::{engine::errors::ApiError, scalars::WebUrl};
use crate::operations::segmentation::{Content, Media, NewContent};

/// The most characters that force UCS-2 which one segmentation lists. An editor that marks them
/// shows some hundreds; a text of 17,085 such characters would make 85,000 values of each list.
pub(super) const MAX_NON_GSM_CHARACTERS: usize = 1_000;

/// The channel that carries a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, serde::Serialize)]
#[graphql(remote = "channel::Channel")]
pub enum Channel {
    /// A message of text only.
    Sms,
    /// A message with media, with or without text.
    Mms,
}

impl From<sql_enums::Channel> for Channel {
    fn from(channel: sql_enums::Channel) -> Self {
        channel::Channel::from(channel).into()
    }
}

impl From<Channel> for sql_enums::Channel {
    fn from(channel: Channel) -> Self {
        channel::Channel::from(channel).into()
    }
}

/// The encoding of an SMS text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "segmentation::Encoding")]
pub enum Encoding {
    /// Septets of the GSM 7-bit default alphabet and its extension table (3GPP TS 23.038).
    #[graphql(name = "GSM_7")]
    Gsm7,
    /// UTF-16 code units, two octets each.
    #[graphql(name = "UCS_2")]
    Ucs2,
}

impl From<sql_enums::Encoding> for Encoding {
    fn from(encoding: sql_enums::Encoding) -> Self {
        match encoding {
            sql_enums::Encoding::Gsm7 => Self::Gsm7,
            sql_enums::Encoding::Ucs2 => Self::Ucs2,
        }
    }
}

/// A language with GSM-7 tables of its own (3GPP TS 23.038). A header names the tables: with one
/// table a segment holds 155 septets, or 149 as one of several; with both 152, or 146.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, serde::Serialize)]
#[graphql(remote = "segmentation::Language")]
pub enum NationalLanguage {
    /// The locking shift table and the single shift table.
    Turkish,
    /// The single shift table only.
    Spanish,
    /// The locking shift table and the single shift table.
    Portuguese,
    /// The locking shift table and the single shift table, also used for Assamese.
    Bengali,
    /// The locking shift table and the single shift table.
    Gujarati,
    /// The locking shift table and the single shift table.
    Hindi,
    /// The locking shift table and the single shift table.
    Kannada,
    /// The locking shift table and the single shift table.
    Malayalam,
    /// The locking shift table and the single shift table.
    Oriya,
    /// The locking shift table and the single shift table.
    Punjabi,
    /// The locking shift table and the single shift table.
    Tamil,
    /// The locking shift table and the single shift table.
    Telugu,
    /// The locking shift table and the single shift table.
    Urdu,
}

/// The size of the reference number that joins the segments of one SMS (3GPP TS 23.040, section
/// 9.2.3.24).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, serde::Serialize)]
#[graphql(remote = "segmentation::Reference")]
pub enum ConcatenationReference {
    /// One octet, the usual size. Each of several segments holds 153 septets or 67 UTF-16 code
    /// units.
    EightBit,
    /// Two octets. Each of several segments holds 152 septets or 66 UTF-16 code units.
    SixteenBit,
}

/// A picture, sound or video of a message. Any media makes the message an MMS.
#[derive(Debug, Clone, InputObject, serde::Serialize)]
pub struct MediaInput {
    /// The media type, such as "image/jpeg".
    content_type: String,
    /// The link's absolute URL, of at most 2,048 bytes.
    url: Option<WebUrl>,
    /// The size in bytes.
    size_bytes: Option<i32>,
}

impl From<MediaInput> for Media {
    fn from(input: MediaInput) -> Self {
        Self {
            content_type: input.content_type,
            url: input.url.map(|url| url.0),
            size_bytes: input.size_bytes,
        }
    }
}

/// A picture, sound or video of a message, as it was given.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(name = "Media")]
pub struct MessageMedia {
    /// The media type, such as "image/jpeg".
    content_type: String,
    /// The link's absolute URL; null if none was given.
    url: Option<WebUrl>,
    /// The size in bytes; null if none was given.
    size_bytes: Option<i32>,
}

impl From<Media> for MessageMedia {
    fn from(media: Media) -> Self {
        Self {
            content_type: media.content_type,
            url: media.url.map(WebUrl),
            size_bytes: media.size_bytes,
        }
    }
}

/// The text to cut into segments.
#[derive(Debug, InputObject)]
pub struct SegmentationInput {
    /// The text, of at most 40,000 characters.
    text: String,
    /// The media files, at most 10. Any media makes the message an MMS.
    #[graphql(default)]
    media: Vec<MediaInput>,
    /// Whether to compose letters with their combining accents, turn CRLF into LF, and replace
    /// typographic characters by similar GSM-7 ones, if that saves segments.
    #[graphql(default)]
    smart_encoding: bool,
    /// With smartEncoding, whether to also remove accents from letters that GSM-7 lacks, if that
    /// saves more segments. It changes the spelling of words. Without smartEncoding it has no
    /// effect.
    #[graphql(default)]
    strip_accents: bool,
    /// The languages whose GSM-7 tables may be used, if that saves segments.
    #[graphql(default)]
    national_languages: Vec<NationalLanguage>,
    /// The size of the reference number that joins several segments.
    #[graphql(default_with = "ConcatenationReference::EightBit")]
    concatenation_reference: ConcatenationReference,
}

/// A text cut into segments.
#[derive(Debug, Clone, SimpleObject)]
pub struct Segmentation {
    /// The channel: MMS if there is media, SMS otherwise.
    channel: Channel,
    /// The encoding of the text; null for an MMS.
    encoding: Option<Encoding>,
    /// The language whose locking shift table replaces the GSM-7 default alphabet; null if none
    /// does.
    locking_shift: Option<NationalLanguage>,
    /// The language whose single shift table replaces the GSM-7 extension table; null if none does.
    single_shift: Option<NationalLanguage>,
    /// The number of Unicode code points of the text as it would be sent.
    character_count: i32,
    /// The size of the text in septets (GSM-7) or UTF-16 code units (UCS-2, MMS).
    unit_count: i32,
    /// The number of units that one segment of this message holds.
    units_per_segment: i32,
    /// The number of units that are free in the last segment.
    units_remaining: i32,
    /// The number of segments, which is what is billed.
    segment_count: i32,
    /// The segments in their order. There is at least one, which is empty if the text is empty.
    segments: Vec<Segment>,
    /// The first 1,000 characters that force UCS-2, in the text's order. Empty if the text is not
    /// in UCS-2.
    non_gsm_characters: Vec<NonGsmCharacter>,
    /// The number of characters that force UCS-2, including those after the first 1,000.
    non_gsm_character_count: i32,
    /// The text as it would be sent: as typed, unless smart encoding saves segments.
    text: String,
}

/// One segment of a message.
#[derive(Debug, Clone, SimpleObject)]
pub struct Segment {
    /// The segment's position, from 0.
    index: i32,
    /// The part of the text that the segment holds.
    text: String,
    /// The segment's size in septets (GSM-7) or UTF-16 code units (UCS-2, MMS).
    unit_count: i32,
}

/// A character that isn't in GSM-7 and forces UCS-2.
#[derive(Debug, Clone, SimpleObject)]
pub struct NonGsmCharacter {
    /// The character. A combining accent that composes a GSM-7 letter with the character before it
    /// is reported together with that character, such as "e\u0300".
    character: String,
    /// The code point in Unicode's notation: "U+2019", or "U+0065 U+0300" for a letter with its
    /// accent.
    code_point: String,
    /// The number of code points before it in the text.
    offset: i32,
    /// What smart encoding sends instead, which may be empty (""); null if there is no replacement.
    replacement: Option<String>,
    /// Whether the replacement loses an accent, which is used only with stripAccents.
    strips_accent: bool,
}

impl From<segmentation::Segmentation<'_>> for Segmentation {
    fn from(cut: segmentation::Segmentation<'_>) -> Self {
        let non_gsm = cut.non_gsm_characters();
        Self {
            channel: cut.channel.into(),
            encoding: cut.encoding.map(Into::into),
            locking_shift: cut.tables.locking_shift.map(Into::into),
            single_shift: cut.tables.single_shift.map(Into::into),
            character_count: int(cut.characters),
            unit_count: int(cut.units),
            units_per_segment: int(cut.units_per_segment),
            units_remaining: int(cut.units_remaining),
            segment_count: int(cut.segment_count()),
            segments: cut
                .segments
                .iter()
                .map(|segment| Segment {
                    index: int(segment.index),
                    text: cut.text_of(segment).to_owned(),
                    unit_count: int(segment.units),
                })
                .collect(),
            non_gsm_character_count: int(non_gsm.len()),
            non_gsm_characters: non_gsm
                .into_iter()
                .take(MAX_NON_GSM_CHARACTERS)
                .map(|found| NonGsmCharacter {
                    character: found.typed(),
                    code_point: found.code_point(),
                    offset: int(found.offset),
                    replacement: found.replacement.map(str::to_owned),
                    strips_accent: found.strips_accent,
                })
                .collect(),
            text: cut.text.into_owned(),
        }
    }
}

/// Texts are bounded, far below GraphQL's `Int`.
fn int(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// What a message says, as operations take it. Its destinations say which tables it may be sent
/// with.
pub(super) fn content(
    text: String,
    media: Vec<MediaInput>,
    smart_encoding: bool,
    strip_accents: bool,
) -> NewContent {
    NewContent {
        text,
        media: media.into_iter().map(Into::into).collect(),
        options: Options {
            smart_encoding,
            strip_accents,
            ..Options::default()
        },
    }
}

/// The root field that cuts texts.
#[derive(Debug, Default)]
pub struct SegmentationQuery;

#[Object]
impl SegmentationQuery {
    /// The segments of a text, in which merge fields are ordinary text. It reads no account and
    /// requires no key.
    async fn segmentation(
        &self,
        _ctx: &Context<'_>,
        #[graphql(desc = "The text and the options of its encoding.")] input: SegmentationInput,
    ) -> Result<Segmentation, ApiError> {
        let SegmentationInput {
            smart_encoding,
            strip_accents,
            ..
        } = input;
        let mut content = content(input.text, input.media, smart_encoding, strip_accents);
        let languages = input.national_languages.into_iter();
        content.options.languages = languages.map(segmentation::Language::from).collect();
        content.options.reference = input.concatenation_reference.into();
        let options = content.options;
        Ok(Content::plain(content)?.segments(&options)?.into())
    }
}
