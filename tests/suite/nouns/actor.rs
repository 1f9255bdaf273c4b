//! Who did what: the actors of transactions, messages, purchases and imports (law B7).

use futures_util::{SinkExt, StreamExt};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{
    Server, Tenant,
    message::{SEND, scheduled, to_italians},
    new_key, on_both_databases,
    purchase::{begin, package},
};

const ACTOR: &str = "actor { kind name apiKeyId onBehalfOf }";

/// Runs an operation with a key that acts for somebody.
async fn acting_for(
    server: &Server,
    key: &str,
    label: &[u8],
    operation: (&str, Value),
) -> (StatusCode, Value) {
    let (query, variables) = operation;
    let request = server.http().post(server.url("/graphql")).bearer_auth(key);
    let request = request.header("On-Behalf-Of", label);
    let body = json!({ "query": query, "variables": variables });
    let response = request.json(&body).send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

async fn transactions(
    server: &Server,
    key: &str,
    tenant: &Tenant,
    filter: Value,
) -> Vec<(String, Value)> {
    let read = format!(
        "query($id: ID, $filter: TransactionFilter) {{ account(id: $id) {{
            transactions(first: 50, filter: $filter) {{ totalCount nodes {{ kind {ACTOR} }} }} }} }}"
    );
    let variables = json!({ "id": tenant.id, "filter": filter });
    let mut data = server.data(key, &read, variables).await;
    let mut all = data["account"]["transactions"].take();
    let nodes = all["nodes"].as_array_mut().unwrap();
    let rows: Vec<_> = nodes
        .iter_mut()
        .rev()
        .map(|node| {
            (
                node["kind"].as_str().unwrap().to_owned(),
                node["actor"].take(),
            )
        })
        .collect();
    assert_eq!(all["totalCount"], rows.len());
    rows
}

/// A message to three Italians, with a key of its own.
fn keyed() -> Value {
    let mut input = to_italians(3);
    input["idempotencyKey"] = json!(new_key());
    input
}

fn job(name: &str) -> Value {
    json!({ "kind": "JOB", "name": name, "apiKeyId": null, "onBehalfOf": null })
}

on_both_databases! {
    /// Each entry names who did it: a key and whom it acted for, a job, or a payment provider. What
    /// expired meanwhile is the server's, even if it is booked with somebody's command.
    async fn every_transaction_names_its_actor(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant(&tenant, "100").await;
        server.grant_until(&tenant, "7", Some("2026-11-24")).await;
        let package = package(&server, 1_000, 4_990, |_| {}).await;
        let purchase = begin(&server, &tenant, &package).await;
        let approved = server.http().post(purchase["confirmationUrl"].as_str().unwrap());
        approved.form(&[("decision", "approve")]).send().await.unwrap();
        let keys = "{ account { apiKeys { nodes { id name } } } }";
        let own = server.data(&tenant.owner, keys, json!({})).await["account"]["apiKeys"]["nodes"][0].take();
        let owner = |label: Value| json!({
            "kind": "ACCOUNT_KEY", "name": own["name"], "apiKeyId": own["id"], "onBehalfOf": label });
        let waits = scheduled(&server, &tenant, "2026-11-23T08:00:00Z", to_italians(2)).await;
        server.set_time("2026-11-23T08:00:00Z");
        server.run_workers().await;
        server.set_time("2026-11-25T08:00:00Z");
        let input = json!({ "input": keyed() });
        let (_, sent) = acting_for(&server, &tenant.owner, "Maria%20Nicol%C3%B2".as_bytes(), (SEND, input)).await;
        assert_eq!(sent["data"]["sendMessage"]["userErrors"], json!([]), "{sent}");

        let platform = json!({ "kind": "PLATFORM_KEY", "name": null, "apiKeyId": null, "onBehalfOf": null });
        let sandbox = json!({ "kind": "PROVIDER", "name": "sandbox", "apiKeyId": null, "onBehalfOf": null });
        let expected = [
            ("GRANT", platform.clone()),
            ("GRANT", platform),
            ("PURCHASE", sandbox),
            ("HOLD", owner(Value::Null)),
            ("SPEND", job("settlement")),
            ("EXPIRY", job("expiry")),
            ("SPEND", owner(json!("Maria Nicolò"))),
        ];
        let expected = expected.map(|(kind, actor)| (kind.to_owned(), actor));
        assert_eq!(transactions(&server, &tenant.owner, &tenant, json!({})).await, expected);
        assert_eq!(transactions(&server, server.admin_key(), &tenant, json!({})).await, expected);

        // Who sent this is one query, and what somebody did is another.
        let read = format!("query($id: ID!) {{ node(id: $id) {{ ... on Message {{ status {ACTOR} }} }} }}");
        let message = server.data(&tenant.owner, &read, json!({ "id": waits })).await;
        assert_eq!(message["node"], json!({ "status": "SENT", "actor": owner(Value::Null) }));
        let read = format!("query($id: ID!) {{ node(id: $id) {{ ... on Purchase {{ {ACTOR} }} }} }}");
        let bought = server.data(&tenant.owner, &read, json!({ "id": purchase["id"] })).await;
        assert_eq!(bought["node"]["actor"], owner(Value::Null));
        let list = server.list(&tenant, "All", json!([])).await;
        let import = server.import(&tenant.owner, &list, "phone\n+393401234567\n").await["import"]["id"].take();
        let read = format!("query($id: ID!) {{ node(id: $id) {{ ... on ContactImport {{ {ACTOR} }} }} }}");
        let imported = server.data(&tenant.owner, &read, json!({ "id": import })).await;
        assert_eq!(imported["node"]["actor"], owner(Value::Null));
        for (actor, kinds) in [
            (json!({ "apiKeyId": own["id"] }), vec!["HOLD", "SPEND"]),
            (json!({ "onBehalfOf": "Maria Nicolò" }), vec!["SPEND"]),
            (json!({ "onBehalfOf": "maria" }), vec![]),
            (json!({}), vec!["GRANT", "GRANT", "PURCHASE", "HOLD", "SPEND", "EXPIRY", "SPEND"]),
        ] {
            let found = transactions(&server, &tenant.owner, &tenant, json!({ "actor": actor })).await;
            let found: Vec<_> = found.iter().map(|(kind, _)| kind.as_str()).collect();
            assert_eq!(found, kinds, "{actor}");
            let read = "query($filter: MessageFilter) { account { messages(filter: $filter) { totalCount } } }";
            let count = server.data(&tenant.owner, read, json!({ "filter": { "actor": actor } })).await;
            let messages = kinds.iter().filter(|kind| ["HOLD", "SPEND"].contains(kind)).count().min(2);
            assert_eq!(count["account"]["messages"]["totalCount"], messages, "{actor}");
        }
    }

    /// A label of the platform's staff is the platform's, and the names of its keys are its
    /// administrators'.
    async fn the_platform_shows_its_staff_to_itself_only(server: Server) {
        let tenant = server.account("Shop").await;
        let create = "mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { id secret userErrors { code } } }";
        let manager = server.done(server.admin_key(), create, json!({ "role": "ACCOUNT_MANAGER", "name": "Support" })).await;
        let secret = manager["secret"].as_str().unwrap();
        let grant = "mutation($input: GrantCreditsInput!) { grantCredits(input: $input) { userErrors { code } } }";
        let input = json!({ "accountId": tenant.id, "credits": "5", "note": "A gift", "idempotencyKey": new_key() });
        let (status, _) = acting_for(&server, secret, b"Carla", (grant, json!({ "input": input }))).await;
        assert_eq!(status, StatusCode::OK);
        let shown = |name: Value, id: Value, label: Value| vec![("GRANT".to_owned(),
            json!({ "kind": "PLATFORM_KEY", "name": name, "apiKeyId": id, "onBehalfOf": label }))];
        for (key, expected) in [
            (tenant.owner.as_str(), shown(Value::Null, Value::Null, Value::Null)),
            (secret, shown(Value::Null, Value::Null, json!("Carla"))),
            (server.admin_key(), shown(json!("Support"), manager["id"].clone(), json!("Carla"))),
        ] {
            assert_eq!(transactions(&server, key, &tenant, json!({})).await, expected);
        }
        // Whoever doesn't see the staff can't ask for it either.
        for (key, found) in [(tenant.owner.as_str(), 0), (secret, 1), (server.admin_key(), 1)] {
            let filter = json!({ "actor": { "onBehalfOf": "Carla" } });
            assert_eq!(transactions(&server, key, &tenant, filter).await.len(), found);
        }
        let read = "query($filter: TransactionFilter) { account { transactions(filter: $filter) { totalCount } } }";
        let filter = json!({ "filter": { "actor": { "apiKeyId": manager["id"] } } });
        let answer = server.graphql(Some(&tenant.owner), read, filter).await;
        let extensions = json!({ "code": "NOT_FOUND", "field": ["filter", "actor", "apiKeyId"] });
        assert_eq!(answer["errors"][0]["extensions"], extensions);
    }

    /// A sending service charges messages, and doesn't read who made them.
    async fn a_sending_service_does_not_read_actors(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant(&tenant, "100").await;
        scheduled(&server, &tenant, "2026-11-23T08:00:00Z", to_italians(2)).await;
        let sender = server.key(&tenant, "SENDER").await;
        let read = format!("{{ account {{ messages {{ nodes {{ status {ACTOR} }} }} }} }}");
        let answer = server.graphql(Some(&sender), &read, json!({})).await;
        let read = json!({ "status": "SCHEDULED", "actor": null });
        assert_eq!(answer["data"]["account"]["messages"]["nodes"], json!([read]));
        assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN");
    }

    /// A label that can't be used is refused with the reason, and nothing is done.
    async fn unusable_labels_are_refused(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant(&tenant, "100").await;
        let long = "é".repeat(101);
        for (label, wrong) in [
            (long.as_bytes(), "at most 100 characters"),
            (b" ", "must not be empty"),
            (b"a%0Ab", "control characters"),
            ("a\u{202E}b".as_bytes(), "U+202E at position 2"),
            (b"%FF", "UTF-8"),
        ] {
            let input = json!({ "input": keyed() });
            let (status, answer) = acting_for(&server, &tenant.owner, label, (SEND, input)).await;
            let message = answer["errors"][0]["message"].as_str().unwrap().to_lowercase();
            assert_eq!((status, &answer["errors"][0]["extensions"]["code"]), (StatusCode::BAD_REQUEST, &json!("BAD_REQUEST")));
            assert!(message.contains("on-behalf-of") && message.contains(&wrong.to_lowercase()), "{message}");
        }
        let most = "é".repeat(100);
        let input = json!({ "input": keyed() });
        let (status, _) = acting_for(&server, &tenant.owner, most.as_bytes(), (SEND, input)).await;
        assert_eq!(status, StatusCode::OK);
        let all = transactions(&server, &tenant.owner, &tenant, json!({ "kinds": ["SPEND"] })).await;
        assert_eq!((all.len(), &all[0].1["onBehalfOf"]), (1, &json!(most)));
    }
}

#[tokio::test]
async fn a_socket_acts_for_whom_its_connection_names() {
    let server = Server::on_sqlite().await;
    let tenant = server.account("Shop").await;
    server.grant(&tenant, "100").await;
    for (label, answer) in [
        (json!("Ada%20Rossi"), "connection_ack"),
        (json!(""), "4400"),
        (json!(7), "4400"),
    ] {
        let mut socket = server.socket().await;
        let payload =
            json!({ "Authorization": format!("Bearer {}", tenant.owner), "On-Behalf-Of": label });
        let init = json!({ "type": "connection_init", "payload": payload });
        socket.send(Message::text(init.to_string())).await.unwrap();
        let first = socket.next().await.unwrap().unwrap();
        assert!(format!("{first:?}").contains(answer), "{first:?}");
        if answer != "connection_ack" {
            continue;
        }
        let run = json!({ "id": "1", "type": "subscribe",
            "payload": { "query": SEND, "variables": { "input": keyed() } } });
        socket.send(Message::text(run.to_string())).await.unwrap();
        let sent = socket.next().await.unwrap().unwrap();
        assert!(
            sent.to_text().unwrap().contains("\"userErrors\":[]"),
            "{sent:?}"
        );
    }
    let all = transactions(
        &server,
        &tenant.owner,
        &tenant,
        json!({ "kinds": ["SPEND"] }),
    )
    .await;
    assert_eq!(
        (all.len(), &all[0].1["onBehalfOf"]),
        (1, &json!("Ada Rossi"))
    );
}
