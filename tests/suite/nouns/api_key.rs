//! API keys over HTTP: what each gives access to, who may create and revoke them, and immediate
//! revocation.

use serde_json::{Value, json};

use crate::support::{Server, on_both_databases};

const CREATE: &str = "mutation($input: CreateApiKeyInput!) {
    createApiKey(input: $input) { id secret userErrors { field message code } } }";

const REVOKE: &str = "mutation($input: RevokeApiKeyInput!) {
    revokeApiKey(input: $input) { id userErrors { field message code } } }";

const ROTATE: &str = "mutation($input: RotateApiKeyInput!) { rotateApiKey(input: $input) {
    apiKey { id name role prefix account { id } expiresAt revokedAt } previous { id expiresAt revokedAt }
    secret userErrors { field message code } } }";

const REVOKE_OTHERS: &str = "mutation($input: RevokeOtherApiKeysInput!) {
    revokeOtherApiKeys(input: $input) { revokedCount account { id } userErrors { field message code } } }";

const KEYS: &str = "query($id: ID) { account(id: $id) { apiKeys { totalCount
    nodes { name role createdAt lastUsedAt expiresAt revokedAt } } } }";

const VIEWER: &str = "{ viewer { role accounts { nodes { name } totalCount } } }";

on_both_databases! {
    /// A key gives access to its account in its role, and to nothing else; its secret is 256 random
    /// bits.
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
        // The server's own key belongs to the platform, which sees all accounts.
        let viewer = server.data(server.admin_key(), VIEWER, json!({})).await;
        assert_eq!(viewer["viewer"], json!({
            "role": "PLATFORM_ADMIN",
            "accounts": { "nodes": [{ "name": "Shop" }, { "name": "Other" }], "totalCount": 2 },
        }));
    }

    /// The database has no secret, only its hash.
    async fn secrets_are_not_stored(server: Server) {
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
        // Other keys keep working.
        server.data(&shop.owner, VIEWER, json!({})).await;
    }

    /// A key is replaced by one with the same rights; the old one works until the overlap ends.
    async fn a_key_is_rotated_with_an_overlap(server: Server) {
        let shop = server.account("Shop").await;
        let input = json!({ "role": "MEMBER", "name": "Campaigns", "expiresAt": "2026-12-22T08:00:00Z" });
        let made = server.done(&shop.owner, CREATE, input).await;
        let old = made["secret"].as_str().unwrap();
        server.set_time("2026-12-12T08:00:00Z");
        let input = json!({ "id": made["id"], "overlapMinutes": 60 });
        let rotated = server.done(&shop.owner, ROTATE, input).await;
        let new = rotated["secret"].as_str().unwrap();
        assert_eq!(rotated["previous"]["id"], made["id"]);
        assert_eq!(rotated["previous"]["expiresAt"], "2026-12-12T09:00:00Z");
        // Thirty days, as the old one.
        assert_eq!(rotated["apiKey"], json!({
            "id": rotated["apiKey"]["id"], "name": "Campaigns", "role": "MEMBER", "prefix": &new[..9],
            "account": { "id": shop.id }, "expiresAt": "2027-01-11T08:00:00Z", "revokedAt": null,
        }));
        for key in [old, new] {
            server.data(key, VIEWER, json!({})).await;
        }
        server.set_time("2026-12-12T09:00:00Z");
        let response = server.graphql(Some(old), VIEWER, json!({})).await;
        assert_eq!(response["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{response}");
        server.data(new, VIEWER, json!({})).await;

        // It doesn't work any more, so that nothing is to be changed over.
        let input = json!({ "input": { "id": made["id"] } });
        let again = server.graphql(Some(&shop.owner), ROTATE, input).await;
        assert_eq!(again["data"]["rotateApiKey"], json!({ "apiKey": null, "previous": null, "secret": null,
            "userErrors": [{ "field": ["input", "id"], "code": "CONFLICT",
                "message": "The key doesn't work any more; create a new one." }] }));

        // Without an overlap it is revoked at once; it may be the caller's own.
        let own = "{ account { apiKeys { nodes { id name } } } }";
        let keys = server.data(&shop.owner, own, json!({})).await;
        let keys = keys["account"]["apiKeys"]["nodes"].as_array().unwrap();
        let owners = keys.iter().find(|key| key["name"] == "OWNER key").unwrap();
        let input = json!({ "id": owners["id"], "overlapMinutes": 0 });
        let rotated = server.done(&shop.owner, ROTATE, input).await;
        assert_eq!(rotated["previous"]["revokedAt"], "2026-12-12T09:00:00Z");
        assert_eq!(rotated["apiKey"]["expiresAt"], json!(null));
        let response = server.graphql(Some(&shop.owner), VIEWER, json!({})).await;
        assert_eq!(response["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{response}");
        server.data(rotated["secret"].as_str().unwrap(), VIEWER, json!({})).await;
    }

    /// Of several requests that replace a key at once without an overlap, one does.
    async fn a_key_is_replaced_once(server: Server) {
        let shop = server.account("Shop").await;
        let made = server.done(&shop.owner, CREATE, json!({ "role": "VIEWER", "name": "Screen" })).await;
        let rotate = || {
            let input = json!({ "input": { "id": made["id"], "overlapMinutes": 0 } });
            server.graphql(Some(&shop.owner), ROTATE, input)
        };
        let answers = futures_util::future::join_all((0..4).map(|_| rotate())).await;
        let payloads = answers.iter().map(|answer| &answer["data"]["rotateApiKey"]);
        let (done, refused): (Vec<_>, Vec<_>) = payloads.partition(|payload| payload["secret"].is_string());
        assert_eq!(done.len(), 1, "{answers:?}");
        for payload in refused {
            assert_eq!(payload["userErrors"][0]["code"], "CONFLICT", "{payload}");
        }
    }

    /// What can't be rotated is refused and stays as it is.
    async fn a_rotation_is_refused_for_what_the_viewer_may_not_make(server: Server) {
        let shop = server.account("Shop").await;
        let other = server.account("Other").await;
        let made = server.done(&shop.owner, CREATE, json!({ "role": "VIEWER", "name": "Screen" })).await;
        let sender = json!({ "accountId": shop.id, "role": "SENDER", "name": "Sending" });
        let sender = server.done(server.admin_key(), CREATE, sender).await;
        let rotate = async |key: &str, input: Value| {
            server.graphql(Some(key), ROTATE, json!({ "input": input })).await
        };
        for minutes in [-1, 43_201] {
            let input = json!({ "id": made["id"], "overlapMinutes": minutes });
            let refused = rotate(&shop.owner, input).await;
            let error = &refused["data"]["rotateApiKey"]["userErrors"][0];
            assert_eq!(error["field"], json!(["input", "overlapMinutes"]), "{refused}");
            assert_eq!(error["message"], format!("Must be from 0 to 43200 minutes; got {minutes}."));
        }
        let foreign = rotate(&other.owner, json!({ "id": made["id"] })).await;
        assert_eq!(foreign["data"]["rotateApiKey"]["userErrors"][0]["code"], "NOT_FOUND", "{foreign}");
        let refused = rotate(&shop.owner, json!({ "id": sender["id"] })).await;
        assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");
        for key in [&made, &sender] {
            server.data(key["secret"].as_str().unwrap(), "{ viewer { role } }", json!({})).await;
        }
        let platform = rotate(server.admin_key(), json!({ "id": sender["id"], "overlapMinutes": 1 })).await;
        assert_eq!(platform["data"]["rotateApiKey"]["userErrors"], json!([]), "{platform}");
    }

    /// Invalid keys are refused.
    async fn invalid_keys_are_refused(server: Server) {
        let shop = server.account("Shop").await;
        let one_off = format!("{}x", &shop.owner[..shop.owner.len() - 1]);
        for key in ["mc_", "mc_nonsense", "nonsense", "test-admin-key", &shop.id, &one_off] {
            let response = server.graphql(Some(key), VIEWER, json!({})).await;
            assert_eq!(response["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{key}: {response}");
        }
    }

    /// Owners create keys of their own account; the platform creates any, each with the account it
    /// needs.
    async fn roles_decide_which_keys_can_be_made(server: Server) {
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

    /// Another account's key answers as if it did not exist; for an owner, so does a platform key.
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

    /// An owner sees the account's keys, their roles and their last use; nobody sees secrets.
    async fn owners_list_their_keys(server: Server) {
        let (shop, other) = (server.account("Shop").await, server.account("Other").await);
        server.set_time("2026-11-22T08:00:01Z");
        let input = json!({ "role": "MEMBER", "name": "Editor", "expiresAt": "2026-11-23T00:00:00Z" });
        let made = server.done(&shop.owner, CREATE, input).await;
        let member = made["secret"].as_str().unwrap();
        let keys = async |key: &str| {
            let data = server.data(key, KEYS, json!({ "id": shop.id })).await;
            data["account"]["apiKeys"].clone()
        };
        let expected = |owner: Value, member: Value| json!({ "totalCount": 2, "nodes": [
            { "name": "Editor", "role": "MEMBER", "createdAt": "2026-11-22T08:00:01Z", "lastUsedAt": member,
              "expiresAt": "2026-11-23T00:00:00Z", "revokedAt": null },
            { "name": "OWNER key", "role": "OWNER", "createdAt": "2026-11-22T08:00:00Z", "lastUsedAt": owner,
              "expiresAt": null, "revokedAt": null },
        ] });
        assert_eq!(keys(&shop.owner).await, expected(Value::Null, Value::Null));
        server.run_workers().await;
        let first = json!("2026-11-22T08:00:01Z");
        assert_eq!(keys(&shop.owner).await, expected(first.clone(), Value::Null));
        // Within the hour the last use isn't written again.
        server.set_time("2026-11-22T09:00:00Z");
        server.data(member, VIEWER, json!({})).await;
        server.run_workers().await;
        let second = json!("2026-11-22T09:00:00Z");
        assert_eq!(keys(&shop.owner).await, expected(first, second.clone()));
        server.set_time("2026-11-22T09:30:00Z");
        for key in [member, &shop.owner] {
            server.data(key, VIEWER, json!({})).await;
        }
        server.run_workers().await;
        let owner = json!("2026-11-22T09:30:00Z");
        assert_eq!(keys(server.admin_key()).await, expected(owner, second));
        for (key, code) in [(member, "FORBIDDEN"), (&server.key(&shop, "SENDER").await, "FORBIDDEN")] {
            let response = server.graphql(Some(key), KEYS, json!({})).await;
            assert_eq!(response["errors"][0]["extensions"]["code"], code, "{response}");
        }
        // As a node it exists for those who see the account's keys, and for nobody else.
        let node = "query($id: ID!) { node(id: $id) { ... on ApiKey { name } } }";
        for (key, sees) in [(&shop.owner, true), (&other.owner, false), (&member.to_owned(), false)] {
            let data = server.data(key, node, json!({ "id": made["id"] })).await;
            assert_eq!(data["node"].is_null(), !sees, "{data}");
        }
    }

    /// A key stops working at its expiry.
    async fn a_key_may_expire(server: Server) {
        let shop = server.account("Shop").await;
        for at in ["2026-11-22T08:00:00Z", "2026-11-22T07:59:59Z", "2300-01-01T00:00:00Z"] {
            let input = json!({ "role": "MEMBER", "name": "Late", "expiresAt": at });
            let response = server.graphql(Some(&shop.owner), CREATE, json!({ "input": input })).await;
            let refused = &response["data"]["createApiKey"]["userErrors"][0]["field"];
            assert_eq!(refused, &json!(["input", "expiresAt"]), "{response}");
        }
        let input = json!({ "role": "MEMBER", "name": "Audit", "expiresAt": "2026-11-22T08:00:01Z" });
        let made = server.done(&shop.owner, CREATE, input).await;
        let secret = made["secret"].as_str().unwrap();
        server.data(secret, VIEWER, json!({})).await;
        server.set_time("2026-11-22T08:00:01Z");
        let response = server.graphql(Some(secret), VIEWER, json!({})).await;
        assert_eq!(response["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{response}");
    }

    /// After a theft an owner revokes all keys but their own at once, including those that the
    /// stolen one created.
    async fn all_other_keys_can_be_revoked_at_once(server: Server) {
        let (shop, other) = (server.account("Shop").await, server.account("Other").await);
        let stolen = server.key(&shop, "OWNER").await;
        let input = json!({ "role": "OWNER", "name": "OWNER key" });
        let hidden = server.done(&stolen, CREATE, input).await;
        let hidden = hidden["secret"].as_str().unwrap();
        let kept = server.done(&shop.owner, CREATE, json!({ "role": "VIEWER", "name": "Reports" })).await;
        let foreign = server.done(&other.owner, CREATE, json!({ "role": "VIEWER", "name": "Reports" })).await;
        for (input, field) in [
            (json!({ "keepIds": [kept["id"], foreign["id"]] }), json!(["input", "keepIds", "1"])),
            (json!({ "keepIds": [shop.id] }), json!(["input", "keepIds", "0"])),
            (json!({ "keepIds": vec![kept["id"].clone(); 101] }), json!(["input", "keepIds"])),
            (json!({ "accountId": other.id }), json!(["input", "accountId"])),
        ] {
            let response = server.graphql(Some(&shop.owner), REVOKE_OTHERS, json!({ "input": input })).await;
            let payload = &response["data"]["revokeOtherApiKeys"];
            assert_eq!((&payload["revokedCount"], &payload["userErrors"][0]["field"]), (&Value::Null, &field));
        }
        server.data(hidden, VIEWER, json!({})).await;
        let done = server.done(&shop.owner, REVOKE_OTHERS, json!({ "keepIds": [kept["id"]] })).await;
        assert_eq!(done["revokedCount"], 2);
        assert_eq!(done["account"]["id"], json!(shop.id));
        for (key, works) in [
            (stolen.as_str(), false), (hidden, false), (&shop.owner, true), (&other.owner, true),
            (kept["secret"].as_str().unwrap(), true),
        ] {
            let response = server.graphql(Some(key), VIEWER, json!({})).await;
            assert_eq!(response.get("errors").is_none(), works, "{response}");
        }
        let again = server.done(&shop.owner, REVOKE_OTHERS, json!({ "keepIds": [kept["id"]] })).await;
        assert_eq!(again["revokedCount"], 0);
        // An administrator's keys belong to the platform, not to an account.
        let create = async |role: &str| {
            let made = server.done(server.admin_key(), CREATE, json!({ "role": role, "name": role })).await;
            made["secret"].as_str().unwrap().to_owned()
        };
        let (admin, manager) = (create("PLATFORM_ADMIN").await, create("ACCOUNT_MANAGER").await);
        let listed = "{ platformApiKeys { nodes { name role revokedAt } totalCount } }";
        let data = server.data(&admin, listed, json!({})).await;
        assert_eq!(data["platformApiKeys"]["totalCount"], 2, "{data}");
        let done = server.done(&admin, REVOKE_OTHERS, json!({})).await;
        assert_eq!((&done["revokedCount"], &done["account"]), (&json!(1), &Value::Null));
        for (key, works) in [(&manager, false), (&admin, true), (&shop.owner, true)] {
            let response = server.graphql(Some(key), VIEWER, json!({})).await;
            assert_eq!(response.get("errors").is_none(), works, "{response}");
        }
    }
}

/// Wrong keys are counted, and an address that shows many is slowed down; a working key is accepted
/// all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_keys_are_slowed_by_address() {
    let server = Server::on_sqlite().await;
    let shop = server.account("Shop").await;
    let mut told_to_wait = 0;
    for number in 0..60 {
        let request = server
            .http()
            .post(server.url("/graphql"))
            .bearer_auth(format!("mc_{number}"));
        let body = json!({ "query": "{ __typename }" });
        let response = request.json(&body).send().await.unwrap();
        let status = response.status();
        assert!(number >= 20 || status == 401, "{number}: {status}");
        if status == 429 {
            told_to_wait += 1;
            let wait: u64 = response.headers()["retry-after"]
                .to_str()
                .unwrap()
                .parse()
                .unwrap();
            assert!(wait >= 1);
            let body: Value = response.json().await.unwrap();
            assert_eq!(
                body["errors"][0]["extensions"]["code"], "RATE_LIMITED",
                "{body}"
            );
        } else {
            assert_eq!(status, 401);
        }
        server.data(&shop.owner, VIEWER, json!({})).await;
    }
    assert!(told_to_wait > 0);
    let metrics = server
        .http()
        .get(server.url("/metrics"))
        .send()
        .await
        .unwrap();
    let metrics = metrics.text().await.unwrap();
    let counted = metrics
        .lines()
        .find_map(|line| line.strip_prefix("message_credits_wrong_api_keys_total "));
    // Other tests may run in this process.
    assert!(counted.unwrap().parse::<u64>().unwrap() >= 60, "{metrics}");
}
