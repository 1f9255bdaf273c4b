//! How a text is cut into segments, and what a message says.

use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use domain::segmentation::{self, Options};
use entity::sql_enums;

use super::{errors::ApiError, scalars::WebUrl};
use crate::operations::segmentation::{Content, Media, NewContent};

/// The most characters that force UCS-2 which one segmentation lists. Whoever marks them in an editor shows some
/// hundreds; a text of 17,085 such characters would make 85,000 values of each list.
pub(super) const MAX_NON_GSM_CHARACTERS: usize = 1_000;

/// How a message is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, serde::Serialize)]
#[graphql(remote = "segmentation::Channel")]
pub enum Channel {
    /// Text alone.
    Sms,
    /// Text with media, or media alone.
    Mms,
}

impl From<sql_enums::Channel> for Channel {
    fn from(channel: sql_enums::Channel) -> Self {
        match channel {
            sql_enums::Channel::Sms => Self::Sms,
            sql_enums::Channel::Mms => Self::Mms,
        }
    }
}

impl From<Channel> for sql_enums::Channel {
    fn from(channel: Channel) -> Self {
        match channel {
            Channel::Sms => Self::Sms,
            Channel::Mms => Self::Mms,
        }
    }
}

/// How the text of an SMS is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "segmentation::Encoding")]
pub enum Encoding {
    /// Septets of the GSM 7-bit default alphabet and its extension table.
    #[graphql(name = "GSM_7")]
    Gsm7,
    /// UTF-16 code units.
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

/// A language with GSM-7 tables of its own (3GPP TS 23.038). A header names them: it leaves 155 septets of one
/// segment, 149 of several, with one table, and 152 or 146 with both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, serde::Serialize)]
#[graphql(remote = "segmentation::Language")]
pub enum NationalLanguage {
    /// Both tables.
    Turkish,
    /// A single shift table only.
    Spanish,
    /// Both tables.
    Portuguese,
    /// Both tables; for Assamese too.
    Bengali,
    /// Both tables.
    Gujarati,
    /// Both tables.
    Hindi,
    /// Both tables.
    Kannada,
    /// Both tables.
    Malayalam,
    /// Both tables.
    Oriya,
    /// Both tables.
    Punjabi,
    /// Both tables.
    Tamil,
    /// Both tables.
    Telugu,
    /// Both tables.
    Urdu,
}

/// How the segments of one SMS know each other (3GPP TS 23.040): by a number that the sender gives them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum, serde::Serialize)]
#[graphql(remote = "segmentation::Reference")]
pub enum ConcatenationReference {
    /// One octet, the usual one: 153 septets or 67 UTF-16 code units of several segments are left.
    EightBit,
    /// Two octets: 152 or 66 are left.
    SixteenBit,
}

/// A picture, a sound or a film of a message. Any makes it an MMS.
#[derive(Debug, Clone, InputObject, serde::Serialize)]
pub struct MediaInput {
    /// Its media type: "image/jpeg".
    content_type: String,
    /// Where it is.
    url: Option<WebUrl>,
    /// How large it is.
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

/// A text to cut into segments.
#[derive(Debug, InputObject)]
pub struct SegmentationInput {
    /// The text; at most 40,000 characters.
    text: String,
    /// Any makes it an MMS; at most 10.
    #[graphql(default)]
    media: Vec<MediaInput>,
    /// Where that saves segments, compose letters with their combining accents, make CRLF line ends LF, and swap
    /// typographic characters for their GSM-7 likes.
    #[graphql(default)]
    smart_encoding: bool,
    /// With smartEncoding, take accents off letters that GSM-7 lacks too, where that saves more segments. It
    /// changes how words are spelt; without smartEncoding it does nothing.
    #[graphql(default)]
    strip_accents: bool,
    /// The languages whose tables the text may be sent with, where that saves segments.
    #[graphql(default)]
    national_languages: Vec<NationalLanguage>,
    /// How several segments are joined.
    #[graphql(default_with = "ConcatenationReference::EightBit")]
    concatenation_reference: ConcatenationReference,
}

/// How a text is cut into segments.
#[derive(Debug, Clone, SimpleObject)]
pub struct Segmentation {
    /// SMS, or MMS with any media.
    channel: Channel,
    /// How the text is encoded; null for an MMS.
    encoding: Option<Encoding>,
    /// The language whose table stands in for the GSM-7 default alphabet; null where none does.
    locking_shift: Option<NationalLanguage>,
    /// The language whose table stands in for the GSM-7 extension table; null where none does.
    single_shift: Option<NationalLanguage>,
    /// Unicode code points of the text as it would be sent.
    characters: i32,
    /// Septets (GSM-7) or UTF-16 code units (UCS-2, MMS) of it.
    units: i32,
    /// How many units one segment of this message holds.
    units_per_segment: i32,
    /// Units that are free in the last segment.
    units_remaining: i32,
    /// How many segments there are, which is what is billed.
    segment_count: i32,
    /// The segments in their order; at least one, which is empty where the text is.
    segments: Vec<Segment>,
    /// The characters that force UCS-2, in their order: the first 1,000 of them. Empty if the text is not in UCS-2.
    non_gsm_characters: Vec<NonGsmCharacter>,
    /// How many characters force UCS-2 in all, those beyond the first 1,000 included.
    non_gsm_character_count: i32,
    /// The text as it would be sent: as typed, unless smart encoding saved segments.
    text: String,
}

/// One segment of a message.
#[derive(Debug, Clone, SimpleObject)]
pub struct Segment {
    /// Its place, from 0.
    index: i32,
    /// Its part of the text.
    text: String,
    /// Septets or UTF-16 code units of it.
    units: i32,
}

/// A character that forces UCS-2.
#[derive(Debug, Clone, SimpleObject)]
pub struct NonGsmCharacter {
    /// The character itself. A combining accent that makes a GSM-7 letter of the character before it comes with that:
    /// both together are one, such as "e\u0300".
    character: String,
    /// As Unicode writes it: "U+2019", or "U+0065 U+0300" for a letter with its accent.
    code_point: String,
    /// Code points before it in the text.
    offset: i32,
    /// What smart encoding would send for it, which may be nothing at all (""); null where it has no like.
    replacement: Option<String>,
    /// Whether that takes an accent away, which smart encoding does only with stripAccents.
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
            characters: int(cut.characters),
            units: int(cut.units),
            units_per_segment: int(cut.units_per_segment),
            units_remaining: int(cut.units_remaining),
            segment_count: int(cut.segment_count()),
            segments: cut
                .segments
                .iter()
                .map(|segment| Segment {
                    index: int(segment.index),
                    text: cut.text_of(segment).to_owned(),
                    units: int(segment.units),
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

/// What a message says, as operations take it. Its destinations say which tables it may be sent with.
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
    /// How a text is cut into segments, as it stands: merge fields are text like any other here. Touches no
    /// account, and is open to everybody.
    async fn segmentation(
        &self,
        _ctx: &Context<'_>,
        #[graphql(desc = "The text.")] input: SegmentationInput,
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
