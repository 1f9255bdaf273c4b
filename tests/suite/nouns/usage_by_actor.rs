//! Usage of what one key sent, or what was sent for somebody: the report, its file, the messages
//! behind its figures, and the actors to choose from.

use std::io::Cursor;

use calamine::{DataType, Reader, Xlsx};
use serde_json::{Value, json};

use crate::support::{
    Server, Tenant,
    message::{SEND, to_italians, to_list},
    new_key, on_both_databases,
};

const REPORT: &str = "query($input: UsageReportInput!) { usageReport(input: $input) {
    totals { messageCount credits } previous { usage { messageCount } }
    buckets { usage { credits } } countries { countryCode usage { credits } } channels { usage { credits } }
    lists { list { id } usage { messageCount credits } messages { totalCount nodes { id } } }
    } csv: usageReportDownload(input: $input, format: CSV) { url }
    file: usageReportDownload(input: $input) { url } }";

/// Who may choose from whom.
const ACTORS: &str = "query($id: ID!, $first: Int! = 100) { account(id: $id) {
    actors(first: $first) { kind name apiKeyId onBehalfOf } } }";

/// Sends a message with a key, for somebody or for nobody; the message's id.
async fn send(server: &Server, key: &str, label: Option<&str>, mut input: Value) -> Value {
    input["idempotencyKey"] = json!(new_key());
    let mut request = server.http().post(server.url("/graphql")).bearer_auth(key);
    if let Some(label) = label {
        request = request.header("On-Behalf-Of", label);
    }
    let body = json!({ "query": SEND, "variables": { "input": input } });
    let answer: Value = request
        .json(&body)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let payload = &answer["data"]["sendMessage"];
    assert_eq!(payload["userErrors"], json!([]), "{answer}");
    payload["message"]["id"].clone()
}

/// An account with a list, of which three people sent something.
struct Shop {
    tenant: Tenant,
    member: String,
    list: String,
    /// The ids of the owner's and the member's keys.
    keys: [Value; 2],
    /// Messages: the owner's, the owner's for Maria, the member's for Maria to the list, and the
    /// member's.
    sent: [Value; 4],
}

async fn shop(server: &Server) -> Shop {
    let tenant = server.account("Shop").await;
    server.grant(&tenant, "1000").await;
    let member = server.key(&tenant, "MEMBER").await;
    let rows = json!([{ "countryCode": "IT", "recipientCount": 7 }, { "countryCode": "FR", "recipientCount": 4 }]);
    let list = server.list(&tenant, "Winter", rows).await;
    let sent = [
        send(server, &tenant.owner, None, to_italians(2)).await,
        send(server, &tenant.owner, Some("Maria"), to_italians(3)).await,
        send(server, &member, Some("Maria"), to_list(&list, "Ciao")).await,
        send(server, &member, None, to_list(&list, "Ciao")).await,
    ];
    let read = "{ account { apiKeys { nodes { id name } } } }";
    let keys = server.data(&tenant.owner, read, json!({})).await;
    let keys = ["OWNER key", "MEMBER key"].map(|name| {
        let nodes = keys["account"]["apiKeys"]["nodes"].as_array().unwrap();
        nodes.iter().find(|key| key["name"] == name).unwrap()["id"].clone()
    });
    Shop {
        tenant,
        member,
        list,
        keys,
        sent,
    }
}

fn november(actor: Value) -> Value {
    json!({ "from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z", "actor": actor })
}

fn sum(parts: &Value) -> f64 {
    let parts = parts.as_array().unwrap().iter();
    let credits = parts.map(|part| part["usage"]["credits"].as_str().unwrap());
    credits.map(|credits| credits.parse::<f64>().unwrap()).sum()
}

on_both_databases! {
    /// Each key and each label has its own usage; its parts add up, its lists lead to exactly its
    /// messages, and its file has them and says whose they are.
    async fn usage_is_restricted_to_an_actor(server: Server) {
        let shop = shop(&server).await;
        let [owner, member] = shop.keys.clone();
        let cases: [(Value, &[usize], &str, &str); 6] = [
            (json!({}), &[0, 1, 2, 3], "27", "none: all usage counts"),
            (json!({ "apiKeyId": owner }), &[0, 1], "5", "API keys: OWNER key"),
            (json!({ "apiKeyId": member }), &[2, 3], "22", "API keys: MEMBER key"),
            (json!({ "onBehalfOf": "Maria" }), &[1, 2], "14", "on behalf of: Maria; API keys: MEMBER key, OWNER key"),
            (json!({ "apiKeyId": owner, "onBehalfOf": "Maria" }), &[1], "3", "on behalf of: Maria; API keys: OWNER key"),
            (json!({ "onBehalfOf": "maria" }), &[], "0", "on behalf of: maria; API keys: "),
        ];
        for (actor, sent, credits, filter) in cases {
            let input = november(actor.clone());
            let data = server.data(&shop.tenant.owner, REPORT, json!({ "input": input })).await;
            let report = &data["usageReport"];
            assert_eq!(report["totals"], json!({ "messageCount": sent.len(), "credits": credits }), "{actor}");
            assert_eq!(report["previous"]["usage"]["messageCount"], 0);
            for part in ["buckets", "countries", "channels", "lists"] {
                assert_eq!(sum(&report[part]), credits.parse::<f64>().unwrap(), "{part} of {actor}");
            }
            let lists = report["lists"].as_array().unwrap().iter();
            let mut found: Vec<&Value> = Vec::new();
            for list in lists {
                let nodes = list["messages"]["nodes"].as_array().unwrap();
                assert_eq!(list["messages"]["totalCount"], list["usage"]["messageCount"], "{actor}");
                found.extend(nodes.iter().map(|node| &node["id"]));
            }
            found.sort_unstable_by_key(|id| id.as_str());
            let mut expected: Vec<&Value> = sent.iter().map(|place| &shop.sent[*place]).collect();
            expected.sort_unstable_by_key(|id| id.as_str());
            assert_eq!(found, expected, "{actor}");

            let csv = server.http().get(data["csv"]["url"].as_str().unwrap());
            let csv = csv.send().await.unwrap().text().await.unwrap();
            for (place, id) in shop.sent.iter().enumerate() {
                assert_eq!(csv.contains(id.as_str().unwrap()), sent.contains(&place), "{actor}: {csv}");
            }
            let file = server.http().get(data["file"]["url"].as_str().unwrap());
            let bytes = file.send().await.unwrap().bytes().await.unwrap();
            let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes.to_vec())).unwrap();
            let summary = book.worksheet_range("Summary").unwrap();
            let mut rows = summary.rows();
            let row = rows.find(|row| row[0].as_string().as_deref() == Some("Filter")).unwrap();
            assert_eq!(row[1].as_string().unwrap_or_default(), filter, "{actor}");
            assert_eq!(book.worksheet_range("Messages").unwrap().rows().len() > 1, !sent.is_empty());
        }
        // With the other filters, and for another role.
        let mut input = november(json!({ "onBehalfOf": "Maria" }));
        input["listIds"] = json!([shop.list]);
        input["countryCodes"] = json!(["FR"]);
        input["channel"] = json!("SMS");
        let viewer = server.key(&shop.tenant, "VIEWER").await;
        let data = server.data(&viewer, REPORT, json!({ "input": input })).await;
        assert_eq!(data["usageReport"]["totals"], json!({ "messageCount": 1, "credits": "4" }));
        let messages = &data["usageReport"]["lists"][0]["messages"];
        assert_eq!(messages["nodes"], json!([{ "id": shop.sent[2] }]));
    }

    /// The names of all filters stand in the workbook.
    async fn a_file_names_its_filters(server: Server) {
        let shop = shop(&server).await;
        let input = json!({
            "from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z", "listIds": [shop.list],
            "countryCodes": ["IT", "FR"], "channel": "SMS", "actor": { "apiKeyId": shop.keys[1] },
        });
        let data = server.data(&shop.member, REPORT, json!({ "input": input })).await;
        let file = server.http().get(data["file"]["url"].as_str().unwrap());
        let bytes = file.send().await.unwrap().bytes().await.unwrap();
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes.to_vec())).unwrap();
        let summary = book.worksheet_range("Summary").unwrap();
        let mut rows = summary.rows();
        let row = rows.find(|row| row[0].as_string().as_deref() == Some("Filter")).unwrap();
        let filter = "lists: Winter; countries: FR, IT; channel: SMS; API keys: MEMBER key";
        assert_eq!(row[1].as_string().unwrap(), filter);
    }

    /// What the viewer doesn't see is not there, and a text that is no label is refused.
    async fn actors_that_are_not_the_viewers_are_refused(server: Server) {
        let [shop, other] = [shop(&server).await, shop(&server).await];
        let create = "mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { id userErrors { code } } }";
        let platform = json!({ "role": "ACCOUNT_MANAGER", "name": "Support" });
        let platform = server.done(server.admin_key(), create, platform).await["id"].take();
        let long = "x".repeat(101);
        for (actor, code, field) in [
            (json!({ "apiKeyId": other.keys[0] }), "NOT_FOUND", "apiKeyId"),
            (json!({ "apiKeyId": platform }), "NOT_FOUND", "apiKeyId"),
            (json!({ "apiKeyId": shop.list }), "NOT_FOUND", "apiKeyId"),
            (json!({ "apiKeyId": "nonsense" }), "NOT_FOUND", "apiKeyId"),
            (json!({ "onBehalfOf": "" }), "BAD_USER_INPUT", "onBehalfOf"),
            (json!({ "onBehalfOf": long }), "BAD_USER_INPUT", "onBehalfOf"),
        ] {
            let variables = json!({ "input": november(actor.clone()) });
            let answer = server.graphql(Some(&shop.tenant.owner), REPORT, variables).await;
            let extensions = &answer["errors"][0]["extensions"];
            assert_eq!(extensions["code"], code, "{actor}: {answer}");
            assert_eq!(extensions["field"], json!(["input", "actor", field]), "{actor}: {answer}");
        }
    }

    /// An account's viewer chooses from the account's own keys, each with its labels, and the
    /// platform from all.
    async fn actors_to_choose_from_are_listed(server: Server) {
        let shop = shop(&server).await;
        let row = |place: usize, name: &str, label: Option<&str>| json!({
            "kind": "ACCOUNT_KEY", "name": name, "apiKeyId": shop.keys[place], "onBehalfOf": label });
        // The newest key first.
        let own = [
            row(1, "MEMBER key", None),
            row(1, "MEMBER key", Some("Maria")),
            row(0, "OWNER key", None),
            row(0, "OWNER key", Some("Maria")),
        ];
        let actors = async |key: &str, first: i32| {
            let variables = json!({ "id": shop.tenant.id, "first": first });
            server.graphql(Some(key), ACTORS, variables).await
        };
        let listed = async |key: &str, first| actors(key, first).await["data"]["account"]["actors"].take();
        let viewer = server.key(&shop.tenant, "VIEWER").await;
        for key in [&shop.tenant.owner, &shop.member, &viewer] {
            assert_eq!(listed(key, 100).await, json!(own));
        }
        assert_eq!(listed(&shop.member, 3).await, json!(own[..3]));
        let found = listed(server.admin_key(), 500).await;
        for row in &own {
            assert!(found.as_array().unwrap().contains(row), "{found}");
        }
        for first in [0, 501, -1] {
            let answer = actors(&shop.member, first).await;
            assert_eq!(answer["errors"][0]["extensions"]["field"], json!(["first"]), "{answer}");
        }
        let other = server.account("Other").await;
        assert_eq!(actors(&other.owner, 1).await["data"]["account"], json!(null));
        let own = "{ account { actors { apiKeyId } } }";
        assert_eq!(server.data(&other.owner, own, json!({})).await["account"]["actors"], json!([]));
    }
}
