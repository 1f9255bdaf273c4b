//! A balance at any instant over HTTP: law B3.

use std::{
    sync::atomic::{AtomicI64, AtomicUsize, Ordering::SeqCst},
    time::Duration,
};

use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use message_credits::store;
use serde_json::{Value, json};

use crate::support::{
    Server, Tenant,
    message::{send, to_italians},
    on_both_databases, sending,
};

const AT: &str = "query($at: DateTime) { account { balance(at: $at) {
    total held available assigned unassigned nextExpiry { credits expiresAt } } } }";

async fn balance_at(server: &Server, tenant: &Tenant, at: &str) -> Value {
    let mut data = server.data(&tenant.owner, AT, json!({ "at": at })).await;
    data["account"]["balance"].take()
}

on_both_databases! {
    /// A balance once reported for an instant never changes, to the microsecond, whatever is booked
    /// later and however late an expiry is booked.
    async fn a_past_balance_never_changes(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant_until(&tenant, "50", Some("2026-11-24")).await;
        server.grant(&tenant, "100").await;
        let mut told = Vec::new();
        for (at, recipients) in [
            ("2026-11-22T08:00:00.000001Z", Some(7)),
            ("2026-11-22T08:00:00.000002Z", None),
            ("2026-11-23T22:59:59.999999Z", Some(5)),
            ("2026-11-23T23:00:00Z", None),
            ("2026-11-25T12:00:00Z", Some(11)),
            ("2026-11-25T12:00:00.000001Z", None),
        ] {
            server.set_time(at);
            if let Some(recipients) = recipients {
                send(&server, &tenant, to_italians(recipients)).await;
            }
            let now = server.data(&tenant.owner, AT, json!({})).await["account"]["balance"].take();
            assert_eq!(balance_at(&server, &tenant, at).await, now, "{at}");
            told.push((at, now));
        }
        server.set_time("2026-12-01T08:00:00Z");
        server.run_workers().await;
        for (at, balance) in &told {
            assert_eq!(balance_at(&server, &tenant, at).await, *balance, "{at}");
        }
        let available: Vec<&Value> = told.iter().map(|(_, balance)| &balance["available"]).collect();
        assert_eq!(available, ["143", "143", "138", "88", "77", "77"]);
        let before = balance_at(&server, &tenant, "2026-11-22T07:59:59.999999Z").await;
        assert_eq!(before["total"], "0");
    }

    /// A future instant has no balance yet.
    async fn a_future_instant_is_refused(server: Server) {
        let tenant = server.account("Shop").await;
        let at = json!({ "at": "2026-11-22T08:00:00.000001Z" });
        let response = server.graphql(Some(&tenant.owner), AT, at).await;
        assert_eq!(response["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{response}");
    }

    /// A past balance is answered during writes: it takes no lock that a writer needs. It can be
    /// read any number of times, within one request and across requests.
    async fn past_balances_do_not_wait_for_writers(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant(&tenant, "100").await;
        server.set_time("2026-11-22T10:00:00Z");
        let ask = "query($id: ID!, $at: DateTime) { nodes(ids: [$id, $id]) { ... on Account {
            one: balance(at: $at) { total } two: balance(at: $at) { total } now: balance { total } } } }";

        let writing = server.services().store.begin().await.unwrap();
        let variables = json!({ "id": tenant.id, "at": "2026-11-22T09:30:00Z" });
        let asked = (0..24).map(|_| server.data(&tenant.owner, ask, variables.clone()));
        for data in join_all(asked).await {
            let total = json!({ "total": "100" });
            for node in data["nodes"].as_array().unwrap() {
                assert_eq!(*node, json!({ "one": total, "two": total, "now": total }));
            }
        }
        writing.rollback().await.unwrap();
    }

    /// While messages are charged, the balance reported for the instant just past never changes.
    async fn an_instant_just_past_is_closed(server: Server) {
        const SENDERS: usize = 4;
        const SENDS: usize = 40;
        let tenant = server.account("Shop").await;
        server.grant(&tenant, "1000").await;
        let start: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let micros = AtomicI64::new(0);
        let sending = AtomicUsize::new(SENDERS);
        // The clock advances with every reading, so that there is always an instant just past.
        let tick = || {
            let passed = SignedDuration::from_micros(micros.fetch_add(10, SeqCst));
            server.set_time(&(start + passed).to_string());
            start + passed
        };
        let send_all = async || {
            for _ in 0..SENDS {
                tick();
                send(&server, &tenant, to_italians(1)).await;
            }
            sending.fetch_sub(1, SeqCst);
        };
        let ask_all = async || {
            let mut reported = Vec::new();
            while sending.load(SeqCst) > 0 {
                let at = (tick() - SignedDuration::from_micros(1)).to_string();
                let balance = balance_at(&server, &tenant, &at).await;
                reported.push((at, balance));
            }
            reported
        };
        let (_, reported) = tokio::join!(
            join_all((0..SENDERS).map(|_| send_all())),
            join_all((0..SENDERS).map(|_| ask_all())),
        );
        tick();
        for (at, balance) in reported.into_iter().flatten() {
            assert_eq!(balance_at(&server, &tenant, &at).await, balance, "{at}");
        }
        let left = balance_at(&server, &tenant, &(tick() - SignedDuration::from_micros(1)).to_string()).await;
        assert_eq!(left["available"], (1000 - SENDERS * SENDS).to_string());
    }
}

/// While a batch of another process holds the book, it may still book at a past instant: the
/// balance at this instant is reported when the batch has ended. The balance at a closed instant is
/// reported at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_wait_for_another_processs_batch() {
    let Some(server) = Server::on_postgres().await else {
        return;
    };
    let tenant = server.account("Shop").await;
    server.grant(&tenant, "100").await;
    server.set_time("2026-11-22T09:00:00Z");
    send(&server, &tenant, to_italians(1)).await;
    server.set_time("2026-11-22T10:00:00Z");

    let store = &server.services().store;
    let batch = store.begin().await.unwrap();
    store::book::lock(&batch, [sending::account(&tenant)])
        .await
        .unwrap();
    let closed = balance_at(&server, &tenant, "2026-11-22T08:59:59Z").await;
    assert_eq!(closed["available"], "100");
    let open = balance_at(&server, &tenant, "2026-11-22T09:30:00Z");
    let mut open = std::pin::pin!(open);
    let early = tokio::time::timeout(Duration::from_millis(300), &mut open).await;
    assert!(
        early.is_err(),
        "answered while the batch is in progress: {early:?}"
    );
    // The current balance doesn't wait: it is what is committed.
    let now = server.data(&tenant.owner, AT, json!({})).await;
    assert_eq!(now["account"]["balance"]["available"], "99");
    batch.rollback().await.unwrap();
    assert_eq!(open.await["available"], "99");
}
