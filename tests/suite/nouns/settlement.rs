//! Settling scheduled messages over HTTP, by the sending service and by the server; and lots that
//! expire.

use serde_json::{Value, json};

use crate::support::{
    Server, Tenant,
    account::{balance, set_settlement},
    message::{self, SCHEDULE, refusals, to_italians},
    new_key, on_both_databases,
    rate_card::{charge_by, publish},
};

const SETTLE: &str = "mutation($input: SettleMessageInput!) { settleMessage(input: $input) {
    message { id status credits recipientCount sentAt lines { countryCode recipientCount credits } }
    balance { total available held } userErrors { field code } } }";
const ALLOCATE: &str = "mutation($input: AllocateCreditsInput!) { allocateCredits(input: $input) {
    userErrors { field message } } }";

/// An account whose sending service settles.
async fn reported(server: &Server, credits: &str) -> Tenant {
    let tenant = server.account("Shop").await;
    set_settlement(server, &tenant, "REPORTED").await;
    server.grant(&tenant, credits).await;
    tenant
}

async fn scheduled(server: &Server, tenant: &Tenant, recipients: i64) -> Value {
    let at = "2026-11-23T08:00:00Z";
    message::scheduled(server, tenant, at, to_italians(recipients)).await
}

/// The reason why a settlement with this key is refused.
async fn refused(server: &Server, key: &str, mut input: Value) -> Value {
    if input.get("idempotencyKey").is_none() {
        input["idempotencyKey"] = json!(new_key());
    }
    let mut response = server
        .graphql(Some(key), SETTLE, json!({ "input": input }))
        .await;
    let mut payload = response["data"]["settleMessage"].take();
    assert!(payload["message"].is_null(), "{response} {payload}");
    payload["userErrors"].take()
}

fn sent(id: &Value, recipients: i64) -> Value {
    let rows = json!([{ "countryCode": "IT", "recipientCount": recipients }]);
    json!({ "messageId": id, "sent": rows, "idempotencyKey": new_key() })
}

on_both_databases! {
    /// Unsent credits are released; sent messages beyond the hold are drawn like a send.
    async fn a_settlement_charges_what_was_sent(server: Server) {
        let tenant = reported(&server, "100").await;
        let sender = server.key(&tenant, "SENDER").await;
        for (held, went_out, left) in [(30, 20, "80"), (30, 40, "40"), (10, 0, "40")] {
            let id = scheduled(&server, &tenant, held).await;
            let payload = server.done(&sender, SETTLE, sent(&id, went_out)).await;
            assert_eq!(payload["message"]["status"], "SENT");
            assert_eq!(payload["message"]["credits"], went_out.to_string());
            assert_eq!(payload["message"]["recipientCount"], went_out);
            assert_eq!(payload["message"]["sentAt"], "2026-11-22T08:00:00Z");
            assert_eq!(payload["balance"], json!({ "total": left, "available": left, "held": "0" }));
        }
        // Without a report, everything was sent.
        let id = scheduled(&server, &tenant, 15).await;
        let all = json!({ "messageId": id, "idempotencyKey": new_key() });
        let payload = server.done(&tenant.owner, SETTLE, all).await;
        assert_eq!(payload["message"]["credits"], "15");
        assert_eq!(payload["message"]["lines"], json!([{ "countryCode": "IT", "recipientCount": 15, "credits": "15" }]));
        assert_eq!(payload["balance"]["total"], "25");
    }

    /// A settlement that can't be paid changes nothing, and the hold stays.
    async fn a_settlement_is_all_or_nothing(server: Server) {
        let tenant = reported(&server, "100").await;
        let id = scheduled(&server, &tenant, 30).await;
        let refused = async |input: Value| {
            refused(&server, &server.key(&tenant, "SENDER").await, input).await
        };
        assert_eq!(refused(sent(&id, 101)).await,
            json!([{ "field": ["input", "sent"], "code": "INSUFFICIENT_CREDITS" }]));
        assert_eq!(balance(&server, &tenant).await["held"], "30");

        let unknown = json!({ "messageId": "msg_00000000000000000000000009" });
        assert_eq!(refusals(&server, &tenant, SETTLE, unknown).await[0]["code"], "NOT_FOUND");
        let other = server.account("Other").await;
        assert_eq!(refusals(&server, &other, SETTLE, sent(&id, 1)).await,
            json!([{ "field": ["input", "messageId"], "code": "NOT_FOUND" }]));
        assert_eq!(refused(sent(&id, -1)).await,
            json!([{ "field": ["input", "sent", "0", "recipientCount"], "code": "INVALID" }]));
    }

    /// A message is settled once; the same key gets the first answer again.
    async fn a_message_is_settled_once(server: Server) {
        let tenant = reported(&server, "100").await;
        let id = scheduled(&server, &tenant, 30).await;
        let input = sent(&id, 20);
        let sender = server.key(&tenant, "SENDER").await;
        let first = server.done(&sender, SETTLE, input.clone()).await;
        assert_eq!(server.done(&sender, SETTLE, input).await, first);
        assert_eq!(refused(&server, &sender, sent(&id, 20)).await,
            json!([{ "field": ["input", "messageId"], "code": "CONFLICT" }]));
        assert_eq!(balance(&server, &tenant).await["total"], "80");
    }

    /// A message is settled by the card and the segments that it was scheduled with, whatever
    /// changed later.
    async fn a_message_keeps_its_price(server: Server) {
        let tenant = reported(&server, "100").await;
        let card = publish(&server, "shops", json!([{ "countryCode": "IT", "sms": "0.5" }])).await;
        charge_by(&server, &tenant, &card).await;
        let id = scheduled(&server, &tenant, 40).await;
        server.set_time("2026-11-22T09:00:00Z");
        publish(&server, "shops", json!([{ "sms": "7" }])).await;
        let foreign = json!({
            "messageId": id, "sent": [{ "countryCode": "IT", "recipientCount": 1 }, { "countryCode": "US", "recipientCount": 1 }],
        });
        let sender = server.key(&tenant, "SENDER").await;
        assert_eq!(refused(&server, &sender, foreign).await,
            json!([{ "field": ["input", "sent", "1", "countryCode"], "code": "UNSUPPORTED_DESTINATION" }]));
        let payload = server.done(&sender, SETTLE, sent(&id, 41)).await;
        assert_eq!(payload["message"]["credits"], "20.5");
    }

    /// The server settles at sendAt, and not before; if the sending service reports, not at all.
    async fn the_server_settles_at_send_at(server: Server) {
        let automatic = server.account("Automatic").await;
        server.grant(&automatic, "100").await;
        let reported = reported(&server, "100").await;
        for tenant in [&automatic, &reported] {
            scheduled(&server, tenant, 30).await;
        }
        let held = async || [
            balance(&server, &automatic).await["held"].clone(),
            balance(&server, &reported).await["held"].clone(),
        ];
        server.set_time("2026-11-23T07:59:59.999999Z");
        server.run_workers().await;
        assert_eq!(held().await, ["30", "30"]);
        server.set_time("2026-11-23T08:00:00Z");
        assert_eq!(server.services().settle_due().await.unwrap(), 1);
        assert_eq!(held().await, ["0", "30"]);
        assert_eq!(server.services().settle_due().await.unwrap(), 0);
        let read = "{ account { messages { nodes { status credits sentAt } } } }";
        let data = server.data(&automatic.owner, read, json!({})).await;
        assert_eq!(data["account"]["messages"]["nodes"],
            json!([{ "status": "SENT", "credits": "30", "sentAt": "2026-11-23T08:00:00Z" }]));
    }

    /// More messages than one page are settled in one run.
    async fn many_messages_are_settled(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant(&tenant, "1000").await;
        let one = async || {
            let mut input = to_italians(1);
            input["sendAt"] = json!("2026-11-23T08:00:00Z");
            input["idempotencyKey"] = json!(new_key());
            server.done(&tenant.owner, SCHEDULE, input).await
        };
        futures_util::future::join_all((0..501).map(|_| one())).await;
        server.set_time("2026-11-23T08:00:00Z");
        assert_eq!(server.services().settle_due().await.unwrap(), 501);
        assert_eq!(balance(&server, &tenant).await["total"], "499");
    }

    /// Credits expire at the first instant of their day in Italy, 23:00 UTC in winter, with or
    /// without a job.
    async fn credits_end_at_italian_midnight(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant_until(&tenant, "50", Some("2026-12-01")).await;
        let read = "{ account { balance { available nextExpiry { credits expiresOn expiresAt } } } }";
        let data = server.data(&tenant.owner, read, json!({})).await;
        assert_eq!(data["account"]["balance"]["nextExpiry"],
            json!({ "credits": "50", "expiresOn": "2026-12-01", "expiresAt": "2026-11-30T23:00:00Z" }));
        server.set_time("2026-11-30T22:59:59Z");
        assert_eq!(server.services().expire_due().await.unwrap(), 0);
        assert_eq!(balance(&server, &tenant).await["available"], "50");
        server.set_time("2026-11-30T23:00:00Z");
        assert_eq!(balance(&server, &tenant).await["available"], "0");
        assert_eq!(server.services().expire_due().await.unwrap(), 1);
        assert_eq!(server.services().expire_due().await.unwrap(), 0);
        let read = "{ account { transactions { nodes { kind credits createdAt } } } }";
        let data = server.data(&tenant.owner, read, json!({})).await;
        assert_eq!(data["account"]["transactions"]["nodes"][0],
            json!({ "kind": "EXPIRY", "credits": "-50", "createdAt": "2026-11-30T23:00:00Z" }));
    }

    /// Expiry takes unassigned credits first, then the lists' in proportion to their available
    /// credits.
    async fn expiry_is_shared_by_the_lists(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant_until(&tenant, "70", Some("2026-12-01")).await;
        server.grant(&tenant, "30").await;
        let mut allocations = Vec::new();
        for (name, assigned, at) in [("One", "60", "08"), ("Two", "30", "09")] {
            server.set_time(&format!("2026-11-22T{at}:00:00Z"));
            let list = server.list(&tenant, name, json!([])).await;
            allocations.push(json!({ "listId": list, "mode": "LIMITED", "assigned": assigned }));
        }
        server.done(&tenant.owner, ALLOCATE, json!({ "allocations": allocations })).await;
        server.set_time("2026-12-01T12:00:00Z");
        server.run_workers().await;
        // Ten are unassigned; of the remaining sixty the first list pays two thirds.
        let read = "{ account { balance { available unassigned } lists { nodes { name allocation { assigned } } } } }";
        let data = server.data(&tenant.owner, read, json!({})).await;
        assert_eq!(data["account"], json!({
            "balance": { "available": "30", "unassigned": "0" },
            "lists": { "nodes": [
                { "name": "One", "allocation": { "assigned": "20" } },
                { "name": "Two", "allocation": { "assigned": "10" } },
            ] },
        }));
    }
}
