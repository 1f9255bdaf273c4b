//! Lots across a change of the account's time zone, over HTTP: the day stays, the instant moves
//! (law L2).

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    Server, Tenant,
    account::{balance, update},
    books::assert_sound,
    message::{schedule, scheduled, to_italians},
    new_key, on_both_databases, sending,
};

const READ: &str = "query($id: ID) { account(id: $id) {
    balance { available nextExpiry { credits expiresOn expiresAt } }
    lots { nodes { remaining expiresOn expiresAt state } } } }";
const TRANSACTIONS: &str = "{ account { transactions { nodes { kind credits note createdAt
    postings { book credits } } } } }";
const CANCEL: &str = "mutation($input: CancelMessageInput!) { cancelMessage(input: $input) {
    message { status } userErrors { field message } } }";

/// Changes the account's zone; returns the zone in the answer.
async fn changed_to(server: &Server, tenant: &Tenant, zone: &str) -> Value {
    update(server, &tenant.owner, tenant, "timeZone", zone).await["timeZone"].take()
}

async fn change_to(server: &Server, tenant: &Tenant, zone: &str) {
    assert_eq!(changed_to(server, tenant, zone).await, zone);
}

async fn read(server: &Server, tenant: &Tenant) -> Value {
    server.data(&tenant.owner, READ, json!({})).await["account"].take()
}

/// The newest transactions, the newest first.
async fn transactions(server: &Server, tenant: &Tenant) -> Vec<Value> {
    let mut data = server.data(&tenant.owner, TRANSACTIONS, json!({})).await;
    let nodes = data["account"]["transactions"]["nodes"].take();
    let mut nodes = nodes.as_array().unwrap().clone();
    nodes.sort_by_key(|node| std::cmp::Reverse(node["createdAt"].to_string()));
    nodes
}

async fn of_kind(server: &Server, tenant: &Tenant, kind: &str) -> Vec<Value> {
    let mut nodes = transactions(server, tenant).await;
    nodes.retain(|node| node["kind"] == kind);
    nodes
}

on_both_databases! {
    /// E 31: credits until 31 December expire at its first instant in the zone that the account has
    /// by then.
    async fn a_lot_keeps_its_day_and_its_instant_moves(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant_until(&tenant, "10", Some("2026-12-31")).await;
        let lot = |at: &str, state: &str, remaining: &str| json!([{
            "remaining": remaining, "expiresOn": "2026-12-31", "expiresAt": at, "state": state }]);
        let next = |at: &str| json!({ "credits": "10", "expiresOn": "2026-12-31", "expiresAt": at });
        let found = read(&server, &tenant).await;
        assert_eq!(found["lots"]["nodes"], lot("2026-12-30T23:00:00Z", "ACTIVE", "10"));
        assert_eq!(found["balance"]["nextExpiry"], next("2026-12-30T23:00:00Z"));

        server.set_time("2026-12-01T08:00:00Z");
        change_to(&server, &tenant, "America/New_York").await;
        for now in ["2026-12-01T08:00:00Z", "2026-12-30T22:59:59Z", "2026-12-30T23:00:00Z", "2026-12-31T04:59:59.999999Z"] {
            server.set_time(now);
            server.run_workers().await;
            let found = read(&server, &tenant).await;
            assert_eq!(found["lots"]["nodes"], lot("2026-12-31T05:00:00Z", "ACTIVE", "10"), "{now}");
            assert_eq!(found["balance"], json!({ "available": "10", "nextExpiry": next("2026-12-31T05:00:00Z") }), "{now}");
        }
        // Its day has begun, whether or not a job has run.
        server.set_time("2026-12-31T05:00:00Z");
        for _ in 0..2 {
            let found = read(&server, &tenant).await;
            assert_eq!(found["lots"]["nodes"], lot("2026-12-31T05:00:00Z", "EXPIRED", "0"));
            assert_eq!(found["balance"], json!({ "available": "0", "nextExpiry": null }));
            server.run_workers().await;
        }
        let changes = of_kind(&server, &tenant, "TIME_ZONE_CHANGE").await;
        assert_eq!(changes, [json!({ "kind": "TIME_ZONE_CHANGE", "credits": "0", "note": "America/New_York",
            "createdAt": "2026-12-01T08:00:00Z", "postings": [] })]);
        assert_eq!(of_kind(&server, &tenant, "EXPIRY").await[0]["createdAt"], "2026-12-31T05:00:00Z");
        // Balances before the change stay the same.
        let past = "{ account { balance(at: \"2026-11-30T00:00:00Z\") { nextExpiry { expiresAt } } } }";
        let told = server.data(&tenant.owner, past, json!({})).await;
        assert_eq!(told["account"]["balance"]["nextExpiry"]["expiresAt"], "2026-12-30T23:00:00Z");
        assert_sound(&server).await;
    }

    /// To the east the day may have begun: the remainder expires with the change, and earlier
    /// spending was in time.
    async fn a_lot_expires_if_its_day_has_begun_in_the_new_zone(server: Server) {
        let tenant = server.account("Shop").await;
        change_to(&server, &tenant, "America/New_York").await;
        server.grant_until(&tenant, "10", Some("2026-12-31")).await;
        server.grant_until(&tenant, "5", Some("2027-01-31")).await;
        server.set_time("2026-12-30T23:30:00Z");
        let send = "mutation($input: SendMessageInput!) { sendMessage(input: $input) {
            message { credits } userErrors { field message } } }";
        let mut input = to_italians(4);
        input["idempotencyKey"] = json!(new_key());
        server.done(&tenant.owner, send, input).await;
        server.set_time("2026-12-30T23:40:00Z");
        change_to(&server, &tenant, "Europe/Rome").await;
        let found = read(&server, &tenant).await;
        assert_eq!(found["lots"]["nodes"], json!([
            { "remaining": "5", "expiresOn": "2027-01-31", "expiresAt": "2027-01-30T23:00:00Z", "state": "ACTIVE" },
            { "remaining": "0", "expiresOn": "2026-12-31", "expiresAt": "2026-12-30T23:00:00Z", "state": "EXPIRED" },
        ]));
        assert_eq!(found["balance"]["available"], "5");
        let expiries = of_kind(&server, &tenant, "EXPIRY").await;
        assert_eq!((&expiries[0]["credits"], &expiries[0]["createdAt"]), (&json!("-6"), &json!("2026-12-30T23:40:00Z")));
        assert_eq!(of_kind(&server, &tenant, "SPEND").await[0]["credits"], "-4");
        assert_sound(&server).await;
    }

    /// To the west: expired lots stay expired, at the same instant.
    async fn expired_lots_stay_expired(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant_until(&tenant, "10", Some("2026-12-31")).await;
        // No job has run: the change itself finds it due.
        server.set_time("2026-12-30T23:30:00Z");
        change_to(&server, &tenant, "America/New_York").await;
        let found = read(&server, &tenant).await;
        assert_eq!(found["lots"]["nodes"], json!([{ "remaining": "0", "expiresOn": "2026-12-31",
            "expiresAt": "2026-12-30T23:00:00Z", "state": "EXPIRED" }]));
        assert_eq!(of_kind(&server, &tenant, "EXPIRY").await.len(), 1);
        assert!(of_kind(&server, &tenant, "TIME_ZONE_CHANGE").await.is_empty());
        assert_sound(&server).await;
    }

    /// A lot emptied by a hold moves too: credits that return to it expire when its day begins in
    /// the new zone.
    async fn held_lots_move_too(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant_until(&tenant, "10", Some("2026-12-31")).await;
        let held = schedule(&server, &tenant, "2027-01-05T08:00:00Z", to_italians(10)).await;
        let late = schedule_again(&server, &tenant).await;
        change_to(&server, &tenant, "America/New_York").await;
        let cancel = |id: &Value| json!({ "messageId": id, "idempotencyKey": new_key() });
        server.set_time("2026-12-31T03:00:00Z");
        server.done(&tenant.owner, CANCEL, cancel(&held["message"]["id"])).await;
        assert_eq!(balance(&server, &tenant).await["available"], "10");
        server.set_time("2026-12-31T06:00:00Z");
        server.done(&tenant.owner, CANCEL, cancel(&late)).await;
        let found = balance(&server, &tenant).await;
        assert_eq!((&found["available"], &found["held"]), (&json!("0"), &json!("0")));
        assert_sound(&server).await;
    }

    /// The same zone again moves nothing; in each zone the day begins at its own instant, also for
    /// a new lot.
    async fn a_change_can_be_repeated(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant_until(&tenant, "10", Some("2026-12-31")).await;
        for (zone, at) in [
            ("Pacific/Kiritimati", "2026-12-30T10:00:00Z"),
            ("Asia/Kolkata", "2026-12-30T18:30:00Z"),
            ("Asia/Kolkata", "2026-12-30T18:30:00Z"),
            ("Europe/Rome", "2026-12-30T23:00:00Z"),
        ] {
            change_to(&server, &tenant, zone).await;
            server.grant_until(&tenant, "1", Some("2026-12-31")).await;
            let found = read(&server, &tenant).await;
            for lot in found["lots"]["nodes"].as_array().unwrap() {
                assert_eq!(lot["expiresAt"], at, "{zone}");
            }
            assert_eq!(found["balance"]["nextExpiry"]["credits"], found["balance"]["available"], "{zone}");
        }
        assert_eq!(of_kind(&server, &tenant, "TIME_ZONE_CHANGE").await.len(), 3);
        assert_sound(&server).await;
    }

    /// B4: a grant repeated after a change shows its lot as it is now, even if its day has begun.
    async fn a_repeated_grant_shows_the_moved_expiry(server: Server) {
        let tenant = server.account("Shop").await;
        change_to(&server, &tenant, "America/New_York").await;
        server.set_time("2026-12-30T23:30:00Z");
        let grant = "mutation($input: GrantCreditsInput!) { grantCredits(input: $input) {
            lot { id remaining expiresOn expiresAt state } balance { available nextExpiry { expiresAt } }
            userErrors { field message } } }";
        let input = json!({ "accountId": tenant.id, "credits": "10", "expiresOn": "2026-12-31",
            "note": "for a test", "idempotencyKey": new_key() });
        let first = server.done(server.admin_key(), grant, input.clone()).await;
        assert_eq!(first["lot"]["expiresAt"], "2026-12-31T05:00:00Z");
        change_to(&server, &tenant, "Europe/Rome").await;
        assert_eq!(balance(&server, &tenant).await["available"], "0");
        let again = server.done(server.admin_key(), grant, input).await;
        assert_eq!(again["lot"]["id"], first["lot"]["id"]);
        assert_eq!(again["lot"]["expiresAt"], "2026-12-30T23:00:00Z");
        assert_eq!(again["balance"]["available"], "0");
    }

    /// Concurrent grants, sends and changes of zone: every lot expires when its day begins in the
    /// final zone.
    async fn changes_race_with_grants_and_jobs(server: Server) {
        let tenant = server.account("Shop").await;
        server.set_time("2026-12-30T22:59:59Z");
        let zones = ["America/New_York", "Asia/Kolkata", "Europe/Rome"];
        let changes = zones.iter().cycle().take(12).map(|zone| async {
            changed_to(&server, &tenant, zone).await;
            server.services().expire_due().await.unwrap();
        });
        let grants = (0..24).map(|_| server.grant_until(&tenant, "1", Some("2027-02-01")));
        futures_util::future::join(join_all(changes), join_all(grants)).await;
        change_to(&server, &tenant, "Europe/Rome").await;
        let found = read(&server, &tenant).await;
        assert_eq!(found["balance"]["available"], "24");
        for lot in found["lots"]["nodes"].as_array().unwrap() {
            assert_eq!(lot["expiresAt"], "2027-01-31T23:00:00Z");
        }
        assert_sound(&server).await;
    }

    /// Thousands of lots move in one command.
    async fn many_lots_move_at_once(server: Server) {
        let tenant = server.account("Shop").await;
        let now = server.services().clock.now();
        let grants: Vec<_> = (0..3_000).map(|number| {
            let day = jiff::civil::date(2027, 1, 1) + jiff::Span::new().days(number % 300);
            let grant = message_credits::ledger::RequestKind::Grant {
                lot: domain::id::LotId::new(message_credits::clock::id_at(now)),
                credits: domain::credits::Credits::whole(1),
                expires_on: Some(day),
                note: "for a test".to_owned(),
            };
            sending::submit(&server, &tenant, now, grant)
        }).collect();
        // A command that hasn't begun after ten seconds is refused: on Citus these take longer.
        let mut grants = grants.into_iter().peekable();
        while grants.peek().is_some() {
            join_all(grants.by_ref().take(500)).await;
        }
        change_to(&server, &tenant, "America/New_York").await;
        let found = read(&server, &tenant).await;
        assert_eq!(found["balance"], json!({ "available": "3000", "nextExpiry": {
            "credits": "10", "expiresOn": "2027-01-01", "expiresAt": "2027-01-01T05:00:00Z" } }));
        assert_eq!(of_kind(&server, &tenant, "TIME_ZONE_CHANGE").await.len(), 1);
        assert_sound(&server).await;
    }
}

/// A hold whose credits all come from another's release; returns its message.
async fn schedule_again(server: &Server, tenant: &Tenant) -> Value {
    server.grant_until(tenant, "3", Some("2026-12-31")).await;
    scheduled(server, tenant, "2027-01-05T08:00:00Z", to_italians(3)).await
}
