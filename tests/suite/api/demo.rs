//! The demo gives a key to everybody who opens its page: the host names it answers to, where it
//! listens, which key it gives, and that the key ends with the demo.

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::Path,
};

use entity::sql_enums::Role;
use message_credits::{
    app,
    clock::Clock,
    operations::api_key::{self, CreateApiKey},
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::support::{
    on_both_databases,
    process::{self, Process},
};

const VIEWER: &str = "{ viewer { role } }";

fn url(folder: &Path) -> String {
    format!("sqlite://{}?mode=rwc", folder.join("demo.db").display())
}

/// The status and the text of a page requested under a host name.
fn answer(demo: &Process, path: &str, host: &str) -> (u16, String) {
    let address = demo.base.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\n{host}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let status = text.split(' ').nth(1).unwrap().parse().unwrap();
    (status, text)
}

/// The keys that a demo printed.
fn keys(welcome: &str) -> Vec<String> {
    let words = welcome.split_whitespace();
    let keys: Vec<_> = words
        .filter(|word| word.starts_with("mc_"))
        .map(str::to_owned)
        .collect();
    assert!(keys.len() >= 3, "{welcome}");
    keys
}

#[tokio::test]
async fn dns_rebinding_reads_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Process::start(&["demo", "--database-url", &url(folder.path())]);
    let port = demo.base.rsplit(':').next().unwrap();
    let graphql = "/graphql?query=%7B__typename%7D";
    for path in ["/", "/graphiql", graphql, "/healthz"] {
        for foreign in [
            format!("Host: evil.example:{port}\r\n"),
            format!("Host: 192.168.1.2:{port}\r\n"),
            String::new(),
        ] {
            let (status, text) = answer(&demo, path, &foreign);
            assert_eq!(status, 421, "{path} {foreign}");
            assert!(text.contains(&demo.base) && !text.contains("mc_"), "{text}");
        }
        for own in ["localhost", "127.0.0.1", "[::1]"] {
            let (status, _) = answer(&demo, path, &format!("Host: {own}:{port}\r\n"));
            let built = path.contains("graphql?") || path == "/healthz" || is_built();
            assert_eq!(status, if built { 200 } else { 404 }, "{path} {own}");
        }
    }
}

fn is_built() -> bool {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("web/dist/index.html")
        .is_file()
}

#[tokio::test]
async fn the_demo_page_offers_an_owner_key() {
    if !is_built() {
        eprintln!("SKIPPED: the page is not built; cargo xtask test builds it");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let demo = Process::start(&["demo", "--database-url", &url(folder.path())]);
    for path in ["/", "/graphiql"] {
        let page = reqwest::get(format!("{}{path}", demo.base)).await.unwrap();
        let page = page.text().await.unwrap();
        let slot = "name=\"message-credits-demo-key\" content=\"";
        let (_, rest) = page.split_once(slot).unwrap();
        let (key, _) = rest.split_once('"').unwrap();
        let answer = demo.graphql(key, VIEWER, json!({})).await.unwrap();
        assert_eq!(
            answer["data"]["viewer"]["role"], "OWNER",
            "{path}: {answer}"
        );
        for other in keys(&demo.welcome).iter().filter(|other| *other != key) {
            assert!(!page.contains(other.as_str()), "{path}");
        }
    }
}

#[tokio::test]
async fn demo_keys_are_revoked_when_the_database_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let url = url(folder.path());
    let demo = Process::start(&["demo", "--database-url", &url]);
    let keys = keys(&demo.welcome);
    for key in &keys {
        let answer = demo.graphql(key, VIEWER, json!({})).await.unwrap();
        assert!(answer["data"]["viewer"]["role"].is_string(), "{answer}");
    }
    demo.kill();
    let server = Process::run(&mut process::command(&["serve", "--database-url", &url]));
    for key in &keys {
        let answer = server.graphql(key, VIEWER, json!({})).await.unwrap();
        let code = &answer["errors"][0]["extensions"]["code"];
        assert_eq!(code, "UNAUTHENTICATED", "{answer}");
    }
    let log = server.into_log();
    let ended = format!("ended={}", keys.len());
    assert!(log.contains("demo's keys were revoked"), "{log}");
    assert!(plain(&log).contains(&ended), "{log}");
}

/// A log without its colours.
fn plain(log: &str) -> String {
    let mut plain = String::new();
    let mut pieces = log.split('\u{1b}');
    plain.extend(pieces.next());
    for piece in pieces {
        plain.extend(piece.split_once('m').map(|(_, text)| text));
    }
    plain
}

#[test]
fn a_public_demo_needs_an_option() {
    let folder = tempfile::tempdir().unwrap();
    let url = url(folder.path());
    let open = ["demo", "--database-url", &url, "--listen", "0.0.0.0:0"];
    let refused = process::output(&open);
    assert!(!refused.status.success());
    let text = String::from_utf8_lossy(&refused.stderr);
    assert!(
        text.contains("0.0.0.0:0") && text.contains("--public-url"),
        "{text}"
    );

    let named = [&open[..], &["--public-url", "http://demo.example"]].concat();
    let demo = Process::run(&mut process::command(&named));
    assert!(
        demo.welcome.contains("http://demo.example/"),
        "{}",
        demo.welcome
    );
    let log = demo.into_log();
    assert!(log.contains("reachable from other machines"), "{log}");
}

on_both_databases! {
    /// Only the demo's keys are revoked, once.
    async fn keys_not_made_by_the_demo_keep_working(server: Server) {
        let tenant = server.account("Shop").await;
        let (store, clock) = (&server.services().store, Clock::system());
        let made = api_key::create_demo_key(store, &clock, CreateApiKey {
            account: None,
            role: Role::PlatformAdmin,
            name: "any name".to_owned(),
            expires_at: None,
            allowed: api_key::AllowedAddresses::default(),
            trusted_documents_only: false,
        }).await;
        let (_, secret) = made.unwrap();
        let secret = secret.expose_secret().to_owned();
        let role = async |key: &str| -> Value {
            server.graphql(Some(key), VIEWER, json!({})).await["data"]["viewer"]["role"].take()
        };
        assert_eq!(role(&secret).await, "PLATFORM_ADMIN");
        assert_eq!(app::end_demo_keys(store, &clock).await.unwrap(), 1);
        assert_eq!(app::end_demo_keys(store, &clock).await.unwrap(), 0);
        assert_eq!(role(&secret).await, Value::Null);
        assert_eq!(role(&tenant.owner).await, "OWNER");
    }
}

/// A demo's server at an instant, and its administrator's key.
fn demo_at(folder: &Path, start: &str) -> (Process, String) {
    let demo = Process::start(&[
        "demo",
        "--clock-start",
        start,
        "--database-url",
        &url(folder),
    ]);
    let line = demo
        .welcome
        .lines()
        .find_map(|line| line.trim().strip_prefix("platform administrator"));
    let key = line.unwrap().trim().to_owned();
    (demo, key)
}

const SHOPS: &str = "{ accounts(first: 3) { nodes { name currencyCode
    rateCard { code creditValue { amount currencyCode } rates { countryCode sms mms } }
    balance { total held available value { amount currencyCode } }
    autoRecharge { enabled threshold monthlyLimit { amount currencyCode } nextAttemptAt suspendedReason }
    monthlyReports(first: 3) { nodes { month } }
    scheduledMessages(first: 4) { nodes { name sendAt credits } }
    purchases(first: 3) { totalCount nodes { automatic status price { amount currencyCode } } } } } }";
const LISTS: &str =
    "{ accounts(first: 3) { nodes { name lists(first: 6) { nodes { name recipientCount
    contacts(first: 1) { totalCount }
    imports(first: 1) { nodes { status importedCount rejectedCount } } } } } } }";

/// Three shops with their own prices in their own currencies, recharges, next week's campaign,
/// reports, and stored contacts; the same at each start of the same instant.
#[tokio::test]
async fn the_demo_looks_like_life() {
    let start = "2026-11-22T08:00:00Z";
    let mut shops = Vec::new();
    for _ in 0..2 {
        let folder = tempfile::tempdir().unwrap();
        let (demo, key) = demo_at(folder.path(), start);
        let read = demo.graphql(&key, SHOPS, json!({})).await.unwrap();
        let lists = demo.graphql(&key, LISTS, json!({})).await.unwrap();
        shops.push((read, lists));
    }
    assert_eq!(shops[0], shops[1]);
    let (read, lists) = &shops[0];
    let accounts = read["data"]["accounts"]["nodes"].as_array().unwrap();
    let currencies: Vec<_> = accounts
        .iter()
        .map(|account| &account["currencyCode"])
        .collect();
    assert_eq!(currencies, ["EUR", "USD", "INR"]);
    for account in accounts {
        let currency = &account["currencyCode"];
        for money in [
            &account["rateCard"]["creditValue"],
            &account["balance"]["value"],
            &account["purchases"]["nodes"][0]["price"],
        ] {
            assert_eq!(&money["currencyCode"], currency, "{account}");
        }
        let rates = account["rateCard"]["rates"].as_array().unwrap();
        assert!(
            rates.iter().any(|rate| rate["sms"] != rates[0]["sms"]),
            "{account}"
        );
        assert!(rates.iter().any(|rate| rate["mms"].is_null()), "{account}");
        assert_eq!(
            account["monthlyReports"]["nodes"].as_array().unwrap().len(),
            3
        );
        let last = account["scheduledMessages"]["nodes"]
            .as_array()
            .unwrap()
            .last()
            .unwrap();
        assert!(
            last["sendAt"].as_str().unwrap().starts_with("2026-11-29"),
            "{last}"
        );
    }
    let recharging: Vec<_> = accounts
        .iter()
        .filter(|account| account["autoRecharge"]["enabled"] == true)
        .collect();
    assert_eq!(recharging.len(), 2);
    for account in recharging {
        assert_eq!(
            account["purchases"]["nodes"][0]["automatic"], true,
            "{account}"
        );
        // None is due: the worker changes nothing.
        assert_eq!(
            account["autoRecharge"]["nextAttemptAt"],
            Value::Null,
            "{account}"
        );
    }
    let lists = lists["data"]["accounts"]["nodes"].as_array().unwrap();
    let stored: Vec<&Value> = lists
        .iter()
        .flat_map(|account| account["lists"]["nodes"].as_array().unwrap())
        .filter(|list| list["imports"]["nodes"][0]["status"] == "DONE")
        .collect();
    assert_eq!(stored.len(), 3);
    for list in stored {
        let contacts = &list["contacts"]["totalCount"];
        assert_eq!(contacts, &list["recipientCount"], "{list}");
        assert_eq!(
            contacts, &list["imports"]["nodes"][0]["importedCount"],
            "{list}"
        );
    }
}

/// Merge fields of the demo's stored contacts have values, so that previews differ by contact.
#[tokio::test]
async fn the_demos_contacts_have_merge_fields() {
    let folder = tempfile::tempdir().unwrap();
    let (demo, key) = demo_at(folder.path(), "2026-11-22T08:00:00Z");
    let read =
        "{ accounts(first: 1) { nodes { id lists(search: \"VIP\", first: 1) { nodes { id } } } } }";
    let answer = demo.graphql(&key, read, json!({})).await.unwrap();
    let account = &answer["data"]["accounts"]["nodes"][0];
    let list = &account["lists"]["nodes"][0]["id"];
    let quote = "query($input: QuoteInput!) { quote(input: $input) { personalised recipientCount
        mergeFields { name missingValueCount } } }";
    let input = json!({ "input": { "accountId": account["id"], "audience": { "listId": list },
        "text": "Ciao {{firstName|cliente}}, hai {{points}} punti." } });
    let answer = demo.graphql(&key, quote, input).await.unwrap();
    let quote = &answer["data"]["quote"];
    assert_eq!(quote["personalised"], true, "{answer}");
    let fields = quote["mergeFields"].as_array().unwrap();
    assert!(
        fields.iter().any(|field| field["missingValueCount"] != 0),
        "{answer}"
    );
    assert!(
        fields.iter().any(|field| field["missingValueCount"] == 0),
        "{answer}"
    );
}
