//! What an acknowledgement is worth: nothing that was answered is missing after a kill, and nothing is
//! there twice.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use serde_json::{Value, json};

use crate::support::{
    new_key,
    process::{self, ADMIN_KEY, Process},
};

const SEND: &str = "mutation($input: SendMessageInput!) {
    sendMessage(input: $input) { message { id } userErrors { code } } }";
const CREATE_ACCOUNT: &str = "mutation($input: CreateAccountInput!) {
    createAccount(input: $input) { account { id } userErrors { message } } }";
const GRANT: &str = "mutation($input: GrantCreditsInput!) {
    grantCredits(input: $input) { balance { available } userErrors { message } } }";

/// Sends messages until the server is gone; notes each key before, and each message that was acknowledged.
async fn send_until_gone(
    (client, base): (reqwest::Client, String),
    account: String,
    acknowledged: Arc<Mutex<Vec<(String, String)>>>,
    unanswered: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
) {
    while !stop.load(Ordering::SeqCst) {
        let key = new_key();
        let input = send_input(&account, &key);
        match process::graphql(&client, &base, ADMIN_KEY, SEND, json!({ "input": input })).await {
            Some(response) if response["data"]["sendMessage"]["message"]["id"].is_string() => {
                let id = response["data"]["sendMessage"]["message"]["id"]
                    .as_str()
                    .unwrap()
                    .to_owned();
                acknowledged.lock().unwrap().push((key, id));
            }
            Some(response) => panic!("{response}"),
            None => {
                unanswered.lock().unwrap().push(key);
                return;
            }
        }
    }
}

fn send_input(account: &str, key: &str) -> Value {
    json!({
        "accountId": account,
        "audience": { "destinations": [{ "countryCode": "IT", "recipients": 1 }] },
        "text": "Ciao",
        "idempotencyKey": key,
    })
}

async fn survives_kills(database_url: &str) {
    let mut server = Process::start(&["--database-url", database_url]);
    let created = server
        .graphql(
            ADMIN_KEY,
            CREATE_ACCOUNT,
            json!({ "input": { "name": "Shop" } }),
        )
        .await;
    let account = created.unwrap()["data"]["createAccount"]["account"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let grant = json!({ "input": {
        "accountId": account, "credits": "1000000", "note": "for a test", "idempotencyKey": new_key() } });
    server.graphql(ADMIN_KEY, GRANT, grant).await.unwrap();

    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let unanswered = Arc::new(Mutex::new(Vec::new()));
    for round in 1..=3_usize {
        let stop = Arc::new(AtomicBool::new(false));
        let senders: Vec<_> = (0..16)
            .map(|_| {
                tokio::spawn(send_until_gone(
                    server.door(),
                    account.clone(),
                    acknowledged.clone(),
                    unanswered.clone(),
                    stop.clone(),
                ))
            })
            .collect();
        // Killed in the midst of the load: once so many more are acknowledged.
        while acknowledged.lock().unwrap().len() < round * 100 {
            tokio::task::yield_now().await;
        }
        server.kill();
        stop.store(true, Ordering::SeqCst);
        for sender in senders {
            sender.await.unwrap();
        }
        server = Process::start(&["--database-url", database_url]);
    }

    // A repetition of a key that was acknowledged is the same message; of one that was not, one message.
    let acknowledged = acknowledged.lock().unwrap().clone();
    for (key, id) in acknowledged.iter().rev().take(50) {
        let again = server
            .graphql(
                ADMIN_KEY,
                SEND,
                json!({ "input": send_input(&account, key) }),
            )
            .await
            .unwrap();
        assert_eq!(
            again["data"]["sendMessage"]["message"]["id"],
            json!(id),
            "{again}"
        );
    }
    let unanswered = unanswered.lock().unwrap().clone();
    for key in &unanswered {
        server
            .graphql(
                ADMIN_KEY,
                SEND,
                json!({ "input": send_input(&account, key) }),
            )
            .await
            .unwrap();
    }
    let count =
        "query($id: ID!) { account(id: $id) { balance { available } messages { totalCount } } }";
    let counted = server
        .graphql(ADMIN_KEY, count, json!({ "id": account }))
        .await
        .unwrap();
    let sent = acknowledged.len() + unanswered.len();
    assert_eq!(
        counted["data"]["account"]["messages"]["totalCount"],
        json!(sent),
        "{counted}"
    );
    assert_eq!(
        counted["data"]["account"]["balance"]["available"],
        json!((1_000_000 - sent).to_string()),
        "{counted}"
    );
    assert_eq!(server.terminate(), Some(0));
    let verified = process::output(&["verify", "--database-url", database_url]);
    assert!(
        verified.status.success(),
        "{}",
        String::from_utf8_lossy(&verified.stdout)
    );
}

/// kill -9 under load, three times: every acknowledged send is there, none twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!(
        "sqlite://{}?mode=rwc",
        folder.path().join("kill.db").display()
    );
    survives_kills(&url).await;
}

/// The same on PostgreSQL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_on_postgres() {
    let Some(url) = crate::support::postgres_database().await else {
        return;
    };
    assert!(
        process::output(&["migrate", "--database-url", &url])
            .status
            .success()
    );
    survives_kills(&url).await;
}

/// Two servers on one PostgreSQL sell no credit twice: 300 sends through both on credits for 100.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_share_one_database() {
    let Some(url) = crate::support::postgres_database().await else {
        return;
    };
    assert!(
        process::output(&["migrate", "--database-url", &url])
            .status
            .success()
    );
    let servers = [
        Process::start(&["--database-url", &url]),
        Process::start(&["--database-url", &url]),
    ];
    let created = servers[0]
        .graphql(
            ADMIN_KEY,
            CREATE_ACCOUNT,
            json!({ "input": { "name": "Shop" } }),
        )
        .await;
    let account = created.unwrap()["data"]["createAccount"]["account"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let grant = json!({ "input": {
        "accountId": account, "credits": "100", "note": "for a test", "idempotencyKey": new_key() } });
    servers[1].graphql(ADMIN_KEY, GRANT, grant).await.unwrap();

    let sends = (0..300).map(|index| {
        let (client, base) = servers[index % 2].door();
        let input = json!({ "input": send_input(&account, &new_key()) });
        tokio::spawn(async move { process::graphql(&client, &base, ADMIN_KEY, SEND, input).await })
    });
    let mut sent = 0;
    for answer in futures_util::future::join_all(sends).await {
        let payload = answer.unwrap().unwrap()["data"]["sendMessage"].take();
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
    let verified = process::output(&["verify", "--database-url", &url]);
    assert!(
        verified.status.success(),
        "{}",
        String::from_utf8_lossy(&verified.stdout)
    );
}

/// A rehearsal: the same database, before and after an Italian midnight.
#[tokio::test]
async fn a_rehearsal_sees_credits_expire() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!(
        "sqlite://{}?mode=rwc",
        folder.path().join("rehearsal.db").display()
    );
    let read = "query($id: ID!) { account(id: $id) { balance { available } lots { nodes { state remaining } } } }";
    let before = Process::start(&[
        "--database-url",
        &url,
        "--clock-start",
        "2026-12-31T22:00:00Z",
    ]);
    let created = before
        .graphql(
            ADMIN_KEY,
            CREATE_ACCOUNT,
            json!({ "input": { "name": "Shop" } }),
        )
        .await;
    let account = created.unwrap()["data"]["createAccount"]["account"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for (credits, expires_on) in [("50", Some("2027-01-01")), ("20", None)] {
        let grant = json!({ "input": { "accountId": account, "credits": credits, "expiresOn": expires_on,
            "note": "for a test", "idempotencyKey": new_key() } });
        before.graphql(ADMIN_KEY, GRANT, grant).await.unwrap();
    }
    let answer = before
        .graphql(ADMIN_KEY, read, json!({ "id": account }))
        .await
        .unwrap();
    assert_eq!(
        answer["data"]["account"]["balance"]["available"], "70",
        "{answer}"
    );
    assert_eq!(before.terminate(), Some(0));

    let after = Process::start(&[
        "--database-url",
        &url,
        "--clock-start",
        "2026-12-31T23:00:00Z",
    ]);
    let answer = after
        .graphql(ADMIN_KEY, read, json!({ "id": account }))
        .await
        .unwrap();
    assert_eq!(
        answer["data"]["account"]["balance"]["available"], "20",
        "{answer}"
    );
    assert_eq!(after.terminate(), Some(0));
    let verified = process::output(&["verify", "--database-url", &url]);
    assert!(
        verified.status.success(),
        "{}",
        String::from_utf8_lossy(&verified.stdout)
    );
}
