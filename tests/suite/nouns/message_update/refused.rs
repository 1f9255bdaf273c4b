//! Updates of messages that are refused, repeated, or overtaken by others.

use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use super::{AT, LATER, UPDATE, allocate, changed, named, read, shop, transactions, update};
use crate::support::{
    account::{balance, set_settlement},
    books::assert_sound,
    message::{CANCEL, TEXT_OF_TWO_SEGMENTS, refusals, scheduled},
    new_key, on_both_databases,
};

on_both_databases! {
    /// A refused update changes nothing, whatever the reason, and names the field.
    async fn a_refused_update_changes_nothing(server: Server) {
        let shop = server.account("Shop").await;
        server.grant(&shop, "100").await;
        let other = server.account("Other").await;
        let foreign = server.list(&other, "Theirs", json!([{ "countryCode": "IT", "recipientCount": 1 }])).await;
        let empty = server.list(&shop, "Empty", json!([])).await;
        let large = server.list(&shop, "Large", json!([{ "countryCode": "IT", "recipientCount": 101 }])).await;
        let id = scheduled(&server, &shop, AT, named()).await;
        let theirs = { server.grant(&other, "10").await; scheduled(&server, &other, AT, named()).await };
        let before = (read(&server, &shop, &id).await, balance(&server, &shop).await, transactions(&server, &shop).await);
        let to = |country: &str, count: i64| json!({ "destinations": [{ "countryCode": country, "recipientCount": count }] });
        for (changes, field, code) in [
            (json!({ "sendAt": "2026-11-22T08:00:00Z" }), json!(["input", "sendAt"]), "INVALID"),
            (json!({ "sendAt": "2028-11-22T08:00:01Z" }), json!(["input", "sendAt"]), "INVALID"),
            (json!({ "sendAt": "tomorrow" }), json!(["input", "sendAt"]), "INVALID"),
            (json!({ "name": "" }), json!(["input", "name"]), "INVALID"),
            (json!({ "name": "x".repeat(201) }), json!(["input", "name"]), "INVALID"),
            (json!({ "name": "Altro", "text": "a".repeat(40_001) }), json!(["input", "text"]), "INVALID"),
            (json!({ "name": "Altro", "text": "" }), json!(["input", "text"]), "INVALID"),
            (json!({ "media": vec![json!({ "contentType": "image/png" }); 11] }), json!(["input", "media"]), "INVALID"),
            (json!({ "idempotencyKey": "" }), json!(["input", "idempotencyKey"]), "INVALID"),
            (json!({ "name": "Altro", "maxCredits": "9.9999" }), json!(["input", "maxCredits"]), "INVALID"),
            (json!({ "maxCredits": "much" }), json!(["input", "maxCredits"]), "INVALID"),
            (json!({ "audience": to("IT", 0) }), json!(["input", "audience"]), "INVALID"),
            (json!({ "audience": to("IT", 101), "name": "Altro" }), json!(["input", "audience"]), "INSUFFICIENT_CREDITS"),
            (json!({ "listId": large, "sendAt": LATER }), json!(["input", "listId"]), "INSUFFICIENT_CREDITS"),
            (json!({ "text": TEXT_OF_TWO_SEGMENTS.repeat(10) }), json!(["input", "text"]), "INSUFFICIENT_CREDITS"),
            (json!({ "listId": empty }), json!(["input", "listId"]), "INVALID"),
            (json!({ "listId": foreign }), json!(["input", "listId"]), "NOT_FOUND"),
            (json!({ "listId": "nonsense" }), json!(["input", "listId"]), "NOT_FOUND"),
            (json!({ "audience": { "listId": foreign } }), json!(["input", "audience", "listId"]), "NOT_FOUND"),
        ] {
            assert_eq!(refusals(&server, &shop, UPDATE, changed(&id, changes.clone())).await,
                json!([{ "field": field, "code": code }]), "{changes}");
        }
        for stranger in [theirs, json!("msg_00000000000000000000000009"), json!(large), json!("nonsense")] {
            assert_eq!(refusals(&server, &shop, UPDATE, changed(&stranger, json!({ "name": "Altro" }))).await,
                json!([{ "field": ["input", "messageId"], "code": "NOT_FOUND" }]), "{stranger}");
        }
        let reader = server.key(&shop, "VIEWER").await;
        let response = server.graphql(Some(&reader), UPDATE, json!({ "input": changed(&id, json!({ "name": "Altro" })) })).await;
        assert_eq!(response["errors"][0]["extensions"]["code"], "FORBIDDEN");
        assert_eq!((read(&server, &shop, &id).await, balance(&server, &shop).await, transactions(&server, &shop).await), before);
        // A sending service may, and so may the platform.
        let sender = server.key(&shop, "SENDER").await;
        server.done(&sender, UPDATE, changed(&id, json!({ "name": "Altro" }))).await;
        let payload = server.done(server.admin_key(), UPDATE, changed(&id, json!({ "text": "Ciao a tutti" }))).await;
        assert_eq!(payload["message"]["name"], "Altro");
        assert_sound(&server).await;
    }

    /// A message that was sent or canceled, or whose time has come, is refused with CONFLICT.
    async fn only_scheduled_messages_change(server: Server) {
        let shop = shop(&server).await;
        let conflict = json!([{ "field": ["input", "messageId"], "code": "CONFLICT" }]);
        let (sent, canceled, due) = (
            scheduled(&server, &shop, AT, named()).await,
            scheduled(&server, &shop, LATER, named()).await,
            scheduled(&server, &shop, LATER, named()).await,
        );
        server.done(&shop.owner, CANCEL, json!({ "messageId": canceled, "idempotencyKey": new_key() })).await;
        server.set_time(AT);
        server.run_workers().await;
        for message in [&sent, &canceled] {
            for changes in [json!({ "name": "Altro" }), json!({ "text": "Altro" }), json!({ "sendAt": LATER })] {
                assert_eq!(refusals(&server, &shop, UPDATE, changed(message, changes)).await, conflict);
            }
        }
        // Whoever settles, and whether or not a job ran: the sending service may have sent it.
        server.set_time(LATER);
        let later = json!({ "sendAt": "2026-12-01T08:00:00Z" });
        for changes in [json!({ "name": "Altro" }), json!({ "text": "Altro" }), later.clone()] {
            assert_eq!(refusals(&server, &shop, UPDATE, changed(&due, changes)).await, conflict);
        }
        let reported = server.account("Reported").await;
        server.grant(&reported, "100").await;
        set_settlement(&server, &reported, "REPORTED").await;
        server.set_time("2026-11-26T08:00:00Z");
        let waits = scheduled(&server, &reported, "2026-11-27T08:00:00Z", named()).await;
        server.set_time("2026-11-27T08:00:00Z");
        assert_eq!(refusals(&server, &reported, UPDATE, changed(&waits, later)).await, conflict);
        assert_eq!(read(&server, &reported, &waits).await["sendAt"], "2026-11-27T08:00:00Z");
    }

    /// The same key returns the first answer, also fifty times at once and after the message was
    /// settled, and other arguments are refused (law B4).
    async fn a_repeated_update_changes_once(server: Server) {
        let shop = shop(&server).await;
        let id = scheduled(&server, &shop, AT, named()).await;
        let larger = json!({ "audience": { "destinations": [{ "countryCode": "IT", "recipientCount": 25 }] }, "idempotencyKey": "more" });
        let input = changed(&id, larger);
        let all = join_all((0..50).map(|_| server.done(&shop.owner, UPDATE, input.clone()))).await;
        for payload in &all {
            assert_eq!((&payload["message"], &payload["balance"]), (&all[0]["message"], &all[0]["balance"]));
        }
        assert_eq!(all[0]["balance"]["held"], "25");
        let name = changed(&id, json!({ "sendAt": LATER, "idempotencyKey": "moves nothing" }));
        server.done(&shop.owner, UPDATE, name.clone()).await;
        let mut other = input.clone();
        other["text"] = json!("Altro");
        assert_eq!(refusals(&server, &shop, UPDATE, other).await, json!([{ "field": ["input", "idempotencyKey"], "code": "IDEMPOTENCY_KEY_REUSED" }]));
        server.set_time("2026-11-26T08:00:00Z");
        server.run_workers().await;
        assert_eq!(read(&server, &shop, &id).await["status"], "SENT");
        for repeated in [input, name] {
            let again = server.done(&shop.owner, UPDATE, repeated).await;
            assert_eq!((&again["message"]["status"], &again["balance"]["held"]), (&json!("SENT"), &json!("0")));
        }
        let kinds: Vec<String> = transactions(&server, &shop).await.into_iter().map(|row| row.0).collect();
        assert_eq!(kinds, ["GRANT", "HOLD", "RELEASE", "HOLD", "SPEND"]);
        assert_sound(&server).await;
    }

    /// Concurrent updates are done one after the other: one consistent hold is left, of the message
    /// as it is.
    async fn concurrent_updates_leave_one_hold(server: Server) {
        let shop = shop(&server).await;
        let list = server.list(&shop, "Newsletter", json!([{ "countryCode": "IT", "recipientCount": 4 }])).await;
        allocate(&server, &shop, &list, "200").await;
        let id = scheduled(&server, &shop, AT, named()).await;
        let changes = [
            json!({ "text": TEXT_OF_TWO_SEGMENTS }),
            json!({ "audience": { "destinations": [{ "countryCode": "IT", "recipientCount": 30 }] } }),
        ];
        let one = |changes: &Value| server.graphql(Some(&shop.owner), UPDATE, json!({ "input": changed(&id, changes.clone()) }));
        let (text, audience) = join(one(&changes[0]), one(&changes[1])).await;
        assert_eq!((&text["data"]["updateMessage"]["userErrors"], &audience["data"]["updateMessage"]["userErrors"]), (&json!([]), &json!([])), "{text} {audience}");
        let now = read(&server, &shop, &id).await;
        assert_eq!((&now["text"], &now["recipientCount"], &now["credits"]), (&json!(TEXT_OF_TWO_SEGMENTS), &json!(30), &json!("60")));
        assert_eq!(balance(&server, &shop).await["held"], "60");

        // Many, some of which move it to a list.
        let moves = (0..12).map(|number| match number % 3 {
            0 => json!({ "listId": list }),
            1 => json!({ "audience": { "destinations": [{ "countryCode": "IT", "recipientCount": 10 + number }] } }),
            _ => json!({ "text": format!("Ciao {number}") }),
        });
        let moves: Vec<Value> = moves.collect();
        for answer in join_all(moves.iter().map(one)).await {
            // One that others overtook again and again is to be repeated.
            let errors = &answer["data"]["updateMessage"]["userErrors"];
            let is_late = answer["errors"][0]["extensions"]["code"] == "RATE_LIMITED";
            assert!(errors == &json!([]) || is_late, "{answer}");
        }
        let now = read(&server, &shop, &id).await;
        assert_eq!(balance(&server, &shop).await["held"], now["credits"]);
        assert_sound(&server).await;
        server.set_time(AT);
        server.run_workers().await;
        let sent = read(&server, &shop, &id).await;
        assert_eq!((&sent["status"], &sent["credits"]), (&json!("SENT"), &now["credits"]));
        assert_eq!(balance(&server, &shop).await["held"], "0");
        assert_sound(&server).await;
    }

    /// An archived list takes no message; a list that a message has left can be archived.
    async fn archiving_follows_the_message(server: Server) {
        let shop = shop(&server).await;
        let one = json!([{ "countryCode": "IT", "recipientCount": 5 }]);
        let (from, to) = (server.list(&shop, "From", one.clone()).await, server.list(&shop, "To", one).await);
        let archive = "mutation($input: ArchiveContactListInput!) { archiveContactList(input: $input) { list { id } userErrors { field code } } }";
        let id = scheduled(&server, &shop, AT, json!({ "listId": from, "text": "Ciao" })).await;
        update(&server, &shop, &id, json!({ "listId": to })).await;
        server.done(&shop.owner, archive, json!({ "listId": from })).await;
        let refused = server.graphql(Some(&shop.owner), archive, json!({ "input": { "listId": to } })).await;
        assert_eq!(refused["data"]["archiveContactList"]["userErrors"][0]["code"], "CONFLICT");
        assert_eq!(refusals(&server, &shop, UPDATE, changed(&id, json!({ "listId": from }))).await,
            json!([{ "field": ["input", "listId"], "code": "NOT_FOUND" }]));
    }
}
