//! kill -9 of the server between any two steps of a purchase and of a recharge.
//!
//! The provider is a process of its own, as in real life: it keeps what it took and loses calls and
//! answers. Here: whether money and credits agree in the end. Not here: kills under a load of sends
//! ([`super::kill`]), and histories with one process ([`crate::laws`]).

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use domain::id::PurchaseId;
use jiff::SignedDuration;
use message_credits::{clock::Clock, graphql::engine::ids::PublicId};
use serde_json::{Value, json};

use super::{assert_verified, below, migrated_postgres, rounds};
use crate::support::{
    message::{SEND, to_italians},
    new_key,
    process::{ADMIN_KEY, Process, command, graphql},
    purchase::PURCHASE,
    till::{CUSTOMER, Till},
};

/// What a month's recharges may cost, in minor units.
const LIMIT: i64 = 30_000;
/// Credits and price of a package.
const PACKAGE: (i64, i64) = (50, 5_000);
/// Credits at the beginning.
const GRANTED: i64 = 60;
/// How long everything may take to be decided once the kills have ended.
const PATIENCE: Duration = Duration::from_secs(90);

const READ: &str = "{ account {
    balance { total } autoRecharge { inFlight { id } spentThisMonth { amount } }
    purchases(first: 1000) { nodes { id status automatic } } } }";

/// Where the server is to be reached; `None` while it is down.
type Door = Arc<Mutex<Option<(reqwest::Client, String)>>>;

struct Shop {
    owner: String,
    package: String,
}

fn start(database_url: &str, till: &str, more: &[&str]) -> Process {
    let args = ["--database-url", database_url, "--stripe-base-url", till];
    let args = [
        args.as_slice(),
        &["--payment-provider", "stripe", "--allow-sandbox"],
        more,
    ]
    .concat();
    let mut server = command(&args);
    // The provider's trouble is expected, and so are its warnings.
    server.env("RUST_LOG", "error");
    server
        .env("STRIPE_SECRET_KEY", "sk_test_kill")
        .env("STRIPE_WEBHOOK_SECRET", "whsec_a2lsbA==");
    Process::run(&mut server)
}

async fn done(server: &Process, key: &str, query: &str, input: Value) -> Value {
    let answer = server
        .graphql(key, query, json!({ "input": input }))
        .await
        .unwrap();
    let payload = answer["data"]
        .as_object()
        .unwrap()
        .values()
        .next()
        .unwrap()
        .clone();
    assert_eq!(payload["userErrors"], json!([]), "{answer:#}");
    payload
}

async fn set_up(server: &Process) -> Shop {
    let create = "mutation($input: CreateAccountInput!) {
        createAccount(input: $input) { account { id } userErrors { field message } } }";
    let made = done(server, ADMIN_KEY, create, json!({ "name": "Shop" })).await;
    let account = made["account"]["id"].as_str().unwrap();
    let key = "mutation($input: CreateApiKeyInput!) {
        createApiKey(input: $input) { secret userErrors { field message } } }";
    let input = json!({ "accountId": account, "role": "OWNER", "name": "Owner" });
    let owner = done(server, ADMIN_KEY, key, input).await["secret"]
        .as_str()
        .unwrap()
        .to_owned();
    let package = "mutation($input: CreateCreditPackageInput!) {
        createCreditPackage(input: $input) { package { id } userErrors { field message } } }";
    let price = json!({ "amount": "50.00", "currencyCode": "EUR" });
    let input = json!({ "code": "fifty", "name": "Fifty", "credits": PACKAGE.0.to_string(), "price": price });
    let made = done(server, ADMIN_KEY, package, input).await;
    let package = made["package"]["id"].as_str().unwrap().to_owned();
    let grant = "mutation($input: GrantCreditsInput!) {
        grantCredits(input: $input) { userErrors { field message } } }";
    let input = json!({ "accountId": account, "credits": GRANTED.to_string(), "note": "a beginning",
        "idempotencyKey": new_key() });
    done(server, ADMIN_KEY, grant, input).await;
    let connect = "mutation($input: ConnectPaymentsInput!) {
        connectPayments(input: $input) { userErrors { field message } } }";
    let input = json!({ "accountId": account, "merchantId": CUSTOMER, "credentials": [] });
    done(server, ADMIN_KEY, connect, input).await;
    let update = "mutation($input: UpdateAutoRechargeInput!) {
        updateAutoRecharge(input: $input) { userErrors { field message } } }";
    let limit = json!({ "amount": "300.00", "currencyCode": "EUR" });
    let input =
        json!({ "enabled": true, "threshold": "20", "packageId": package, "monthlyLimit": limit });
    done(server, &owner, update, input).await;
    Shop { owner, package }
}

/// Asks until there is an answer, with the same key, whatever is killed meanwhile.
async fn asked(door: &Door, key: &str, query: &str, input: &Value) -> Value {
    loop {
        let there = door.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((client, base)) = there {
            let variables = json!({ "input": input });
            let answer = graphql(&client, &base, key, query, variables).await;
            if let Some(answer) = answer.filter(|answer| answer.get("errors").is_none()) {
                return answer;
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Spends and buys until it is told to stop; the credits that were spent.
async fn spend_and_buy(door: Door, shop: Arc<Shop>, stop: Arc<AtomicBool>, spent: Arc<AtomicI64>) {
    while !stop.load(Ordering::Relaxed) {
        let mut input = to_italians(5);
        input["idempotencyKey"] = json!(new_key());
        let answer = asked(&door, &shop.owner, SEND, &input).await;
        if answer["data"]["sendMessage"]["userErrors"] == json!([]) {
            spent.fetch_add(5, Ordering::Relaxed);
        }
        if below(4) == 0 {
            let input = json!({ "packageId": shop.package, "idempotencyKey": new_key() });
            asked(&door, &shop.owner, PURCHASE, &input).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn money_and_credits_agree(database_url: &str) {
    let (till, address) = Till::start().await;
    let mut server = start(database_url, &address, &[]);
    let shop = Arc::new(set_up(&server).await);
    let door: Door = Arc::new(Mutex::new(Some(server.door())));
    let set = |open: Option<(reqwest::Client, String)>| {
        *door.lock().unwrap_or_else(PoisonError::into_inner) = open;
    };
    let (stop, spent) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicI64::new(0)),
    );
    let load = tokio::spawn(spend_and_buy(
        door.clone(),
        shop.clone(),
        stop.clone(),
        spent.clone(),
    ));
    let began = Clock::system().now();
    for round in 0..rounds() {
        let wait = u64::try_from(below(2_500)).unwrap();
        tokio::time::sleep(Duration::from_millis(50 + wait)).await;
        if round % 3 == 2 {
            till.pay_all();
        }
        server.kill();
        set(None);
        server = start(database_url, &address, &[]);
        set(Some(server.door()));
    }
    // On a slow machine the rounds may be over before anything was charged.
    let end = Instant::now();
    while !till.is_tried() {
        assert!(
            end.elapsed() < PATIENCE,
            "no recharge was begun, or nothing was lost"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    stop.store(true, Ordering::Relaxed);
    load.await.unwrap();
    server.kill();
    till.become_sound();
    // Hours later: what a killed process had claimed is free again, and the longest wait is over.
    let later = Clock::system()
        .now()
        .checked_add(SignedDuration::from_hours(3))
        .unwrap();
    let server = start(
        database_url,
        &address,
        &["--clock-start", &later.to_string()],
    );
    let end = Instant::now();
    let account = loop {
        let answer = server.graphql(&shop.owner, READ, json!({})).await.unwrap();
        let account = answer["data"]["account"].clone();
        let nodes = account["purchases"]["nodes"].as_array().unwrap();
        let is_open = |node: &Value| node["status"] == "PENDING" || node["status"] == "UNKNOWN";
        if !nodes.iter().any(is_open) && account["autoRecharge"]["inFlight"].is_null() {
            break account;
        }
        assert!(end.elapsed() < PATIENCE, "something hangs: {account:#}");
        tokio::time::sleep(Duration::from_millis(250)).await;
    };
    let mut taken = till.taken();
    let (mut paid, mut recharged) = (0, 0);
    for node in account["purchases"]["nodes"].as_array().unwrap() {
        let id = PurchaseId::decode(node["id"].as_str().unwrap()).unwrap();
        let money = taken.remove(&id.uuid().to_string()).unwrap_or_default();
        let expected = if node["status"] == "PAID" {
            vec![PACKAGE.1]
        } else {
            vec![]
        };
        let is_automatic = node["automatic"] == true;
        if is_automatic && node["status"] == "PAID" {
            assert_eq!(money.len(), 1, "{node}: {money:?}");
            recharged += money[0];
        } else {
            assert_eq!(money, expected, "{node}");
        }
        paid += money.iter().sum::<i64>() / PACKAGE.1 * PACKAGE.0;
    }
    assert!(taken.is_empty(), "money without a purchase: {taken:?}");
    let total: i64 = account["balance"]["total"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(total, GRANTED + paid - spent.load(Ordering::Relaxed));
    // The test may cross the end of a month.
    let months = if began.to_string()[..7] == later.to_string()[..7] {
        1
    } else {
        2
    };
    assert!(
        recharged <= LIMIT * months,
        "{recharged} in {months} months"
    );
    assert!(recharged > 0, "nothing was recharged");
    drop(server);
    assert_verified(database_url);
}

/// Charged once, credited once, within the limit, and nothing hangs, on SQLite.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_and_credits_agree_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kill.db");
    money_and_credits_agree(&format!("sqlite://{}?mode=rwc", file.display())).await;
}

/// The same on PostgreSQL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_and_credits_agree_on_postgres() {
    if let Some(url) = migrated_postgres().await {
        money_and_credits_agree(&url).await;
    }
}
