//! Tokens of an OpenID provider: what they open, which are refused, and the provider's keys while
//! they change and while they can't be fetched.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hmac::{Hmac, KeyInit, Mac};
use message_credits::http::connections::Limits;
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{
    Server, Tenant,
    message::{SEND, to_italians},
    new_key,
    openid_provider::{AUDIENCE, OpenIdProvider, SigningKey, encoded, unsigned},
    postgres_database,
};

const VIEWER: &str = "{ viewer { role tokenExpiresAt accounts { nodes { name } totalCount } } }";

/// Defines a test with a provider that has one key, on SQLite and on PostgreSQL.
macro_rules! with_a_provider {
    ($($(#[doc = $doc:literal])* async fn $name:ident($server:ident: Server, $provider:ident: OpenIdProvider, $key:ident: SigningKey) $body:block)*) => {$(
        $(#[doc = $doc])*
        mod $name {
            use super::*;

            async fn shows($server: Server, $provider: OpenIdProvider, $key: SigningKey) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                let key = SigningKey::new("one");
                let provider = OpenIdProvider::start(&[&key]).await;
                let accepted = provider.accepted();
                let server = Server::with(Limits::default(), |settings| settings.openid = accepted).await;
                shows(server, provider, key).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                let Some(url) = postgres_database().await else { return };
                let key = SigningKey::new("one");
                let provider = OpenIdProvider::start(&[&key]).await;
                let accepted = provider.accepted();
                let server = Server::on_postgres_at(&url, |settings| settings.openid = accepted).await;
                shows(server, provider, key).await;
            }
        }
    )*};
}

/// Seconds since the epoch.
fn seconds(at: &str) -> i64 {
    at.parse::<jiff::Timestamp>().unwrap().as_second()
}

/// The claims of a token for an account, which expires at nine.
fn claims(provider: &OpenIdProvider, shop: &Tenant, role: &str) -> Value {
    json!({
        "iss": provider.issuer, "aud": AUDIENCE, "sub": "ada|7", "roles": [role],
        "account_id": shop.id, "exp": seconds("2026-11-22T09:00:00Z"),
    })
}

/// The status of a query with this token.
async fn status(server: &Server, token: &str) -> u16 {
    let request = server
        .http()
        .post(server.url("/graphql"))
        .bearer_auth(token);
    let body = json!({ "query": "{ viewer { role } }" });
    request.json(&body).send().await.unwrap().status().as_u16()
}

with_a_provider! {
    /// A token opens its account in its role, and what it does is recorded for its subject.
    async fn a_token_of_the_provider_opens_its_account(server: Server, provider: OpenIdProvider, key: SigningKey) {
        let shop = server.account("Shop").await;
        server.account("Other").await;
        server.grant(&shop, "100").await;
        let staff = key.token(&claims(&provider, &shop, "staff"));
        let data = server.data(&staff, VIEWER, json!({})).await;
        assert_eq!(data["viewer"], json!({
            "role": "MEMBER", "tokenExpiresAt": "2026-11-22T09:00:00Z",
            "accounts": { "nodes": [{ "name": "Shop" }], "totalCount": 1 },
        }));
        let mut message = to_italians(3);
        message["idempotencyKey"] = json!(new_key());
        server.done(&staff, SEND, message).await;
        let read = "{ account { messages { nodes { actor { kind name apiKeyId onBehalfOf } } }
            actors { kind onBehalfOf } } }";
        let user = json!({
            "kind": "ACCOUNT_USER", "name": provider.issuer, "apiKeyId": null, "onBehalfOf": "ada|7",
        });
        for secret in [&staff, &shop.owner] {
            let data = server.data(secret, read, json!({})).await;
            assert_eq!(data["account"]["messages"]["nodes"], json!([{ "actor": user }]));
            let listed = json!({ "kind": "ACCOUNT_USER", "onBehalfOf": "ada|7" });
            let actors = data["account"]["actors"].as_array().unwrap();
            assert!(actors.contains(&listed), "{actors:?}");
        }

        // A filter by the subject finds it, also for those who see no key of the platform.
        let by = "query($who: String!) { account {
            messages(filter: { actor: { onBehalfOf: $who } }) { totalCount }
            transactions(filter: { actor: { onBehalfOf: $who } }) { totalCount } }
            usageReport(input: { actor: { onBehalfOf: $who }, from: \"2026-11-01T00:00:00Z\",
                to: \"2026-12-01T00:00:00Z\" }) {
                totals { messageCount } } }";
        for (who, count) in [("ada|7", 1), ("bob|8", 0)] {
            let data = server.data(&shop.owner, by, json!({ "who": who })).await;
            assert_eq!(data, json!({
                "account": { "messages": { "totalCount": count }, "transactions": { "totalCount": count } },
                "usageReport": { "totals": { "messageCount": count } },
            }));
        }

        // Of several roles, the first of the setting counts.
        let mut both = claims(&provider, &shop, "staff");
        both["roles"] = json!(["unknown", "staff", "owner"]);
        let owner = key.token(&both);
        let data = server.data(&owner, VIEWER, json!({})).await;
        assert_eq!(data["viewer"]["role"], "OWNER");
        // No token makes what outlives it, nor acts for somebody else.
        let create = "mutation { createApiKey(input: { role: OWNER, name: \"K\" }) { id } }";
        let refused = server.graphql(Some(&owner), create, json!({})).await;
        assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");
        let request = server.http().post(server.url("/graphql")).bearer_auth(&owner);
        let request = request.header("on-behalf-of", "Bob").json(&json!({ "query": VIEWER }));
        assert_eq!(request.send().await.unwrap().status(), 400);
    }

    /// What a user erased is recorded for the user, and the links that they get end with the token.
    async fn what_a_user_leaves_behind(server: Server, provider: OpenIdProvider, key: SigningKey) {
        let shop = server.account("Shop").await;
        let owner = key.token(&claims(&provider, &shop, "owner"));
        let erase = "mutation($input: ErasePersonInput!) { erasePerson(input: $input) {
            contactCount userErrors { field message } } }";
        let reader = server.services().store.reader().clone();
        for secret in [&owner, &shop.owner] {
            server.done(secret, erase, json!({ "phoneNumber": "+393401234567" })).await;
        }
        let erasures = entity::erasure::Entity::find().all(&reader).await.unwrap();
        let actors = entity::actor::Entity::find().all(&reader).await.unwrap();
        let mut who: Vec<_> = erasures.iter().map(|row| {
            let mut found = actors.iter();
            let actor = found.find(|actor| (Some(actor.id), actor.account_id) == (row.actor_id, row.account_id));
            let actor = actor.unwrap();
            (actor.on_behalf_of.clone(), actor.api_key_id.is_some(), row.api_key_id.is_some())
        }).collect();
        who.sort();
        assert_eq!(who, [(None, true, true), (Some("ada|7".to_owned()), false, false)]);

        let change = "mutation { updateAccount(input: { name: \"Bottega\" }) { userErrors { message } } }";
        server.data(&owner, change, json!({})).await;
        let read = "{ account { settingChanges(first: 1) { nodes { kind actor { kind onBehalfOf } } } } }";
        let data = server.data(&shop.owner, read, json!({})).await;
        assert_eq!(data["account"]["settingChanges"]["nodes"][0], json!({
            "kind": "ACCOUNT", "actor": { "kind": "ACCOUNT_USER", "onBehalfOf": "ada|7" } }));

        let export = "mutation { exportMessages(input: { format: CSV }) { download { url expiresAt } } }";
        let link = async || server.data(&owner, export, json!({})).await["exportMessages"]["download"].take();
        assert_eq!(link().await["expiresAt"], "2026-11-22T08:15:00Z");
        server.set_time("2026-11-22T08:50:00Z");
        // The token is accepted until a minute after its end.
        let last = link().await;
        assert_eq!(last["expiresAt"], "2026-11-22T09:01:00Z");
        let get = async || server.http().get(last["url"].as_str().unwrap()).send().await.unwrap().status().as_u16();
        server.set_time("2026-11-22T09:00:59Z");
        assert_eq!((status(&server, &owner).await, get().await), (200, 200));
        server.set_time("2026-11-22T09:01:00Z");
        assert_eq!((status(&server, &owner).await, get().await), (401, 403));
    }

    /// A platform role opens all accounts, and accounts don't learn who of the platform acted.
    async fn a_token_of_the_platform_opens_all_accounts(server: Server, provider: OpenIdProvider, key: SigningKey) {
        let shop = server.account("Shop").await;
        server.account("Other").await;
        let admin = key.token(&claims(&provider, &shop, "admin"));
        let data = server.data(&admin, VIEWER, json!({})).await;
        assert_eq!(data["viewer"]["role"], "PLATFORM_ADMIN");
        assert_eq!(data["viewer"]["accounts"]["totalCount"], 2);
        let grant = "mutation($input: GrantCreditsInput!) { grantCredits(input: $input) {
            userErrors { field message } } }";
        let input = json!({
            "accountId": shop.id, "credits": "5", "note": "Test", "idempotencyKey": new_key(),
        });
        server.done(&admin, grant, input).await;
        let read = "query($id: ID!) { account(id: $id) { transactions { nodes { actor { kind name onBehalfOf } } } } }";
        let of = async |secret: &str| {
            let data = server.data(secret, read, json!({ "id": shop.id })).await;
            data["account"]["transactions"]["nodes"][0]["actor"].clone()
        };
        let hidden = json!({ "kind": "PLATFORM_USER", "name": null, "onBehalfOf": null });
        assert_eq!(of(&shop.owner).await, hidden);
        let shown = json!({ "kind": "PLATFORM_USER", "name": provider.issuer, "onBehalfOf": "ada|7" });
        assert_eq!(of(&admin).await, shown);
    }

    /// What isn't a token of the provider's for this server is a wrong key, and is counted as one.
    async fn other_tokens_are_wrong_keys(server: Server, provider: OpenIdProvider, key: SigningKey) {
        let shop = server.account("Shop").await;
        let fine = claims(&provider, &shop, "owner");
        assert_eq!(status(&server, &key.token(&fine)).await, 200);
        let with = |name: &str, value: Value| {
            let mut claims = fine.clone();
            claims[name] = value;
            key.token(&claims)
        };
        let none = json!({ "alg": "none", "kid": "one" });
        let symmetric = unsigned(&json!({ "alg": "HS256", "kid": "one" }), &fine);
        let jwk = key.jwk();
        let public = [jwk["x"].as_str().unwrap(), jwk["y"].as_str().unwrap()].concat();
        let mut by_public_key: Hmac<Sha256> = Hmac::new_from_slice(public.as_bytes()).unwrap();
        by_public_key.update(symmetric.as_bytes());
        let by_public_key = encoded(&by_public_key.finalize().into_bytes());
        let token = key.token(&fine);
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let stranger = SigningKey::new("one");
        let unknown = "account_01jc0000000000000000000000";
        let wrong = [
            format!("{}.", unsigned(&none, &fine)),
            format!("{}.{signature}", unsigned(&none, &fine)),
            format!("{symmetric}.{by_public_key}"),
            format!("{signed}."),
            format!("{signed}.{}", encoded(&[0; 64])),
            signed.to_owned(),
            stranger.token(&fine),
            key.signed(&json!({ "alg": "RS256", "kid": "one" }), &fine),
            key.signed(&json!({ "alg": "ES384", "kid": "one" }), &fine),
            key.signed(&json!({ "alg": "ES256" }), &fine),
            key.signed(&json!({ "alg": "ES256", "kid": "another" }), &fine),
            with("aud", json!("another")),
            with("aud", Value::Null),
            with("iss", json!("https://id.example.com")),
            with("exp", json!(seconds("2026-11-22T07:59:00Z"))),
            with("exp", Value::Null),
            with("nbf", json!(seconds("2026-11-22T08:01:01Z"))),
            with("sub", Value::Null),
            with("sub", json!("a".repeat(256))),
            with("roles", json!(["unknown"])),
            with("roles", Value::Null),
            with("account_id", Value::Null),
            with("account_id", json!(unknown)),
            with("account_id", json!("Shop")),
        ];
        for (number, wrong) in wrong.iter().enumerate() {
            let found = status(&server, wrong).await;
            assert!([401, 429].contains(&found), "{number}: {found}");
        }
        let mut waits = 0;
        for _ in 0..40 {
            waits += usize::from(status(&server, &wrong[0]).await == 429);
        }
        assert!(waits > 0);
        assert_eq!(status(&server, &token).await, 200);
        // Tokens that were made up cost the provider one request in half a minute at most.
        assert_eq!(provider.reads(), 1);
    }

    /// A new key works as soon as it is fetched, and a withdrawn one for five minutes at most.
    async fn the_providers_keys_change(server: Server, provider: OpenIdProvider, key: SigningKey) {
        let shop = server.account("Shop").await;
        let fine = claims(&provider, &shop, "owner");
        let old = key.token(&fine);
        assert_eq!(status(&server, &old).await, 200);
        let next = SigningKey::new("two");
        provider.rotate(&[&next]);
        let new = next.token(&fine);
        // The provider was just asked.
        assert_eq!(status(&server, &new).await, 401);
        server.set_time("2026-11-22T08:00:31Z");
        assert_eq!((status(&server, &new).await, provider.reads()), (200, 2));
        assert_eq!(status(&server, &old).await, 401);

        provider.rotate(&[&key]);
        server.set_time("2026-11-22T08:05:30Z");
        assert_eq!((status(&server, &new).await, provider.reads()), (200, 2));
        server.set_time("2026-11-22T08:05:31Z");
        assert_eq!((status(&server, &new).await, provider.reads()), (401, 3));
        assert_eq!(status(&server, &old).await, 200);
    }

    /// While the provider is down its keys count for a day.
    async fn an_outage_of_the_provider_stops_nobody_for_a_day(server: Server, provider: OpenIdProvider, key: SigningKey) {
        let shop = server.account("Shop").await;
        let mut fine = claims(&provider, &shop, "owner");
        fine["exp"] = json!(seconds("2026-11-24T00:00:00Z"));
        let token = key.token(&fine);
        provider.set_down(true);
        // Without keys nothing can be said of a token; API keys work.
        assert_eq!(status(&server, &token).await, 503);
        assert_eq!(status(&server, &shop.owner).await, 200);
        provider.set_down(false);
        server.set_time("2026-11-22T08:00:31Z");
        assert_eq!(status(&server, &token).await, 200);
        provider.set_down(true);
        server.set_time("2026-11-23T08:00:30Z");
        assert_eq!(status(&server, &token).await, 200);
        server.set_time("2026-11-23T08:00:31Z");
        assert_eq!(status(&server, &token).await, 503);
        provider.set_down(false);
        server.set_time("2026-11-23T08:01:01Z");
        assert_eq!(status(&server, &token).await, 200);
    }

    /// Keys that another provider's description names are never fetched.
    async fn a_description_of_another_issuer_is_refused(server: Server, provider: OpenIdProvider, key: SigningKey) {
        let shop = server.account("Shop").await;
        provider.describe_another();
        let token = key.token(&claims(&provider, &shop, "owner"));
        assert_eq!((status(&server, &token).await, provider.reads()), (503, 0));
    }

    /// A socket ends a minute after its token has expired, by which clocks may differ.
    async fn sockets_end_with_the_providers_token(server: Server, provider: OpenIdProvider, key: SigningKey) {
        let shop = server.account("Shop").await;
        let token = key.token(&claims(&provider, &shop, "staff"));
        let mut socket = server.socket().await;
        let payload = json!({ "Authorization": format!("Bearer {token}") });
        let subscription = json!({ "query": "subscription { balanceChanged { total } }" });
        let say = |message: Value| Message::text(message.to_string());
        socket.send(say(json!({ "type": "connection_init", "payload": payload }))).await.unwrap();
        let acknowledged = socket.next().await.unwrap().unwrap();
        assert!(acknowledged.to_text().unwrap().contains("connection_ack"), "{acknowledged}");
        let subscribe = json!({ "type": "subscribe", "id": "1", "payload": subscription });
        socket.send(say(subscribe)).await.unwrap();
        server.set_time("2026-11-22T09:00:59Z");
        assert_eq!(status(&server, &token).await, 200);
        server.set_time("2026-11-22T09:01:00Z");
        assert_eq!(status(&server, &token).await, 401);
        let closed = async {
            loop {
                match socket.next().await.unwrap().unwrap() {
                    Message::Close(close) => break close.map(|close| u16::from(close.code)),
                    _ => continue,
                }
            }
        };
        let closed = tokio::time::timeout(Duration::from_secs(20), closed).await;
        assert_eq!(closed.unwrap(), Some(4401));
    }
}
