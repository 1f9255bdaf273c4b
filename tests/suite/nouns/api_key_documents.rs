//! Keys that run trusted documents only: over every transport, with the tokens and the replacement
//! of such a key, and on a server without trusted documents.

use std::{collections::HashMap, sync::Arc};

use futures_util::{SinkExt, StreamExt};
use message_credits::{
    app::Settings, graphql::engine::persisted::Trusted, http::connections::Limits,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Server, on_both_databases, postgres_database, upload::PREVIEW};

const CREATE: &str = "mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) {
    id apiKey { trustedDocumentsOnly } secret userErrors { field message code } } }";

const ROTATE: &str = "mutation($input: RotateApiKeyInput!) { rotateApiKey(input: $input) {
    apiKey { trustedDocumentsOnly } secret userErrors { field message code } } }";

const MINT: &str = "mutation($input: CreateAccessTokenInput!) { createAccessToken(input: $input) {
    token userErrors { field message code } } }";

const ROLE: &str = "query Role { viewer { role } }";
const OTHER: &str = "query Other { viewer { role } }";
const NOT_SAFE: &str = "QUERY_NOT_IN_SAFELIST";
const NOT_LISTED: &str = "PERSISTED_QUERY_NOT_IN_LIST";

fn trust(settings: &mut Settings) {
    let documents = [("role", ROLE), ("mint", MINT)];
    let documents = documents.map(|(id, text)| (Box::from(id), Arc::from(text)));
    settings.trusted = Trusted::new(HashMap::from(documents), false);
}

/// The role that an answer shows, or the code of its error.
fn shown(answer: &Value) -> String {
    let found = answer["data"]["viewer"]["role"].as_str();
    let code = answer["errors"][0]["extensions"]["code"].as_str();
    let text = found.or(code);
    text.unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// What a secret gets for a body, over HTTP and as an event stream.
async fn over_http(server: &Server, secret: &str, body: &Value) -> String {
    let request = server.http().post(server.url("/graphql"));
    let request = request.bearer_auth(secret).json(body);
    let streamed = request.try_clone().unwrap();
    let answer = request.send().await.unwrap().json().await.unwrap();
    let streamed = streamed.header("accept", "text/event-stream").send().await;
    let events = streamed.unwrap().text().await.unwrap();
    let shown = shown(&answer);
    assert!(events.contains(&shown), "{body}: {events}");
    shown
}

/// What a secret gets for a body over a WebSocket.
async fn over_socket(server: &Server, secret: &str, body: &Value) -> String {
    let mut socket = server.socket().await;
    let payload = json!({ "Authorization": format!("Bearer {secret}") });
    let say = |message: Value| Message::text(message.to_string());
    let init = json!({ "type": "connection_init", "payload": payload });
    socket.send(say(init)).await.unwrap();
    let acknowledged = socket.next().await.unwrap().unwrap();
    assert!(
        acknowledged.to_text().unwrap().contains("connection_ack"),
        "{acknowledged}"
    );
    let subscribe = json!({ "type": "subscribe", "id": "1", "payload": body });
    socket.send(say(subscribe)).await.unwrap();
    let answer = socket.next().await.unwrap().unwrap();
    let answer: Value = serde_json::from_str(answer.to_text().unwrap()).unwrap();
    match answer["type"].as_str() {
        Some("next") => shown(&answer["payload"]),
        _ => shown(&json!({ "errors": answer["payload"] })),
    }
}

async fn runs_trusted_documents_only(server: Server) {
    let shop = server.account("Shop").await;
    let input = json!({ "role": "OWNER", "name": "Page", "trustedDocumentsOnly": true });
    let made = server.done(&shop.owner, CREATE, input).await;
    assert_eq!(made["apiKey"]["trustedDocumentsOnly"], true);
    let free = json!({ "role": "OWNER", "name": "Server" });
    let free = server.done(&shop.owner, CREATE, free).await;
    assert_eq!(free["apiKey"]["trustedDocumentsOnly"], false);

    // A document that another key registered isn't trusted for that.
    let hash: String = Sha256::digest(OTHER)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let named = json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
    let register = json!({ "query": OTHER, "extensions": named });
    assert_eq!(over_http(&server, &shop.owner, &register).await, "OWNER");
    let registered = json!({ "documentId": format!("sha256:{hash}") });
    assert_eq!(over_http(&server, &shop.owner, &registered).await, "OWNER");
    let key = made["secret"].as_str().unwrap();
    let token = server
        .done(key, MINT, json!({ "role": "MEMBER", "name": "Ada" }))
        .await;
    let token = token["token"].as_str().unwrap();
    let rotated = server
        .done(
            &shop.owner,
            ROTATE,
            json!({ "id": made["id"], "overlapMinutes": 5 }),
        )
        .await;
    assert_eq!(rotated["apiKey"], made["apiKey"]);
    for (secret, role) in [
        (key, "OWNER"),
        (token, "MEMBER"),
        (rotated["secret"].as_str().unwrap(), "OWNER"),
    ] {
        for (body, expected) in [
            (json!({ "query": ROLE }), role),
            (json!({ "documentId": "role" }), role),
            (json!({ "query": OTHER }), NOT_SAFE),
            (json!({ "query": OTHER, "documentId": "role" }), NOT_SAFE),
            (json!({ "query": "{ __typename }" }), NOT_SAFE),
            (registered.clone(), NOT_LISTED),
        ] {
            assert_eq!(over_http(&server, secret, &body).await, expected, "{body}");
            assert_eq!(
                over_socket(&server, secret, &body).await,
                expected,
                "{body}"
            );
        }
        let url = server.url("/graphql?query=query%20Other%7Bviewer%7Brole%7D%7D");
        let by_get = server
            .http()
            .get(url)
            .bearer_auth(secret)
            .send()
            .await
            .unwrap();
        assert_eq!(shown(&by_get.json().await.unwrap()), NOT_SAFE);
        let uploaded = server
            .upload(Some(secret), PREVIEW, json!({}), ("a.csv", "Phone\n"))
            .await;
        assert_eq!(shown(&uploaded), NOT_SAFE);
    }
    let other = json!({ "query": OTHER });
    assert_eq!(over_http(&server, &shop.owner, &other).await, "OWNER");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_of_trusted_documents_runs_nothing_else_on_sqlite() {
    runs_trusted_documents_only(Server::with(Limits::default(), trust).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_of_trusted_documents_runs_nothing_else_on_postgres() {
    if let Some(url) = postgres_database().await {
        runs_trusted_documents_only(Server::on_postgres_at(&url, trust).await).await;
    }
}

on_both_databases! {
    /// A key that could run nothing isn't made.
    async fn keys_of_trusted_documents_need_some(server: Server) {
        let shop = server.account("Shop").await;
        let keys = "{ account { apiKeys { totalCount } } }";
        let before = server.data(&shop.owner, keys, json!({})).await;
        let input = json!({ "role": "OWNER", "name": "Page", "trustedDocumentsOnly": true });
        let response = server.graphql(Some(&shop.owner), CREATE, json!({ "input": input })).await;
        assert_eq!(response["data"]["createApiKey"], json!({
            "id": null, "apiKey": null, "secret": null,
            "userErrors": [{
                "field": ["input", "trustedDocumentsOnly"],
                "message": "Must be false: this server has no trusted documents, so the key could run none.",
                "code": "INVALID",
            }],
        }));
        assert_eq!(server.data(&shop.owner, keys, json!({})).await, before);
    }
}
