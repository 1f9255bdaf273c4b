//! Random documents from the schema, without a key and for each role: none breaks the server, and
//! none gets more than an answer may have. The long run, which measures memory and CPU, is `cargo
//! bench --bench documents`.

use serde_json::{Value, json};

use crate::support::{new_key, on_both_databases};

#[path = "../../../benches/documents/generate.rs"]
mod generate;

use generate::Generator;

/// Documents for each key: a few seconds of a debug build.
const DOCUMENTS: usize = 40;

on_both_databases! {
    /// The same documents at each run, since the seed is the same.
    async fn no_document_breaks_the_server(server: Server) {
        let tenant = server.account("Acme").await;
        server.grant(&tenant, "1000000").await;
        let mut ids = vec![tenant.id.clone()];
        for n in 0..5 {
            let destinations = json!([{ "countryCode": "IT", "recipientCount": 10 }]);
            let list = server.list(&tenant, &format!("List {n}"), destinations).await;
            let send = "mutation($input: SendMessageInput!) {
                sendMessage(input: $input) { message { id } userErrors { message } } }";
            let text = "’".repeat(n * 3_000 + 1);
            let input = json!({ "audience": { "listId": list }, "text": text, "idempotencyKey": new_key() });
            let sent = server.done(&tenant.owner, send, input).await;
            ids.push(sent["message"]["id"].as_str().unwrap().to_owned());
            ids.push(list);
        }
        let mut keys = vec![None, Some(server.admin_key().to_owned()), Some(tenant.owner.clone())];
        for role in ["MEMBER", "VIEWER", "SENDER"] {
            keys.push(Some(server.key(&tenant, role).await));
        }
        let mut generator = Generator::new(include_str!("../../../schema.graphql"), ids, 7);
        let (mut answered, mut ended) = (0, 0);
        for _ in 0..DOCUMENTS {
            for key in &keys {
                let asked = generator.next();
                let mut request = server.http().post(server.url("/graphql"));
                if let Some(key) = key {
                    request = request.bearer_auth(key);
                }
                let body = json!({ "query": asked.query, "variables": asked.variables });
                let response = request.json(&body).send().await.unwrap();
                let status = response.status();
                if key.is_none() && status == 413 {
                    // The server reads a quarter of a mebibyte from anonymous clients.
                    continue;
                }
                let bytes = response.bytes().await.unwrap();
                assert!(bytes.len() <= 8 * 1024 * 1024, "{} bytes: {body}", bytes.len());
                let answer: Value = serde_json::from_slice(&bytes).unwrap();
                let errors = answer["errors"].as_array().cloned().unwrap_or_default();
                for error in &errors {
                    let code = &error["extensions"]["code"];
                    assert_ne!(code, "INTERNAL_SERVER_ERROR", "{error}: {body}");
                    ended += usize::from(code == "OUTPUT_TOO_LARGE");
                }
                // Clients without a key may send little.
                let fits = status == 200 || (key.is_none() && status == 413);
                assert!(fits, "{status} {errors:?}: {asked}", asked = asked.query);
                answered += usize::from(answer.get("data").is_some());
            }
        }
        // They are valid for the schema, and some of them ask for too much.
        assert!(answered > DOCUMENTS * 2, "{answered}");
        assert!(ended > DOCUMENTS / 4, "{ended}");
    }
}
