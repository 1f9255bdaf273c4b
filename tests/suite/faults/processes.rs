//! Several servers on one PostgreSQL.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use super::{
    assert_verified, below,
    load::{Load, Order, account},
    migrated_postgres, rounds,
};
use crate::support::{
    credit_package,
    process::{ADMIN_KEY, Process},
};

/// One of two servers is killed in the middle of its batches: the other one goes on, and whatever
/// the first acknowledged is stored.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_servers_is_killed() {
    let Some(url) = migrated_postgres().await else {
        return;
    };
    let start = || Process::start(&["--database-url", &url]);
    let (mut first, second) = (start(), start());
    // All for one account: both servers want the same book all the time.
    let load = Load::start(&[&first, &second], 8).await;
    for _ in 0..rounds() {
        load.goes_on(20 + below(100)).await;
        first.kill();
        load.move_to(0, None);
        load.goes_on(20).await;
        first = start();
        load.move_to(0, Some(&first));
    }
    load.goes_on(20).await;
    assert!(load.repeated() > 0, "no kill met a command in flight");
    load.ends_well(&second).await;
    for server in [first, second] {
        assert_eq!(server.terminate(), Some(0));
    }
    assert_verified(&url);
}

/// Two servers on one PostgreSQL sell no credit twice: 300 sends through both on credits for 100.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_share_one_database() {
    let Some(url) = migrated_postgres().await else {
        return;
    };
    let servers = [
        Process::start(&["--database-url", &url]),
        Process::start(&["--database-url", &url]),
    ];
    let account = account(&servers[0], 100).await;
    let sends = (0..300).map(|index| {
        let (order, door) = (Order::new(&account, false), servers[index % 2].door());
        tokio::spawn(async move { order.ask(&door).await })
    });
    let mut sent = 0;
    for answer in join_all(sends).await {
        let payload = answer.unwrap().unwrap()["data"]["done"].take();
        if payload["message"]["id"].is_string() {
            sent += 1;
        } else {
            assert_eq!(
                payload["userErrors"][0]["code"], "INSUFFICIENT_CREDITS",
                "{payload}"
            );
        }
    }
    assert_eq!(sent, 100);
    for server in servers {
        assert_eq!(server.terminate(), Some(0));
    }
    assert_verified(&url);
}

/// Three servers on one PostgreSQL: 200 sends through all of them cross the threshold together, and
/// one recharge follows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_servers_recharge_once() {
    const SET: &str = "mutation($input: UpdateAutoRechargeInput!) {
        updateAutoRecharge(input: $input) { userErrors { field message } } }";
    const LOOK: &str = "query($id: ID!) { account(id: $id) { balance { available }
        purchases { nodes { status automatic } } } }";
    let Some(url) = migrated_postgres().await else {
        return;
    };
    let servers = [(); 3].map(|()| Process::start(&["--database-url", &url]));
    let account = account(&servers[0], 215).await;
    let package = credit_package::new_package("fifty", "50");
    let create = json!({ "input": package });
    let created = servers[0]
        .graphql(ADMIN_KEY, credit_package::CREATE, create)
        .await
        .unwrap();
    let package = &created["data"]["createCreditPackage"]["package"]["id"];
    let input =
        json!({ "accountId": account, "enabled": true, "threshold": "20", "packageId": package });
    let set = servers[1]
        .graphql(ADMIN_KEY, SET, json!({ "input": input }))
        .await
        .unwrap();
    assert_eq!(
        set["data"]["updateAutoRecharge"]["userErrors"],
        json!([]),
        "{set}"
    );
    let sends = (0..200).map(|index| {
        let (order, door) = (Order::new(&account, false), servers[index % 3].door());
        tokio::spawn(async move { order.ask(&door).await })
    });
    for answer in join_all(sends).await {
        assert!(Order::message(&answer.unwrap().unwrap()).is_some());
    }
    let mut stands = json!(null);
    // The jobs have decided, charged and found nothing left to do.
    for round in 0..60 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let look = json!({ "id": account });
        stands = servers[round % 3]
            .graphql(ADMIN_KEY, LOOK, look)
            .await
            .unwrap()["data"]["account"]
            .take();
        if round > 5 && stands["balance"]["available"] == "65" {
            break;
        }
    }
    assert_eq!(
        stands,
        json!({
            "balance": { "available": "65" },
            "purchases": { "nodes": [{ "status": "PAID", "automatic": true }] },
        })
    );
    for server in servers {
        assert_eq!(server.terminate(), Some(0));
    }
    assert_verified(&url);
}
