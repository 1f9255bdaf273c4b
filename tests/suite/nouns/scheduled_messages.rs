//! The messages of an account that wait for their time, soonest first, and those that were charged in
//! a period, over HTTP.

use serde_json::{Value, json};

use crate::support::{
    Server, Tenant,
    message::{CANCEL, scheduled, send, to_italians},
    new_key, on_both_databases,
};

const PAGE: &str = "query($id: ID, $first: Int, $after: String, $last: Int, $before: String,
        $filter: ScheduledMessageFilter) { account(id: $id) {
    scheduledMessages(first: $first, after: $after, last: $last, before: $before, filter: $filter) {
        nodes { name status sendAt text } totalCount
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }";

async fn page(server: &Server, key: &str, variables: Value) -> Value {
    let mut data = server.data(key, PAGE, variables).await;
    data["account"]["scheduledMessages"].take()
}

fn names(page: &Value) -> Vec<&str> {
    let nodes = page["nodes"].as_array().unwrap().iter();
    nodes.map(|node| node["name"].as_str().unwrap()).collect()
}

async fn named(server: &Server, shop: &Tenant, name: &str, at: &str, list: Option<&str>) -> Value {
    let mut input = to_italians(1);
    input["name"] = json!(name);
    input["listId"] = json!(list);
    scheduled(server, shop, at, input).await
}

on_both_databases! {
    /// Messages that wait are listed soonest first, and nothing else is; those of one instant have
    /// an order of their own, in which no page repeats or skips one.
    async fn scheduled_messages_are_paged_both_ways(server: Server) {
        let shop = server.account("Shop").await;
        server.grant(&shop, "1000").await;
        for (name, day) in [("third", 25), ("first", 23), ("fifth", 27), ("second", 24), ("fourth", 26)] {
            named(&server, &shop, name, &format!("2026-11-{day}T08:00:00Z"), None).await;
        }
        let canceled = named(&server, &shop, "canceled", "2026-11-24T08:00:00Z", None).await;
        server.done(&shop.owner, CANCEL, json!({ "messageId": canceled, "idempotencyKey": new_key() })).await;
        named(&server, &shop, "settled", "2026-11-22T09:00:00Z", None).await;
        send(&server, &shop, to_italians(1)).await;
        server.set_time("2026-11-22T10:00:00Z");
        server.run_workers().await;

        let all = page(&server, &shop.owner, json!({})).await;
        let order = ["first", "second", "third", "fourth", "fifth"];
        assert_eq!((names(&all), &all["totalCount"]), (order.to_vec(), &json!(5)));
        assert_eq!(all["nodes"][0], json!({ "name": "first", "status": "SCHEDULED", "sendAt": "2026-11-23T08:00:00Z", "text": "Ciao" }));
        let (mut forward, mut after) = (Vec::new(), Value::Null);
        loop {
            let one = page(&server, &shop.owner, json!({ "first": 2, "after": after })).await;
            assert_eq!(one["pageInfo"]["hasPreviousPage"], !after.is_null());
            forward.extend(names(&one).into_iter().map(str::to_owned));
            if one["pageInfo"]["hasNextPage"] == false { break; }
            after = one["pageInfo"]["endCursor"].clone();
        }
        assert_eq!(forward, order);
        let (mut backward, mut before) = (Vec::new(), Value::Null);
        loop {
            let one = page(&server, &shop.owner, json!({ "last": 2, "before": before })).await;
            backward.splice(0..0, names(&one).into_iter().map(str::to_owned));
            if one["pageInfo"]["hasPreviousPage"] == false { break; }
            before = one["pageInfo"]["startCursor"].clone();
        }
        assert_eq!(backward, order);

        for name in ["a", "b", "c", "d"] {
            named(&server, &shop, name, "2026-11-23T08:00:00Z", None).await;
        }
        let (mut tied, mut after) = (Vec::new(), Value::Null);
        for _ in 0..5 {
            let one = page(&server, &shop.owner, json!({ "first": 1, "after": after })).await;
            tied.extend(names(&one).into_iter().map(str::to_owned));
            after = one["pageInfo"]["endCursor"].clone();
        }
        tied.sort();
        assert_eq!(tied, ["a", "b", "c", "d", "first"]);
    }

    /// A list and a period restrict the page and its count.
    async fn scheduled_messages_are_filtered(server: Server) {
        let shop = server.account("Shop").await;
        server.grant(&shop, "1000").await;
        let list = server.list(&shop, "Newsletter", json!([{ "countryCode": "IT", "recipientCount": 1 }])).await;
        for (name, day, list) in [("a", 23, Some(&list)), ("b", 24, None), ("c", 25, Some(&list)), ("d", 26, None)] {
            named(&server, &shop, name, &format!("2026-11-{day}T08:00:00Z"), list.map(String::as_str)).await;
        }
        for (filter, expected) in [
            (json!({ "listId": list }), vec!["a", "c"]),
            (json!({ "from": "2026-11-24T08:00:00Z" }), vec!["b", "c", "d"]),
            (json!({ "to": "2026-11-25T09:00:00+01:00" }), vec!["a", "b"]),
            (json!({ "from": "2026-11-24T08:00:00Z", "to": "2026-11-26T08:00:00Z", "listId": list }), vec!["c"]),
            (json!({ "listId": "list_00000000000000000000000009" }), vec![]),
            (json!({ "listId": "nonsense" }), vec![]),
            (json!({}), vec!["a", "b", "c", "d"]),
        ] {
            let one = page(&server, &shop.owner, json!({ "filter": filter })).await;
            assert_eq!((names(&one), &one["totalCount"]), (expected.clone(), &json!(expected.len())), "{filter}");
        }
        for (variables, code) in [
            (json!({ "filter": { "from": "tomorrow" } }), "BAD_USER_INPUT"),
            (json!({ "first": 1_001 }), "BAD_USER_INPUT"),
            (json!({ "first": 0 }), "BAD_USER_INPUT"),
            (json!({ "first": 1, "last": 1 }), "BAD_USER_INPUT"),
            (json!({ "after": "nonsense" }), "BAD_USER_INPUT"),
        ] {
            let answer = server.graphql(Some(&shop.owner), PAGE, variables.clone()).await;
            assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{variables}: {answer}");
        }
    }

    /// The messages that were charged between two starts of a report's buckets are those that the
    /// bucket counts, also if they were scheduled for another day.
    async fn a_bucket_leads_to_its_messages(server: Server) {
        let shop = server.account("Shop").await;
        server.grant(&shop, "1000").await;
        for (name, at) in [("late", "2026-11-23T22:59:59.999999Z"), ("midnight", "2026-11-23T23:00:00Z")] {
            named(&server, &shop, name, at, None).await;
        }
        named(&server, &shop, "waits", "2026-12-01T08:00:00Z", None).await;
        let early = named(&server, &shop, "early", "2026-11-25T08:00:00Z", None).await;
        let settle = "mutation($input: SettleMessageInput!) { settleMessage(input: $input) { userErrors { message } } }";
        server.done(&shop.owner, settle, json!({ "messageId": early, "idempotencyKey": new_key() })).await;
        server.set_time("2026-11-23T22:59:59.999999Z");
        server.run_workers().await;
        server.set_time("2026-11-23T23:00:00Z");
        server.run_workers().await;
        let mut input = to_italians(3);
        input["name"] = json!("now");
        send(&server, &shop, input).await;

        let report = "query($input: UsageReportInput!) { usageReport(input: $input) { buckets { start usage { messageCount credits } } } }";
        let input = json!({ "from": "2026-11-21T23:00:00Z", "to": "2026-11-25T23:00:00Z", "timeZone": "Europe/Rome" });
        let report = server.data(&shop.owner, report, json!({ "input": input })).await;
        let mut starts: Vec<Value> = Vec::new();
        let buckets = report["usageReport"]["buckets"].as_array().unwrap();
        starts.extend(buckets.iter().map(|bucket| bucket["start"].clone()));
        starts.push(json!("2026-11-25T23:00:00Z"));
        let read = "query($filter: MessageFilter) { account { messages(filter: $filter) { totalCount nodes { name credits } } } }";
        let mut found = Vec::new();
        for (bucket, ends) in buckets.iter().zip(starts.windows(2)) {
            let filter = json!({ "sentFrom": ends[0], "sentTo": ends[1] });
            let data = server.data(&shop.owner, read, json!({ "filter": filter })).await;
            let messages = &data["account"]["messages"];
            let counted = bucket["usage"]["messageCount"].to_string();
            assert_eq!(messages["totalCount"].to_string(), counted.trim_matches('"'), "{bucket}");
            let nodes = messages["nodes"].as_array().unwrap();
            let credits: i64 = nodes.iter().map(|node| node["credits"].as_str().unwrap().parse::<i64>().unwrap()).sum();
            assert_eq!(json!(credits.to_string()), bucket["usage"]["credits"]);
            let mut names: Vec<&str> = nodes.iter().map(|node| node["name"].as_str().unwrap()).collect();
            names.sort_unstable();
            found.push(names.join(" "));
        }
        assert_eq!(found, ["early", "late", "midnight now", ""]);
        for (filter, count) in [
            (json!({ "sentFrom": "2026-11-23T23:00:00Z" }), 2),
            (json!({ "sentTo": "2026-11-23T23:00:00Z" }), 2),
            (json!({ "sentTo": "2026-11-23T23:00:00Z", "statuses": ["SCHEDULED"] }), 0),
            (json!({ "sentFrom": "2026-11-23T23:00:00Z", "to": "2026-11-23T23:00:00Z" }), 0),
        ] {
            let data = server.data(&shop.owner, read, json!({ "filter": filter })).await;
            assert_eq!(data["account"]["messages"]["totalCount"], count, "{filter}");
        }
        let answer = server.graphql(Some(&shop.owner), read, json!({ "filter": { "sentFrom": "noon" } })).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{answer}");
    }

    /// Another account sees nothing of it; the platform and a sending service see it.
    async fn only_the_accounts_keys_see_its_scheduled_messages(server: Server) {
        let shop = server.account("Shop").await;
        server.grant(&shop, "1000").await;
        named(&server, &shop, "mine", "2026-11-23T08:00:00Z", None).await;
        let other = server.account("Other").await;
        let foreign = server.graphql(Some(&other.owner), PAGE, json!({ "id": shop.id })).await;
        assert_eq!(foreign["data"]["account"], json!(null), "{foreign}");
        assert_eq!(page(&server, &other.owner, json!({})).await["totalCount"], 0);
        for key in [server.admin_key().to_owned(), server.key(&shop, "SENDER").await, server.key(&shop, "VIEWER").await] {
            assert_eq!(names(&page(&server, &key, json!({ "id": shop.id })).await), ["mine"]);
        }
    }
}
