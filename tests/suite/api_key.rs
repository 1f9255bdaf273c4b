//! API keys over HTTP: what each opens, who may make and revoke them, and that revoking works at once.

use serde_json::{Value, json};

use crate::support::on_both_databases;

const CREATE: &str = "mutation($input: CreateApiKeyInput!) {
    createApiKey(input: $input) { id secret userErrors { field message code } } }";

const REVOKE: &str = "mutation($input: RevokeApiKeyInput!) {
    revokeApiKey(input: $input) { id userErrors { field message code } } }";

const VIEWER: &str = "{ viewer { role accounts { nodes { name } totalCount } } }";

on_both_databases! {
    /// A key opens its account with its role, and nothing else; its secret is 256 random bits.
    async fn a_key_opens_its_account(server: Server) {
        let shop = server.account("Shop").await;
        server.set_time("2026-11-22T08:00:01Z");
        server.account("Other").await;
        let input = json!({ "role": "MEMBER", "name": "Campaigns" });
        let payload = server.done(&shop.owner, CREATE, input).await;
        let secret = payload["secret"].as_str().unwrap();
        assert!(secret.starts_with("mc_") && secret.len() == 46, "{secret}");
        assert!(payload["id"].as_str().unwrap().starts_with("key_"), "{payload}");
        let viewer = server.data(secret, VIEWER, json!({})).await;
        assert_eq!(viewer["viewer"], json!({
            "role": "MEMBER", "accounts": { "nodes": [{ "name": "Shop" }], "totalCount": 1 },
        }));
        // The server's own key is the platform's, which sees all accounts.
        let viewer = server.data(server.admin_key(), VIEWER, json!({})).await;
        assert_eq!(viewer["viewer"], json!({
            "role": "PLATFORM_ADMIN",
            "accounts": { "nodes": [{ "name": "Shop" }, { "name": "Other" }], "totalCount": 2 },
        }));
    }

    /// The database has no secret, only its hash.
    async fn secrets_are_not_kept(server: Server) {
        let shop = server.account("Shop").await;
        let hash = message_credits::operations::api_key::secret_hash(&shop.owner);
        let reader = server.services().store.reader();
        let rows = message_credits::store::api_key::find_by_hash(reader, [hash]).await.unwrap();
        let row = rows.first().unwrap();
        assert_eq!(row.secret_hash.len(), 32);
        assert!(!format!("{row:?}").contains(&shop.owner));
    }

    /// A revoked key is refused from the next request on; revoking it again changes nothing.
    async fn a_revoked_key_stops_at_once(server: Server) {
        let shop = server.account("Shop").await;
        let payload = server.done(&shop.owner, CREATE, json!({ "role": "MEMBER", "name": "Leaked" })).await;
        let secret = payload["secret"].as_str().unwrap();
        server.data(secret, VIEWER, json!({})).await;
        for _ in 0..2 {
            let revoked = server.done(&shop.owner, REVOKE, json!({ "id": payload["id"] })).await;
            assert_eq!(revoked["id"], payload["id"]);
            let response = server.graphql(Some(secret), VIEWER, json!({})).await;
            assert_eq!(response["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{response}");
        }
        // Others go on.
        server.data(&shop.owner, VIEWER, json!({})).await;
    }

    /// What is no key opens nothing.
    async fn other_texts_open_nothing(server: Server) {
        let shop = server.account("Shop").await;
        let one_off = format!("{}x", &shop.owner[..shop.owner.len() - 1]);
        for key in ["mc_", "mc_nonsense", "nonsense", "test-admin-key", &shop.id, &one_off] {
            let response = server.graphql(Some(key), VIEWER, json!({})).await;
            assert_eq!(response["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{key}: {response}");
        }
    }

    /// Owners make keys of their own account; the platform makes any, each with the account it needs.
    async fn who_makes_which_key(server: Server) {
        let (shop, other) = (server.account("Shop").await, server.account("Other").await);
        let (admin, owner) = (server.admin_key(), shop.owner.as_str());
        let made = Value::Null;
        let wrong = |field: &str, code: &str| json!([["input", field], code]);
        for (key, role, account, expected) in [
            (owner, "OWNER", None, made.clone()),
            (owner, "VIEWER", Some(&shop.id), made.clone()),
            (owner, "MEMBER", Some(&other.id), wrong("accountId", "NOT_FOUND")),
            (owner, "PLATFORM_ADMIN", None, wrong("role", "INVALID")),
            (owner, "SENDER", None, wrong("role", "INVALID")),
            (owner, "SENDER", Some(&shop.id), wrong("role", "INVALID")),
            (owner, "SENDER", Some(&other.id), wrong("role", "INVALID")),
            (admin, "SENDER", Some(&shop.id), made.clone()),
            (owner, "ACCOUNT_MANAGER", Some(&shop.id), wrong("role", "INVALID")),
            (admin, "PLATFORM_ADMIN", None, made.clone()),
            (admin, "ACCOUNT_MANAGER", None, made.clone()),
            (admin, "OWNER", Some(&other.id), made.clone()),
            (admin, "OWNER", None, wrong("accountId", "INVALID")),
            (admin, "ACCOUNT_MANAGER", Some(&shop.id), wrong("accountId", "INVALID")),
        ] {
            let input = json!({ "role": role, "accountId": account, "name": "A key" });
            let response = server.graphql(Some(key), CREATE, json!({ "input": input })).await;
            let payload = &response["data"]["createApiKey"];
            let refused = payload["userErrors"].get(0).map_or(Value::Null, |row| json!([row["field"], row["code"]]));
            assert_eq!(refused, expected, "{role} {account:?}: {response}");
            assert_eq!(payload["secret"].is_null(), !expected.is_null(), "{response}");
            assert_eq!(payload["id"].is_null(), !expected.is_null(), "{response}");
        }
        for name in ["", " ", &"x".repeat(10_000)] {
            let input = json!({ "role": "MEMBER", "name": name });
            let response = server.graphql(Some(owner), CREATE, json!({ "input": input })).await;
            let refused = &response["data"]["createApiKey"]["userErrors"][0];
            assert_eq!(refused["field"], json!(["input", "name"]), "{response}");
        }
    }

    /// Another account's key answers as if it did not exist, and so does a platform key to an owner.
    async fn anothers_key_is_not_found(server: Server) {
        let (shop, other) = (server.account("Shop").await, server.account("Other").await);
        let key = async |by: &str, role: &str| {
            let payload = server.done(by, CREATE, json!({ "role": role, "name": "A key" })).await;
            payload["id"].as_str().unwrap().to_owned()
        };
        let (own, platform) = (key(&shop.owner, "MEMBER").await, key(server.admin_key(), "ACCOUNT_MANAGER").await);
        for id in [&own, &platform, &shop.id, "key_00000000000000000000000009", "nonsense"] {
            let response = server.graphql(Some(&other.owner), REVOKE, json!({ "input": { "id": id } })).await;
            assert_eq!(response["data"]["revokeApiKey"], json!({
                "id": null,
                "userErrors": [{ "field": ["input", "id"], "message": "There is no such key.", "code": "NOT_FOUND" }],
            }), "{id}");
        }
        for id in [own, platform] {
            server.done(server.admin_key(), REVOKE, json!({ "id": id })).await;
        }
    }
}
