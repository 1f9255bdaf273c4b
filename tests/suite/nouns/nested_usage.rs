//! The usage of an account and of a contact list, as fields of theirs: the same as `usageReport`.

use domain::id::{ListId, RateCardId};
use message_credits::graphql::engine::ids::PublicId;
use serde_json::{Value, json};

use crate::support::{
    Server, Tenant, on_both_databases,
    sending::{self, Message, grant_at, send_all, sms},
};

/// Everything that a report has.
const ALL: &str = "id asOf totals { ...all } previous { from to usage { ...all } }
    channels { channel usage { ...all } share } buckets { start usage { ...all } }
    lists(first: 2) { list { id } usage { ...all } share buckets { start usage { ...all } } messages(first: 3) { nodes { id } } }
    countries { countryCode usage { ...all } share }";
/// What is read together with the usage of siblings: beside the totals, with buckets and without.
const TOGETHER: [&str; 3] = [
    "id asOf totals { ...all } buckets { start usage { ...all } }",
    "totals { ...all }",
    "id",
];
/// What needs a read of its own.
const ALONE: [&str; 4] = [
    "channels { channel usage { ...all } }",
    "countries { countryCode usage { ...all } }",
    "lists { usage { ...all } }",
    "previous { from to usage { ...all } }",
];
const FIGURES: &str = "fragment all on Usage { messageCount recipientCount segmentCount credits cost { amount currencyCode } }";

fn one(list: Option<ListId>, at: &str, card: RateCardId, recipients: u64) -> Message {
    Message {
        card,
        ..sms(list, at, recipients)
    }
}

/// A document that may use the fragment of figures.
fn document(text: &str) -> String {
    match text.contains("...all") {
        true => format!("{text} {FIGURES}"),
        false => text.to_owned(),
    }
}

/// A period with its interval.
type Period = (&'static str, &'static str, &'static str);

/// The usage of the account and of each of its lists, in one request.
async fn nested(
    server: &Server,
    shop: &Tenant,
    (from, to, interval): Period,
    parts: &str,
) -> (Value, Vec<(Value, Value)>) {
    let read = document(&format!("query($from: DateTime!, $to: DateTime!, $interval: Interval!) {{ account {{
        usage(from: $from, to: $to, interval: $interval) {{ {parts} }}
        lists(first: 5) {{ nodes {{ id usage(from: $from, to: $to, interval: $interval) {{ {parts} }} }} }} }} }}"));
    let variables = json!({ "from": from, "to": to, "interval": interval });
    let mut data = server.data(&shop.owner, &read, variables).await;
    let lists = data["account"]["lists"]["nodes"].as_array().unwrap().iter();
    let lists = lists
        .map(|node| (node["id"].clone(), node["usage"].clone()))
        .collect();
    (data["account"]["usage"].take(), lists)
}

/// The report of the account, or of one of its lists.
async fn report(
    server: &Server,
    shop: &Tenant,
    (from, to, interval): Period,
    list: Option<&Value>,
    parts: &str,
) -> Value {
    let read = document(&format!(
        "query($input: UsageReportInput!) {{ usageReport(input: $input) {{ {parts} }} }}"
    ));
    let mut input = json!({ "from": from, "to": to, "interval": interval });
    if let Some(list) = list {
        input["listIds"] = json!([list]);
    }
    let mut data = server
        .data(&shop.owner, &read, json!({ "input": input }))
        .await;
    data["usageReport"].take()
}

/// The usage of one list, which has all parts of a report.
async fn of_list(
    server: &Server,
    shop: &Tenant,
    (from, to, interval): Period,
    list: &Value,
    parts: &str,
) -> Value {
    let read = document(&format!(
        "query($id: ID!, $from: DateTime!, $to: DateTime!, $interval: Interval!) {{ node(id: $id) {{
            ... on ContactList {{ usage(from: $from, to: $to, interval: $interval) {{ {parts} }} }} }} }}"
    ));
    let variables = json!({ "id": list, "from": from, "to": to, "interval": interval });
    let mut data = server.data(&shop.owner, &read, variables).await;
    data["node"]["usage"].take()
}

/// That whatever is selected is the same both ways.
async fn check(server: &Server, shop: &Tenant, period: Period) {
    let mut lists = Vec::new();
    for parts in TOGETHER {
        let (whole, each) = nested(server, shop, period, parts).await;
        let expected = report(server, shop, period, None, parts).await;
        assert_eq!(whole, expected, "{parts}");
        for (list, usage) in &each {
            let expected = report(server, shop, period, Some(list), parts).await;
            assert_eq!(*usage, expected, "{parts}");
        }
        lists = each;
    }
    assert_eq!(lists.len(), 3);
    for parts in [ALL].into_iter().chain(ALONE) {
        for (list, _) in &lists {
            let usage = of_list(server, shop, period, list, parts).await;
            let expected = report(server, shop, period, Some(list), parts).await;
            assert_eq!(usage, expected, "{parts}");
        }
    }
    let read = document(&format!(
        "query($from: DateTime!, $to: DateTime!, $interval: Interval!) {{ account {{
            usage(from: $from, to: $to, interval: $interval) {{ {ALL} }} }} }}"
    ));
    let variables = json!({ "from": period.0, "to": period.1, "interval": period.2 });
    let data = server.data(&shop.owner, &read, variables).await;
    let expected = report(server, shop, period, None, ALL).await;
    assert_eq!(data["account"]["usage"], expected);
}

on_both_databases! {
    async fn the_usage_of_a_list_is_the_report_of_this_list(server: Server) {
        let shop = server.account("Shop").await;
        let other = server.account("Other").await;
        for tenant in [&shop, &other] {
            grant_at(&server, tenant, "2026-10-01T00:00:00Z", 10_000).await;
        }
        // A credit is worth 0.4 cents: the days of a list don't add up to it unless they are rounded
        // together.
        let card = sending::card(&server, 4_000_000, "EUR").await;
        let mut messages = Vec::new();
        for (number, days) in [vec![2, 3, 4], vec![3, 3, 9], vec![]].into_iter().enumerate() {
            let list = ListId::decode(&server.list(&shop, "Winter", json!([])).await);
            messages.extend(days.iter().map(|day| one(list, &format!("2026-11-0{day}T12:00:00Z"), card, 1)));
            let before = format!("2026-10-0{}T12:00:00Z", number + 2);
            messages.extend(days.first().map(|_| one(list, &before, card, 7)));
        }
        messages.extend([5, 6].map(|day| one(None, &format!("2026-11-0{day}T12:00:00Z"), card, 1)));
        messages.sort_by_key(|message| message.at);
        send_all(&server, &shop, &messages).await;
        send_all(&server, &other, &[one(None, "2026-11-02T12:00:00Z", card, 5)]).await;
        check(&server, &shop, ("2026-11-01T00:00:00Z", "2026-11-22T00:00:00Z", "DAY")).await;
        check(&server, &shop, ("2026-10-31T23:00:00Z", "2026-11-30T23:00:00Z", "MONTH")).await;
        check(&server, &shop, ("2026-11-02T11:00:00Z", "2026-11-03T12:30:00Z", "HOUR")).await;
        check(&server, &shop, ("2025-01-01T00:00:00Z", "2025-02-01T00:00:00Z", "WEEK")).await;
    }

    /// Lists that were charged in different currencies each have their own figures, as their
    /// account has none.
    async fn lists_in_different_currencies_have_their_own_usage(server: Server) {
        let shop = server.account("Shop").await;
        grant_at(&server, &shop, "2026-10-01T00:00:00Z", 10_000).await;
        let mut lists = Vec::new();
        for (day, currency) in [("02", "EUR"), ("03", "USD")] {
            let card = sending::card(&server, 13_000_000, currency).await;
            let list = server.list(&shop, currency, json!([])).await;
            send_all(&server, &shop, &[one(ListId::decode(&list), &format!("2026-11-{day}T00:00:00Z"), card, 100)]).await;
            lists.push(json!(list));
        }
        let period = ("2026-11-01T00:00:00Z", "2026-11-05T00:00:00Z", "DAY");
        let read = "query($from: DateTime!, $to: DateTime!) { account { lists { nodes { id usage(from: $from, to: $to) { totals { cost { amount currencyCode } } } } } } }";
        let data = server.data(&shop.owner, read, json!({ "from": period.0, "to": period.1 })).await;
        let cost = |list: &Value, currency: &str| json!({ "id": list, "usage": { "totals": { "cost": { "amount": "1.30", "currencyCode": currency } } } });
        let nodes = data["account"]["lists"]["nodes"].as_array().unwrap();
        for expected in [cost(&lists[0], "EUR"), cost(&lists[1], "USD")] {
            assert!(nodes.contains(&expected), "{expected}: {data}");
        }
        let read = "query($from: DateTime!, $to: DateTime!) { account { usage(from: $from, to: $to) { totals { credits } } } }";
        let answer = server.graphql(Some(&shop.owner), read, json!({ "from": period.0, "to": period.1 })).await;
        assert_eq!(answer["errors"][0]["extensions"]["field"], json!(["from"]), "{answer}");
    }

    /// Whichever parts are selected, bad arguments are named, and a sending service sees no usage.
    async fn bad_periods_and_roles_are_refused(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "Winter", json!([])).await;
        let refused = async |key: &str, of: &str, period: Period, parts: &str| {
            let read = document(&format!("query($id: ID!, $from: DateTime!, $to: DateTime!, $interval: Interval!) {{ node(id: $id) {{
                ... on {of} {{ usage(from: $from, to: $to, interval: $interval) {{ {parts} }} }} }} }}"));
            let id = if of == "Account" { &shop.id } else { &list };
            let variables = json!({ "id": id, "from": period.0, "to": period.1, "interval": period.2 });
            let mut answer = server.graphql(Some(key), &read, variables).await;
            answer["errors"][0]["extensions"].take()
        };
        for of in ["Account", "ContactList"] {
            for parts in TOGETHER.into_iter().chain(ALONE) {
                for (period, field) in [
                    (("2026-11-02T00:00:00Z", "2026-11-02T00:00:00Z", "DAY"), "to"),
                    (("2016-11-02T00:00:00Z", "2026-11-02T00:00:01Z", "MONTH"), "to"),
                    (("yesterday", "2026-11-02T00:00:00Z", "DAY"), "from"),
                    (("2026-01-01T00:00:00Z", "2026-11-02T00:00:00Z", "HOUR"), "interval"),
                ] {
                    let error = refused(&shop.owner, of, period, parts).await;
                    assert_eq!(error["field"], json!([field]), "{of} {parts}: {error}");
                }
            }
            let sender = server.key(&shop, "SENDER").await;
            let error = refused(&sender, of, ("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z", "DAY"), "id").await;
            assert_eq!(error["code"], "FORBIDDEN", "{of}: {error}");
        }
    }
}
