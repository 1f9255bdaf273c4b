//! The bounds of one request: answers are bounded on every transport, lists weigh what is requested
//! of them, and work doesn't grow with repetitions.
//!
//! Not here: the weight of each field and the counting, which have unit tests in src/graphql;
//! random documents, which are in `documents`.

use std::time::Duration;

use domain::id::AccountId;
use futures_util::{SinkExt, StreamExt};
use message_credits::{entropy, store::sql::reader::Owner};
use serde_json::{Value, json};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Server, Tenant, answer::code, new_key, on_both_databases};

const SEND: &str = "mutation($input: SendMessageInput!) {
    sendMessage(input: $input) { message { id text } userErrors { message } } }";

/// A text of 2,000 characters in UCS-2 and a document that requests it 1,500 times: 9 MB.
fn nine_megabytes() -> (String, Value) {
    let aliases: String = (0..1_500).map(|n| format!("t{n}:text ")).collect();
    let query =
        format!("query($i: SegmentationInput!) {{ segmentation(input: $i) {{ {aliases} }} }}");
    (query, json!({ "i": { "text": "’".repeat(2_000) } }))
}

/// The answer has one error and no data.
#[track_caller]
fn ended(answer: &Value) {
    assert_eq!(code(answer), "OUTPUT_TOO_LARGE", "{answer}");
    assert_eq!(answer["errors"].as_array().unwrap().len(), 1);
    assert_eq!(answer.get("data"), None);
}

/// The messages of a socket for one operation, up to its end.
async fn over_socket(server: &Server, key: &str, query: &str, variables: Value) -> Vec<Value> {
    let mut socket = server.socket().await;
    let text = |value: Value| Message::text(value.to_string());
    let payload = json!({ "Authorization": format!("Bearer {key}") });
    let init = json!({ "type": "connection_init", "payload": payload });
    socket.send(text(init)).await.unwrap();
    let mut said = Vec::new();
    while let Some(message) = socket.next().await {
        let Message::Text(received) = message.unwrap() else {
            continue;
        };
        let message: Value = serde_json::from_str(&received).unwrap();
        match message["type"].as_str() {
            Some("connection_ack") => {
                let payload = json!({ "query": query, "variables": variables });
                let subscribe = json!({ "type": "subscribe", "id": "1", "payload": payload });
                socket.send(text(subscribe)).await.unwrap();
            }
            Some("next") => said.push(message),
            _ => {
                said.push(message);
                break;
            }
        }
    }
    said
}

#[tokio::test]
async fn answers_are_bounded_on_every_transport() {
    let server = Server::on_sqlite().await;
    let tenant = server.account("Acme").await;
    let (query, variables) = nine_megabytes();
    ended(&server.graphql(None, &query, variables.clone()).await);
    let got = server
        .http()
        .get(server.url("/graphql"))
        .query(&[("query", &query), ("variables", &variables.to_string())])
        .send();
    ended(&got.await.unwrap().json().await.unwrap());
    // With the media type for it, the status reports the error too.
    let strict = server
        .http()
        .post(server.url("/graphql"))
        .header("accept", "application/graphql-response+json")
        .json(&json!({ "query": query, "variables": variables }));
    let strict = strict.send().await.unwrap();
    assert_eq!(strict.status(), 400);
    ended(&strict.json().await.unwrap());
    let said = over_socket(&server, &tenant.owner, &query, variables).await;
    assert_eq!(said.len(), 1);
    assert_eq!(said[0]["type"], "error");
    assert_eq!(
        said[0]["payload"][0]["extensions"]["code"],
        "OUTPUT_TOO_LARGE"
    );
}

#[tokio::test]
async fn excessive_requests_are_refused_before_they_run() {
    let server = Server::on_sqlite().await;
    let tenant = server.account("Acme").await;
    let owner = Some(tenant.owner.as_str());
    let list = |first: i32| {
        format!(
            "{{ account {{ lists(first: {first}) {{ nodes {{ messages(first: {first}) {{ nodes {{ rateCard {{ id }} }} }} }} }} }} }}"
        )
    };
    let answer = server.graphql(owner, &list(1_000), json!({})).await;
    ended(&answer);
    let message = answer["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("at most 100000 are allowed"), "{message}");
    let answer = server.graphql(owner, &list(10), json!({})).await;
    assert_eq!(answer["data"]["account"]["lists"]["nodes"], json!([]));
    // Three nested connections of one row each.
    let nested = "{ accounts(first: 1) { nodes { lists(first: 1) { nodes { messages(first: 1) { nodes { id } } } } } } }";
    let answer = server
        .graphql(Some(server.admin_key()), nested, json!({}))
        .await;
    assert_eq!(answer.get("errors"), None, "{answer}");
}

#[tokio::test]
async fn cyclic_introspection_is_refused() {
    let server = Server::on_sqlite().await;
    let round = |levels: usize| {
        let open = "possibleTypes{interfaces{".repeat(levels);
        format!(
            "{{__type(name:\"Node\"){{{open}name{}}}}}",
            "}}".repeat(levels)
        )
    };
    let answer = server.graphql(None, &round(7), json!({})).await;
    assert_eq!(code(&answer), "GRAPHQL_VALIDATION_FAILED", "{answer}");
    assert_eq!(answer.get("data"), None);
    let answer = server.graphql(None, &round(1), json!({})).await;
    assert_eq!(
        answer["data"]["__type"]["possibleTypes"][0]["interfaces"][0]["name"],
        "Node"
    );
    let standard = include_str!("../../../src/graphql/engine/introspection.graphql");
    let answer = server.graphql(None, standard, json!({})).await;
    assert!(
        answer["data"]["__schema"]["types"]
            .as_array()
            .unwrap()
            .len()
            > 100
    );
    // The same again, served from memory.
    assert_eq!(server.graphql(None, standard, json!({})).await, answer);
}

#[tokio::test]
async fn characters_that_force_ucs2_are_listed_up_to_a_thousand() {
    let server = Server::on_sqlite().await;
    let query = "query($i: SegmentationInput!) { segmentation(input: $i) {
        nonGsmCharacterCount nonGsmCharacters { offset } segmentCount } }";
    for (characters, listed) in [(3, 3), (1_000, 1_000), (1_001, 1_000), (17_085, 1_000)] {
        let input = json!({ "i": { "text": "’".repeat(characters) } });
        let answer = server.graphql(None, query, input).await;
        let cut = &answer["data"]["segmentation"];
        assert_eq!(cut["nonGsmCharacterCount"], characters, "{answer}");
        assert_eq!(cut["nonGsmCharacters"].as_array().unwrap().len(), listed);
        assert_eq!(cut["nonGsmCharacters"][listed - 1]["offset"], listed - 1);
    }
}

/// Sends a message and returns its id.
async fn send(server: &Server, tenant: &Tenant, text: &str) -> String {
    let audience = json!({ "destinations": [{ "countryCode": "IT", "recipientCount": 1 }] });
    let input = json!({ "audience": audience, "text": text, "idempotencyKey": new_key() });
    let sent = server.done(&tenant.owner, SEND, input).await;
    assert_eq!(sent["message"]["text"], text);
    sent["message"]["id"].as_str().unwrap().to_owned()
}

on_both_databases! {
    /// One entry for each id in the requested order, and errors at the first mention of a node.
    async fn each_repeated_id_is_answered(server: Server) {
        let tenant = server.account("Acme").await;
        let list = server.list(&tenant, "A list", json!([])).await;
        let ids = json!([list, tenant.id, "nobody", list, tenant.id, "nobody", list]);
        let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on ContactList { name account { id } } } }";
        let data = server.data(&tenant.owner, query, json!({ "ids": ids })).await;
        let a_list = json!({ "id": list, "name": "A list", "account": { "id": tenant.id } });
        let account = json!({ "id": tenant.id });
        assert_eq!(data["nodes"], json!([a_list, account, null, a_list, account, null, a_list]));

        // Lists that a sender may not read: one error for each list, however often it is named.
        let sender = server.key(&tenant, "SENDER").await;
        let query = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on ContactList { contacts { totalCount } } } }";
        let ids = json!({ "ids": ["nobody", list, list] });
        let answer = server.graphql(Some(&sender), query, ids).await;
        assert_eq!(answer["data"]["nodes"], json!([null, null, null]));
        assert_eq!(answer["errors"].as_array().unwrap().len(), 1, "{answer}");
        assert_eq!(answer["errors"][0]["path"], json!(["nodes", 1, "contacts"]));

        // A thousand times the same id with a page each costs as much as one.
        let pages = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Account { messages(first: 500) { nodes { id } } } } }";
        let ids = json!({ "ids": vec![&tenant.id; 1_000] });
        let data = server.data(&tenant.owner, pages, ids).await;
        assert_eq!(data["nodes"].as_array().unwrap().len(), 1_000);
    }

    /// Texts are read apart from the messages, and each message gets its own.
    async fn a_page_of_messages_includes_texts(server: Server) {
        let tenant = server.account("Acme").await;
        server.grant(&tenant, "10000").await;
        let mut texts = std::collections::BTreeMap::new();
        for n in 0..70 {
            let text = format!("text {n}");
            texts.insert(send(&server, &tenant, &text).await, text);
        }
        let query = "{ account { messages(first: 100) { edges { node { id text lines { recipientCount } } } }
            transactions(first: 3) { nodes { message { id text } } } } }";
        let data = server.data(&tenant.owner, query, json!({})).await;
        let edges = data["account"]["messages"]["edges"].as_array().unwrap();
        assert_eq!(edges.len(), 70);
        for edge in edges {
            let id = edge["node"]["id"].as_str().unwrap();
            assert_eq!(edge["node"]["text"], texts[id].as_str());
            assert_eq!(edge["node"]["lines"], json!([{ "recipientCount": 1 }]));
        }
        let transactions = &data["account"]["transactions"]["nodes"];
        let message = &transactions[0]["message"];
        assert_eq!(message["text"], texts[message["id"].as_str().unwrap()].as_str());
        let id = texts.keys().next().unwrap();
        let one = "query($id: ID!) { node(id: $id) { ... on Message { text } } }";
        let data = server.data(&tenant.owner, one, json!({ "id": id })).await;
        assert_eq!(data["node"]["text"], texts[id].as_str());
    }

    /// Texts beyond the bound of one request end it; texts within it don't.
    async fn texts_read_by_one_request_are_bounded(server: Server) {
        let tenant = server.account("Acme").await;
        server.grant(&tenant, "100000").await;
        let long = "’".repeat(17_000);
        for _ in 0..170 {
            send(&server, &tenant, &long).await;
        }
        let query = |first: i32, field: &str| {
            format!("{{ account {{ messages(first: {first}) {{ nodes {{ {field} }} }} }} }}")
        };
        let owner = Some(tenant.owner.as_str());
        // 170 times 51 kB.
        ended(&server.graphql(owner, &query(200, "text"), json!({})).await);
        let without = server.graphql(owner, &query(200, "segmentCount"), json!({})).await;
        let nodes = without["data"]["account"]["messages"]["nodes"].as_array().unwrap();
        assert_eq!(nodes.len(), 170);
        let some = server.graphql(owner, &query(100, "text"), json!({})).await;
        assert_eq!(some["data"]["account"]["messages"]["nodes"][99]["text"], long);
    }

    /// A database without a free connection is reported as unavailable, wherever that is noticed:
    /// an edge, a node, a count.
    async fn without_a_free_connection_the_answer_is_unavailable(server: Server) {
        let tenant = server.account("Acme").await;
        let list = server.list(&tenant, "A list", json!([])).await;
        // What is read before the edges uses other connections, or is known already.
        let store = &server.services().store;
        let mut held = Vec::new();
        // One owner can't hold all of them.
        for _ in 0..8 {
            let owner = Owner::Account(AccountId::new(uuid::Uuid::from_bytes(entropy::bytes())));
            let one = || timeout(Duration::from_millis(200), owner.reads(store.snapshot()));
            while let Ok(one) = one().await {
                held.push(one.unwrap());
            }
        }
        let queries = [
            ("query($id: ID!) { node(id: $id) { id } }", json!({ "id": list })),
            ("query($id: ID) { account(id: $id) { name } }", json!({ "id": tenant.id })),
            ("{ rateCards { totalCount } }", json!({})),
        ];
        let asked = queries.map(|(query, variables)| {
            let server = &server;
            async move { server.graphql(Some(server.admin_key()), query, variables).await }
        });
        for answer in futures_util::future::join_all(asked).await {
            assert_eq!(code(&answer), "UNAVAILABLE", "{answer}");
        }
        drop(held);
    }
}
