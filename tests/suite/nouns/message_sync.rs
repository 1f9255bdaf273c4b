//! Messages by their last change over HTTP: what a client fetches that has a copy of them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::support::{
    Server, Tenant,
    message::{CANCEL, scheduled, send, to_italians},
    new_key, on_both_databases,
};

const PAGE: &str = "query($first: Int, $after: String, $last: Int, $before: String, $reverse: Boolean!,
        $filter: MessageFilter, $sort: MessageSortKey!) { account {
    messages(first: $first, after: $after, last: $last, before: $before, reverse: $reverse,
        filter: $filter, sortKey: $sort) {
        nodes { id status updatedAt } totalCount pageInfo { hasNextPage startCursor endCursor } } } }";
const OF_LIST: &str =
    "query($id: ID!, $filter: MessageFilter) { node(id: $id) { ... on ContactList {
    messages(filter: $filter, sortKey: UPDATED_AT) { nodes { id } totalCount } } } }";
const READ: &str = "query($id: ID!) { node(id: $id) { ... on Message { updatedAt sentAt } } }";
const UPDATE: &str = "mutation($input: UpdateMessageInput!) { updateMessage(input: $input) {
    message { id updatedAt } userErrors { message } } }";
const SETTLE: &str = "mutation($input: SettleMessageInput!) { settleMessage(input: $input) {
    message { id updatedAt sentAt } userErrors { message } } }";
const ERASE: &str = "mutation($input: ErasePersonInput!) { erasePerson(input: $input) {
    messageCount userErrors { message } } }";
const AT: &str = "2026-11-25T08:00:00Z";

async fn page(server: &Server, shop: &Tenant, mut variables: Value) -> Value {
    if variables["reverse"].is_null() {
        variables["reverse"] = json!(false);
    }
    if variables["sort"].is_null() {
        variables["sort"] = json!("UPDATED_AT");
    }
    let mut data = server.data(&shop.owner, PAGE, variables).await;
    data["account"]["messages"].take()
}

fn ids(page: &Value) -> Vec<Value> {
    let nodes = page["nodes"].as_array().unwrap().iter();
    nodes.map(|node| node["id"].clone()).collect()
}

/// All pages, from the start or from the end.
async fn walk(server: &Server, shop: &Tenant, from_end: bool) -> Vec<Value> {
    let (mut all, mut place) = (Vec::new(), Value::Null);
    loop {
        let asked = match from_end {
            false => json!({ "first": 1, "after": place }),
            true => json!({ "last": 1, "before": place, "reverse": true }),
        };
        let found = page(server, shop, asked).await;
        let Some(id) = ids(&found).pop() else {
            return all;
        };
        all.push(id);
        place = found["pageInfo"]["endCursor"].clone();
    }
}

async fn updated_at(server: &Server, shop: &Tenant, id: &Value) -> Value {
    let mut data = server.data(&shop.owner, READ, json!({ "id": id })).await;
    data["node"]["updatedAt"].take()
}

async fn shop(server: &Server) -> Tenant {
    let shop = server.account("Shop").await;
    server.grant(&shop, "1000").await;
    shop
}

async fn cancel(server: &Server, shop: &Tenant, id: &Value) {
    let input = json!({ "messageId": id, "idempotencyKey": new_key() });
    server.done(&shop.owner, CANCEL, input).await;
}

/// One message sent at once, three scheduled ones and another sent one, an hour apart from 9 on.
async fn five(server: &Server, shop: &Tenant, list: Option<&str>) -> [Value; 5] {
    let mut made = Vec::new();
    for hour in 9..14 {
        server.set_time(&format!("2026-11-23T{hour:02}:00:00Z"));
        let mut input = to_italians(1);
        input["listId"] = json!(list);
        made.push(match hour {
            9 | 13 => send(server, shop, input).await["message"]["id"].clone(),
            _ => scheduled(server, shop, AT, input).await,
        });
    }
    made.try_into().unwrap()
}

on_both_databases! {
    /// The message that changed longest ago comes first, the filter bounds the last change in both
    /// orders, and a cursor is of its order alone.
    async fn changed_messages_are_found(server: Server) {
        let shop = shop(&server).await;
        let list = server.list(&shop, "List", json!([])).await;
        let [a, b, c, d, e] = five(&server, &shop, Some(&list)).await;
        send(&server, &shop, to_italians(1)).await;
        server.set_time("2026-11-23T14:00:00Z");
        cancel(&server, &shop, &b).await;
        let of_list = server.data(&shop.owner, OF_LIST, json!({ "id": list })).await;
        let of_list = &of_list["node"]["messages"];
        assert_eq!(ids(of_list), [a.clone(), c.clone(), d.clone(), e.clone(), b.clone()]);
        assert_eq!(of_list["totalCount"], 5);
        let all = page(&server, &shop, json!({})).await;
        assert_eq!(all["totalCount"], 6);
        assert_eq!(walk(&server, &shop, false).await, ids(&all));
        let mut backward = walk(&server, &shop, true).await;
        assert_eq!(backward.len(), 6);
        backward.sort_by_key(Value::to_string);
        let mut sorted = ids(&all);
        sorted.sort_by_key(Value::to_string);
        assert_eq!(backward, sorted);
        for (filter, expected) in [
            (json!({ "updatedFrom": "2026-11-23T12:00:00Z", "listId": list }), vec![&d, &e, &b]),
            (json!({ "updatedFrom": "2026-11-23T13:00:00.000001Z" }), vec![&b]),
            (json!({ "updatedTo": "2026-11-23T11:00:00Z" }), vec![&a]),
            (json!({ "updatedFrom": "2026-11-23T10:00:00Z", "updatedTo": "2026-11-23T12:00:00Z" }), vec![&c]),
            (json!({ "updatedTo": "2026-11-23T14:00:00Z", "statuses": ["SCHEDULED"] }), vec![&c, &d]),
            (json!({ "updatedFrom": "2026-11-23T15:00:00Z" }), vec![]),
        ] {
            for sort in ["UPDATED_AT", "SEND_AT"] {
                let found = page(&server, &shop, json!({ "filter": filter, "sort": sort })).await;
                let (mut found_ids, mut expected) = (ids(&found), expected.clone());
                if sort == "SEND_AT" {
                    found_ids.sort_by_key(Value::to_string);
                    expected.sort_by_key(|id| id.to_string());
                }
                assert_eq!(found_ids.iter().collect::<Vec<_>>(), expected, "{filter} {sort}");
                assert_eq!(found["totalCount"], expected.len(), "{filter} {sort}");
            }
        }
        let other = server.account("Other").await;
        assert_eq!(page(&server, &other, json!({})).await["totalCount"], 0);
        let cursor = &all["pageInfo"]["startCursor"];
        for (wrong, field) in [
            (json!({ "filter": { "updatedTo": "1970-01-01T00:00:00Z" }, "sort": "SEND_AT" }), json!(["filter", "updatedTo"])),
            (json!({ "after": cursor, "sort": "SEND_AT" }), json!(["after"])),
        ] {
            let mut variables = wrong.clone();
            variables["reverse"] = json!(false);
            let refused = server.graphql(Some(&shop.owner), PAGE, variables).await;
            let error = &refused["errors"][0]["extensions"];
            assert_eq!((&error["field"], &error["code"]), (&field, &json!("BAD_USER_INPUT")), "{refused}");
        }
    }

    /// Each change gives a message a later instant, also if the clock stands still: an update that
    /// moves no credits, a settlement by the server's job or by a report, and erasing its text.
    async fn every_change_of_a_message_has_an_instant(server: Server) {
        let shop = shop(&server).await;
        let sent = send(&server, &shop, to_italians(1)).await["message"]["id"].clone();
        let [by_job, by_report] = [
            scheduled(&server, &shop, AT, to_italians(1)).await,
            scheduled(&server, &shop, "2026-11-25T09:00:00Z", to_italians(2)).await,
        ];
        let mut last: BTreeMap<String, Timestamp> = BTreeMap::new();
        let mut rises = async |id: &Value| {
            let text = updated_at(&server, &shop, id).await;
            let at: Timestamp = text.as_str().unwrap().parse().unwrap();
            let before = last.insert(id.to_string(), at);
            assert!(before.is_none_or(|before| before < at), "{before:?} {at}");
            text
        };
        for id in [&sent, &by_job, &by_report] {
            rises(id).await;
        }
        for changes in [json!({ "name": "Uno" }), json!({ "name": "Due" }), json!({ "text": "Ciao ciao" })] {
            let mut input = changes;
            input["messageId"] = by_job.clone();
            input["idempotencyKey"] = json!(new_key());
            let done = server.done(&shop.owner, UPDATE, input).await;
            assert_eq!(done["message"]["updatedAt"], rises(&by_job).await);
        }
        let input = json!({ "messageId": by_report, "idempotencyKey": new_key() });
        server.set_time("2026-11-24T08:00:00Z");
        let done = server.done(&shop.owner, SETTLE, input).await;
        assert_eq!(done["message"]["updatedAt"], done["message"]["sentAt"]);
        rises(&by_report).await;
        server.set_time("2026-11-25T08:00:01Z");
        server.run_workers().await;
        assert_eq!(rises(&by_job).await, "2026-11-25T08:00:01Z");
        // Of these one was charged at its sendAt and one later. The second time erases nothing.
        for at in ["2026-11-26T08:00:00Z", "2026-11-26T08:00:00Z"] {
            server.set_time(at);
            let input = json!({ "phoneNumber": "+393401234567", "messageIds": [sent, by_job] });
            server.done(&shop.owner, ERASE, input).await;
        }
        assert_eq!([rises(&sent).await, rises(&by_job).await], ["2026-11-26T08:00:00Z"; 2]);
        let filter = json!({ "updatedFrom": "2026-11-26T00:00:00Z" });
        let erased = page(&server, &shop, json!({ "filter": filter })).await;
        assert_eq!((ids(&erased).len(), &erased["totalCount"]), (2, &json!(2)));
        assert_eq!(page(&server, &shop, json!({})).await["totalCount"], 3);
        assert_eq!(walk(&server, &shop, false).await.len(), 3);
    }

    /// A message that changes after its page comes again on a later one.
    async fn a_message_that_changes_during_a_sync_comes_again(server: Server) {
        let shop = shop(&server).await;
        let [a, b, c, d, e] = five(&server, &shop, None).await;
        let first = page(&server, &shop, json!({ "first": 2 })).await;
        assert_eq!(ids(&first), [a, b.clone()]);
        server.set_time("2026-11-23T14:00:00Z");
        cancel(&server, &shop, &c).await;
        server.set_time("2026-11-23T15:00:00Z");
        cancel(&server, &shop, &b).await;
        let after = &first["pageInfo"]["endCursor"];
        let rest = page(&server, &shop, json!({ "after": after })).await;
        assert_eq!(ids(&rest), [d, e, c, b]);
    }

    /// What earlier programs made or changed has the place of its charge or its creation.
    async fn earlier_messages_have_a_place(server: Server) {
        let shop = shop(&server).await;
        let made = five(&server, &shop, None).await;
        server.set_time("2026-11-23T14:00:00Z");
        cancel(&server, &shop, &made[1]).await;
        let writer = server.services().store.writer();
        writer.execute_unprepared("UPDATE messages SET updated_at = NULL").await.unwrap();
        assert_eq!(walk(&server, &shop, false).await, made);
        assert_eq!(updated_at(&server, &shop, &made[1]).await, "2026-11-23T10:00:00Z");
    }
}
