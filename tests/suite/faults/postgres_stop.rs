//! An immediate stop of PostgreSQL under load, like a power cut.

use futures_util::future::join_all;
use serde_json::json;

use super::{
    assert_verified, below,
    load::{self, Load, Order},
    migrate, rounds,
};
use crate::support::{
    own_postgres::OwnPostgres,
    process::{ADMIN_KEY, Process},
};

const CREATE_KEY: &str = "mutation($input: CreateApiKeyInput!) {
    createApiKey(input: $input) { secret userErrors { message } } }";
const READ: &str =
    "{ account { balance { available } messages { totalCount } lists { totalCount } } }";

/// The server recovers after PostgreSQL is back. Acknowledged commands are stored, and each command
/// without an answer is done once when its key is repeated.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_stops_at_random_lose_nothing() {
    let Some(postgres) = OwnPostgres::start() else {
        return;
    };
    let url = postgres.url();
    migrate(&url);
    let server = Process::start(&["--database-url", &url]);
    let load = Load::start(&[&server], 16).await;
    load.goes_on(20).await;
    postgres.cut_the_power();
    load.is_left_unanswered().await;
    postgres.up();
    // If PostgreSQL is back soon, nobody may notice: interrupted commands are retried.
    for _ in 0..rounds() {
        load.goes_on(20 + below(100)).await;
        postgres.cut_the_power();
        postgres.up();
    }
    load.goes_on(20).await;
    load.ends_well(&server).await;
    assert_eq!(server.terminate(), Some(0));
    assert_verified(&url);
}

/// Requests that come after PostgreSQL is back from a short stop are answered, though every
/// connection was lost: neither a query nor a command fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_short_stop_causes_no_errors() {
    let Some(postgres) = OwnPostgres::start() else {
        return;
    };
    let url = postgres.url();
    migrate(&url);
    let server = Process::start(&["--database-url", &url]);
    let account = load::account(&server, 1_000).await;
    let input = json!({ "input": { "accountId": account, "role": "OWNER", "name": "Owner" } });
    let created = server.graphql(ADMIN_KEY, CREATE_KEY, input).await.unwrap();
    let secret = created["data"]["createApiKey"]["secret"].as_str().unwrap();
    for _ in 0..rounds() {
        // Several at once, so that each pool has several connections.
        for answer in join_all((0..8).map(|_| server.graphql(secret, READ, json!({})))).await {
            let answer = answer.unwrap();
            assert!(answer.get("errors").is_none(), "{answer}");
        }
        let order = Order::new(&account, false);
        let answer = order.ask(&server.door()).await.unwrap();
        assert!(Order::message(&answer).is_some(), "{answer}");
        postgres.cut_the_power();
        postgres.up();
    }
    assert_eq!(server.terminate(), Some(0));
}
