//! Logs: at every level, no line has a key, a token or a telephone number.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};

use crate::support::{
    new_key,
    payment_connection::KEYS,
    postgres_database,
    process::{ADMIN_KEY, Process, command, output},
    purchase::PURCHASE,
    upload::multipart,
};

/// A server that logs everything, used in the usual ways; returns its log.
async fn log(database_url: &str, filter: &str) -> (String, Vec<(&'static str, String)>) {
    let migrated = output(&["migrate", "--database-url", database_url]);
    assert!(migrated.status.success());
    let mut program = command(&["serve", "--database-url", database_url]);
    program
        .env("RUST_LOG", filter)
        .env("PAYMENT_PROVIDER", "sandbox")
        .env("ALLOW_SANDBOX", "true")
        .env("SECRET_KEYS", KEYS[0]);
    let server = Process::run(&mut program);
    let (client, base) = server.door();
    let run = async |key: &str, query: &str, input: Value| {
        let mut answer = server
            .graphql(key, query, json!({ "input": input }))
            .await
            .unwrap();
        assert!(answer.get("errors").is_none(), "{answer}");
        let data = answer["data"].as_object_mut().unwrap();
        data.values_mut().next().unwrap().take()
    };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let create =
        "mutation($input: CreateAccountInput!) { createAccount(input: $input) { account { id } } }";
    let account = text(&run(ADMIN_KEY, create, json!({ "name": "Shop" })).await["account"]["id"]);
    let create = "mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }";
    let input = json!({ "accountId": account, "role": "OWNER", "name": "Owner" });
    let owner = text(&run(ADMIN_KEY, create, input).await["secret"]);
    let create = "mutation($input: CreateContactListInput!) { createContactList(input: $input) { list { id } } }";
    let list = text(&run(&owner, create, json!({ "name": "List" })).await["list"]["id"]);
    let create = "mutation($input: CreateCreditPackageInput!) { createCreditPackage(input: $input) { package { id } } }";
    let price = json!({ "amount": "20.00", "currencyCode": "EUR" });
    // This was already done at another log level.
    let code = format!("S{}", filter.len());
    let input = json!({ "code": code, "name": "Small", "credits": "500", "price": price });
    let package = text(&run(ADMIN_KEY, create, input).await["package"]["id"]);

    // Credentials, which the sandbox doesn't take.
    let connect = "mutation($input: ConnectPaymentsInput!) {
        connectPayments(input: $input) { userErrors { message } } }";
    let credentials = json!([{ "name": "topsecretname", "value": "topsecretcredential" }]);
    let input =
        json!({ "accountId": account, "merchantId": "approve", "credentials": credentials });
    run(ADMIN_KEY, connect, input).await;

    // A purchase, decided at its address.
    let input = json!({ "packageId": package, "idempotencyKey": new_key() });
    let page = text(&run(&owner, PURCHASE, input).await["purchase"]["confirmationUrl"]);
    let decided = client
        .post(&page)
        .form(&[("decision", "approve")])
        .send()
        .await
        .unwrap();
    assert!(decided.status().is_success(), "{decided:?}");
    // A file behind a link.
    let query = "query($input: UsageReportInput!) { usageReportDownload(input: $input, format: CSV) { url } }";
    let input = json!({ "from": "2026-11-01T00:00:00Z", "to": "2026-11-02T00:00:00Z" });
    let link = text(&run(&owner, query, input).await["url"]);
    assert!(
        client
            .get(&link)
            .send()
            .await
            .unwrap()
            .status()
            .is_success()
    );
    // Numbers, typed and imported.
    let query = "query($input: QuoteInput!) { quote(input: $input) { credits } }";
    let typed = "+393401234567";
    run(
        &owner,
        query,
        json!({ "audience": { "recipients": [typed] }, "text": "Hi" }),
    )
    .await;
    let import = "mutation($list: ID!, $file: Upload!) {
        importContacts(input: { listId: $list, file: $file }) { import { importedCount } userErrors { message } } }";
    let imported = "+393409876543";
    let file = format!("phone,name\n{imported},Topsecretname\n");
    let (content_type, body) = multipart(import, json!({ "list": list }), ("contacts.csv", &file));
    let answer = client
        .post(format!("{base}/graphql"))
        .bearer_auth(&owner)
        .header("content-type", content_type)
        .header("graphql-require-preflight", "1")
        .body(body)
        .send()
        .await
        .unwrap();
    let answer: Value = answer.json().await.unwrap();
    assert_eq!(
        answer["data"]["importContacts"]["import"]["importedCount"], 1,
        "{answer}"
    );
    // A key on a socket, and a wrong one.
    for key in [&owner, "mc_awrongkeythatsomebodyshows0123456789"] {
        let mut request = format!("{}/graphql", base.replacen("http", "ws", 1))
            .into_client_request()
            .unwrap();
        let protocol = "graphql-transport-ws".parse().unwrap();
        request
            .headers_mut()
            .insert("sec-websocket-protocol", protocol);
        let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        let init = json!({ "type": "connection_init", "payload": { "Authorization": format!("Bearer {key}") } });
        socket.send(Message::text(init.to_string())).await.unwrap();
        socket.next().await.unwrap().unwrap();
    }
    let wrong = "mc_anotherwrongkey0123456789012345678901234";
    server
        .graphql(wrong, "{ __typename }", json!({}))
        .await
        .unwrap();

    let last = |url: &str, at: usize| url.rsplit('/').nth(at).unwrap().to_owned();
    let secrets = vec![
        ("the owner's key", owner),
        ("the administrator's key", ADMIN_KEY.to_owned()),
        ("a wrong key", wrong[3..].to_owned()),
        ("a credential", "topsecretcredential".to_owned()),
        (
            "a credential's name, swapped with it",
            "topsecretname".to_owned(),
        ),
        ("a key for secrets", KEYS[0][6..].to_owned()),
        (
            "a wrong key on a socket",
            "awrongkeythatsomebodyshows".to_owned(),
        ),
        ("an approve page's token", last(&page, 0)),
        ("a link's token", last(&link, 1)),
        ("a number that was typed", typed[3..].to_owned()),
        ("a number that was imported", imported[3..].to_owned()),
        ("a contact's name", "Topsecretname".to_owned()),
    ];
    (server.terminated_log(), secrets)
}

async fn names_no_secret(database_url: &str) {
    for filter in [
        "trace",
        "trace,tungstenite::protocol=trace,rlibphonenumber=trace,hyper=trace",
    ] {
        let (log, secrets) = log(database_url, filter).await;
        assert!(log.lines().count() > 20, "nothing was logged: {log}");
        for (what, secret) in secrets {
            let line = log.lines().find(|line| line.contains(&secret));
            assert_eq!(line, None, "{what} is in the log");
        }
    }
}

/// On SQLite.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_at_trace_level_have_no_secrets_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("logs.db");
    names_no_secret(&format!("sqlite://{}?mode=rwc", file.display())).await;
}

/// On PostgreSQL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_at_trace_level_have_no_secrets_on_postgres() {
    if let Some(url) = postgres_database().await {
        names_no_secret(&url).await;
    }
}
