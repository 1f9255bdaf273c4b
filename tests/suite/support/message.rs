//! Messages over HTTP: sending, scheduling, and what a refused mutation answers.
//!
//! Here: what tests of every shelf ask of messages. Not here: messages sent in the past, straight
//! through the ledger ([`super::sending`]).

use serde_json::{Value, json};

use super::{Server, Tenant, answer::payload, new_key};

/// 173 characters of GSM-7.
pub const TEXT_OF_TWO_SEGMENTS: &str = "Da domani fino a domenica tutta la collezione invernale costa la meta: passa in negozio \
    oppure ordina dal sito, e la consegna la offriamo noi in tutta Italia, in due giorni!";

/// Sends a message; selects all of its fields.
pub const SEND: &str = "mutation($input: SendMessageInput!) { sendMessage(input: $input) {
    message { id status name channel encoding text segmentCount recipientCount credits sendAt sentAt createdAt
        list { id } account { id }
        lines { countryCode recipientCount segmentCount creditsPerSegment credits } }
    replayed balance { total available held unassigned } userErrors { field code } } }";

/// Schedules a message.
pub const SCHEDULE: &str =
    "mutation($input: ScheduleMessageInput!) { scheduleMessage(input: $input) {
    message { id status credits recipientCount sendAt sentAt text }
    replayed balance { total available held } userErrors { field code } } }";

/// Cancels a scheduled message.
pub const CANCEL: &str = "mutation($input: CancelMessageInput!) { cancelMessage(input: $input) {
    message { id status credits recipientCount } replayed balance { total available held } userErrors { field code } } }";

/// Sends a message, which must not be refused.
pub async fn send(server: &Server, tenant: &Tenant, mut input: Value) -> Value {
    input["idempotencyKey"] = json!(new_key());
    server.done(&tenant.owner, SEND, input).await
}

/// Schedules a message, which must not be refused.
pub async fn schedule(server: &Server, tenant: &Tenant, at: &str, mut input: Value) -> Value {
    input["sendAt"] = json!(at);
    input["idempotencyKey"] = json!(new_key());
    server.done(&tenant.owner, SCHEDULE, input).await
}

/// Schedules a message, which must not be refused; its id.
pub async fn scheduled(server: &Server, tenant: &Tenant, at: &str, input: Value) -> Value {
    schedule(server, tenant, at, input).await["message"]["id"].take()
}

/// The refusals of a mutation that did nothing.
pub async fn refusals(server: &Server, tenant: &Tenant, mutation: &str, mut input: Value) -> Value {
    if input.get("idempotencyKey").is_none() {
        input["idempotencyKey"] = json!(new_key());
    }
    let response = server
        .graphql(Some(&tenant.owner), mutation, json!({ "input": input }))
        .await;
    assert!(response.get("errors").is_none(), "{response:#}");
    let payload = payload(&response);
    assert!(payload["message"].is_null(), "{payload:#}");
    payload["userErrors"].clone()
}

/// A message to this many Italians, without a list.
pub fn to_italians(recipients: i64) -> Value {
    let rows = json!([{ "countryCode": "IT", "recipientCount": recipients }]);
    json!({ "audience": { "destinations": rows }, "text": "Ciao" })
}

/// A message to everybody in a list.
pub fn to_list(list: &str, text: &str) -> Value {
    json!({ "audience": { "listId": list }, "text": text })
}
