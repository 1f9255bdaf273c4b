//! Messages over HTTP: sending, scheduling and cancelling them, their keys, and their listing.

use serde_json::{Value, json};

use crate::support::{
    account::balance,
    message::{
        CANCEL, SCHEDULE, SEND, TEXT_OF_TWO_SEGMENTS, refusals, schedule, send, to_italians,
    },
    new_key, on_both_databases,
    rate_card::{charge_by, publish},
};

on_both_databases! {
    /// A message to a list is charged at once, and has all its fields.
    async fn a_message_is_sent(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant(&tenant, "10000").await;
        let list = server.list(&tenant, "All", json!([{ "countryCode": "IT", "recipientCount": 1653 }])).await;
        let input = json!({ "listId": list, "text": TEXT_OF_TWO_SEGMENTS, "name": "Saldi" });
        let payload = send(&server, &tenant, input).await;
        let mut message = payload["message"].clone();
        let id = message["id"].take();
        assert_eq!(message, json!({
            "id": null, "status": "SENT", "name": "Saldi", "channel": "SMS", "encoding": "GSM_7",
            "text": TEXT_OF_TWO_SEGMENTS, "segmentCount": 2, "recipientCount": 1653, "credits": "3306",
            "sendAt": "2026-11-22T08:00:00Z", "sentAt": "2026-11-22T08:00:00Z", "createdAt": "2026-11-22T08:00:00Z",
            "list": { "id": list }, "account": { "id": tenant.id },
            "lines": [{ "countryCode": "IT", "recipientCount": 1653, "segmentCount": 2, "creditsPerSegment": "1", "credits": "3306" }],
        }));
        assert_eq!(payload["balance"], json!({ "total": "6694", "available": "6694", "held": "0", "unassigned": "6694" }));
        assert_eq!(balance(&server, &tenant).await, payload["balance"]);

        let node = "query($id: ID!) { node(id: $id) { ... on Message { credits } } }";
        let own = server.data(&tenant.owner, node, json!({ "id": id })).await;
        assert_eq!(own["node"], json!({ "credits": "3306" }));
        let other = server.account("Other").await;
        let foreign = server.data(&other.owner, node, json!({ "id": id })).await;
        assert_eq!(foreign["node"], json!(null));
    }

    /// Three hundred concurrent sends with credits for a hundred: exactly a hundred are sent.
    async fn concurrent_sends_never_overspend(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant(&tenant, "1000").await;
        let one = async || {
            let mut input = to_italians(10);
            input["idempotencyKey"] = json!(new_key());
            let response = server.graphql(Some(&tenant.owner), SEND, json!({ "input": input })).await;
            response["data"]["sendMessage"].clone()
        };
        let all = futures_util::future::join_all((0..300).map(|_| one())).await;
        let sent = all.iter().filter(|payload| payload["message"]["status"] == "SENT").count();
        let short = json!([{ "field": ["input", "audience"], "code": "INSUFFICIENT_CREDITS" }]);
        let refused = all.iter().filter(|payload| payload["userErrors"] == short).count();
        assert_eq!((sent, refused), (100, 200));
        assert_eq!(balance(&server, &tenant).await["total"], "0");
        let count = server.data(&tenant.owner, "{ account { messages { totalCount } } }", json!({})).await;
        assert_eq!(count["account"]["messages"]["totalCount"], 100);
    }

    /// One key fifty times concurrently: one message, fifty equal answers.
    async fn one_key_sends_one_message(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant(&tenant, "1000").await;
        let mut input = to_italians(10);
        input["idempotencyKey"] = json!("campaign 7");
        let once = async || server.done(&tenant.owner, SEND, input.clone()).await;
        let all = futures_util::future::join_all((0..50).map(|_| once())).await;
        let fresh = all.iter().filter(|payload| payload["replayed"] == false).count();
        assert_eq!(fresh, 1);
        for payload in &all {
            assert_eq!(payload["message"], all[0]["message"]);
            assert_eq!(payload["balance"], all[0]["balance"]);
        }
        assert_eq!(balance(&server, &tenant).await["available"], "990");

        // Later too, with another balance; and with other arguments it is refused.
        send(&server, &tenant, to_italians(5)).await;
        server.set_time("2027-01-01T00:00:00Z");
        let again = server.done(&tenant.owner, SEND, input.clone()).await;
        assert_eq!(again["message"], all[0]["message"]);
        assert_eq!((&again["replayed"], &again["balance"]["available"]), (&json!(true), &json!("985")));
        let mut other = to_italians(11);
        other["idempotencyKey"] = json!("campaign 7");
        assert_eq!(refusals(&server, &tenant, SEND, other.clone()).await,
            json!([{ "field": ["input", "idempotencyKey"], "code": "IDEMPOTENCY_KEY_REUSED" }]));
        // Even if it would be refused anyway.
        other["audience"] = json!({ "destinations": [] });
        assert_eq!(refusals(&server, &tenant, SEND, other).await[0]["code"], "IDEMPOTENCY_KEY_REUSED");
    }

    /// B4: a repetition is answered with the message as it is now, even if the same command would be
    /// refused by now.
    async fn a_repetition_is_answered_even_if_it_would_now_be_refused(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant(&tenant, "100").await;
        let list = server.list(&tenant, "All", json!([{ "countryCode": "IT", "recipientCount": 10 }])).await;
        let input = json!({
            "listId": list, "text": "Ciao", "sendAt": "2026-11-23T08:00:00Z", "maxCredits": "10",
            "idempotencyKey": "scheduled once",
        });
        let first = server.done(&tenant.owner, SCHEDULE, input.clone()).await;
        assert_eq!(first["message"]["status"], "SCHEDULED");
        // It comes due and is settled, the list is archived, and another card makes it dearer.
        server.set_time("2026-11-24T08:00:00Z");
        server.run_workers().await;
        let archive = "mutation($input: ArchiveContactListInput!) {
            archiveContactList(input: $input) { userErrors { field message } } }";
        server.done(&tenant.owner, archive, json!({ "listId": list })).await;
        let card = publish(&server, "dear", json!([{ "countryCode": "IT", "sms": "5" }])).await;
        charge_by(&server, &tenant, &card).await;
        let again = server.done(&tenant.owner, SCHEDULE, input).await;
        assert_eq!((&first["replayed"], &again["replayed"]), (&json!(false), &json!(true)));
        assert_eq!(again["message"]["id"], first["message"]["id"]);
        assert_eq!(again["message"]["status"], "SENT");
        assert_eq!((&again["balance"]["held"], &again["balance"]["available"]), (&json!("0"), &json!("90")));
    }

    /// Credits that expire go last by default: of 50 that expire and 20 that don't, the 20 go
    /// first.
    async fn credits_that_never_expire_go_first(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant_until(&tenant, "50", Some("2026-12-01")).await;
        server.set_time("2026-11-22T09:00:00Z");
        server.grant(&tenant, "20").await;
        send(&server, &tenant, to_italians(30)).await;
        let read = "{ account { lots { nodes { granted remaining } } } }";
        let lots = server.data(&tenant.owner, read, json!({})).await;
        assert_eq!(lots["account"]["lots"]["nodes"], json!([
            { "granted": "20", "remaining": "0" },
            { "granted": "50", "remaining": "40" },
        ]));
    }

    /// Scheduling lowers the available credits and not the total; cancelling restores them.
    async fn a_hold_is_taken_and_released(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant(&tenant, "100").await;
        let scheduled = schedule(&server, &tenant, "2026-11-23T08:00:00Z", to_italians(30)).await;
        assert_eq!(scheduled["message"]["status"], "SCHEDULED");
        assert_eq!(scheduled["message"]["sentAt"], json!(null));
        assert_eq!(scheduled["balance"], json!({ "total": "100", "available": "70", "held": "30" }));

        let input = json!({ "messageId": scheduled["message"]["id"], "idempotencyKey": "give up" });
        let canceled = server.done(&tenant.owner, CANCEL, input.clone()).await;
        assert_eq!(canceled["message"]["status"], "CANCELED");
        assert_eq!(canceled["message"]["credits"], "0");
        assert_eq!(canceled["balance"], json!({ "total": "100", "available": "100", "held": "0" }));
        let again = server.done(&tenant.owner, CANCEL, input).await;
        assert_eq!((&canceled["replayed"], &again["replayed"]), (&json!(false), &json!(true)));
        assert_eq!((&again["message"], &again["balance"]), (&canceled["message"], &canceled["balance"]));
        let again = json!({ "messageId": scheduled["message"]["id"] });
        assert_eq!(refusals(&server, &tenant, CANCEL, again).await,
            json!([{ "field": ["input", "messageId"], "code": "CONFLICT" }]));
    }

    /// From its sendAt on a message that the server settles can't be cancelled, whether or not a
    /// job ran.
    async fn a_due_message_cannot_be_cancelled(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant(&tenant, "100").await;
        let scheduled = schedule(&server, &tenant, "2026-11-23T08:00:00Z", to_italians(30)).await;
        let input = json!({ "messageId": scheduled["message"]["id"] });
        server.set_time("2026-11-23T08:00:00Z");
        assert_eq!(refusals(&server, &tenant, CANCEL, input).await[0]["code"], "CONFLICT");
        server.run_workers().await;
        assert_eq!(balance(&server, &tenant).await["total"], "70");
    }

    /// Each invalid input is named, and nothing is held or charged.
    async fn bad_messages_are_refused(server: Server) {
        let tenant = server.account("Shop").await;
        let other = server.account("Other").await;
        server.grant(&tenant, "100").await;
        let foreign = server.list(&other, "Theirs", json!([])).await;
        let empty = server.list(&tenant, "Empty", json!([])).await;
        let with = |change: (&str, Value)| {
            let mut input = to_italians(1);
            input["sendAt"] = json!("2026-11-23T08:00:00Z");
            input[change.0] = change.1;
            input
        };
        let no_audience = |list: Value| json!({ "listId": list, "text": "a", "sendAt": "2026-11-23T08:00:00Z" });
        let nobody = json!({ "destinations": [] });
        for (input, field, code) in [
            (with(("sendAt", json!("2026-11-22T08:00:00Z"))), json!(["input", "sendAt"]), "INVALID"),
            (with(("sendAt", json!("2028-11-22T08:00:01Z"))), json!(["input", "sendAt"]), "INVALID"),
            (with(("sendAt", json!("tomorrow"))), json!(["input", "sendAt"]), "INVALID"),
            (with(("maxCredits", json!("0.9999"))), json!(["input", "maxCredits"]), "INVALID"),
            (with(("maxCredits", json!("1e3"))), json!(["input", "maxCredits"]), "INVALID"),
            (with(("name", json!(""))), json!(["input", "name"]), "INVALID"),
            (with(("name", json!("x".repeat(10_000)))), json!(["input", "name"]), "INVALID"),
            (with(("idempotencyKey", json!(""))), json!(["input", "idempotencyKey"]), "INVALID"),
            (with(("text", json!("a".repeat(40_001)))), json!(["input", "text"]), "INVALID"),
            (with(("audience", nobody)), json!(["input", "audience"]), "INVALID"),
            (with(("listId", json!(foreign))), json!(["input", "listId"]), "NOT_FOUND"),
            (with(("accountId", json!(other.id))), json!(["input", "accountId"]), "NOT_FOUND"),
            (no_audience(json!(null)), json!(["input", "listId"]), "INVALID"),
            (no_audience(json!(empty)), json!(["input", "listId"]), "INVALID"),
            (to_scheduled(101), json!(["input", "audience"]), "INSUFFICIENT_CREDITS"),
        ] {
            assert_eq!(refusals(&server, &tenant, SCHEDULE, input.clone()).await,
                json!([{ "field": field, "code": code }]), "{input}");
        }
        assert_eq!(balance(&server, &tenant).await["available"], "100");

        // To the instant: exactly two years ahead is still allowed.
        schedule(&server, &tenant, "2028-11-22T08:00:00Z", to_italians(1)).await;
        // A card that serves nobody in the audience.
        let card = publish(&server, "far", json!([{ "countryCode": "US", "sms": "1" }])).await;
        charge_by(&server, &tenant, &card).await;
        assert_eq!(refusals(&server, &tenant, SEND, to_italians(1)).await,
            json!([{ "field": ["input", "audience"], "code": "UNSUPPORTED_DESTINATION" }]));
    }

    /// Commands that a role may not use answer FORBIDDEN; a sending service may send.
    async fn roles_decide_who_sends(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant(&tenant, "100").await;
        let mut input = to_italians(1);
        input["idempotencyKey"] = json!("once");
        let reader = server.key(&tenant, "VIEWER").await;
        let response = server.graphql(Some(&reader), SEND, json!({ "input": input })).await;
        assert_eq!(response["errors"][0]["extensions"]["code"], "FORBIDDEN");
        let sender = server.key(&tenant, "SENDER").await;
        server.done(&sender, SEND, input).await;
    }

    /// Messages are listed by time, the latest first, in pages that end, with filters.
    async fn messages_are_listed(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant(&tenant, "1000").await;
        let list = server.list(&tenant, "All", json!([{ "countryCode": "IT", "recipientCount": 1 }])).await;
        for (name, at) in [("Uno", "2026-11-23T08:00:00Z"), ("Due", "2026-11-24T08:00:00Z"), ("Tre", "2026-11-24T08:00:00Z")] {
            let mut input = to_italians(1);
            input["name"] = json!(name);
            schedule(&server, &tenant, at, input).await;
        }
        send(&server, &tenant, json!({ "listId": list, "text": "100% di SCONTO" })).await;

        let page = "query($first: Int, $after: String, $filter: MessageFilter) { account {
            messages(first: $first, after: $after, filter: $filter) {
                nodes { name text } pageInfo { hasNextPage endCursor } totalCount } } }";
        let read = async |variables: Value| {
            let mut data = server.data(&tenant.owner, page, variables).await;
            data["account"]["messages"].take()
        };
        let (mut found, mut after) = (Vec::new(), json!(null));
        loop {
            let one = read(json!({ "first": 1, "after": after })).await;
            assert_eq!(one["totalCount"], 4);
            found.push(one["nodes"][0]["name"].clone());
            if one["pageInfo"]["hasNextPage"] == false {
                break;
            }
            after = one["pageInfo"]["endCursor"].clone();
        }
        assert_eq!(found.len(), 4);
        assert_eq!(found[2..], [json!("Uno"), json!(null)]);
        assert!(found[..2].contains(&json!("Due")) && found[..2].contains(&json!("Tre")));

        for (filter, count) in [
            (json!({ "statuses": ["SCHEDULED"] }), 3),
            (json!({ "statuses": ["SENT", "CANCELED"] }), 1),
            (json!({ "from": "2026-11-23T08:00:00Z", "to": "2026-11-24T08:00:00Z" }), 1),
            (json!({ "to": "2026-11-23T08:00:00Z" }), 1),
            (json!({ "from": "2026-11-24T09:00:00+01:00" }), 2),
            (json!({ "search": "uNo" }), 1),
            (json!({ "search": "% di sconto" }), 1),
            (json!({ "search": "_" }), 0),
            (json!({ "listId": list }), 1),
            (json!({ "listId": "list_00000000000000000000000009" }), 0),
            (json!({ "listId": "nonsense" }), 0),
        ] {
            assert_eq!(read(json!({ "filter": filter })).await["totalCount"], count, "{filter}");
        }
        let of_list = "query($id: ID!) { node(id: $id) { ... on ContactList {
            messages { totalCount nodes { list { name } } } } } }";
        let data = server.data(&tenant.owner, of_list, json!({ "id": list })).await;
        assert_eq!(data["node"]["messages"], json!({ "totalCount": 1, "nodes": [{ "list": { "name": "All" } }] }));
    }
}

fn to_scheduled(recipients: i64) -> Value {
    let mut input = to_italians(recipients);
    input["sendAt"] = json!("2026-11-23T08:00:00Z");
    input
}
