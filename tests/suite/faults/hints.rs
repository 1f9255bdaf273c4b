//! Several servers on one PostgreSQL: subscriptions hear of other servers' changes at once, and cost
//! nothing while nothing changes; an import whose server was killed is ended.
//!
//! Here: real processes. Not here: what subscriptions report ([`crate::nouns`]).

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use message_credits::clock::Clock;
use sea_orm::{ConnectionTrait, Database, Statement};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest},
};

use super::{
    load::{Order, account},
    migrated_postgres,
};
use crate::support::{
    new_key, on_both_databases,
    process::{ADMIN_KEY, Process},
    upload::{IMPORT, multipart},
};

/// A third of the time after which a subscription looks without a hint.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a subscription may look each second after it began.
const SETTLES: Duration = Duration::from_secs(6);

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A socket with this many subscriptions to an account's balance, after the first event of each.
async fn subscribed(server: &Process, account: &str, count: usize) -> Socket {
    let query = "subscription($id: ID!) { balanceChanged(accountId: $id) { available } }";
    subscribed_to(server, query, account, count).await
}

/// The same of another subscription.
async fn subscribed_to(server: &Process, query: &str, account: &str, count: usize) -> Socket {
    let url = format!("{}/graphql", server.base.replacen("http", "ws", 1));
    let mut request = url.into_client_request().unwrap();
    let protocol = "graphql-transport-ws".parse().unwrap();
    request
        .headers_mut()
        .insert("sec-websocket-protocol", protocol);
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    let say = |message: Value| Message::text(message.to_string());
    let payload = json!({ "Authorization": format!("Bearer {ADMIN_KEY}") });
    let init = json!({ "type": "connection_init", "payload": payload });
    socket.send(say(init)).await.unwrap();
    assert_eq!(next(&mut socket).await["type"], "connection_ack");
    for number in 0..count {
        let payload = json!({ "query": query, "variables": { "id": account } });
        let subscribe =
            json!({ "type": "subscribe", "id": number.to_string(), "payload": payload });
        socket.send(say(subscribe)).await.unwrap();
    }
    for _ in 0..count {
        let event = next(&mut socket).await;
        assert_eq!(event["type"], "next", "{event}");
    }
    socket
}

async fn next(socket: &mut Socket) -> Value {
    loop {
        let message = tokio::time::timeout(PATIENCE, socket.next()).await;
        let message = message.expect("an event comes long before a subscription looks by itself");
        if let Message::Text(text) = message.unwrap().unwrap() {
            return serde_json::from_str(&text).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_servers_changes_are_heard_at_once() {
    const SENDS: usize = 20;
    let Some(url) = migrated_postgres().await else {
        return;
    };
    let start = || Process::start(&["--database-url", &url]);
    let (first, second) = (start(), start());
    let account = account(&first, 100).await;
    let mut socket = subscribed(&first, &account, 1).await;
    tokio::time::sleep(SETTLES).await;
    let mut took = Vec::new();
    for sent in 1..=SENDS {
        let order = Order::new(&account, false);
        let answer = order.ask(&second.door()).await.unwrap();
        let answered = Instant::now();
        assert!(Order::message(&answer).is_some(), "{answer}");
        let event = next(&mut socket).await;
        took.push(answered.elapsed());
        let available = &event["payload"]["data"]["balanceChanged"]["available"];
        assert_eq!(available, &json!((100 - sent).to_string()), "{event}");
    }
    took.sort();
    eprintln!(
        "heard after {:?} in the middle and {:?} at most",
        took[SENDS / 2],
        took[SENDS - 1]
    );

    // A server that came later knows who listens, and one that went leaves nothing unheard.
    assert_eq!(second.terminate(), Some(0));
    let third = start();
    tokio::time::sleep(SETTLES).await;
    let answer = Order::new(&account, false)
        .ask(&third.door())
        .await
        .unwrap();
    assert!(Order::message(&answer).is_some(), "{answer}");
    let event = next(&mut socket).await;
    assert_eq!(
        event["payload"]["data"]["balanceChanged"]["available"],
        "79"
    );
    for server in [first, third] {
        assert_eq!(server.terminate(), Some(0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_servers_messages_are_heard_at_once() {
    let Some(url) = migrated_postgres().await else {
        return;
    };
    let start = || Process::start(&["--database-url", &url]);
    let (first, second) = (start(), start());
    let account = account(&first, 100).await;
    let ask = async |server: &Process, mutation: &str, mut input: Value| {
        input["idempotencyKey"] = json!(new_key());
        let query = format!(
            "mutation($input: {}{}Input!) {{ done: {mutation}(input: $input) {{
                message {{ id }} userErrors {{ message }} }} }}",
            mutation[..1].to_uppercase(),
            &mutation[1..]
        );
        let answer = server.graphql(ADMIN_KEY, &query, json!({ "input": input }));
        let answer = answer.await.unwrap();
        assert_eq!(answer["data"]["done"]["userErrors"], json!([]), "{answer}");
        answer["data"]["done"]["message"]["id"].clone()
    };
    let clock = Clock::system();
    let soon = clock.now() + jiff::SignedDuration::from_secs(25);
    let later = clock.now() + jiff::SignedDuration::from_hours(1);
    let message = json!({ "accountId": account, "text": "Ciao", "sendAt": later.to_string(),
        "audience": { "destinations": [{ "countryCode": "IT", "recipientCount": 3 }] } });
    let id = ask(&first, "scheduleMessage", message).await;
    let query =
        "subscription($id: ID!) { messageChanged(accountId: $id) { id status name credits } }";
    let mut socket = subscribed_to(&first, query, &account, 1).await;
    tokio::time::sleep(SETTLES).await;
    let mut heard = async || next(&mut socket).await["payload"]["data"]["messageChanged"].take();
    // Without credits that move, with some, and at its time by whichever server settles it first.
    let change = |changes: Value| {
        let mut input = changes;
        input["messageId"] = id.clone();
        input
    };
    ask(
        &second,
        "updateMessage",
        change(json!({ "name": "Saldi", "sendAt": soon.to_string() })),
    )
    .await;
    assert_eq!(
        heard().await,
        json!({ "id": id, "status": "SCHEDULED", "name": "Saldi", "credits": "3" })
    );
    let two = json!([{ "countryCode": "IT", "recipientCount": 2 }]);
    ask(
        &second,
        "updateMessage",
        change(json!({ "audience": { "destinations": two } })),
    )
    .await;
    assert_eq!(heard().await["credits"], "2");
    let left = soon.duration_since(clock.now());
    tokio::time::sleep(Duration::try_from(left).unwrap_or_default()).await;
    assert_eq!(heard().await["status"], "SENT");
    for server in [first, second] {
        assert_eq!(server.terminate(), Some(0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_subscriptions_cost_nothing() {
    const SUBSCRIPTIONS: usize = 200;
    const WINDOW: Duration = Duration::from_secs(5);
    let Some(url) = migrated_postgres().await else {
        return;
    };
    let server = Process::start(&["--database-url", &url]);
    let account = account(&server, 100).await;
    let database = Database::connect(&url).await.unwrap();
    // What the server's connections have done; PostgreSQL publishes it a second late.
    let count = async || {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let text = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()";
        let query = Statement::from_string(database.get_database_backend(), text);
        let row = database.query_one_raw(query).await.unwrap().unwrap();
        row.try_get::<i64>("", "xact_commit").unwrap()
    };
    let in_window = async || {
        let before = count().await;
        tokio::time::sleep(WINDOW).await;
        count().await - before
    };
    let without = in_window().await;
    let mut sockets = Vec::new();
    for _ in 0..SUBSCRIPTIONS / 50 {
        sockets.push(subscribed(&server, &account, 50).await);
    }
    // An idle connection publishes what it has done within ten seconds (PGSTAT_IDLE_INTERVAL): what
    // subscribing cost must not count.
    tokio::time::sleep(Duration::from_secs(11)).await;
    let with = in_window().await;
    eprintln!("{without} transactions without subscriptions, {with} with {SUBSCRIPTIONS}");
    // A look each second would be two hundred times the window's seconds.
    assert!(with < without + 400, "{without}, {with}");
    drop(sockets);
    assert_eq!(server.terminate(), Some(0));
}

const STATUS: &str = "query($list: ID!) { node(id: $list) { ... on ContactList {
    imports(first: 1) { nodes { status reason rowCount endedAt } } } } }";

/// The latest import of a list.
async fn latest(server: &Process, list: &str) -> Value {
    let answer = server
        .graphql(ADMIN_KEY, STATUS, json!({ "list": list }))
        .await
        .unwrap();
    answer["data"]["node"]["imports"]["nodes"][0].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_of_a_killed_server_is_ended() {
    let Some(url) = migrated_postgres().await else {
        return;
    };
    let start = || Process::start(&["--database-url", &url]);
    let (first, second) = (start(), start());
    let account = account(&first, 1).await;
    let create = "mutation($input: CreateContactListInput!) { createContactList(input: $input) { list { id } } }";
    let input = json!({ "accountId": account, "name": "Newsletter" });
    let made = first
        .graphql(ADMIN_KEY, create, json!({ "input": input }))
        .await
        .unwrap();
    let list = made["data"]["createContactList"]["list"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let rows = (0..400_000).map(|number| format!("+393{:09}\n", 400_000_000 + number));
    let file = "phone\n".to_owned() + &rows.collect::<String>();
    let (content_type, body) = multipart(
        IMPORT,
        json!({ "list": list, "country": "IT" }),
        ("a.csv", file),
    );
    let (client, base) = first.door();
    let import = client
        .post(format!("{base}/graphql"))
        .bearer_auth(ADMIN_KEY)
        .header("content-type", content_type)
        .header("graphql-require-preflight", "1")
        .body(body)
        .send();
    let import = tokio::spawn(import);
    let until = async |status: &str| {
        let began = Instant::now();
        loop {
            let import = latest(&second, &list).await;
            if import["status"] == status {
                return (import, began.elapsed());
            }
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "{status}: {import}"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    until("RUNNING").await;
    first.kill();
    let (ended, took) = until("FAILED").await;
    eprintln!("the import was ended {took:?} after its server");
    assert!(
        ended["reason"]
            .as_str()
            .unwrap()
            .contains("import the file again"),
        "{ended}"
    );
    assert!(ended["endedAt"].is_string(), "{ended}");
    drop(import.await);
    assert_eq!(second.terminate(), Some(0));
}

on_both_databases! {
    /// An import whose server lives isn't ended, however long it waits for its turn.
    async fn an_import_that_waits_is_not_ended(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "Newsletter", json!([])).await;
        let turn = server.services().imports().hold().await;
        let waits = async {
            for _ in 0..13 {
                tokio::time::sleep(Duration::from_secs(1)).await;
                server.run_workers().await;
            }
            drop(turn);
        };
        let (payload, ()) = tokio::join!(server.import(&shop.owner, &list, "phone\n+393401234567\n"), waits);
        assert_eq!((&payload["importedCount"], &payload["import"]["status"]), (&json!(1), &json!("DONE")), "{payload}");
    }

    /// Once an import was ended, nothing more comes in, even if its server was only slow.
    async fn nothing_comes_in_after_an_import_was_ended(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "Newsletter", json!([])).await;
        let turn = server.services().imports().hold().await;
        let ends = async {
            let end = "UPDATE contact_imports SET status = 'FAILED', reason = 'ended', ended_at = touched_at";
            let store = &server.services().store;
            while store.writer().execute_unprepared(end).await.unwrap().rows_affected() == 0 {
                tokio::task::yield_now().await;
            }
            drop(turn);
        };
        let (payload, ()) = tokio::join!(server.import(&shop.owner, &list, "phone\n+393401234567\n"), ends);
        assert_eq!((&payload["importedCount"], &payload["import"]["reason"]), (&json!(0), &json!("ended")), "{payload}");
        assert_eq!(payload["list"]["recipientCount"], 0);
    }
}
