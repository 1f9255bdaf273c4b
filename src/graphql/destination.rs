//! Head-counts by destination country.

use async_graphql::{InputObject, SimpleObject};
use entity::list_destination;

use super::scalars::CountryCode;

/// The number of recipients in one country.
#[derive(Debug, Clone, PartialEq, Eq, SimpleObject)]
pub struct Destination {
    /// The country of the recipients.
    country_code: CountryCode,
    /// The number of recipients.
    recipient_count: i32,
}

impl From<list_destination::Model> for Destination {
    fn from(row: list_destination::Model) -> Self {
        Self {
            recipient_count: count(row.recipients),
            country_code: CountryCode(row.country_code),
        }
    }
}

/// A stored head-count as GraphQL's `Int`, whose maximum is also that of head-counts.
pub(super) fn count(recipients: i64) -> i32 {
    i32::try_from(recipients).unwrap_or(i32::MAX)
}

/// The number of recipients in one country. The rows of a repeated country are added up.
#[derive(Debug, Clone, PartialEq, Eq, InputObject, serde::Serialize)]
pub struct DestinationInput {
    /// The country of the recipients.
    pub country_code: CountryCode,
    /// The number of recipients, 0 to 1,000,000,000.
    // Digests of idempotency keys have it by its first name.
    #[serde(rename = "recipients")]
    pub recipient_count: i32,
}

impl From<DestinationInput> for (String, i32) {
    fn from(input: DestinationInput) -> Self {
        (input.country_code.0, input.recipient_count)
    }
}
