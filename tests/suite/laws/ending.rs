//! How a scheduled message ends, on whose request and at what cost, over HTTP: laws H3 and A3.
//!
//! Here: every caller with every way to end a hold, and random sequences of them. Not here: the
//! result of a settlement ([`crate::nouns::settlement`]), and every row of the policy
//! ([`crate::api::authorization`]).

mod history;

use serde_json::{Value, json};

use crate::support::{
    Server, Tenant,
    account::{balance, set_settlement},
    message::{scheduled, to_italians},
    new_key, on_both_databases,
};

const SETTLE: &str = "mutation($input: SettleMessageInput!) { done: settleMessage(input: $input) {
    message { status credits recipientCount sentAt } balance { total available held } userErrors { field message code } } }";
const CANCEL: &str = "mutation($input: CancelMessageInput!) { done: cancelMessage(input: $input) {
    message { status credits recipientCount sentAt } balance { total available held } userErrors { field message code } } }";
const UPDATE: &str = "mutation($input: UpdateAccountInput!) { updateAccount(input: $input) {
    account { settlement name } userErrors { field message code } } }";

/// The ways to end a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ask {
    Cancel,
    InFull,
    /// This many Italians were reached; nobody, with and without a line that says so.
    Sent(i64),
    SentToNobody,
}

/// Ends a message in a way; returns the payload.
async fn ask(server: &Server, key: &str, message: &Value, ask: Ask) -> Value {
    let mut input = json!({ "messageId": message, "idempotencyKey": new_key() });
    match ask {
        Ask::Cancel | Ask::InFull => {}
        Ask::Sent(recipients) => {
            input["sent"] = json!([{ "countryCode": "IT", "recipientCount": recipients }]);
        }
        Ask::SentToNobody => input["sent"] = json!([]),
    }
    let mutation = if ask == Ask::Cancel { CANCEL } else { SETTLE };
    let mut response = server
        .graphql(Some(key), mutation, json!({ "input": input }))
        .await;
    assert!(response.get("errors").is_none(), "{response:#}");
    response["data"]["done"].take()
}

/// Changes a message to one for this many Italians, at an instant; returns the payload.
async fn change(
    server: &Server,
    key: &str,
    message: &Value,
    (recipients, send_at): (i64, &str),
) -> Value {
    let mutation = "mutation($input: UpdateMessageInput!) { done: updateMessage(input: $input) {
        message { status credits } userErrors { field message code } } }";
    let rows = json!([{ "countryCode": "IT", "recipientCount": recipients }]);
    let input = json!({ "messageId": message, "audience": { "destinations": rows }, "sendAt": send_at,
        "idempotencyKey": new_key() });
    let mut response = server
        .graphql(Some(key), mutation, json!({ "input": input }))
        .await;
    assert!(response.get("errors").is_none(), "{response:#}");
    response["data"]["done"].take()
}

/// The field and the code of the only refusal.
fn refusal(payload: &Value) -> Value {
    assert!(payload["message"].is_null(), "{payload:#}");
    assert_eq!(payload["userErrors"].as_array().unwrap().len(), 1);
    let row = &payload["userErrors"][0];
    json!([row["field"][1], row["code"]])
}

/// The keys of everybody who may end a message.
async fn keys(server: &Server, tenant: &Tenant) -> [(&'static str, String); 4] {
    [
        ("MEMBER", server.key(tenant, "MEMBER").await),
        ("OWNER", tenant.owner.clone()),
        ("SENDER", server.key(tenant, "SENDER").await),
        ("PLATFORM_ADMIN", server.admin_key().to_owned()),
    ]
}

async fn tomorrow(server: &Server, tenant: &Tenant, recipients: i64) -> Value {
    let at = "2026-11-23T08:00:00Z";
    scheduled(server, tenant, at, to_italians(recipients)).await
}

on_both_databases! {
    /// H3: from its sendAt on, a message that the server sends is charged in full, whoever ends it
    /// in whatever way, before any job runs.
    async fn every_caller_charges_due_messages_in_full(server: Server) {
        for place in 0..4 {
            server.set_time("2026-11-22T08:00:00Z");
            let tenant = server.account("Shop").await;
            server.grant(&tenant, "1000").await;
            let (role, key) = &keys(&server, &tenant).await[place];
            let id = tomorrow(&server, &tenant, 30).await;
            server.set_time("2026-11-23T08:00:00Z");
            for less in [Ask::Cancel, Ask::SentToNobody, Ask::Sent(0), Ask::Sent(1), Ask::Sent(30), Ask::Sent(31)] {
                let payload = ask(&server, key, &id, less).await;
                let may_report = ["SENDER", "PLATFORM_ADMIN"].contains(role);
                let expected = match less {
                    Ask::Cancel => json!(["messageId", "CONFLICT"]),
                    _ if may_report => json!(["messageId", "CONFLICT"]),
                    _ => json!(["sent", "INVALID"]),
                };
                assert_eq!(refusal(&payload), expected, "{role} {less:?}");
                if expected[1] == "CONFLICT" {
                    let said = payload["userErrors"][0]["message"].as_str().unwrap();
                    assert!(said.contains("charges it for all who have not left"), "{said}");
                }
                assert_eq!(balance(&server, &tenant).await["held"], "30", "{role} {less:?}");
            }
            let payload = ask(&server, key, &id, Ask::InFull).await;
            assert_eq!(payload["message"], json!({
                "status": "SENT", "credits": "30", "recipientCount": 30, "sentAt": "2026-11-23T08:00:00Z" }), "{role}");
            assert_eq!(payload["balance"], json!({ "total": "970", "available": "970", "held": "0" }), "{role}");
            assert_eq!(server.services().settle_due().await.unwrap(), 0);
        }
    }

    /// H3: before its sendAt, a message that the server sends may be reported as sent to nobody:
    /// then it is cancelled.
    async fn a_message_sent_to_nobody_is_cancelled(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant(&tenant, "100").await;
        let sender = server.key(&tenant, "SENDER").await;
        for nobody in [Ask::SentToNobody, Ask::Sent(0)] {
            let id = tomorrow(&server, &tenant, 30).await;
            let payload = ask(&server, &sender, &id, nobody).await;
            assert_eq!(payload["message"], json!({
                "status": "CANCELED", "credits": "0", "recipientCount": 30, "sentAt": null }), "{nobody:?}");
            assert_eq!(payload["balance"], json!({ "total": "100", "available": "100", "held": "0" }));
        }
        // A report of a few recipients is different, and so is one about the sending service's own
        // message.
        let id = tomorrow(&server, &tenant, 30).await;
        assert_eq!(ask(&server, &sender, &id, Ask::Sent(2)).await["message"]["credits"], "2");
        set_settlement(&server, &tenant, "REPORTED").await;
        let id = tomorrow(&server, &tenant, 30).await;
        assert_eq!(ask(&server, &sender, &id, Ask::SentToNobody).await["message"], json!({
            "status": "SENT", "credits": "0", "recipientCount": 0, "sentAt": "2026-11-22T08:00:00Z" }));
    }

    /// A3: from sendAt on the sending service may have sent a message: the account's own users take
    /// nothing back, and never report what was sent.
    async fn an_account_cannot_take_charges_back(server: Server) {
        for place in 0..2 {
            server.set_time("2026-11-22T08:00:00Z");
            let tenant = server.account("Shop").await;
            server.grant(&tenant, "1000").await;
            set_settlement(&server, &tenant, "REPORTED").await;
            let (role, key) = &keys(&server, &tenant).await[place];
            let id = tomorrow(&server, &tenant, 30).await;
            for report in [Ask::SentToNobody, Ask::Sent(0), Ask::Sent(1), Ask::Sent(30)] {
                let payload = ask(&server, key, &id, report).await;
                assert_eq!(refusal(&payload), json!(["sent", "INVALID"]), "{role}");
            }
            // Nothing was sent yet.
            assert_eq!(ask(&server, key, &id, Ask::Cancel).await["message"]["status"], "CANCELED");
            let id = tomorrow(&server, &tenant, 30).await;
            server.set_time("2026-11-23T08:00:00Z");
            let payload = ask(&server, key, &id, Ask::Cancel).await;
            assert_eq!(refusal(&payload), json!(["messageId", "CONFLICT"]), "{role}");
            assert_eq!(balance(&server, &tenant).await["held"], "30");
            assert_eq!(ask(&server, key, &id, Ask::InFull).await["message"]["credits"], "30", "{role}");
        }
    }

    /// A3: only the platform sets who settles, whatever else an owner changes; and a refused change
    /// does nothing.
    async fn an_owner_cannot_choose_who_settles(server: Server) {
        let tenant = server.account("Shop").await;
        for settlement in ["REPORTED", "AUTOMATIC"] {
            let input = json!({ "settlement": settlement, "name": "Another" });
            let response = server.graphql(Some(&tenant.owner), UPDATE, json!({ "input": input })).await;
            let payload = &response["data"]["updateAccount"];
            assert_eq!(payload["userErrors"], json!([{
                "field": ["input", "settlement"], "code": "INVALID",
                "message": "Only the platform sets who settles messages; leave it out." }]), "{response}");
        }
        let read = "{ account { name settlement } }";
        assert_eq!(server.data(&tenant.owner, read, json!({})).await["account"],
            json!({ "name": "Shop", "settlement": "AUTOMATIC" }));
        set_settlement(&server, &tenant, "REPORTED").await;
    }

    /// A key that was answered before is answered again, even if the command would be refused by
    /// now (law B4).
    async fn a_repeated_settlement_report_returns_the_first_answer(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant(&tenant, "100").await;
        let sender = server.key(&tenant, "SENDER").await;
        let id = tomorrow(&server, &tenant, 30).await;
        let sent = json!([{ "countryCode": "IT", "recipientCount": 20 }]);
        let input = json!({ "messageId": id, "sent": sent, "idempotencyKey": "once" });
        let first = server.done(&sender, SETTLE, input.clone()).await;
        server.set_time("2026-11-23T08:00:00Z");
        assert_eq!(server.done(&sender, SETTLE, input.clone()).await, first);
        assert_eq!(server.done(&tenant.owner, SETTLE, input).await, first);
    }
}
