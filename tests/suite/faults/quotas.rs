//! Rows that are stored free of charge are bounded for each account: scheduled messages, lists,
//! keys, unpaid purchases, and the rows that imports refuse.

use domain::id::ListId;
use entity::{api_key, contact_list, hold_draw, sql_enums::Role};
use message_credits::{
    entropy,
    graphql::engine::ids::PublicId,
    operations::{
        contact_import::KEPT_REJECTIONS,
        quotas::{MAX_KEYS, MAX_LISTS, MAX_SCHEDULED, MAX_UNPAID},
    },
};
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, prelude::Uuid};
use serde_json::{Value, json};

use crate::support::{
    Server, Tenant,
    message::{SCHEDULE, schedule, send, to_italians},
    new_key, on_both_databases,
    purchase::{PURCHASE, begin, package},
    sending::account,
};

const AT: &str = "2026-12-24T08:00:00Z";
const CANCEL: &str = "mutation($input: CancelMessageInput!) { cancelMessage(input: $input) {
    message { id } userErrors { code } } }";
const CREATE_LIST: &str =
    "mutation($input: CreateContactListInput!) { createContactList(input: $input) {
    list { id } userErrors { field message code } } }";
const ARCHIVE: &str =
    "mutation($input: ArchiveContactListInput!) { archiveContactList(input: $input) {
    list { id } userErrors { code } } }";
const CREATE_KEY: &str = "mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) {
    id secret userErrors { field message code } } }";
const REVOKE: &str = "mutation($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) {
    userErrors { code } } }";

fn random_id() -> Uuid {
    Uuid::from_bytes(entropy::bytes())
}

/// Stores this many rows.
async fn insert<M, A>(server: &Server, count: u64, row: impl Fn(u64) -> M)
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait + Send,
{
    let rows: Vec<u64> = (0..count).collect();
    for chunk in rows.chunks(1_000) {
        let rows = chunk.iter().map(|number| row(*number).into_active_model());
        A::Entity::insert_many(rows)
            .exec_without_returning(server.services().store.writer())
            .await
            .unwrap();
    }
}

/// The only refusal of a mutation, as field and code; its message names the limit.
async fn refused(
    server: &Server,
    tenant: &Tenant,
    mutation: &str,
    input: &Value,
    limit: u64,
) -> Value {
    let variables = json!({ "input": input });
    let mut response = server
        .graphql(Some(&tenant.owner), mutation, variables)
        .await;
    let payload = response["data"]
        .as_object_mut()
        .unwrap()
        .values_mut()
        .next();
    let mut error = payload.unwrap()["userErrors"][0].take();
    let message = error["message"].take();
    let named = message
        .as_str()
        .is_none_or(|message| message.contains(&limit.to_string()));
    assert!(named, "{message}");
    json!([error["field"], error["code"]])
}

on_both_databases! {
    /// The number of an account's scheduled messages is bounded. Cancelling makes room, and a
    /// repeated key returns its first answer.
    async fn scheduled_messages_are_bounded(server: Server) {
        let tenant = server.account("Shop").await;
        let other = server.account("Other").await;
        for tenant in [&tenant, &other] {
            server.grant(tenant, "100").await;
        }
        let account_id = account(&tenant).uuid();
        insert(&server, MAX_SCHEDULED - 1, |_| hold_draw::Model {
            account_id,
            message_id: random_id(),
            position: 0,
            pool_list_id: None,
            lot_id: None,
            units: 0,
            changed_at: None,
        })
        .await;
        let mut input = to_italians(1);
        input["sendAt"] = json!(AT);
        input["idempotencyKey"] = json!(new_key());
        let last = server.done(&tenant.owner, SCHEDULE, input.clone()).await["message"]["id"].take();
        let mut beyond = input.clone();
        beyond["idempotencyKey"] = json!(new_key());
        let refusal = refused(&server, &tenant, SCHEDULE, &beyond, MAX_SCHEDULED).await;
        assert_eq!(refusal, json!([["input", "sendAt"], "LIMIT_REACHED"]));
        let again = server.done(&tenant.owner, SCHEDULE, input).await;
        assert_eq!(again["message"]["id"], last);
        schedule(&server, &other, AT, to_italians(1)).await;
        // Sending at once needs no room.
        send(&server, &tenant, to_italians(1)).await;

        let cancel = json!({ "messageId": last, "idempotencyKey": new_key() });
        server.done(&tenant.owner, CANCEL, cancel).await;
        server.done(&tenant.owner, SCHEDULE, beyond).await;
    }

    /// The number of an account's lists in use is bounded.
    async fn lists_are_bounded(server: Server) {
        let tenant = server.account("Shop").await;
        let account_id = account(&tenant).uuid();
        insert(&server, MAX_LISTS - 1, |number| contact_list::Model {
            account_id,
            id: random_id(),
            name: format!("List {number}"),
            created_at: 0,
            archived_at: None,
            contacts: 0,
            revision: 0,
            removals: 0,
            updated_at: None,
        })
        .await;
        let last = server.list(&tenant, "Last", json!([])).await;
        assert!(ListId::decode(&last).is_some());
        let beyond = json!({ "name": "Beyond", "destinations": [] });
        let refusal = refused(&server, &tenant, CREATE_LIST, &beyond, MAX_LISTS).await;
        assert_eq!(refusal, json!([["input", "name"], "LIMIT_REACHED"]));
        server.done(&tenant.owner, ARCHIVE, json!({ "listId": last })).await;
        server.done(&tenant.owner, CREATE_LIST, beyond).await;
    }

    /// The number of an account's working keys is bounded.
    async fn keys_are_bounded(server: Server) {
        let tenant = server.account("Shop").await;
        let account_id = account(&tenant).uuid();
        // Its owner has one already.
        insert(&server, MAX_KEYS - 2, |_| api_key::Model {
            id: random_id(),
            account_id: Some(account_id),
            role: Role::Viewer,
            name: "Another".to_owned(),
            secret_hash: entropy::bytes::<32>().to_vec(),
            created_at: 0,
            revoked_at: None,
            last_used_at: None,
            expires_at: None,
            prefix: None,
            allowed_addresses: None,
            trusted_documents_only: false,
            demo: false,
            updated_at: None,
        })
        .await;
        let new = json!({ "role": "VIEWER", "name": "Last" });
        let last = server.done(&tenant.owner, CREATE_KEY, new.clone()).await["id"].take();
        let refusal = refused(&server, &tenant, CREATE_KEY, &new, MAX_KEYS).await;
        assert_eq!(refusal, json!([["input", "name"], "LIMIT_REACHED"]));
        server.done(&tenant.owner, REVOKE, json!({ "id": last })).await;
        server.done(&tenant.owner, CREATE_KEY, new).await;
    }

    /// The number of an account's unpaid purchases is bounded; they make room when they expire.
    async fn unpaid_purchases_are_bounded(server: Server) {
        let tenant = server.account("Shop").await;
        let package = package(&server, 1_000, 4_990, |_| {}).await;
        let first = json!({ "packageId": package, "idempotencyKey": new_key() });
        let purchase = server.done(&tenant.owner, PURCHASE, first.clone()).await["purchase"]["id"].take();
        for _ in 1..MAX_UNPAID {
            begin(&server, &tenant, &package).await;
        }
        let beyond = json!({ "packageId": package, "idempotencyKey": new_key() });
        let refusal = refused(&server, &tenant, PURCHASE, &beyond, MAX_UNPAID).await;
        assert_eq!(refusal, json!([["input", "packageId"], "LIMIT_REACHED"]));
        let again = server.done(&tenant.owner, PURCHASE, first).await;
        assert_eq!(again["purchase"]["id"], purchase);
        server.set_time("2026-11-30T08:00:00Z");
        server.done(&tenant.owner, PURCHASE, beyond).await;
    }

    /// The first refused rows of an import are stored, and all are counted.
    async fn refused_rows_are_counted_beyond_the_stored_ones(server: Server) {
        let tenant = server.account("Shop").await;
        let list = server.list(&tenant, "Newsletter", json!([])).await;
        let kept = usize::try_from(KEPT_REJECTIONS).unwrap();
        let file = format!("phone\n{}+393401234567\n", "x\n".repeat(kept + 4_321));
        let payload = server.import(&tenant.owner, &list, file).await;
        let import = &payload["import"];
        assert_eq!(
            (&import["status"], &import["rejectedCount"], &payload["importedCount"]),
            (&json!("DONE"), &json!(kept + 4_321), &json!(1))
        );
        let read = "query($list: ID!) { node(id: $list) { ... on ContactList { imports { nodes {
            rejectedCount rejected(last: 2) { totalCount pageInfo { hasNextPage } nodes { line } } } } } } }";
        let data = server.data(&tenant.owner, read, json!({ "list": list })).await;
        assert_eq!(data["node"]["imports"]["nodes"][0], json!({
            "rejectedCount": kept + 4_321,
            "rejected": {
                "totalCount": kept,
                "pageInfo": { "hasNextPage": false },
                // The header is the first line.
                "nodes": [{ "line": kept }, { "line": kept + 1 }],
            },
        }));
    }
}
