//! Access tokens over HTTP: what they open, who may make them, and when they stop working.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use futures_util::{SinkExt, StreamExt};
use hmac::{Hmac, KeyInit, Mac};
use message_credits::{operations::server_secret, store};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{
    Server,
    message::{SEND, to_italians},
    new_key, on_both_databases,
};

const MINT: &str = "mutation($input: CreateAccessTokenInput!) { createAccessToken(input: $input) {
    token expiresAt userErrors { field message code } } }";

const CREATE_KEY: &str = "mutation($input: CreateApiKeyInput!) {
    createApiKey(input: $input) { id secret userErrors { field message } } }";

const VIEWER: &str = "{ viewer { role tokenExpiresAt accounts { nodes { name } totalCount } } }";

/// A token of a key, and the instant at which it expires.
async fn mint(server: &Server, key: &str, input: Value) -> (String, String) {
    let made = server.done(key, MINT, input).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&made["token"]), text(&made["expiresAt"]))
}

/// The status of a query with this token.
async fn status(server: &Server, token: &str) -> StatusCode {
    let request = server
        .http()
        .post(server.url("/graphql"))
        .bearer_auth(token);
    let body = json!({ "query": "{ viewer { role } }" });
    request.json(&body).send().await.unwrap().status()
}

/// The token with other claims, signed with this secret.
fn signed(token: &str, secret: &[u8], change: impl FnOnce(&mut Value)) -> String {
    let (claims, _) = token.strip_prefix("mct_").unwrap().split_once('.').unwrap();
    let mut claims: Value =
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    change(&mut claims);
    let claims = claims.to_string();
    let mut signature: Hmac<Sha256> = Hmac::new_from_slice(secret).unwrap();
    signature.update(&(claims.len() as u64).to_be_bytes());
    signature.update(claims.as_bytes());
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let signature = encode(&signature.finalize().into_bytes());
    format!("mct_{}.{signature}", encode(claims.as_bytes()))
}

on_both_databases! {
    /// A link to a file ends with the token that asked for it.
    async fn a_link_ends_with_its_token(server: Server) {
        let shop = server.account("Shop").await;
        let input = json!({ "role": "VIEWER", "name": "Ada", "minutes": 20 });
        let (token, expires_at) = mint(&server, &shop.owner, input).await;
        let export = "mutation { exportMessages(input: { format: CSV }) { download { url expiresAt } } }";
        let link = async || server.data(&token, export, json!({})).await["exportMessages"]["download"].take();
        assert_eq!(link().await["expiresAt"], "2026-11-22T08:15:00Z");
        server.set_time("2026-11-22T08:10:00Z");
        let last = link().await;
        assert_eq!(last["expiresAt"], expires_at.as_str());
        let get = async || server.http().get(last["url"].as_str().unwrap()).send().await.unwrap().status();
        server.set_time("2026-11-22T08:19:59Z");
        assert_eq!(get().await, StatusCode::OK);
        server.set_time(&expires_at);
        assert_eq!((status(&server, &token).await, get().await), (StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN));
    }

    /// A token opens its account in its role. What it does is recorded under the key that made it,
    /// for the person that it names.
    async fn a_token_acts_for_its_person(server: Server) {
        let shop = server.account("Shop").await;
        server.account("Other").await;
        server.grant(&shop, "100").await;
        let input = json!({ "role": "MEMBER", "name": " Maria Nicolò " });
        let (token, expires_at) = mint(&server, &shop.owner, input).await;
        assert!(token.starts_with("mct_") && token.len() <= 1_024, "{token}");
        assert_eq!(expires_at, "2026-11-22T08:15:00Z");
        let data = server.data(&token, VIEWER, json!({})).await;
        assert_eq!(data["viewer"], json!({
            "role": "MEMBER", "tokenExpiresAt": expires_at,
            "accounts": { "nodes": [{ "name": "Shop" }], "totalCount": 1 },
        }));
        let data = server.data(&shop.owner, VIEWER, json!({})).await;
        assert_eq!(data["viewer"]["tokenExpiresAt"], Value::Null);
        let mut message = to_italians(3);
        message["idempotencyKey"] = json!(new_key());
        server.done(&token, SEND, message.clone()).await;
        let keys = "{ account { apiKeys { nodes { id } } } }";
        let keys = server.data(&shop.owner, keys, json!({})).await;
        let read = "{ account { messages { nodes { actor { kind apiKeyId onBehalfOf } } } } }";
        let sent = server.data(&token, read, json!({})).await;
        assert_eq!(sent["account"]["messages"]["nodes"], json!([{ "actor": {
            "kind": "ACCOUNT_KEY", "onBehalfOf": "Maria Nicolò",
            "apiKeyId": keys["account"]["apiKeys"]["nodes"][0]["id"],
        } }]));

        // A viewer's token sends nothing, though an owner made it.
        let (reader, _) = mint(&server, &shop.owner, json!({ "role": "VIEWER", "name": "Ada" })).await;
        message["idempotencyKey"] = json!(new_key());
        let refused = server.graphql(Some(&reader), SEND, json!({ "input": message })).await;
        assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");

        // The longest token that can be made works.
        let input = json!({ "role": "MEMBER", "name": "\u{1F389}".repeat(100), "minutes": 60 });
        let (longest, _) = mint(&server, &shop.owner, input).await;
        assert!(longest.len() <= 800, "{}", longest.len());
        assert_eq!(status(&server, &longest).await, StatusCode::OK);
    }

    /// Owners make tokens of their own account, platform administrators of any.
    async fn roles_decide_which_tokens_can_be_made(server: Server) {
        let (shop, other) = (server.account("Shop").await, server.account("Other").await);
        let (admin, owner) = (server.admin_key(), shop.owner.as_str());
        let made = Value::Null;
        let wrong = |field: &str, code: &str| json!([["input", field], code]);
        for (key, role, account, expected) in [
            (owner, "OWNER", None, made.clone()),
            (owner, "VIEWER", Some(&shop.id), made.clone()),
            (owner, "MEMBER", Some(&other.id), wrong("accountId", "NOT_FOUND")),
            (owner, "MEMBER", Some(&"nonsense".to_owned()), wrong("accountId", "NOT_FOUND")),
            (owner, "SENDER", None, wrong("role", "INVALID")),
            (owner, "PLATFORM_ADMIN", None, wrong("role", "INVALID")),
            (admin, "OWNER", Some(&other.id), made.clone()),
            (admin, "SENDER", Some(&other.id), wrong("role", "INVALID")),
            (admin, "ACCOUNT_MANAGER", Some(&other.id), wrong("role", "INVALID")),
            (admin, "OWNER", None, wrong("accountId", "INVALID")),
        ] {
            let input = json!({ "role": role, "accountId": account, "name": "Ada" });
            let response = server.graphql(Some(key), MINT, json!({ "input": input })).await;
            let payload = &response["data"]["createAccessToken"];
            let refused = payload["userErrors"].get(0).map_or(Value::Null, |row| json!([row["field"], row["code"]]));
            assert_eq!(refused, expected, "{role} {account:?}: {response}");
            for field in ["token", "expiresAt"] {
                assert_eq!(payload[field].is_null(), !expected.is_null(), "{response}");
            }
        }
        for (field, value, message) in [
            ("minutes", json!(0), "Must be from 1 to 60 minutes; got 0."),
            ("minutes", json!(61), "Must be from 1 to 60 minutes; got 61."),
            ("minutes", json!(-1), "Must be from 1 to 60 minutes; got -1."),
            ("name", json!(" "), "Must not be empty."),
            ("name", json!("é".repeat(101)), "Must have at most 100 characters."),
        ] {
            let mut input = json!({ "role": "MEMBER", "name": "Ada" });
            input[field] = value;
            let response = server.graphql(Some(owner), MINT, json!({ "input": input })).await;
            let refused = &response["data"]["createAccessToken"]["userErrors"][0];
            assert_eq!(*refused, json!({ "field": ["input", field], "message": message, "code": "INVALID" }));
        }
        // The platform's own key has no row: its tokens work until they expire.
        let input = json!({ "accountId": other.id, "role": "OWNER", "name": "Ada" });
        let (token, expires_at) = mint(&server, admin, input).await;
        let data = server.data(&token, VIEWER, json!({})).await;
        assert_eq!(data["viewer"]["accounts"]["nodes"], json!([{ "name": "Other" }]));
        server.set_time(&expires_at);
        assert_eq!(status(&server, &token).await, StatusCode::UNAUTHORIZED);
    }

    /// A token says whom it acts for, so its request can't name somebody else.
    async fn a_token_names_its_person_itself(server: Server) {
        let shop = server.account("Shop").await;
        let (token, _) = mint(&server, &shop.owner, json!({ "role": "MEMBER", "name": "Ada" })).await;
        let request = server.http().post(server.url("/graphql")).bearer_auth(&token);
        let body = json!({ "query": "{ viewer { role } }" });
        let response = request.header("On-Behalf-Of", "Bob").json(&body).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        let body: Value = response.json().await.unwrap();
        assert_eq!(
            body["errors"][0]["message"],
            "On-Behalf-Of: Must be left out with an access token, which names whom it acts for."
        );
    }

    /// A token dies at its expiry, with its key, and with the server's secret.
    async fn a_token_dies_with_its_key(server: Server) {
        let shop = server.account("Shop").await;
        let input = json!({ "role": "MEMBER", "name": "Ada", "minutes": 60 });
        let key = async |expires_at: Value| {
            let input = json!({ "role": "OWNER", "name": "Backend", "expiresAt": expires_at });
            let made = server.done(&shop.owner, CREATE_KEY, input).await;
            (made["id"].clone(), made["secret"].as_str().unwrap().to_owned())
        };
        let (id, secret) = key(Value::Null).await;
        let (owners, _) = mint(&server, &shop.owner, input.clone()).await;
        let (revoked, _) = mint(&server, &secret, input.clone()).await;
        assert_eq!(status(&server, &revoked).await, StatusCode::OK);
        let revoke = "mutation($input: RevokeApiKeyInput!) {
            revokeApiKey(input: $input) { id userErrors { field message } } }";
        server.done(&shop.owner, revoke, json!({ "id": id })).await;
        assert_eq!(status(&server, &revoked).await, StatusCode::UNAUTHORIZED);
        assert_eq!(status(&server, &owners).await, StatusCode::OK);

        // It never outlives a key that expires or was replaced.
        let (_, secret) = key(json!("2026-11-22T08:10:00Z")).await;
        let (expiring, expires_at) = mint(&server, &secret, input.clone()).await;
        assert_eq!(expires_at, "2026-11-22T08:10:00Z");
        let (id, secret) = key(Value::Null).await;
        let (replaced, _) = mint(&server, &secret, input.clone()).await;
        let rotate = "mutation($input: RotateApiKeyInput!) {
            rotateApiKey(input: $input) { secret userErrors { field message } } }";
        server.done(&shop.owner, rotate, json!({ "id": id, "overlapMinutes": 10 })).await;
        server.set_time("2026-11-22T08:09:59Z");
        for token in [&expiring, &replaced] {
            assert_eq!(status(&server, token).await, StatusCode::OK);
        }
        server.set_time("2026-11-22T08:10:00Z");
        for token in [&expiring, &replaced] {
            assert_eq!(status(&server, token).await, StatusCode::UNAUTHORIZED);
        }

        server.set_time("2026-11-22T08:59:59Z");
        assert_eq!(status(&server, &owners).await, StatusCode::OK);
        server.set_time("2026-11-22T09:00:00Z");
        assert_eq!(status(&server, &owners).await, StatusCode::UNAUTHORIZED);

        let (old, _) = mint(&server, &shop.owner, input.clone()).await;
        server_secret::renew(&server.services().store).await.unwrap();
        assert_eq!(status(&server, &old).await, StatusCode::UNAUTHORIZED);
        let (new, _) = mint(&server, &shop.owner, input).await;
        assert_eq!(status(&server, &new).await, StatusCode::OK);
    }

    /// What this server didn't sign is a wrong key, and is counted as one.
    async fn forged_tokens_are_wrong_keys(server: Server) {
        let shop = server.account("Shop").await;
        let other = server.account("Other").await;
        // Before the first token there is no secret.
        assert_eq!(status(&server, "mct_e30.AAAA").await, StatusCode::UNAUTHORIZED);
        let input = json!({ "role": "VIEWER", "name": "Ada" });
        let (token, _) = mint(&server, &shop.owner, input).await;
        let writer = server.services().store.writer();
        let secret = store::server_secret::find_or_insert(writer, "access_tokens", b"").await.unwrap();
        let downloads = store::server_secret::find_or_insert(writer, "downloads", &[1; 32]).await.unwrap();
        // The test's own signature is right: with the server's secret it works.
        assert_eq!(status(&server, &signed(&token, &secret, |_| {})).await, StatusCode::OK);
        let until = |at: &str| json!(at.parse::<jiff::Timestamp>().unwrap().as_microsecond());
        let (claims, signature) = token.split_once('.').unwrap();
        let owner = signed(&token, &secret, |claims| claims["role"] = json!("OWNER"));
        let forged = [
            token[..token.len() - 1].to_owned(),
            token.replace('.', ""),
            format!("{claims}."),
            format!("{}.{signature}", owner.split_once('.').unwrap().0),
            format!("mct_{}.{signature}", "A".repeat(8_000)),
            signed(&token, &[7; 32], |_| {}),
            signed(&token, &downloads, |_| {}),
            // A leaked secret makes no token that lasts, and no platform role.
            signed(&token, &secret, |claims| claims["expires_at"] = until("2026-11-22T09:01:01Z")),
            signed(&token, &secret, |claims| claims["role"] = json!("PLATFORM_ADMIN")),
            signed(&token, &secret, |claims| claims["key"] = Value::Null),
            signed(&token, &secret, |claims| claims["key"] = json!(uuid::Uuid::from_u128(1))),
            signed(&token, &[7; 32], |claims| claims["account"] = json!(other.id)),
        ];
        for (number, forged) in forged.iter().enumerate() {
            assert_eq!(status(&server, forged).await, StatusCode::UNAUTHORIZED, "{number}: {forged}");
        }
        let mut waits = 0;
        for _ in 0..40 {
            waits += usize::from(status(&server, &forged[0]).await == StatusCode::TOO_MANY_REQUESTS);
        }
        assert!(waits > 0);
        assert_eq!(status(&server, &token).await, StatusCode::OK);
    }

    /// A socket and an event stream that a token opened end with it.
    async fn sockets_and_streams_end_with_their_token(server: Server) {
        let shop = server.account("Shop").await;
        let input = json!({ "role": "VIEWER", "name": "Ada", "minutes": 1 });
        let (token, expires_at) = mint(&server, &shop.owner, input).await;
        let subscription = json!({ "query": "subscription { balanceChanged { total } }" });
        let mut socket = server.socket().await;
        let payload = json!({ "Authorization": format!("Bearer {token}") });
        let say = |message: Value| Message::text(message.to_string());
        socket.send(say(json!({ "type": "connection_init", "payload": payload }))).await.unwrap();
        let acknowledged = socket.next().await.unwrap().unwrap();
        assert!(acknowledged.to_text().unwrap().contains("connection_ack"), "{acknowledged}");
        let subscribe = json!({ "type": "subscribe", "id": "1", "payload": subscription });
        socket.send(say(subscribe)).await.unwrap();
        let first = socket.next().await.unwrap().unwrap();
        assert!(first.to_text().unwrap().contains("balanceChanged"), "{first}");
        let request = server.http().post(server.url("/graphql")).bearer_auth(&token);
        let request = request.header("Accept", "text/event-stream").json(&subscription);
        let stream = request.send().await.unwrap();
        server.set_time(&expires_at);
        let ended = async {
            let code = loop {
                match socket.next().await.unwrap().unwrap() {
                    Message::Close(close) => break close.map(|close| u16::from(close.code)),
                    _ => continue,
                }
            };
            (code, stream.text().await.unwrap())
        };
        let ended = tokio::time::timeout(std::time::Duration::from_secs(20), ended).await;
        let (code, events) = ended.unwrap();
        assert_eq!(code, Some(4401));
        assert!(events.contains("UNAUTHENTICATED") && events.contains("event: complete"), "{events}");
    }
}
