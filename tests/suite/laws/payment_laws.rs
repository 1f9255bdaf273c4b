//! One-time payments with a provider that loses calls and answers, is late, busy or down: laws R1,
//! R3, R4 and R6.
//!
//! Here: random orders of events, over HTTP and the jobs. Not here: the states as such
//! ([`domain::payment`]), recharges, and processes that are killed.

use std::time::Duration;

use domain::{id::PurchaseId, payment::Event};
use jiff::{SignedDuration, Timestamp};
use message_credits::{operations::Services, payments::CallError, worker};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::support::{
    Server, Tenant,
    books::assert_sound,
    message::{scheduled, to_italians},
    new_key, on_both_databases,
    purchase::{PURCHASE, package},
    test_provider::{Call, Step, TestProvider, purchase_id},
};

/// Credits of a package.
const CREDITS: i64 = 1_000;
/// More passes than any wait of the job needs after the provider is sound again.
const PASSES: usize = 12;

const READ: &str =
    "{ account { balance { total } purchases(first: 100) { nodes { id status } } } }";

fn step(rng: &mut StdRng) -> Step {
    match rng.random_range(0..9) {
        0 | 1 => Step::LoseCall,
        2 | 3 => Step::LoseAnswer,
        4 => Step::Late(Duration::from_millis(rng.random_range(0..20))),
        5 => Step::Refuse(CallError::Busy(Duration::from_secs(
            rng.random_range(0..90),
        ))),
        6 => Step::Decide(Event::Declined, "the bank refused"),
        7 => Step::Decide(Event::Paid, ""),
        _ => Step::Answer,
    }
}

/// Begins a purchase, perhaps several times with the same key and at once, as impatient callers do.
async fn begin(server: &Server, tenant: &Tenant, package: &str, times: usize) {
    let input = json!({ "packageId": package, "idempotencyKey": new_key() });
    let ask = || server.graphql(Some(&tenant.owner), PURCHASE, json!({ "input": input }));
    let answers = futures_util::future::join_all((0..times).map(|_| ask())).await;
    for answer in answers {
        let refused = &answer["data"]["purchaseCredits"]["userErrors"][0]["code"];
        let is_known = refused.is_null() || refused == "PAYMENT_FAILED";
        assert!(is_known && answer.get("errors").is_none(), "{answer:#}");
    }
}

fn after(now: Timestamp, seconds: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

/// The purchases with their statuses, and the credits of the account.
async fn standing(server: &Server, tenant: &Tenant) -> (Vec<(PurchaseId, String)>, i64) {
    let data = server.data(&tenant.owner, READ, json!({})).await;
    let nodes = data["account"]["purchases"]["nodes"].as_array().unwrap();
    let read = |node: &Value| {
        (
            purchase_id(&node["id"]),
            node["status"].as_str().unwrap().to_owned(),
        )
    };
    let total = data["account"]["balance"]["total"].as_str().unwrap();
    (nodes.iter().map(read).collect(), total.parse().unwrap())
}

async fn credits_follow_the_money(server: Server, seed: u64) {
    let provider = TestProvider::new();
    let server = server.paid_by([provider.shared()]).await;
    let tenant = server.account("Shop").await;
    let package = package(&server, CREDITS, 4_990, |_| {}).await;
    let mut rng = StdRng::seed_from_u64(seed);
    let mut now: Timestamp = "2026-11-22T08:00:00Z".parse().unwrap();
    for _ in 0..40 {
        for call in [Call::Begin, Call::Read] {
            let steps = rng.random_range(0..3);
            provider.script(call, (0..steps).map(|_| step(&mut rng)));
        }
        match rng.random_range(0..4) {
            0 => begin(&server, &tenant, &package, rng.random_range(1..4)).await,
            1 => {
                let known: Vec<PurchaseId> = provider.payments().into_keys().collect();
                if let Some(purchase) = known.choose(&mut rng) {
                    let end = [Event::Paid, Event::Declined, Event::Expired, Event::Failed];
                    provider.decide(*purchase, *end.choose(&mut rng).unwrap());
                }
            }
            _ => {
                now = after(now, rng.random_range(1..4_000));
                server.set_time(&now.to_string());
                server.run_workers().await;
            }
        }
    }
    // In the end the provider is sound, and every buyer has decided.
    provider.forget_steps();
    for _ in 0..PASSES {
        now = after(now, 3_601);
        server.set_time(&now.to_string());
        server.run_workers().await;
        for purchase in provider.payments().into_keys() {
            let end = [Event::Paid, Event::Expired];
            provider.decide(purchase, *end.choose(&mut rng).unwrap());
        }
    }
    let (purchases, total) = standing(&server, &tenant).await;
    let mut paid = 0;
    for (purchase, status) in &purchases {
        let payment = provider.payment(*purchase);
        let taken = payment.as_ref().map_or(0, |payment| payment.taken);
        assert!(taken <= 1, "seed {seed}: {payment:?}");
        assert_eq!(
            status == "PAID",
            taken == 1,
            "seed {seed}: {status}, {payment:?}"
        );
        assert!(
            status != "PENDING" && status != "UNKNOWN",
            "seed {seed}: {status}, {payment:?}"
        );
        paid += i64::try_from(taken).unwrap();
    }
    assert!(!purchases.is_empty(), "seed {seed} begins nothing");
    assert_eq!(total, paid * CREDITS, "seed {seed}");
    assert_eq!(provider.taken_minor(), paid * 4_990, "seed {seed}");
    assert_sound(&server).await;
}

on_both_databases! {
    /// Money that was taken has brought its credits once, all other purchases have ended, and
    /// nothing hangs.
    async fn credits_follow_the_money_of_any_history(server: Server) {
        let seed = u64::from_le_bytes(message_credits::entropy::bytes());
        credits_follow_the_money(server, seed).await;
    }

    /// A history in which every kind of step occurs.
    async fn credits_follow_the_money_of_a_known_history(server: Server) {
        credits_follow_the_money(server, 7).await;
    }

    /// Law R3: while a provider takes its time, what is due is settled.
    async fn a_slow_provider_delays_no_settlement(server: Server) {
        let provider = TestProvider::new();
        let server = server.paid_by([provider.shared()]).await;
        let tenant = server.account("Shop").await;
        server.grant(&tenant, "100").await;
        let at = "2026-11-22T09:00:00Z";
        let message = scheduled(&server, &tenant, at, to_italians(5)).await;
        let package = package(&server, CREDITS, 4_990, |_| {}).await;
        provider.script(Call::Begin, [Step::LoseCall, Step::Late(Duration::from_secs(9))]);
        begin(&server, &tenant, &package, 1).await;
        server.set_time("2026-11-22T08:10:00Z");
        let services = Services::clone(server.services());
        let working = tokio::spawn(worker::run(services, CancellationToken::new()));
        let limit = Duration::from_secs(5);
        tokio::time::timeout(limit, async {
            while provider.calls(Call::Begin) < 2 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await
        .unwrap();
        server.set_time(at);
        let read = "query($id: ID!) { node(id: $id) { ... on Message { status } } }";
        tokio::time::timeout(limit, async {
            while server.data(&tenant.owner, read, json!({ "id": message })).await["node"]["status"] != "SENT" {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
        .await
        .unwrap();
        working.abort();
    }
}
