//! The language of the server's texts follows the request's `Accept-Language`.

use serde_json::{Value, json};

use crate::support::{Server, Tenant};

/// Sends a request with a language, and returns the answer and its `Vary`.
async fn asked(server: &Server, key: &str, language: &str, query: &str) -> (Value, String) {
    let request = server.http().post(server.url("/graphql"));
    let request = request.bearer_auth(key).header("Accept-Language", language);
    let response = request
        .json(&json!({ "query": query }))
        .send()
        .await
        .unwrap();
    let vary = response.headers()["vary"].to_str().unwrap().to_owned();
    (response.json().await.unwrap(), vary)
}

async fn server_and_tenant() -> (Server, Tenant) {
    let server = Server::on_sqlite().await;
    let tenant = server.account("Bottega").await;
    (server, tenant)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_are_read_in_the_language_that_is_asked_for() {
    let (server, tenant) = server_and_tenant().await;
    let query = r#"mutation { createContactList(input: { name: "" }) {
        userErrors { field message template details { name value } code } } }"#;
    for (language, message) in [
        ("it-IT,it;q=0.9,en;q=0.8", "Non deve essere vuoto."),
        ("en-GB,en;q=0.9,it;q=0.8", "Must not be empty."),
        ("ja", "Must not be empty."),
        ("\u{7f}", "Must not be empty."),
    ] {
        let Ok(language) = reqwest::header::HeaderValue::from_bytes(language.as_bytes()) else {
            continue;
        };
        let language = language.to_str().unwrap_or_default();
        let (answer, vary) = asked(&server, &tenant.owner, language, query).await;
        let error = &answer["data"]["createContactList"]["userErrors"][0];
        assert_eq!(error["message"], message, "{language}: {answer}");
        assert_eq!(error["template"], "Must not be empty.");
        assert_eq!(error["details"], json!([]));
        assert_eq!(error["code"], "INVALID");
        assert!(vary.contains("accept-language"), "{vary}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_numbers_of_a_refusal_are_data() {
    let (server, tenant) = server_and_tenant().await;
    server.grant(&tenant, "10.5").await;
    let query = r#"mutation { sendMessage(input: { text: "Ciao",
        audience: { destinations: [{ countryCode: "IT", recipientCount: 20 }] }, idempotencyKey: "1" }) {
        userErrors { message template code details { name value } } } }"#;
    let (answer, _) = asked(&server, &tenant.owner, "it", query).await;
    let error = &answer["data"]["sendMessage"]["userErrors"][0];
    assert_eq!(error["code"], "INSUFFICIENT_CREDITS", "{answer}");
    let template = "{needed} credits are needed and {available} are available.";
    assert_eq!(error["template"], template);
    assert_eq!(
        error["details"],
        json!([{ "name": "needed", "value": "20" }, { "name": "available", "value": "10.5" }])
    );
    let message = error["message"].as_str().unwrap();
    assert!(
        message.starts_with("Crediti") && message.contains("10.5"),
        "{message}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_of_queries_are_translated() {
    let (server, tenant) = server_and_tenant().await;
    let query = r#"{ quote(input: { text: "Ciao {{nome",
        audience: { destinations: [{ countryCode: "IT", recipientCount: 1 }] } }) { credits } }"#;
    let (answer, _) = asked(&server, &tenant.owner, "it", query).await;
    let error = &answer["errors"][0];
    assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{answer}");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("carattere 6"), "{message}");
    let (answer, _) = asked(&server, &tenant.owner, "en", query).await;
    let message = answer["errors"][0]["message"].as_str().unwrap();
    assert!(message.contains("begins at character 6"), "{message}");

    let query = r#"{ a: quote(input: { text: "Ciao", audience: { recipients: ["1", "2"] } }) { credits } }"#;
    let (answer, _) = asked(&server, &tenant.owner, "it", query).await;
    let all = answer["errors"][0]["extensions"]["all"].as_array().unwrap();
    assert_eq!(all.len(), 2, "{answer}");
    for row in all {
        assert!(
            row["message"].as_str().unwrap().starts_with("Deve"),
            "{row}"
        );
    }

    let (answer, _) = asked(&server, "mc_wrong", "it", "{ viewer { role } }").await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
}
