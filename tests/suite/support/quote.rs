//! Quotes over HTTP: one whole, and what a refused one names.

use serde_json::{Value, json};

use super::{Server, Tenant};

/// A quote with everything but its distribution.
pub const QUOTE: &str = "query($input: QuoteInput!) { quote(input: $input) {
    recipientCount unsupportedRecipientCount credits available sufficient shortfall smartEncodingSaves
    cost { amount currencyCode } suggestedPackage { code } duplicateRecipients rateCard { id version }
    lines { countryCode recipientCount segmentCount creditsPerSegment credits }
    segmentation { segmentCount channel text } } }";

/// A complete quote.
pub async fn quote(server: &Server, tenant: &Tenant, input: Value) -> Value {
    let mut data = server
        .data(&tenant.owner, QUOTE, json!({ "input": input }))
        .await;
    data["quote"].take()
}

/// The field that a refused quote names, or else its code.
pub async fn refused(server: &Server, tenant: &Tenant, input: Value) -> Value {
    let response = server
        .graphql(Some(&tenant.owner), QUOTE, json!({ "input": input }))
        .await;
    let mut error = response["errors"][0]["extensions"].clone();
    assert!(response["data"].is_null(), "{response}");
    match error["code"].as_str() {
        Some("BAD_USER_INPUT") => error["field"].take(),
        _ => error["code"].take(),
    }
}
