//! Keys that work from some networks only: over HTTP and WebSocket, behind trusted proxies, and
//! what is refused when one is made.

use std::time::Duration;

use domain::id::ApiKeyId;
use entity::api_key;
use futures_util::{SinkExt, StreamExt};
use message_credits::{
    graphql::engine::ids::PublicId,
    http::{address::TrustedProxies, connections::Limits},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Server, on_both_databases};

const CREATE: &str = "mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) {
    id apiKey { allowedAddresses } secret userErrors { field message code } } }";

const ROTATE: &str = "mutation($input: RotateApiKeyInput!) { rotateApiKey(input: $input) {
    apiKey { allowedAddresses } secret userErrors { field message code } } }";

const MINT: &str = "mutation($input: CreateAccessTokenInput!) { createAccessToken(input: $input) {
    token userErrors { field message code } } }";

const VIEWER: &str = "{ viewer { role } }";

/// Binds a key to other networks than it was made with, which the API doesn't.
async fn bind(server: &Server, id: &str, networks: &str) {
    api_key::Entity::update_many()
        .col_expr(api_key::Column::AllowedAddresses, networks.into())
        .filter(api_key::Column::Id.eq(ApiKeyId::decode(id).unwrap().uuid()))
        .exec(server.services().store.writer())
        .await
        .unwrap();
}

/// The close code of a socket that shows this key; `None` if it is acknowledged.
async fn close_code(server: &Server, key: &str) -> Option<u16> {
    let mut socket = server.socket().await;
    let payload = json!({ "Authorization": format!("Bearer {key}") });
    let init = json!({ "type": "connection_init", "payload": payload });
    socket.send(Message::text(init.to_string())).await.unwrap();
    let message = tokio::time::timeout(Duration::from_secs(20), socket.next()).await;
    match message.unwrap().unwrap().unwrap() {
        Message::Close(Some(close)) => Some(close.code.into()),
        _ => None,
    }
}

on_both_databases! {
    /// The tests' requests come from 127.0.0.1.
    async fn a_bound_key_works_from_its_networks_only(server: Server) {
        let shop = server.account("Shop").await;
        let make = async |networks: Value| {
            let input = json!({ "role": "MEMBER", "name": "Bound", "allowedAddresses": networks });
            server.done(&shop.owner, CREATE, input).await
        };
        let here = make(json!(["203.0.113.77/24", "127.0.0.1", "2001:db8:1::/48"])).await;
        assert_eq!(
            here["apiKey"]["allowedAddresses"],
            json!(["203.0.113.0/24", "127.0.0.1/32", "2001:db8:1::/48"]),
        );
        let secret = here["secret"].as_str().unwrap();
        server.data(secret, VIEWER, json!({})).await;
        assert_eq!(close_code(&server, secret).await, None);

        let everywhere = make(json!([])).await;
        assert_eq!(everywhere["apiKey"]["allowedAddresses"], json!([]));
        server.data(everywhere["secret"].as_str().unwrap(), VIEWER, json!({})).await;

        // A replacement is bound as the old one was.
        let elsewhere = make(json!(["203.0.113.0/24"])).await;
        let input = json!({ "id": elsewhere["id"] });
        let rotated = server.done(&shop.owner, ROTATE, input).await;
        assert_eq!(rotated["apiKey"], elsewhere["apiKey"]);
        for made in [&elsewhere, &rotated] {
            let secret = made["secret"].as_str().unwrap();
            let response = server.graphql(Some(secret), VIEWER, json!({})).await;
            let error = &response["errors"][0];
            assert_eq!(error["extensions"]["code"], "FORBIDDEN", "{response}");
            assert_eq!(
                error["message"],
                "The API key or access token doesn't work from 127.0.0.1; use it from one of the \
                 key's allowedAddresses.",
            );
            assert!(response["data"].is_null(), "{response}");
            assert_eq!(close_code(&server, secret).await, Some(4401));
        }
    }

    /// The tokens of a bound key are bound as it is, and the refusal is in the caller's language.
    async fn a_token_is_bound_as_its_key(server: Server) {
        let shop = server.account("Shop").await;
        let input = json!({ "role": "OWNER", "name": "Bound", "allowedAddresses": ["127.0.0.1"] });
        let key = server.done(&shop.owner, CREATE, input).await;
        let input = json!({ "role": "MEMBER", "name": "Ada" });
        let token = server.done(key["secret"].as_str().unwrap(), MINT, input).await;
        let token = token["token"].as_str().unwrap();
        server.data(token, VIEWER, json!({})).await;
        assert_eq!(close_code(&server, token).await, None);

        let id = key["id"].as_str().unwrap();
        bind(&server, id, "203.0.113.0/24").await;
        let request = server.http().post(server.url("/graphql")).bearer_auth(token);
        let request = request.header("accept-language", "it");
        let response = request.json(&json!({ "query": VIEWER })).send().await.unwrap();
        assert_eq!(response.status(), 403);
        let body: Value = response.json().await.unwrap();
        assert_eq!(
            body["errors"][0]["message"],
            "La chiave API o il token di accesso non funziona da 127.0.0.1; va usato da una delle \
             allowedAddresses della chiave.",
        );
        assert_eq!(close_code(&server, token).await, Some(4401));
    }

    /// What isn't a network is refused at its position, and no key is made.
    async fn wrong_networks_are_refused(server: Server) {
        let shop = server.account("Shop").await;
        let keys = "{ account { apiKeys { totalCount } } }";
        let before = server.data(&shop.owner, keys, json!({})).await;
        let shape = "Must be an IP network such as 203.0.113.0/24, or for IPv6 one of at most 64 \
            bits such as 2001:db8:1::/48.";
        let many = vec!["192.0.2.0/24"; 21];
        for (networks, field, message) in [
            (json!(["192.0.2.0/24", "shop"]), json!(["input", "allowedAddresses", "1"]), shape),
            (json!([""]), json!(["input", "allowedAddresses", "0"]), shape),
            (json!(["2001:db8::1"]), json!(["input", "allowedAddresses", "0"]), shape),
            (json!(["192.0.2.0/33"]), json!(["input", "allowedAddresses", "0"]), shape),
            (json!(many), json!(["input", "allowedAddresses"]), "At most 20 networks are allowed; got 21."),
        ] {
            let input = json!({ "role": "MEMBER", "name": "Bound", "allowedAddresses": networks });
            let response = server.graphql(Some(&shop.owner), CREATE, json!({ "input": input })).await;
            assert_eq!(response["data"]["createApiKey"], json!({
                "id": null, "apiKey": null, "secret": null,
                "userErrors": [{ "field": field, "message": message, "code": "INVALID" }],
            }));
        }
        assert_eq!(server.data(&shop.owner, keys, json!({})).await, before);
    }
}

/// Behind a trusted proxy the client's address counts, which the client can't choose; keys shown
/// from elsewhere are counted as wrong ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bound_key_is_checked_behind_trusted_proxies() {
    let server = Server::with(Limits::default(), |settings| {
        settings.trusted_proxies = TrustedProxies::new(vec!["127.0.0.0/8".parse().unwrap()]);
    })
    .await;
    let shop = server.account("Shop").await;
    let networks = json!(["203.0.113.0/24", "2001:db8:1::/48"]);
    let input = json!({ "role": "MEMBER", "name": "Bound", "allowedAddresses": networks });
    let made = server.done(&shop.owner, CREATE, input).await;
    let ask = async |from: &str| {
        let request = server.http().post(server.url("/graphql"));
        let request = request.bearer_auth(made["secret"].as_str().unwrap());
        let request = request.header("x-forwarded-for", from);
        let response = request.json(&json!({ "query": VIEWER })).send().await;
        response.unwrap().status().as_u16()
    };
    assert_eq!(ask("203.0.113.9").await, 200);
    assert_eq!(ask("::ffff:203.0.113.9").await, 200);
    assert_eq!(ask("2001:db8:1:2::3").await, 200);
    assert_eq!(ask("198.51.100.7").await, 403);
    assert_eq!(ask("2001:db8:2::1").await, 403);
    // The client wrote the first address, the proxy the last.
    assert_eq!(ask("203.0.113.9, 198.51.100.7").await, 403);
    let mut statuses = Vec::new();
    for _ in 0..60 {
        statuses.push(ask("192.0.2.1").await);
    }
    assert_eq!(statuses[0], 403);
    assert!(statuses.contains(&429), "{statuses:?}");
    assert_eq!(ask("203.0.113.9").await, 200);
}
