//! The parts of a quote: what its segments, merge fields and countries cost.
//!
//! Here: the API's types. Not here: the quote itself ([`super`]).

use async_graphql::{Context, Object, SimpleObject};
use domain::{distribution, quote::Line};
use entity::message_line;

use crate::graphql::{
    destination::count as int,
    engine::{errors::ApiError, guard::may_read},
    scalars::{CountryCode, Credits},
    segmentation::Segmentation,
};

/// The text that one contact gets. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or
/// VIEWER.
#[derive(Debug, Clone, SimpleObject)]
pub struct PersonalText {
    /// The text with the contact's values in place of its merge fields, and otherwise as typed.
    pub(super) text: String,
    /// The segments of the text, with smart encoding if the quote asks for it.
    pub(super) segmentation: Segmentation,
}

/// A merge field that a text uses.
#[derive(Debug, Clone)]
pub struct MergeField {
    pub(super) name: String,
    pub(super) fallback: Option<String>,
    /// Stored contacts without a value for it.
    pub(super) lacking: Option<u64>,
}

/// A merge field that a text uses.
#[Object]
impl MergeField {
    /// The field's name, as the text has it between its braces.
    async fn name(&self) -> &str {
        &self.name
    }

    /// The text used for contacts without a value; null if the field has no fallback and is left
    /// empty for them.
    async fn fallback(&self) -> Option<&str> {
        self.fallback.as_deref()
    }

    /// How many stored contacts have no value for it, or an empty one, and get the fallback; null
    /// unless personalised. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
    async fn missing_value_count(&self, ctx: &Context<'_>) -> Option<Result<i32, ApiError>> {
        let may = may_read(ctx, "MergeField", "missingValueCount");
        may.map(|()| self.lacking.map(recipients)).transpose()
    }
}

/// The recipients with the same number of segments.
#[derive(Debug, Clone, SimpleObject)]
pub struct SegmentShare {
    /// The number of segments that each recipient gets.
    segment_count: i32,
    /// The number of recipients.
    recipient_count: i32,
    /// The credits for all of these recipients.
    credits: Credits,
}

impl From<distribution::SegmentShare> for SegmentShare {
    fn from(share: distribution::SegmentShare) -> Self {
        Self {
            segment_count: i32::try_from(share.segment_count).unwrap_or(i32::MAX),
            recipient_count: recipients(share.recipients),
            credits: share.credits.into(),
        }
    }
}

/// The cost of a message in one country, for recipients with the same number of segments.
#[derive(Debug, Clone, SimpleObject)]
pub struct QuoteLine {
    /// The country of the recipients.
    country_code: CountryCode,
    /// The number of recipients.
    recipient_count: i32,
    /// The number of segments that each recipient gets.
    segment_count: i32,
    /// The credits for one segment to one recipient; null if the country is not served.
    credits_per_segment: Option<Credits>,
    /// recipientCount × segmentCount × creditsPerSegment; 0 if the country is not served.
    credits: Credits,
}

impl From<&Line> for QuoteLine {
    fn from(line: &Line) -> Self {
        Self {
            country_code: CountryCode(line.country.to_string()),
            recipient_count: recipients(line.recipients),
            segment_count: i32::try_from(line.segment_count).unwrap_or(i32::MAX),
            credits_per_segment: line.credits_per_segment.map(Into::into),
            credits: line.credits.into(),
        }
    }
}

impl From<message_line::Model> for QuoteLine {
    fn from(row: message_line::Model) -> Self {
        Self {
            country_code: CountryCode(row.country_code),
            recipient_count: int(row.recipients),
            segment_count: row.segment_count,
            credits_per_segment: row.units_per_segment.map(Credits::from_units),
            credits: Credits::from_units(row.units),
        }
    }
}

/// A head-count as GraphQL's `Int`, which is where head-counts end.
pub(super) fn recipients(count: u64) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
