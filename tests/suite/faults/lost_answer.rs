//! A connection that is lost between the commit and the answer: between the caller and the server,
//! and between the server and PostgreSQL. The caller repeats its key and gets the first answer.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::{
    assert_verified,
    load::{Order, account},
    migrated_postgres,
};
use crate::support::{
    account::balance, message::to_italians, new_key, on_both_databases, process::Process,
};

/// Forwards bytes to `target` and back. If an answer is to be lost, the connection ends as soon as
/// the answer to a request that contained `word` begins, before any of it is forwarded.
async fn proxy(target: String, word: &'static [u8], to_lose: Arc<AtomicUsize>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let server = TcpStream::connect(&target).await.unwrap();
            tokio::spawn(pass_on(client, server, word, to_lose.clone()));
        }
    });
    address
}

async fn pass_on(
    mut client: TcpStream,
    mut server: TcpStream,
    word: &'static [u8],
    to_lose: Arc<AtomicUsize>,
) -> std::io::Result<()> {
    let (mut asked, mut answered) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let mut loses = false;
    loop {
        tokio::select! {
            count = client.read(&mut asked) => {
                let count = count?;
                if count == 0 {
                    return Ok(());
                }
                let has_word = asked[..count].windows(word.len()).any(|part| part == word);
                let one_less = |left: usize| left.checked_sub(1);
                loses |= has_word && to_lose.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok();
                server.write_all(&asked[..count]).await?;
            }
            count = server.read(&mut answered) => {
                let count = count?;
                if count == 0 || loses {
                    return Ok(());
                }
                client.write_all(&answered[..count]).await?;
            }
        }
    }
}

const SEND: &str = "mutation($input: SendMessageInput!) { sendMessage(input: $input) {
    message { id credits } balance { available } userErrors { code } } }";

on_both_databases! {
    /// The answer to every other request is lost on its way. Each message exists once, and its key
    /// returns the first answer.
    async fn a_lost_answer_is_repeated_by_key(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant(&tenant, "100").await;
        let to_lose = Arc::new(AtomicUsize::new(0));
        let target = server.url("").trim_start_matches("http://").to_owned();
        let address = proxy(target, b"sendMessage", to_lose.clone()).await;
        for round in 1..=10 {
            let mut input = to_italians(1);
            input["idempotencyKey"] = json!(new_key());
            to_lose.store(1, Ordering::SeqCst);
            let body = json!({ "query": SEND, "variables": { "input": input } });
            // A client that retries automatically would hide the loss.
            let lost = reqwest::Client::builder().retry(reqwest::retry::never()).build().unwrap()
                .post(format!("http://{address}/graphql")).bearer_auth(&tenant.owner).json(&body).send().await;
            assert!(lost.is_err(), "{lost:?}");
            // It was done before the answer was lost.
            let left = json!((100 - round).to_string());
            assert_eq!(balance(&server, &tenant).await["available"], left);
            let first = server.done(&tenant.owner, SEND, input.clone()).await;
            assert_eq!(first["balance"]["available"], left);
            assert_eq!(server.done(&tenant.owner, SEND, input).await, first);
        }
        assert_eq!(balance(&server, &tenant).await["total"], "90");
    }
}

/// PostgreSQL's answer to a COMMIT is lost. The server doesn't report a failure as if nothing had
/// been done; the key returns the outcome, and the message exists once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_commit_answer_is_resolved_by_key() {
    let Some(url) = migrated_postgres().await else {
        return;
    };
    let mut through = url::Url::parse(&url).unwrap();
    let target = format!(
        "{}:{}",
        through.host_str().unwrap(),
        through.port().unwrap_or(5432)
    );
    let to_lose = Arc::new(AtomicUsize::new(0));
    let address = proxy(target, b"COMMIT", to_lose.clone()).await;
    let port = address.rsplit(':').next().unwrap().parse().unwrap();
    through.set_host(Some("127.0.0.1")).unwrap();
    through.set_port(Some(port)).unwrap();
    let server = Process::start(&["--database-url", through.as_str()]);
    let account = account(&server, 100).await;
    let (mut lost, mut found) = (0, Vec::new());
    for _ in 0..10 {
        let order = Order::new(&account, false);
        to_lose.store(1, Ordering::SeqCst);
        let answer = order.ask(&server.door()).await.unwrap();
        to_lose.store(0, Ordering::SeqCst);
        let told = Order::message(&answer);
        lost += usize::from(told.is_none());
        let again =
            Order::message(&order.ask(&server.door()).await.unwrap()).expect("the key tells");
        assert!(
            told.is_none_or(|told| told == again),
            "two messages of one key"
        );
        found.push(again);
    }
    eprintln!("{lost} of 10 lost commits were answered without the message");
    let count =
        "query($id: ID!) { account(id: $id) { balance { available } messages { totalCount } } }";
    let counted = server
        .graphql(
            crate::support::process::ADMIN_KEY,
            count,
            json!({ "id": account }),
        )
        .await;
    let counted: Value = counted.unwrap();
    assert_eq!(
        counted["data"]["account"],
        json!({
            "balance": { "available": "90" }, "messages": { "totalCount": 10 },
        })
    );
    assert_eq!(server.terminate(), Some(0));
    assert_verified(&url);
}
