//! Head-counts by destination country.

use async_graphql::{InputObject, SimpleObject};
use entity::list_destination;

use super::scalars::CountryCode;

/// How many recipients there are in a country.
#[derive(Debug, Clone, PartialEq, Eq, SimpleObject)]
pub struct Destination {
    /// Where they are.
    country_code: CountryCode,
    /// How many.
    recipients: i32,
}

impl From<list_destination::Model> for Destination {
    fn from(row: list_destination::Model) -> Self {
        Self {
            recipients: count(row.recipients),
            country_code: CountryCode(row.country_code),
        }
    }
}

/// A stored head-count as GraphQL's `Int`, which is where head-counts end.
pub(super) fn count(recipients: i64) -> i32 {
    i32::try_from(recipients).unwrap_or(i32::MAX)
}

/// How many recipients there are in a country. A country that is named twice has the sum.
#[derive(Debug, Clone, PartialEq, Eq, InputObject, serde::Serialize)]
pub struct DestinationInput {
    /// Where they are.
    pub country_code: CountryCode,
    /// How many; 0 to 1,000,000,000.
    pub recipients: i32,
}

impl From<DestinationInput> for (String, i32) {
    fn from(input: DestinationInput) -> Self {
        (input.country_code.0, input.recipients)
    }
}
