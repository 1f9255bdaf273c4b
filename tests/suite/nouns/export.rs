//! Bulk reads over HTTP: files that equal the lists of the API, and links that open nothing else.

use std::io::{Cursor, Read};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use calamine::{Data, Reader, Xlsx};
use flate2::read::GzDecoder;
use reqwest::StatusCode;
use serde_json::{Map, Value, json};

use crate::support::{
    Server, Tenant,
    answer::{code, user_errors},
    message::{CANCEL, SEND, scheduled, send, to_italians, to_list},
    new_key, on_both_databases,
};

const MESSAGES: &str = "mutation($input: ExportMessagesInput!) { exportMessages(input: $input) {
    download { url fileName expiresAt } userErrors { field message code } } }";
const TRANSACTIONS: &str =
    "mutation($input: ExportTransactionsInput!) { exportTransactions(input: $input) {
    download { url fileName expiresAt } userErrors { field message code } } }";
const CONTACTS: &str = "mutation($input: ExportContactsInput!) { exportContacts(input: $input) {
    download { url fileName expiresAt } userErrors { field message code } } }";

const MESSAGE_NODES: &str = "query($id: ID!, $filter: MessageFilter) { account(id: $id) { page: messages(first: 100, filter: $filter) {
    nodes { id name list { id name } status channel encoding text erasedAt segmentCount recipientCount credits
    sendAt sentAt createdAt actor { kind name apiKeyId onBehalfOf } } } } }";
const TRANSACTION_NODES: &str = "query($id: ID!, $filter: TransactionFilter) { account(id: $id) { page: transactions(first: 100, filter: $filter) {
    nodes { id kind credits availableAfter list { id name } message { id } note createdAt
    actor { kind name apiKeyId onBehalfOf } } } } }";
const CONTACT_NODES: &str = "query($id: ID!, $search: String) { account: node(id: $id) { ... on ContactList { page: contacts(first: 100, search: $search) {
    nodes { id phoneNumber countryCode list { id name } fields { name value } createdAt } } } } }";

/// The content behind a new link, which must not be refused.
async fn fetched(server: &Server, key: &str, mutation: &str, input: Value) -> String {
    let payload = server.done(key, mutation, input).await;
    let url = payload["download"]["url"].as_str().unwrap();
    let response = server.http().get(url).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    response.text().await.unwrap()
}

/// The rows of a workbook's sheet by the names in its header, as a CSV has them; checks the kinds
/// of its cells.
async fn sheet(
    server: &Server,
    key: &str,
    mutation: &str,
    input: &Value,
) -> Vec<Map<String, Value>> {
    let payload = server.done(key, mutation, in_format(input, "XLSX")).await;
    let url = payload["download"]["url"].as_str().unwrap();
    let response = server.http().get(url).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(
        response.headers()["content-type"],
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    );
    let file = response.bytes().await.unwrap();
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(&file)).unwrap();
    let name = book.sheet_names()[0].clone();
    let range = book.worksheet_range(&name).unwrap();
    assert!(book.worksheet_formula(&name).unwrap().is_empty(), "{name}");
    let mut rows = range.rows();
    let header: Vec<String> = rows
        .next()
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    let rows = rows.map(|row| {
        let cells = header.iter().zip(row).map(|(name, cell)| {
            let shown = match cell {
                Data::Empty => json!(""),
                Data::String(text) => json!(text),
                Data::Float(number) => json!(number.to_string()),
                Data::DateTime(at) => {
                    // Excel counts days from 1899-12-30.
                    let seconds = ((at.as_f64() - 25_569.0) * 86_400.0).round() as i64;
                    let local = jiff::Timestamp::from_second(seconds).unwrap();
                    let local = local.to_zoned(jiff::tz::TimeZone::UTC).datetime();
                    let zoned = local.to_zoned(jiff::tz::TimeZone::get("Europe/Rome").unwrap());
                    json!(zoned.unwrap().timestamp().to_string())
                }
                other => panic!("{name}: {other:?}"),
            };
            let is_number = ["_count", "credits", "_after"]
                .iter()
                .any(|end| name.ends_with(end));
            assert!(
                !is_number || matches!(cell, Data::Float(_) | Data::Empty),
                "{name}: {cell:?}"
            );
            let is_moment = name.ends_with(" (Europe/Rome)");
            assert!(
                !is_moment || matches!(cell, Data::DateTime(_) | Data::Empty),
                "{name}: {cell:?}"
            );
            (name.trim_end_matches(" (Europe/Rome)").to_owned(), shown)
        });
        cells.collect()
    });
    rows.collect()
}

/// The same input in another format.
fn in_format(input: &Value, format: &str) -> Value {
    let mut input = input.clone();
    input["format"] = json!(format);
    input
}

fn lines(file: &str) -> Vec<Value> {
    let lines = file.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

/// The rows of a CSV by the names in its header, which begins with a byte order mark.
fn rows(file: &str) -> Vec<Map<String, Value>> {
    let text = file.strip_prefix('\u{FEFF}').unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        let cells = header.iter().zip(row.iter());
        cells
            .map(|(name, cell)| (name.to_owned(), json!(cell)))
            .collect()
    });
    rows.collect()
}

/// A text as a CSV shows it, so that no spreadsheet runs it.
fn harmless(mut row: Map<String, Value>) -> Map<String, Value> {
    for cell in row.values_mut() {
        let text = cell.as_str().unwrap();
        if text.starts_with(['=', '@']) {
            *cell = json!(format!("'{text}"));
        }
    }
    row
}

/// A node as a row shows it.
fn flat(node: &Value) -> Map<String, Value> {
    fn snake(name: &str) -> String {
        let cases = name
            .chars()
            .map(|letter| match letter.is_ascii_uppercase() {
                true => format!("_{}", letter.to_ascii_lowercase()),
                false => letter.to_string(),
            });
        cases.collect()
    }
    let text = |value: &Value| match value {
        Value::Null => json!(""),
        Value::String(text) => json!(text),
        other => json!(other.to_string()),
    };
    let mut row = Map::new();
    for (name, value) in node.as_object().unwrap() {
        match (name.as_str(), value) {
            ("fields", Value::Array(fields)) => {
                for field in fields {
                    let name = field["name"].as_str().unwrap();
                    row.insert(format!("fields.{name}"), text(&field["value"]));
                }
            }
            ("list", list) => {
                row.insert("list_id".to_owned(), text(&list["id"]));
                row.insert("list_name".to_owned(), text(&list["name"]));
            }
            ("actor", actor) => {
                row.insert("actor_kind".to_owned(), text(&actor["kind"]));
                row.insert("actor_name".to_owned(), text(&actor["name"]));
                row.insert("actor_api_key_id".to_owned(), text(&actor["apiKeyId"]));
                row.insert("actor_on_behalf_of".to_owned(), text(&actor["onBehalfOf"]));
            }
            ("message", message) => {
                row.insert("message_id".to_owned(), text(&message["id"]));
            }
            _ => {
                row.insert(snake(name), text(value));
            }
        }
    }
    row
}

/// The nodes of a list; checks that all files have them in the same order.
async fn equal(
    server: &Server,
    tenant: &Tenant,
    (query, mutation): (&str, &str),
    (variables, input): (Value, Value),
) -> Vec<Value> {
    let mut data = server.data(&tenant.owner, query, variables).await;
    let nodes: Vec<Value> =
        serde_json::from_value(data["account"]["page"]["nodes"].take()).unwrap();
    let file = fetched(server, &tenant.owner, mutation, in_format(&input, "JSONL")).await;
    assert_eq!(lines(&file), nodes, "{input}");
    let file = fetched(server, &tenant.owner, mutation, in_format(&input, "CSV")).await;
    let mut found = rows(&file);
    // A field that a contact doesn't have is an empty cell.
    for row in &mut found {
        row.retain(|name, cell| !name.starts_with("fields.") || *cell != json!(""));
    }
    let flat: Vec<_> = nodes.iter().map(flat).collect();
    let expected: Vec<_> = flat.iter().cloned().map(harmless).collect();
    assert_eq!(found, expected, "{input}");
    let mut found = sheet(server, &tenant.owner, mutation, &input).await;
    for row in &mut found {
        row.retain(|name, cell| !name.starts_with("fields.") || *cell != json!(""));
    }
    assert_eq!(found, flat, "{input}");
    nodes
}

/// A message to three Italians, with a key of its own.
fn keyed() -> Value {
    let mut input = to_italians(3);
    input["idempotencyKey"] = json!(new_key());
    input
}

/// An account with a list of contacts and with messages in every state.
async fn shop(server: &Server) -> (Tenant, String) {
    let tenant = server.account("Caffè & Co").await;
    server.grant(&tenant, "1000").await;
    let list = server.list(&tenant, "Clienti, \"VIP\"", json!([])).await;
    let add = "mutation($input: AddContactsInput!) { addContacts(input: $input) {
        addedCount userErrors { field message } } }";
    let field = |name: &str, value: &str| json!({ "name": name, "value": value });
    let contacts = json!([
        { "phoneNumber": "+393401234567", "fields": [field("name", "Ada \"A\", Rossi"), field("id", "=1+1")] },
        { "phoneNumber": "+393409999999", "fields": [field("city", "Città")] },
        { "phoneNumber": "+33612345678" },
    ]);
    let added = server
        .done(
            &tenant.owner,
            add,
            json!({ "listId": list, "contacts": contacts }),
        )
        .await;
    assert_eq!(added["addedCount"], 3);
    let mut named = to_italians(2);
    named["text"] = json!("=SUM(A1)\n\"50 %\" C:\\it's; done");
    named["name"] = json!("@home");
    send(server, &tenant, named).await;
    send(server, &tenant, to_list(&list, "Ciao {{name|amico}}")).await;
    let mut to_list = to_list(&list, "Domani");
    to_list["listId"] = json!(list);
    scheduled(server, &tenant, "2026-11-23T08:00:00Z", to_list).await;
    let ended = scheduled(server, &tenant, "2026-11-24T08:00:00Z", to_italians(1)).await;
    let input = json!({ "messageId": ended, "idempotencyKey": new_key() });
    server.done(&tenant.owner, CANCEL, input).await;
    (tenant, list)
}

on_both_databases! {
    /// A file of messages has what the connection has, also with a filter.
    async fn exported_messages_equal_the_connection(server: Server) {
        let (tenant, list) = shop(&server).await;
        let check = async |filter: Value, count: usize| {
            let variables = json!({ "id": tenant.id, "filter": filter });
            let nodes = equal(&server, &tenant, (MESSAGE_NODES, MESSAGES), (variables, json!({ "filter": filter }))).await;
            assert_eq!(nodes.len(), count, "{filter}");
        };
        check(Value::Null, 4).await;
        check(json!({ "statuses": ["SENT"] }), 2).await;
        check(json!({ "statuses": ["SCHEDULED", "CANCELED"] }), 2).await;
        check(json!({ "statuses": [] }), 0).await;
        check(json!({ "listId": list }), 2).await;
        check(json!({ "search": "C:\\IT'S; done" }), 1).await;
        check(json!({ "from": "2026-11-23T08:00:00Z", "to": "2026-11-24T08:00:00Z" }), 1).await;
        check(json!({ "sentTo": "2027-01-01T00:00:00Z" }), 2).await;
        check(json!({ "actor": { "onBehalfOf": "nobody" } }), 0).await;
    }

    /// A file of transactions has what the connection has, also with a filter.
    async fn exported_transactions_equal_the_connection(server: Server) {
        let (tenant, list) = shop(&server).await;
        let check = async |filter: Value, count: usize| {
            let variables = json!({ "id": tenant.id, "filter": filter });
            let nodes = equal(&server, &tenant, (TRANSACTION_NODES, TRANSACTIONS), (variables, json!({ "filter": filter }))).await;
            assert_eq!(nodes.len(), count, "{filter}");
        };
        check(Value::Null, 6).await;
        check(json!({ "kinds": ["GRANT", "RELEASE"] }), 2).await;
        check(json!({ "listId": list }), 2).await;
        check(json!({ "from": "2026-11-22T08:00:00Z", "to": "2026-11-22T08:00:01Z" }), 6).await;
        check(json!({ "from": "2026-11-22T08:00:01Z" }), 0).await;
    }

    /// A file shows of actors what the connection shows to whoever asked for it.
    async fn a_file_shows_actors_as_the_connection_does(server: Server) {
        let tenant = server.account("Shop").await;
        let create = "mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) {
            secret userErrors { message } } }";
        let input = json!({ "role": "ACCOUNT_MANAGER", "name": "Support" });
        let manager = server.done(server.admin_key(), create, input).await;
        let manager = manager["secret"].as_str().unwrap();
        let grant = "mutation($input: GrantCreditsInput!) { grantCredits(input: $input) { userErrors { message } } }";
        let input = json!({ "accountId": tenant.id, "credits": "100", "note": "A gift", "idempotencyKey": new_key() });
        for (key, label, query, input) in [
            (manager, "Carla", grant, input),
            (&tenant.owner, "=Ada", SEND, keyed()),
        ] {
            let request = server.http().post(server.url("/graphql")).bearer_auth(key);
            let request = request.header("On-Behalf-Of", label);
            let body = json!({ "query": query, "variables": { "input": input } });
            let answer: Value = request.json(&body).send().await.unwrap().json().await.unwrap();
            assert!(answer.get("errors").is_none(), "{answer}");
        }
        scheduled(&server, &tenant, "2026-11-22T08:00:01Z", to_italians(1)).await;
        server.set_time("2026-11-22T08:00:02Z");
        server.run_workers().await;
        let member = server.key(&tenant, "MEMBER").await;
        for key in [&tenant.owner, &member, manager, server.admin_key()] {
            for (query, mutation, count) in [(MESSAGE_NODES, MESSAGES, 2), (TRANSACTION_NODES, TRANSACTIONS, 4)] {
                let mut data = server.data(key, query, json!({ "id": tenant.id })).await;
                let nodes = data["account"]["page"]["nodes"].take();
                let nodes = nodes.as_array().unwrap();
                assert_eq!(nodes.len(), count);
                for format in ["JSONL", "CSV"] {
                    let input = json!({ "accountId": tenant.id, "format": format });
                    let file = fetched(&server, key, mutation, input).await;
                    match format {
                        "JSONL" => assert_eq!(lines(&file), *nodes),
                        _ => {
                            let expected: Vec<_> = nodes.iter().map(flat).map(harmless).collect();
                            assert_eq!(rows(&file), expected);
                        }
                    }
                }
            }
        }
    }

    /// A file of contacts has what the connection has, also with a search; a CSV has a column for
    /// each merge field.
    async fn exported_contacts_equal_the_connection(server: Server) {
        let (tenant, list) = shop(&server).await;
        let check = async |search: Value, count: usize| {
            let variables = json!({ "id": list, "search": search });
            let input = json!({ "listId": list, "search": search });
            let nodes = equal(&server, &tenant, (CONTACT_NODES, CONTACTS), (variables, input)).await;
            assert_eq!(nodes.len(), count, "{search}");
        };
        check(Value::Null, 3).await;
        check(json!("+39340"), 2).await;
        check(json!("rossi"), 1).await;
        check(json!("nobody"), 0).await;
        let file = fetched(&server, &tenant.owner, CONTACTS, json!({ "listId": list, "format": "CSV" })).await;
        let header = file.lines().next().unwrap().trim_start_matches('\u{FEFF}');
        assert_eq!(header, "id,phone_number,country_code,list_id,list_name,fields.city,fields.id,fields.name,created_at");
        assert!(file.contains(",+393401234567,IT,"), "{file}");
        // Without merge fields there are no columns for them, and without contacts no rows.
        let empty = server.list(&tenant, "Empty", json!([])).await;
        let file = fetched(&server, &tenant.owner, CONTACTS, json!({ "listId": empty, "format": "CSV" })).await;
        assert_eq!(file, "\u{FEFF}id,phone_number,country_code,list_id,list_name,created_at\r\n");
        assert_eq!(fetched(&server, &tenant.owner, CONTACTS, json!({ "listId": empty, "format": "JSONL" })).await, "");
    }

    /// A link has a name and a type, travels compressed, and can be neither altered nor used late.
    async fn export_links_are_signed_and_expire(server: Server) {
        let (tenant, _) = shop(&server).await;
        let viewer = server.key(&tenant, "VIEWER").await;
        for (format, name, kind) in [
            ("JSONL", "messages-caffè-co.jsonl", "application/jsonl; charset=utf-8"),
            ("CSV", "messages-caffè-co.csv", "text/csv; charset=utf-8; header=present"),
        ] {
            let payload = server.done(&viewer, MESSAGES, json!({ "format": format })).await;
            let link = &payload["download"];
            assert_eq!((&link["fileName"], &link["expiresAt"]), (&json!(name), &json!("2026-11-22T08:15:00Z")));
            let url = link["url"].as_str().unwrap();
            let plain = server.http().get(url).send().await.unwrap();
            assert_eq!(plain.headers()["content-type"], kind);
            assert_eq!(plain.headers()["cache-control"], "private, no-store");
            let plain = plain.bytes().await.unwrap();
            let zipped = server.http().get(url).header("accept-encoding", "gzip").send().await.unwrap();
            assert_eq!(zipped.headers()["content-encoding"], "gzip");
            let (zipped, mut content) = (zipped.bytes().await.unwrap(), Vec::new());
            GzDecoder::new(&zipped[..]).read_to_end(&mut content).unwrap();
            assert_eq!(content, plain);
            let head = server.http().head(url).send().await.unwrap();
            assert_eq!((head.status(), &head.headers()["content-type"]), (StatusCode::OK, &kind.parse().unwrap()));
            // Neither another name nor other claims.
            let renamed = url.replace("messages", "contacts");
            assert_eq!(server.http().get(renamed).send().await.unwrap().status(), StatusCode::NOT_FOUND);
            let altered = url.replacen("/downloads/ey", "/downloads/eY", 1);
            assert_ne!(altered, url);
            assert_eq!(server.http().get(altered).send().await.unwrap().status(), StatusCode::NOT_FOUND);
            server.set_time("2026-11-22T08:15:00Z");
            assert_eq!(server.http().get(url).send().await.unwrap().status(), StatusCode::FORBIDDEN);
            server.set_time("2026-11-22T08:00:00Z");
        }
    }

    /// A search may be a telephone number or a name, and addresses are kept in histories and logs.
    async fn a_link_does_not_show_what_is_searched_for(server: Server) {
        let (tenant, list) = shop(&server).await;
        let number = "+393351234567";
        let contacts = json!({ "listId": list, "search": number, "format": "CSV" });
        let messages = json!({ "filter": { "search": number, "actor": { "onBehalfOf": number } }, "format": "CSV" });
        for (mutation, input) in [(CONTACTS, contacts), (MESSAGES, messages)] {
            let payload = server.done(&tenant.owner, mutation, input.clone()).await;
            let url = payload["download"]["url"].as_str().unwrap();
            let token = url.split('/').rev().nth(1).unwrap();
            let claims = BASE64_URL_SAFE_NO_PAD.decode(token.split_once('.').unwrap().0).unwrap();
            let claims = String::from_utf8(claims).unwrap();
            let digits = &number[1..];
            for at in 0..3 {
                // Without the characters that depend on what stands around it.
                let encoded = BASE64_URL_SAFE_NO_PAD.encode([&b"xx"[..at], digits.as_bytes()].concat());
                let inner = &encoded[4..encoded.len() - 2];
                assert!(!url.contains(inner) && !claims.contains(inner), "{url}");
            }
            assert!(!url.contains(digits) && !claims.contains(digits), "{claims}");
            // Each link is encrypted for itself.
            let other = server.done(&tenant.owner, mutation, input).await;
            assert_ne!(other["download"]["url"], url);
            assert_eq!(server.http().get(url).send().await.unwrap().status(), StatusCode::OK);
        }
    }

    /// The contacts of an archived list are being removed: there is no link to them, and one that
    /// was made before opens nothing.
    async fn contacts_of_an_archived_list_are_not_exported(server: Server) {
        let (tenant, _) = shop(&server).await;
        let list = server.list(&tenant, "Old", json!([])).await;
        let input = json!({ "listId": list, "format": "CSV" });
        let before = server.done(&tenant.owner, CONTACTS, input.clone()).await;
        let archive = "mutation($input: ArchiveContactListInput!) { archiveContactList(input: $input) { userErrors { message } } }";
        server.done(&tenant.owner, archive, json!({ "listId": list })).await;
        let answer = server.graphql(Some(&tenant.owner), CONTACTS, json!({ "input": input })).await;
        let expected = json!([{ "field": ["input", "listId"], "message": "There is no such list.", "code": "NOT_FOUND" }]);
        assert_eq!(user_errors(&answer), expected);
        let url = before["download"]["url"].as_str().unwrap();
        assert_eq!(server.http().get(url).send().await.unwrap().status(), StatusCode::NOT_FOUND);
    }

    /// More than 1,000 merge fields are too many columns, and a JSON line takes any number.
    async fn too_many_merge_fields_are_refused_for_columns(server: Server) {
        let (tenant, list) = shop(&server).await;
        let fields = |from: usize| {
            let fields = (from..from + 100).map(|at| json!({ "name": format!("f{at}"), "value": "x" }));
            fields.collect::<Vec<_>>()
        };
        let contacts: Vec<Value> = (0..10)
            .map(|at| json!({ "phoneNumber": format!("+39340123460{at}"), "fields": fields(at * 100) }))
            .collect();
        let add = "mutation($input: AddContactsInput!) { addContacts(input: $input) { userErrors { field message } } }";
        let wide = server.list(&tenant, "Wide", json!([])).await;
        server.done(&tenant.owner, add, json!({ "listId": wide, "contacts": contacts })).await;
        let rows = sheet(&server, &tenant.owner, CONTACTS, &json!({ "listId": wide })).await;
        assert_eq!((rows.len(), rows[0].len()), (10, 1_006));
        let more = json!([{ "phoneNumber": "+393401234610", "fields": [{ "name": "one", "value": "more" }] }]);
        server.done(&tenant.owner, add, json!({ "listId": wide, "contacts": more })).await;
        for format in ["CSV", "XLSX"] {
            let input = json!({ "listId": wide, "format": format });
            let answer = server.graphql(Some(&tenant.owner), CONTACTS, json!({ "input": input })).await;
            assert_eq!(user_errors(&answer)[0]["field"], json!(["input", "format"]), "{answer}");
        }
        let input = json!({ "listId": wide, "format": "JSONL" });
        assert_eq!(lines(&fetched(&server, &tenant.owner, CONTACTS, input).await).len(), 11);
        // A search may leave few enough.
        let rows = sheet(&server, &tenant.owner, CONTACTS, &json!({ "listId": wide, "search": "more" })).await;
        assert_eq!(rows.len(), 1);
        drop(list);
    }

    /// Only who may read the rows gets a link, and only to rows of its own account.
    async fn exports_are_refused_to_strangers(server: Server) {
        let (tenant, list) = shop(&server).await;
        let other = server.account("Other").await;
        let refused = async |key: &str, mutation: &str, input: Value| {
            let input = in_format(&input, "JSONL");
            server.graphql(Some(key), mutation, json!({ "input": input })).await
        };
        let not_found = |field: &str, what: &str| json!([{
            "field": ["input", field], "message": format!("There is no such {what}."), "code": "NOT_FOUND",
        }]);
        for mutation in [MESSAGES, TRANSACTIONS] {
            let answer = refused(&other.owner, mutation, json!({ "accountId": tenant.id })).await;
            assert_eq!(user_errors(&answer), not_found("accountId", "account"));
            let answer = refused(server.admin_key(), mutation, json!({})).await;
            assert_eq!(user_errors(&answer)[0]["field"], json!(["input", "accountId"]));
            let answer = refused(&tenant.owner, mutation, json!({ "filter": { "from": "yesterday" } })).await;
            assert_eq!(user_errors(&answer)[0]["field"], json!(["input", "filter", "from"]));
        }
        let answer = refused(&other.owner, CONTACTS, json!({ "listId": list })).await;
        assert_eq!(user_errors(&answer), not_found("listId", "list"));
        let answer = refused(&other.owner, TRANSACTIONS, json!({ "filter": { "listId": list } })).await;
        assert_eq!(user_errors(&answer)[0]["field"], json!(["input", "filter", "listId"]));
        // As in the connection, an unknown list has no messages.
        let input = json!({ "filter": { "listId": list }, "format": "JSONL" });
        assert_eq!(fetched(&server, &other.owner, MESSAGES, input).await, "");
        let answer = refused(&tenant.owner, CONTACTS, json!({ "listId": list, "search": "*" })).await;
        assert_eq!(user_errors(&answer)[0]["field"], json!(["input", "search"]));
        let sender = server.graphql(
            Some(server.admin_key()),
            "mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret userErrors { message } } }",
            json!({ "input": { "accountId": tenant.id, "role": "SENDER", "name": "Sender" } }),
        ).await;
        let sender = sender["data"]["createApiKey"]["secret"].as_str().unwrap();
        for (mutation, input) in [(MESSAGES, json!({})), (TRANSACTIONS, json!({})), (CONTACTS, json!({ "listId": list }))] {
            assert_eq!(code(&refused(sender, mutation, input).await), "FORBIDDEN");
        }
        // A platform role names the account.
        let input = json!({ "accountId": tenant.id, "format": "JSONL" });
        assert_eq!(lines(&fetched(&server, server.admin_key(), MESSAGES, input).await).len(), 4);
    }
}
