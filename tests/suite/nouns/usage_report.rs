//! Usage reports over HTTP: sums, bounds of buckets, and refusals.

mod history;

use domain::{ending::Asker, id::ListId};
use message_credits::{
    graphql::engine::ids::PublicId,
    ledger::{End, RequestKind},
};
use serde_json::{Value, json};

use self::history::check_all;
use crate::support::{
    Server, on_both_databases,
    sending::{self, Leg, Message, at, grant_at, new_message, send_all, sms, submit},
    usage::VALUES_NANO,
};

const REPORT: &str = "query($input: UsageReportInput!) { usageReport(input: $input) {
    totals { ...all }
    buckets { start usage { ...all } }
    lists(first: 1000) { list { id } usage { ...all } buckets { start usage { ...all } } }
    countries { countryCode usage { ...all } } } }
    fragment all on Usage { messageCount recipientCount segmentCount credits cost { amount currencyCode } }";
const TOTALS: &str = "query($input: UsageReportInput!) { usageReport(input: $input) {
    totals { messageCount recipientCount segmentCount credits } } }";

/// The code and the field of a report's error.
async fn refused(server: &Server, key: &str, input: Value) -> (String, Value) {
    let response = server
        .graphql(Some(key), REPORT, json!({ "input": input }))
        .await;
    assert_eq!(response["data"], Value::Null, "{response}");
    let extensions = &response["errors"][0]["extensions"];
    let code = extensions["code"].as_str().unwrap().to_owned();
    (code, extensions["field"].clone())
}

fn november() -> Value {
    json!({ "from": "2026-11-01T00:00:00Z", "to": "2026-11-22T00:00:00Z" })
}

fn november_with(field: &str, value: impl Into<Value>) -> Value {
    let mut input = november();
    input[field] = value.into();
    input
}

fn one(
    list: Option<ListId>,
    instant: &str,
    card: domain::id::RateCardId,
    recipients: u64,
) -> Message {
    Message {
        card,
        ..sms(list, instant, recipients)
    }
}

on_both_databases! {
    /// Totals, lists, buckets and countries equal the sums over single messages, and the totals
    /// equal the ledger's spending, for any period, interval, zone and filter.
    async fn all_breakdowns_add_up(server: Server) {
        check_all(&server).await;
    }

    /// Days have 23 and 25 hours when clocks change, the first and the last are whole, and empty
    /// ones are included.
    async fn buckets_follow_the_clocks(server: Server) {
        let tenant = server.account("Shop").await;
        let starts = async |from: &str, to: &str, interval: &str| {
            let read = "query($input: UsageReportInput!) { usageReport(input: $input) { buckets { start usage { messageCount } } } }";
            let input = json!({ "from": from, "to": to, "interval": interval });
            let data = server.data(&tenant.owner, read, json!({ "input": input })).await;
            let buckets = data["usageReport"]["buckets"].as_array().unwrap().clone();
            assert!(buckets.iter().all(|bucket| bucket["usage"]["messageCount"] == 0));
            buckets.iter().map(|bucket| bucket["start"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(
            starts("2026-03-28T12:00:00+01:00", "2026-03-31T00:00:01+02:00", "DAY").await,
            ["2026-03-27T23:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "2026-03-30T22:00:00Z"]
        );
        assert_eq!(starts("2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", "HOUR").await.len(), 23);
        assert_eq!(starts("2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00", "HOUR").await.len(), 25);
        assert_eq!(
            starts("2026-10-31T23:00:00Z", "2026-11-30T23:00:00Z", "MONTH").await,
            ["2026-10-31T23:00:00Z"]
        );
        // 1 November 2026 is a Sunday.
        assert_eq!(
            starts("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z", "WEEK").await,
            ["2026-10-25T23:00:00Z", "2026-11-01T23:00:00Z"]
        );
    }

    /// Only charged messages count, at the time of their charge, with what was actually sent.
    async fn scheduled_and_cancelled_messages_do_not_count(server: Server) {
        let tenant = server.account("Shop").await;
        grant_at(&server, &tenant, "2026-11-01T00:00:00Z", 1_000).await;
        let card = sending::card(&server, VALUES_NANO[0], "EUR").await;
        let [waits, cancelled, settled] = [10, 20, 30].map(|recipients| {
            new_message(&one(None, "2026-11-02T00:00:00Z", card, recipients))
        });
        let (cancel, settle) = (cancelled.id, settled.id);
        for mut new in [waits, cancelled, settled] {
            new.send_at = Some(at("2026-12-01T00:00:00Z"));
            submit(&server, &tenant, at("2026-11-02T00:00:00Z"), RequestKind::Schedule(new)).await;
        }
        submit(&server, &tenant, at("2026-11-03T00:00:00Z"), RequestKind::End { message: cancel, list: None, end: End::Cancel(Asker::Account) }).await;
        let sent = sending::price(&[Leg { country: "FR", segment_count: 2, recipients: 3, rate_units: Some(5_000) }]);
        let settled = RequestKind::End { message: settle, list: None, end: End::Reported(sent, None) };
        submit(&server, &tenant, at("2026-11-04T00:00:00Z"), settled).await;

        let usage = async |from: &str, to: &str| {
            let input = json!({ "from": from, "to": to });
            let mut data = server.data(&tenant.owner, TOTALS, json!({ "input": input })).await;
            data["usageReport"]["totals"].take()
        };
        let nothing = json!({ "messageCount": 0, "recipientCount": 0, "segmentCount": 0, "credits": "0" });
        let sent = json!({ "messageCount": 1, "recipientCount": 3, "segmentCount": 6, "credits": "3" });
        assert_eq!(usage("2026-11-01T00:00:00Z", "2026-11-04T00:00:00Z").await, nothing);
        assert_eq!(usage("2026-11-04T00:00:00Z", "2026-11-04T00:00:00.000001Z").await, sent);
        assert_eq!(usage("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z").await, sent);
    }

    /// Lists are ordered by their credits, and the next page continues after the last list of the
    /// one before.
    async fn lists_are_paged(server: Server) {
        let tenant = server.account("Shop").await;
        grant_at(&server, &tenant, "2026-11-01T00:00:00Z", 1_000).await;
        let card = sending::card(&server, VALUES_NANO[0], "EUR").await;
        let mut messages = vec![one(None, "2026-11-02T00:00:00Z", card, 20)];
        let mut ids = Vec::new();
        for recipients in [10, 30, 10] {
            let id = server.list(&tenant, "Winter", json!([])).await;
            let list = ListId::decode(&id).unwrap();
            messages.push(one(Some(list), "2026-11-02T00:00:00Z", card, recipients));
            ids.push(id);
        }
        send_all(&server, &tenant, &messages).await;
        let mut ties = [ids[0].clone(), ids[2].clone()];
        ties.sort();
        let read = "query($input: UsageReportInput!, $first: Int!, $after: ID) { usageReport(input: $input) {
            lists(first: $first, after: $after) { list { id name } usage { credits } } } }";
        let page = async |first: i32, after: Option<&str>| {
            let variables = json!({ "input": november(), "first": first, "after": after });
            server.graphql(Some(&tenant.owner), read, variables).await
        };
        let listed = async |first, after| -> Vec<Option<String>> {
            let data = page(first, after).await;
            let lists = data["data"]["usageReport"]["lists"].as_array().unwrap_or_else(|| panic!("{data}"));
            lists.iter().map(|list| list["list"]["id"].as_str().map(str::to_owned)).collect()
        };
        let all = [Some(ids[1].clone()), None, Some(ties[0].clone()), Some(ties[1].clone())];
        assert_eq!(listed(1_000, None).await, all);
        assert_eq!(listed(1, None).await, all[..1]);
        assert_eq!(listed(2, Some(&ids[1])).await, all[1..3]);
        assert_eq!(listed(2, Some(&ties[0])).await, all[3..]);
        assert_eq!(listed(2, Some(&ties[1])).await, []);
        let other = server.list(&tenant, "Unused", json!([])).await;
        for (first, after, field) in [
            (0, None, "first"),
            (1_001, None, "first"),
            (-1, None, "first"),
            (1, Some(other.as_str()), "after"),
            (1, Some("nonsense"), "after"),
            (1, Some(tenant.id.as_str()), "after"),
        ] {
            let response = page(first, after).await;
            assert_eq!(response["errors"][0]["extensions"]["field"], json!([field]), "{response}");
        }
    }

    /// What stands beside a total in money adds up to it, on every page of lists, although each
    /// part alone would be rounded to less: law Q5.
    async fn displayed_parts_add_up_to_their_total(server: Server) {
        let tenant = server.account("Shop").await;
        grant_at(&server, &tenant, "2026-11-01T00:00:00Z", 1_000).await;
        // A credit is worth 0.4 cents: three days of one each are 1.2 cents.
        let card = sending::card(&server, 4_000_000, "EUR").await;
        let mut messages = Vec::new();
        let mut lists = Vec::new();
        for day in 2..5 {
            let id = server.list(&tenant, "Winter", json!([])).await;
            let list = ListId::decode(&id);
            messages.push(one(list, &format!("2026-11-0{day}T12:00:00Z"), card, 1));
            lists.push(id);
        }
        lists.sort();
        let own = ListId::decode(&lists[0]);
        messages.extend([5, 6, 7].map(|day| one(own, &format!("2026-11-0{day}T12:00:00Z"), card, 1)));
        send_all(&server, &tenant, &messages).await;
        let read = "query($input: UsageReportInput!, $after: ID) { usageReport(input: $input) {
            totals { ...cost } buckets { usage { ...cost } } countries { usage { ...cost } } channels { usage { ...cost } }
            lists(first: 1, after: $after) { list { id usage(from: \"2026-11-01T00:00:00Z\", to: \"2026-11-22T00:00:00Z\") { buckets { usage { ...cost } } } }
                usage { ...cost } buckets { usage { ...cost } } } } }
            fragment cost on Usage { cost { amount } }";
        let cents = |parts: &Value| -> Vec<i64> {
            let parts = parts.as_array().unwrap().iter();
            let amounts = parts.map(|part| part["usage"]["cost"]["amount"].as_str().unwrap().to_owned());
            amounts.map(|amount| amount.replace('.', "").parse().unwrap()).collect()
        };
        let mut after = Value::Null;
        let mut of_lists = Vec::new();
        for list in &lists {
            let variables = json!({ "input": november(), "after": after });
            let data = server.data(&tenant.owner, read, variables).await;
            let report = &data["usageReport"];
            // 2.4 cents.
            assert_eq!(report["totals"]["cost"]["amount"], "0.02");
            let buckets = cents(&report["buckets"]);
            // Of six equal parts the first two.
            assert_eq!(buckets[..9], [0, 1, 1, 0, 0, 0, 0, 0, 0], "{report}");
            assert_eq!(buckets.iter().sum::<i64>(), 2);
            assert_eq!(cents(&report["countries"]), [2]);
            assert_eq!(cents(&report["channels"]), [2]);
            let of_list = &report["lists"][0];
            assert_eq!(of_list["list"]["id"], *list);
            let cost = cents(&report["lists"])[0];
            assert_eq!(cents(&of_list["buckets"]).iter().sum::<i64>(), cost);
            // Without a report the list's own total is rounded: 1.6 cents, or 0.4.
            let alone = cents(&of_list["list"]["usage"]["buckets"]).iter().sum::<i64>();
            assert_eq!(alone, if own == ListId::decode(list) { 2 } else { 0 });
            of_lists.push(cost);
            after = of_list["list"]["id"].clone();
        }
        assert_eq!(of_lists, [2, 0, 0]);
    }

    /// Invalid arguments are named.
    async fn bad_reports_are_refused(server: Server) {
        let tenant = server.account("Shop").await;
        let list = server.list(&tenant, "Winter", json!([])).await;
        let far = json!({ "from": "2016-11-01T00:00:00Z", "to": "2026-11-01T00:00:01Z", "interval": "MONTH" });
        let many = json!({ "from": "2026-01-01T00:00:00Z", "to": "2026-11-01T00:00:00Z", "interval": "HOUR" });
        for (input, field) in [
            (november_with("to", "2026-11-01T00:00:00Z"), json!(["input", "to"])),
            (november_with("to", "2025-11-01T00:00:00Z"), json!(["input", "to"])),
            (november_with("to", "tomorrow"), json!(["input", "to"])),
            (november_with("from", "2026-11-01"), json!(["input", "from"])),
            (november_with("from", "1979-12-31T23:59:59Z"), json!(["input", "from"])),
            (far, json!(["input", "to"])),
            (many, json!(["input", "interval"])),
            (november_with("timeZone", "Mars/Olympus"), json!(["input", "timeZone"])),
            (november_with("timeZone", "+01:00"), json!(["input", "timeZone"])),
            (november_with("countryCodes", json!(["IT", "ZZ"])), json!(["input", "countryCodes", "1"])),
            (november_with("countryCodes", json!(["it"])), json!(["input", "countryCodes", "0"])),
            (november_with("countryCodes", json!([])), json!(["input", "countryCodes"])),
            (november_with("listIds", json!([])), json!(["input", "listIds"])),
            (november_with("listIds", json!(vec![list.clone(); 1_001])), json!(["input", "listIds"])),
        ] {
            let expected = ("BAD_USER_INPUT".to_owned(), field);
            assert_eq!(refused(&server, &tenant.owner, input.clone()).await, expected, "{input}");
        }
        server.data(&tenant.owner, REPORT, json!({ "input": november_with("listIds", json!([list, list])) })).await;
    }

    /// Another account and its lists answer as if they did not exist, and a sending service sees no
    /// usage.
    async fn usage_is_visible_to_permitted_roles_only(server: Server) {
        let (tenant, other) = (server.account("Shop").await, server.account("Other").await);
        let own = server.list(&tenant, "Winter", json!([])).await;
        let foreign = server.list(&other, "Winter", json!([])).await;
        for (field, value, at) in [
            ("accountId", json!(other.id), json!(["input", "accountId"])),
            ("accountId", json!("nonsense"), json!(["input", "accountId"])),
            ("listIds", json!([own, foreign]), json!(["input", "listIds", "1"])),
            ("listIds", json!([own, own, "nonsense"]), json!(["input", "listIds", "2"])),
            ("listIds", json!([tenant.id]), json!(["input", "listIds", "0"])),
        ] {
            let input = november_with(field, value);
            let expected = ("NOT_FOUND".to_owned(), at);
            assert_eq!(refused(&server, &tenant.owner, input.clone()).await, expected, "{input}");
        }
        let platform = refused(&server, server.admin_key(), november()).await;
        assert_eq!(platform, ("BAD_USER_INPUT".to_owned(), json!(["input", "accountId"])));
        let sender = server.key(&tenant, "SENDER").await;
        assert_eq!(refused(&server, &sender, november()).await.0, "FORBIDDEN");
        let viewer = server.key(&tenant, "VIEWER").await;
        server.data(&viewer, REPORT, json!({ "input": november() })).await;
        let managed = november_with("accountId", json!(tenant.id));
        server.data(server.admin_key(), REPORT, json!({ "input": managed })).await;

        let usage = "query($id: ID!) { node(id: $id) { ... on ContactList {
            usage(from: \"2026-11-01T00:00:00Z\", to: \"2026-11-02T00:00:00Z\") { id } } } }";
        let response = server.graphql(Some(&sender), usage, json!({ "id": own })).await;
        assert_eq!(response["errors"][0]["extensions"]["code"], "FORBIDDEN", "{response}");
    }

    /// A list has its own usage, each list of a page for itself.
    async fn a_list_shows_its_usage(server: Server) {
        let tenant = server.account("Shop").await;
        grant_at(&server, &tenant, "2026-11-01T00:00:00Z", 1_000).await;
        let card = sending::card(&server, 500_000_000, "EUR").await;
        let mut lists = Vec::new();
        for (recipients, minute) in [(3_u64, 1), (0, 2), (5, 3)] {
            // Lists are listed by their age.
            server.set_time(&format!("2026-11-22T08:0{minute}:00Z"));
            let id = server.list(&tenant, "Winter", json!([])).await;
            let list = ListId::decode(&id).unwrap();
            if recipients > 0 {
                let sent = one(Some(list), "2026-11-02T22:59:59Z", card, recipients);
                send_all(&server, &tenant, &[sent]).await;
            }
            lists.push(id);
        }
        let read = "query($from: DateTime!, $to: DateTime!, $interval: Interval! = DAY) { account { lists { nodes { id
            usage(from: $from, to: $to, interval: $interval) { buckets { start usage { messageCount credits cost { amount } } } } } } } }";
        let period = json!({ "from": "2026-11-01T23:00:00Z", "to": "2026-11-03T23:00:00Z" });
        let data = server.data(&tenant.owner, read, period).await;
        let day = |start: &str, messages: i32, credits: &str, amount: &str| json!({
            "start": start,
            "usage": { "messageCount": messages, "credits": credits, "cost": { "amount": amount } },
        });
        let second = day("2026-11-02T23:00:00Z", 0, "0", "0.00");
        let first = |messages, credits, amount| day("2026-11-01T23:00:00Z", messages, credits, amount);
        assert_eq!(data["account"]["lists"]["nodes"], json!([
            { "id": lists[0], "usage": { "buckets": [first(1, "3", "1.50"), second] } },
            { "id": lists[1], "usage": { "buckets": [first(0, "0", "0.00"), second] } },
            { "id": lists[2], "usage": { "buckets": [first(1, "5", "2.50"), second] } },
        ]));
        for (period, field) in [
            (json!({ "from": "2026-11-02T00:00:00Z", "to": "2026-11-02T00:00:00Z" }), "to"),
            (json!({ "from": "yesterday", "to": "2026-11-02T00:00:00Z" }), "from"),
            (json!({ "from": "2026-01-01T00:00:00Z", "to": "2026-11-02T00:00:00Z", "interval": "HOUR" }), "interval"),
        ] {
            let response = server.graphql(Some(&tenant.owner), read, period).await;
            assert_eq!(response["errors"][0]["extensions"]["field"], json!([field]), "{response}");
        }
    }

    /// Costs in two currencies can't be added up, and are refused.
    async fn costs_in_two_currencies_are_refused(server: Server) {
        let tenant = server.account("Shop").await;
        grant_at(&server, &tenant, "2026-11-01T00:00:00Z", 1_000).await;
        let list = server.list(&tenant, "Winter", json!([])).await;
        let of_list = Some(ListId::decode(&list).unwrap());
        for (day, currency) in [("02", "EUR"), ("03", "USD")] {
            let card = sending::card(&server, 13_000_000, currency).await;
            let sent = one(of_list, &format!("2026-11-{day}T00:00:00Z"), card, 100);
            send_all(&server, &tenant, &[sent]).await;
        }
        let both = refused(&server, &tenant.owner, november()).await;
        assert_eq!(both, ("BAD_USER_INPUT".to_owned(), json!(["input", "from"])));
        let usage = "query($id: ID!) { node(id: $id) { ... on ContactList {
            usage(from: \"2026-11-01T00:00:00Z\", to: \"2026-11-05T00:00:00Z\") { totals { credits } } } } }";
        let response = server.graphql(Some(&tenant.owner), usage, json!({ "id": list })).await;
        assert_eq!(response["errors"][0]["extensions"]["field"], json!(["from"]), "{response}");
        let later = november_with("from", "2026-11-03T00:00:00Z");
        let data = server.data(&tenant.owner, REPORT, json!({ "input": later })).await;
        assert_eq!(data["usageReport"]["totals"]["cost"], json!({ "amount": "1.30", "currencyCode": "USD" }));
    }
}
