//! Laws of the ledger over HTTP that no noun's own tests check; docs/laws.md names the tests of
//! each. The properties of keys and hashes are in [`properties`].

mod properties;

use domain::ending::NoEnding;
use message_credits::{
    ledger::{Actor, End, Refused, Request, RequestKind, SubmitError},
    store::sql::shards,
};
use sea_orm::{ConnectionTrait, DatabaseBackend};
use serde_json::{Value, json};

use crate::support::{
    Server, Tenant,
    account::{balance, set_settlement, set_zone, update},
    message::{SCHEDULE, refusals, scheduled, send, to_italians},
    new_key, on_both_databases, sending,
};

const SETTLE: &str = "mutation($input: SettleMessageInput!) { settleMessage(input: $input) {
    message { status credits } userErrors { field code } } }";
const CANCEL: &str = "mutation($input: CancelMessageInput!) { cancelMessage(input: $input) {
    message { status } userErrors { field code } } }";

/// Granted lots and their remainders, the newest first.
async fn lots(server: &Server, tenant: &Tenant) -> Value {
    let read = "{ account { lots { nodes { granted remaining } } } }";
    let data = server.data(&tenant.owner, read, json!({})).await;
    let nodes = data["account"]["lots"]["nodes"].as_array().unwrap();
    nodes
        .iter()
        .map(|node| json!([node["granted"], node["remaining"]]))
        .collect()
}

async fn statuses(server: &Server, tenant: &Tenant) -> Vec<Value> {
    let read = "{ account { messages { nodes { status sentAt } } } }";
    let data = server.data(&tenant.owner, read, json!({})).await;
    let nodes = data["account"]["messages"]["nodes"].as_array().unwrap();
    nodes
        .iter()
        .map(|node| json!([node["status"], node["sentAt"]]))
        .collect()
}

on_both_databases! {
    /// L1: if the account is configured so, the soonest expiring lots go first and those that never
    /// expire last; among equals the older one, whichever is larger.
    async fn soonest_expiring_lots_go_first_if_configured(server: Server) {
        let tenant = server.account("Shop").await;
        let given = [("10", None), ("20", Some("2026-12-05")), ("30", Some("2026-12-01")), ("40", Some("2026-12-01"))];
        for (minute, (credits, until)) in given.into_iter().enumerate() {
            server.set_time(&format!("2026-11-22T08:0{minute}:00Z"));
            server.grant_until(&tenant, credits, until).await;
        }
        update(&server, server.admin_key(), &tenant, "consumptionOrder", "SOONEST_EXPIRY_FIRST").await;
        for (recipients, left) in [
            (29, ["40", "1", "20", "10"]),
            (2, ["39", "0", "20", "10"]),
            (40, ["0", "0", "19", "10"]),
            (20, ["0", "0", "0", "9"]),
        ] {
            send(&server, &tenant, to_italians(recipients)).await;
            assert_eq!(lots(&server, &tenant).await, json!([
                ["40", left[0]], ["30", left[1]], ["20", left[2]], ["10", left[3]] ]));
        }
    }

    /// P1: a list with a limit spends its own credits only, one without a limit the unassigned
    /// credits.
    async fn a_limited_list_spends_its_own_only(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant(&tenant, "100").await;
        let limited = server.list(&tenant, "Limited", json!([])).await;
        let sharing = server.list(&tenant, "Sharing", json!([])).await;
        let allocate = "mutation($input: AllocateCreditsInput!) { allocateCredits(input: $input) {
            userErrors { field message } } }";
        let allocations = json!([{ "listId": limited, "mode": "LIMITED", "assigned": "30" }]);
        server.done(&tenant.owner, allocate, json!({ "allocations": allocations })).await;
        let of = |list: &str, recipients| {
            let mut input = to_italians(recipients);
            input["listId"] = json!(list);
            input["sendAt"] = json!("2026-11-23T08:00:00Z");
            input
        };
        for (list, most) in [(&limited, 30), (&sharing, 70)] {
            let refused = refusals(&server, &tenant, SCHEDULE, of(list, most + 1)).await;
            assert_eq!(refused[0]["code"], "INSUFFICIENT_CREDITS", "{list}");
            let mut input = of(list, most);
            input["idempotencyKey"] = json!(new_key());
            server.done(&tenant.owner, SCHEDULE, input).await;
        }
        // New credits are unassigned.
        server.grant(&tenant, "5").await;
        assert_eq!(balance(&server, &tenant).await, json!({
            "total": "105", "available": "5", "held": "100", "unassigned": "5" }));
    }

    /// H2: credits that return to a lot whose day has passed expire at once, and no other credits
    /// pay for it.
    async fn credits_released_after_expiry_expire(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant_until(&tenant, "50", Some("2026-12-01")).await;
        let id = scheduled(&server, &tenant, "2026-12-24T08:00:00Z", to_italians(40)).await;
        server.grant(&tenant, "7").await;
        server.set_time("2026-11-30T23:00:00Z");
        let expected = |total: &str, held: &str| json!({
            "total": total, "available": "7", "held": held, "unassigned": "7" });
        assert_eq!(balance(&server, &tenant).await, expected("47", "40"));
        let sent = json!([{ "countryCode": "IT", "recipientCount": 25 }]);
        let input = json!({ "messageId": id, "sent": sent, "idempotencyKey": new_key() });
        server.done(server.admin_key(), SETTLE, input).await;
        assert_eq!(balance(&server, &tenant).await, expected("7", "0"));
        let read = "{ account { transactions { nodes { kind credits } } } }";
        let data = server.data(&tenant.owner, read, json!({})).await;
        let newest: Vec<Value> = data["account"]["transactions"]["nodes"].as_array().unwrap()[..4]
            .iter().map(|node| json!([node["kind"], node["credits"]])).collect();
        assert_eq!(newest, [json!(["EXPIRY", "-15"]), json!(["RELEASE", "15"]), json!(["SPEND", "0"]), json!(["EXPIRY", "-10"])]);
    }

    /// H3: a message that came due while the server settled is settled by the server, even if no
    /// job had run before the setting changed; later ones are the sending service's.
    async fn the_settler_is_judged_at_settlement_time(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant(&tenant, "100").await;
        let due = scheduled(&server, &tenant, "2026-11-23T08:00:00Z", to_italians(10)).await;
        let later = scheduled(&server, &tenant, "2026-11-23T09:00:00Z", to_italians(20)).await;
        server.set_time("2026-11-23T08:30:00Z");
        set_settlement(&server, &tenant, "REPORTED").await;
        let sent = json!(["SENT", "2026-11-23T08:30:00Z"]);
        assert_eq!(statuses(&server, &tenant).await, [json!(["SCHEDULED", null]), sent.clone()]);
        server.set_time("2026-11-23T09:00:00Z");
        server.run_workers().await;
        assert_eq!(statuses(&server, &tenant).await, [json!(["SCHEDULED", null]), sent]);
        // A job that found it due a moment before the change comes too late.
        let message = message_credits::graphql::engine::ids::PublicId::decode(later.as_str().unwrap()).unwrap();
        let kind = RequestKind::End { message, list: None, end: End::Due };
        let request = Request { actor: Actor::ADMINISTRATOR, account: sending::account(&tenant), kind, key: None, at: None };
        let refused = server.services().ledger.submit(request).await;
        assert!(matches!(refused, Err(SubmitError::Refused(Refused::NoEnding(NoEnding::NotDue)))), "{refused:?}");
        assert_eq!(balance(&server, &tenant).await["held"], "20");
        // It ends once: a settled message can't be cancelled, and the sending service may settle a
        // reported one, also after its sendAt.
        let sender = server.key(&tenant, "SENDER").await;
        let cancel = async |key: &str, id: &Value| {
            let input = json!({ "messageId": id, "idempotencyKey": new_key() });
            let response = server.graphql(Some(key), CANCEL, json!({ "input": input })).await;
            response["data"]["cancelMessage"]["userErrors"].clone()
        };
        assert_eq!(cancel(&sender, &due).await[0]["code"], "CONFLICT");
        assert_eq!(cancel(&tenant.owner, &later).await[0]["code"], "CONFLICT");
        assert_eq!(cancel(&sender, &later).await, json!([]));
        assert_eq!(balance(&server, &tenant).await["total"], "90");
    }

    /// B1: the database itself refuses to change or delete what the ledger wrote.
    async fn the_database_refuses_to_change_the_ledger(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant_until(&tenant, "100", Some("2027-01-01")).await;
        set_zone(&server, &tenant, "Asia/Kolkata").await;
        let store = &server.services().store;
        let mut statements = vec![
            "UPDATE transactions SET note = 'x'",
            "DELETE FROM transactions",
            "UPDATE posting_rows SET units = 0",
            "DELETE FROM posting_rows",
            "UPDATE lot_expiry_changes SET to_at = 0",
            "DELETE FROM lot_expiry_changes",
        ];
        if store.backend() == DatabaseBackend::Postgres {
            statements.extend(["TRUNCATE transactions", "TRUNCATE posting_rows", "TRUNCATE lot_expiry_changes"]);
        }
        // On distributed tables privileges refuse it: tests/suite/faults/citus.rs.
        if !shards::are_used() {
            for statement in statements {
                let error = store.writer().execute_unprepared(statement).await.unwrap_err().to_string();
                assert!(error.contains("append-only"), "{statement}: {error}");
            }
        }
        for statement in ["UPDATE postings SET units = 0", "DELETE FROM postings"] {
            let error = store.writer().execute_unprepared(statement).await.unwrap_err().to_string();
            assert!(error.contains("view"), "{statement}: {error}");
        }
    }

    /// B4: a repeated schedule gets the message as it is by then, also after a settlement replaced
    /// its lines.
    async fn a_repeated_schedule_returns_the_message_as_it_is_now(server: Server) {
        let tenant = server.account("Shop").await;
        set_settlement(&server, &tenant, "REPORTED").await;
        server.grant(&tenant, "100").await;
        let schedule = "mutation($input: ScheduleMessageInput!) { scheduleMessage(input: $input) {
            message { id status credits lines { countryCode recipientCount segmentCount creditsPerSegment credits } }
            balance { total available held } userErrors { field code } } }";
        let rows = json!([{ "countryCode": "US", "recipientCount": 3 }, { "countryCode": "IT", "recipientCount": 20 }]);
        let input = json!({ "audience": { "destinations": rows }, "text": "Ciao",
            "sendAt": "2026-11-23T08:00:00Z", "idempotencyKey": "once" });
        let first = server.done(&tenant.owner, schedule, input.clone()).await;
        let line = |country: &str, recipients: i64| json!({ "countryCode": country, "recipientCount": recipients,
            "segmentCount": 1, "creditsPerSegment": "1", "credits": recipients.to_string() });
        assert_eq!(first["message"]["lines"], json!([line("IT", 20), line("US", 3)]));
        let sent = json!([{ "countryCode": "IT", "recipientCount": 5 }]);
        let settle = json!({ "messageId": first["message"]["id"], "sent": sent, "idempotencyKey": "settled" });
        server.done(server.admin_key(), SETTLE, settle).await;
        let again = server.done(&tenant.owner, schedule, input).await;
        assert_eq!(again["message"]["id"], first["message"]["id"]);
        assert_eq!(again["message"]["lines"], json!([line("IT", 5)]));
        assert_eq!(again["balance"], json!({ "total": "95", "available": "95", "held": "0" }));
        let read = "{ account { messages { nodes { lines { countryCode recipientCount segmentCount
            creditsPerSegment credits } } } } }";
        let now = server.data(&tenant.owner, read, json!({})).await;
        assert_eq!(now["account"]["messages"]["nodes"][0]["lines"], json!([line("IT", 5)]));
    }
}
