//! Merge fields over HTTP: exact for stored contacts, fallbacks for other audiences, and charged as
//! quoted.

use serde_json::{Value, json};

use crate::support::{
    Server, Tenant,
    message::{SCHEDULE, refusals, schedule, send, to_list},
    new_key, on_both_databases,
    quote::{quote, refused},
    rate_card::{charge_by, publish},
    stored,
};

const PERSONAL: &str = "query($input: QuoteInput!) { quote(input: $input) {
    recipientCount credits personalised smartEncodingSaves
    distribution { segmentCount recipientCount credits }
    shortest { text segmentation { segmentCount encoding text } }
    longest { text segmentation { segmentCount encoding text } }
    mergeFields { name fallback missingValueCount }
    lines { countryCode recipientCount segmentCount credits } segmentation { text segmentCount } } }";
const SETTLE: &str = "mutation($input: SettleMessageInput!) { settleMessage(input: $input) {
    message { status credits recipientCount segmentCount
        lines { countryCode recipientCount segmentCount credits } } userErrors { field code } } }";

/// 140 characters, so that a name of more than 19 takes a second segment.
fn text() -> String {
    format!("{{{{name|amico}}}} {}", "a".repeat(140))
}

async fn personal(server: &Server, tenant: &Tenant, input: Value) -> Value {
    let mut data = server
        .data(&tenant.owner, PERSONAL, json!({ "input": input }))
        .await;
    data["quote"].take()
}

/// A list of six Italians and a German: two of the Italians have a long name, one has none.
async fn list(server: &Server, tenant: &Tenant) -> String {
    let list = server.list(tenant, "All", json!([])).await;
    let name = |name: &str| Some(json!({ "name": name, "city": "Roma" }));
    let long = "Maria Antonietta Giuseppina";
    let contacts = [
        ("IT", name("Ada")),
        ("IT", name(long)),
        ("DE", name(long)),
        ("IT", name("Zo")),
        ("IT", None),
        ("IT", name(long)),
        ("IT", name("")),
    ];
    stored::store(server, tenant, &list, &contacts).await;
    list
}

on_both_databases! {
    /// Each contact's own text is segmented, and the quote shows the distribution.
    async fn each_contact_counts_by_its_own_text(server: Server) {
        let tenant = server.account("Shop").await;
        let list = list(&server, &tenant).await;
        let found = personal(&server, &tenant, to_list(&list, &text())).await;
        let rest = "a".repeat(140);
        let long = format!("Maria Antonietta Giuseppina {rest}");
        assert_eq!(found, json!({
            "recipientCount": 7, "credits": "10", "personalised": true, "smartEncodingSaves": "0",
            "distribution": [
                { "segmentCount": 1, "recipientCount": 4, "credits": "4" },
                { "segmentCount": 2, "recipientCount": 3, "credits": "6" },
            ],
            "shortest": { "text": format!("Zo {rest}"), "segmentation": {
                "segmentCount": 1, "encoding": "GSM_7", "text": format!("Zo {rest}") } },
            "longest": { "text": long, "segmentation": { "segmentCount": 2, "encoding": "GSM_7", "text": long } },
            "mergeFields": [{ "name": "name", "fallback": "amico", "missingValueCount": 2 }],
            "lines": [
                { "countryCode": "DE", "recipientCount": 1, "segmentCount": 2, "credits": "2" },
                { "countryCode": "IT", "recipientCount": 4, "segmentCount": 1, "credits": "4" },
                { "countryCode": "IT", "recipientCount": 2, "segmentCount": 2, "credits": "4" },
            ],
            "segmentation": { "text": format!("amico {rest}"), "segmentCount": 1 },
        }));
        // Without merge fields everybody gets the same.
        let plain = personal(&server, &tenant, to_list(&list, "Ciao")).await;
        assert_eq!(plain["personalised"], false);
        assert_eq!(plain["distribution"], json!([{ "segmentCount": 1, "recipientCount": 7, "credits": "7" }]));
        assert_eq!((&plain["longest"], &plain["mergeFields"]), (&json!(null), &json!([])));
    }

    /// A quote shows the text of any contact of its list, and of no other.
    async fn the_text_of_a_chosen_contact_is_shown(server: Server) {
        let tenant = server.account("Shop").await;
        let list = list(&server, &tenant).await;
        let elsewhere = server.list(&tenant, "Other", json!([])).await;
        stored::store(&server, &tenant, &elsewhere, &[("IT", None)]).await;
        let contacts = async |list: &str| {
            let query = "query($id: ID!) { node(id: $id) { ... on ContactList {
                contacts { nodes { id countryCode fields { value } } } } } }";
            let mut data = server.data(&tenant.owner, query, json!({ "id": list })).await;
            data["node"]["contacts"]["nodes"].take()
        };
        let shown = async |key: &str, contact: &Value, text: &str| {
            let query = "query($input: QuoteInput!, $contact: ID!) { quote(input: $input) {
                personalText(contactId: $contact) { text segmentation { segmentCount } } } }";
            let input = json!({ "audience": { "listId": list }, "text": text,
                "accountId": tenant.id });
            server.graphql(Some(key), query, json!({ "input": input, "contact": contact })).await
        };
        let text = text();
        let mut lengths = Vec::new();
        for contact in contacts(&list).await.as_array().unwrap() {
            let found = shown(&tenant.owner, &contact["id"], &text).await;
            let own = &found["data"]["quote"]["personalText"];
            let name = contact["fields"].as_array().unwrap().iter()
                .map(|field| field["value"].as_str().unwrap())
                .find(|value| !["", "Roma"].contains(value))
                .unwrap_or("amico");
            assert_eq!(own["text"], text.replace("{{name|amico}}", name), "{found}");
            lengths.push(own["segmentation"]["segmentCount"].as_i64().unwrap());
        }
        lengths.sort_unstable();
        assert_eq!(lengths, [1, 1, 1, 1, 2, 2, 2]);

        let first = contacts(&list).await[0]["id"].take();
        let other = contacts(&elsewhere).await[0]["id"].take();
        for contact in [&other, &json!(tenant.id), &json!("nonsense"), &json!("")] {
            let found = shown(&tenant.owner, contact, &text).await;
            let error = &found["errors"][0]["extensions"];
            assert_eq!(error["code"], "NOT_FOUND", "{found}");
            assert_eq!(error["field"], json!(["contactId"]));
        }
        let plain = shown(&tenant.owner, &first, "Ciao").await;
        assert_eq!(plain["data"]["quote"], json!({ "personalText": null }));
        let sender = server.key(&tenant, "SENDER").await;
        let refused = shown(&sender, &first, &text).await;
        assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");
    }

    /// If contacts are not stored, fields count as their fallbacks, and the quote says so.
    async fn fields_without_contacts_count_as_their_fallbacks(server: Server) {
        let tenant = server.account("Shop").await;
        let heads = json!([{ "countryCode": "IT", "recipientCount": 3 }]);
        let list = server.list(&tenant, "Heads", heads.clone()).await;
        for audience in [
            json!({ "listId": list }),
            json!({ "destinations": heads }),
            json!({ "recipients": ["+393401234567", "+393401234568", "+393401234569"] }),
        ] {
            let input = json!({ "audience": audience, "text": "{{a}} {{b|Mario}} {{a|}}" });
            let found = personal(&server, &tenant, input).await;
            assert_eq!((&found["personalised"], &found["credits"]), (&json!(false), &json!("3")));
            assert_eq!(found["segmentation"]["text"], " Mario ");
            assert_eq!(found["shortest"], json!(null));
            assert_eq!(found["mergeFields"], json!([
                { "name": "a", "fallback": null, "missingValueCount": null },
                { "name": "b", "fallback": "Mario", "missingValueCount": null },
                { "name": "a", "fallback": "", "missingValueCount": null },
            ]));
        }
    }

    /// A send is charged as quoted, line by line; a message shows the most segments of any
    /// recipient.
    async fn a_personal_send_is_charged_as_quoted(server: Server) {
        let tenant = server.account("Shop").await;
        let card = publish(&server, "odd", json!([
            { "countryCode": "IT", "sms": "0.7333" }, { "countryCode": "DE", "sms": "1.0001" },
        ])).await;
        charge_by(&server, &tenant, &card).await;
        server.grant(&tenant, "100").await;
        let list = list(&server, &tenant).await;
        let quoted = quote(&server, &tenant, to_list(&list, &text())).await;
        // 4 × 0.7333 + 2 × 2 × 0.7333 + 2 × 1.0001.
        assert_eq!(quoted["credits"], "7.8666");
        let sent = send(&server, &tenant, json!({ "listId": list, "text": text() })).await;
        let message = &sent["message"];
        assert_eq!(message["credits"], quoted["credits"]);
        assert_eq!(message["lines"], quoted["lines"]);
        assert_eq!((&message["segmentCount"], &message["encoding"]), (&json!(2), &json!("GSM_7")));
        assert_eq!(message["text"], text());
        assert_eq!(sent["balance"]["available"], "92.1334");
        // The report agrees with the ledger, and counts the message once in its country; the
        // highest spending comes first.
        let report = "{ usageReport(input: { from: \"2026-11-22T00:00:00Z\", to: \"2026-11-23T00:00:00Z\" }) {
            totals { messageCount recipientCount segmentCount credits }
            countries { countryCode usage { messageCount recipientCount segmentCount credits } } } }";
        let data = server.data(&tenant.owner, report, json!({})).await;
        assert_eq!(data["usageReport"]["totals"],
            json!({ "messageCount": 1, "recipientCount": 7, "segmentCount": 10, "credits": "7.8666" }));
        assert_eq!(data["usageReport"]["countries"][0]["usage"],
            json!({ "messageCount": 1, "recipientCount": 6, "segmentCount": 8, "credits": "5.8664" }));
    }

    /// Sent recipients are split over the planned segments: fewer, more, and in another country.
    async fn sent_recipients_are_split_in_the_planned_proportion(server: Server) {
        let tenant = server.account("Shop").await;
        let update = "mutation($input: UpdateAccountInput!) {
            updateAccount(input: $input) { userErrors { field message } } }";
        let reported = json!({ "accountId": tenant.id, "settlement": "REPORTED" });
        server.done(server.admin_key(), update, reported).await;
        server.grant(&tenant, "100").await;
        let list = list(&server, &tenant).await;
        let line = |country: &str, recipients: i64, segments: i64| json!({
            "countryCode": country, "recipientCount": recipients, "segmentCount": segments,
            "credits": (recipients * segments).to_string(),
        });
        for (sent, credits, lines) in [
            (json!([{ "countryCode": "IT", "recipientCount": 3 }]), "4", json!([line("IT", 2, 1), line("IT", 1, 2)])),
            (json!([{ "countryCode": "IT", "recipientCount": 12 }, { "countryCode": "FR", "recipientCount": 2 }]), "20",
                json!([line("FR", 2, 2), line("IT", 8, 1), line("IT", 4, 2)])),
            (json!(null), "10", json!([line("DE", 1, 2), line("IT", 4, 1), line("IT", 2, 2)])),
        ] {
            let input = json!({ "listId": list, "text": text() });
            let held = schedule(&server, &tenant, "2026-11-23T08:00:00Z", input).await;
            assert_eq!(held["message"]["credits"], "10");
            let input = json!({ "messageId": held["message"]["id"], "sent": sent, "idempotencyKey": new_key() });
            let settled = server.done(server.admin_key(), SETTLE, input).await;
            assert_eq!(settled["message"]["credits"], credits);
            assert_eq!(settled["message"]["lines"], lines);
            assert_eq!(settled["message"]["segmentCount"], 2);
        }
    }

    /// Smart encoding counts by contact too, and saves what it reports.
    async fn smart_encoding_saves_by_contact(server: Server) {
        let tenant = server.account("Shop").await;
        let list = server.list(&tenant, "All", json!([])).await;
        let name = |name: &str| Some(json!({ "name": name }));
        let contacts = [("IT", name("Ada")), ("IT", name("Жанна")), ("IT", name("Núñez")), ("FR", name("Zoé"))];
        stored::store(&server, &tenant, &list, &contacts).await;
        let mut input = to_list(&list, &format!("{{{{name}}}}… {}", "b".repeat(100)));
        let plain = personal(&server, &tenant, input.clone()).await;
        assert_eq!((&plain["credits"], &plain["smartEncodingSaves"]), (&json!("8"), &json!("2")));
        input["smartEncoding"] = json!(true);
        let smart = personal(&server, &tenant, input.clone()).await;
        assert_eq!((&smart["credits"], &smart["smartEncodingSaves"]), (&json!("6"), &json!("0")));
        assert_eq!(smart["shortest"]["segmentation"]["text"], format!("Ada... {}", "b".repeat(100)));
        input["stripAccents"] = json!(true);
        let stripped = personal(&server, &tenant, input.clone()).await;
        assert_eq!(stripped["credits"], "5");
        input["smartEncoding"] = json!(false);
        let offered = personal(&server, &tenant, input).await;
        assert_eq!((&offered["credits"], &offered["smartEncodingSaves"]), (&json!("8"), &json!("3")));
    }

    /// Mistakes are refused by name: unclosed braces, fields that no contact has, too many fields.
    async fn mistakes_in_merge_fields_are_named(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant(&tenant, "100").await;
        let list = list(&server, &tenant).await;
        let many: String = (0..51).map(|field| format!("{{{{f{field}|}}}}")).collect();
        let long = format!("{{{{name}}}}{}", "ж".repeat(67 * 255));
        for (text, says) in [
            ("Ciao {{name, vieni", "character 6"),
            ("Ciao {{name}} {{city}", "character 15"),
            ("Ciao {{nome}}", "\"nome\""),
            ("{{name}} {{città|x}}", "character 10 are not a merge field"),
            ("{{ name }} {{cognome}}", "\"cognome\""),
            (&many, "50 different"),
            (&long, "Needs 256 segments"),
        ] {
            let input = to_list(&list, text);
            let response = server.graphql(Some(&tenant.owner), PERSONAL, json!({ "input": input })).await;
            let error = &response["errors"][0];
            assert!(error["message"].as_str().unwrap().contains(says), "{text}: {response}");
            assert_eq!(error["extensions"]["field"], json!(["input", "text"]));
            let input = json!({ "listId": list, "text": text, "sendAt": "2026-11-23T08:00:00Z" });
            assert_eq!(refusals(&server, &tenant, SCHEDULE, input).await,
                json!([{ "field": ["input", "text"], "code": "INVALID" }]));
        }
        // With a fallback no contact needs a value.
        assert_eq!(quote(&server, &tenant, to_list(&list, "{{nome|amico}}")).await["credits"], "7");
        // Each of several is named.
        let two = to_list(&list, "{{uno}} {{due}}");
        let response = server.graphql(Some(&tenant.owner), PERSONAL, json!({ "input": two })).await;
        assert_eq!(response["errors"][0]["extensions"]["all"].as_array().unwrap().len(), 2, "{response}");
    }

    /// Half of a surrogate pair and U+0000 are refused, wherever they are in a text.
    async fn invalid_texts_are_refused(server: Server) {
        let tenant = server.account("Shop").await;
        let list = list(&server, &tenant).await;
        assert_eq!(refused(&server, &tenant, to_list(&list, "a\0b")).await, json!(["input", "text"]));
        let query = "query($t: String!, $l: ID!) { quote(input: { text: $t, audience: { listId: $l } }) { credits } }";
        let body = json!({ "query": query, "variables": { "t": "TEXT", "l": list } }).to_string();
        let response = server
            .http()
            .post(server.url("/graphql"))
            .bearer_auth(&tenant.owner)
            .header("content-type", "application/json")
            .body(body.replace("TEXT", r"{{name}} \ud83d"))
            .send()
            .await
            .unwrap();
        let answer: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        assert!(answer["errors"][0]["message"].is_string(), "{answer}");
        assert!(answer["data"].is_null(), "{answer}");
    }

    /// Many concurrent quotes over a list that is read whole: each is exact or refused with a retry
    /// time.
    async fn reading_lists_is_bounded(server: Server) {
        let tenant = server.account("Shop").await;
        let list = server.list(&tenant, "All", json!([])).await;
        let contacts: Vec<_> = (0..6_000).map(|n| ("IT", Some(json!({ "name": format!("n{n}") })))).collect();
        stored::store(&server, &tenant, &list, &contacts).await;
        let input = to_list(&list, "Ciao {{name}}");
        let one = async || server.graphql(Some(&tenant.owner), PERSONAL, json!({ "input": input })).await;
        let all = futures_util::future::join_all((0..40).map(|_| one())).await;
        let exact = all.iter().filter(|response| response["data"]["quote"]["credits"] == "6000").count();
        let busy = all.iter().filter(|response| response["errors"][0]["extensions"]["code"] == "RATE_LIMITED").count();
        assert_eq!(exact + busy, 40);
        assert!(exact >= 4, "{exact}");
        // Each freed its place.
        assert_eq!(personal(&server, &tenant, input.clone()).await["credits"], "6000");
    }
}
