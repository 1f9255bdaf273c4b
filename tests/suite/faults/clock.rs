//! A clock that steps back, and a rehearsal with a clock that starts at another time.

use jiff::Timestamp;
use message_credits::clock::id_at;
use serde_json::{Value, json};

use super::assert_verified;
use crate::support::{
    Server, Tenant,
    account::balance,
    books::assert_sound,
    message::{scheduled, send, to_italians},
    new_key, on_both_databases,
    process::{ADMIN_KEY, Process},
};

async fn available_at(server: &Server, tenant: &Tenant, at: &str) -> Value {
    let read = "query($at: DateTime) { account { balance(at: $at) { available } } }";
    let data = server.data(&tenant.owner, read, json!({ "at": at })).await;
    data["account"]["balance"]["available"].clone()
}

on_both_databases! {
    /// The books continue from their last instant: order, balances and expiries don't change.
    async fn books_do_not_step_back(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant_until(&tenant, "50", Some("2026-11-24")).await;
        server.grant(&tenant, "100").await;
        // Italian midnight passes, and then something is booked.
        server.set_time("2026-11-23T23:00:01Z");
        send(&server, &tenant, to_italians(1)).await;
        assert_eq!(balance(&server, &tenant).await["available"], "99");
        assert_eq!(available_at(&server, &tenant, "2026-11-23T23:00:00Z").await, "100");

        server.set_time("2026-11-23T20:00:00Z");
        // Existing rows remain, and expired credits stay expired.
        assert_eq!(balance(&server, &tenant).await["available"], "99");
        for left in ["97", "95"] {
            let sent = send(&server, &tenant, to_italians(2)).await;
            assert_eq!(sent["message"]["sentAt"], "2026-11-23T23:00:01Z");
            assert_eq!(sent["balance"]["available"], left);
            assert_eq!(balance(&server, &tenant).await["available"], left);
        }
        assert_eq!(available_at(&server, &tenant, "2026-11-23T20:00:00Z").await, "150");
        server.run_workers().await;

        server.set_time("2026-11-24T08:00:00Z");
        send(&server, &tenant, to_italians(5)).await;
        let told = [
            ("2026-11-22T08:00:00Z", "150"),
            ("2026-11-23T22:59:59.999999Z", "150"),
            ("2026-11-23T23:00:00Z", "100"),
            ("2026-11-23T23:00:01Z", "95"),
            ("2026-11-24T07:59:59Z", "95"),
            ("2026-11-24T08:00:00Z", "90"),
        ];
        for (at, left) in told {
            assert_eq!(available_at(&server, &tenant, at).await, left, "{at}");
        }
        let read = "{ account { transactions { nodes { kind createdAt } } } }";
        let data = server.data(&tenant.owner, read, json!({})).await;
        let nodes = data["account"]["transactions"]["nodes"].as_array().unwrap();
        let kinds: Vec<&str> = nodes.iter().map(|node| node["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["SPEND", "SPEND", "SPEND", "SPEND", "EXPIRY", "GRANT", "GRANT"]);
        let times: Vec<Timestamp> =
            nodes.iter().map(|node| node["createdAt"].as_str().unwrap().parse().unwrap()).collect();
        assert!(times.is_sorted_by(|newer, older| newer >= older), "{times:?}");
        assert_sound(&server).await;
    }

    /// A message is neither charged before its sendAt nor cancelled after it, whichever way the
    /// clock moves.
    async fn a_send_time_passes_once(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant(&tenant, "100").await;
        let at = "2026-11-23T08:00:00Z";
        let id = scheduled(&server, &tenant, at, to_italians(10)).await;
        server.set_time("2026-11-23T09:00:00Z");
        send(&server, &tenant, to_italians(1)).await;
        // In the books it is nine o'clock, whatever the clock says.
        server.set_time("2026-11-23T07:00:00Z");
        let cancel = "mutation($input: CancelMessageInput!) { cancelMessage(input: $input) {
            message { id } userErrors { code } } }";
        let input = json!({ "messageId": id, "idempotencyKey": new_key() });
        let response = server.graphql(Some(&tenant.owner), cancel, json!({ "input": input })).await;
        assert_eq!(response["data"]["cancelMessage"]["userErrors"][0]["code"], "CONFLICT", "{response}");
        server.set_time(at);
        server.run_workers().await;
        assert_eq!(balance(&server, &tenant).await, json!({
            "total": "89", "available": "89", "held": "0", "unassigned": "89" }));
    }
}

/// Ids of one process sort in the order in which they were made, also while the clock stands still;
/// and the ids of a ledger whose clock stepped back sort by the instants that were booked, which
/// don't.
#[test]
fn ids_rise_while_the_clock_stands_still() {
    let at: Timestamp = "2026-11-22T08:00:00Z".parse().unwrap();
    let ids: Vec<_> = (0..1_000).map(|_| id_at(at)).collect();
    assert!(ids.is_sorted_by(|a, b| a < b));
}

/// A rehearsal: the same database, before and after an Italian midnight.
#[tokio::test]
async fn a_rehearsal_sees_credits_expire() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!(
        "sqlite://{}?mode=rwc",
        folder.path().join("rehearsal.db").display()
    );
    let start = |clock: &str| Process::start(&["--database-url", &url, "--clock-start", clock]);
    let before = start("2026-12-31T22:00:00Z");
    let account = super::load::account(&before, 20).await;
    let grant = "mutation($input: GrantCreditsInput!) {
        grantCredits(input: $input) { balance { available } userErrors { message } } }";
    let input = json!({ "accountId": account, "credits": "50", "expiresOn": "2027-01-01",
        "note": "for a test", "idempotencyKey": new_key() });
    before
        .graphql(ADMIN_KEY, grant, json!({ "input": input }))
        .await
        .unwrap();
    let available = async |server: &Process| {
        let read = "query($id: ID!) { account(id: $id) { balance { available } } }";
        let answer = server
            .graphql(ADMIN_KEY, read, json!({ "id": account }))
            .await
            .unwrap();
        answer["data"]["account"]["balance"]["available"].clone()
    };
    assert_eq!(available(&before).await, "70");
    assert_eq!(before.terminate(), Some(0));
    let after = start("2026-12-31T23:00:00Z");
    assert_eq!(available(&after).await, "20");
    assert_eq!(after.terminate(), Some(0));
    assert_verified(&url);
}
