//! Changing a scheduled message over HTTP (law H4): each part of it, and its hold.
//!
//! Not here: updates that are refused, repeated or overtaken ([`refused`]).

mod refused;

use serde_json::{Value, json};

use crate::support::{
    Server, Tenant,
    account::balance,
    books::assert_sound,
    message::{CANCEL, SCHEDULE, TEXT_OF_TWO_SEGMENTS, refusals, scheduled, to_italians},
    new_key, on_both_databases,
    rate_card::{charge_by, publish},
};

const AT: &str = "2026-11-23T08:00:00Z";
const LATER: &str = "2026-11-25T10:30:00Z";
const UPDATE: &str = "mutation($input: UpdateMessageInput!) { updateMessage(input: $input) {
    message { id status name text channel encoding segmentCount recipientCount credits sendAt sentAt
        list { id allocation { available } } lines { countryCode recipientCount segmentCount credits } }
    balance { total available held unassigned } previousList { id allocation { available } }
    userErrors { field code } } }";
const REMOVE: &str = "mutation($input: RemoveContactsInput!) { removeContacts(input: $input) {
    removedCount userErrors { message } } }";

/// Changes a message, which must not be refused.
async fn update(server: &Server, shop: &Tenant, message: &Value, changes: Value) -> Value {
    let input = changed(message, changes);
    server.done(&shop.owner, UPDATE, input).await
}

/// The input that makes these changes of a message, with a key of its own unless they have one.
fn changed(message: &Value, mut changes: Value) -> Value {
    changes["messageId"] = message.clone();
    if changes.get("idempotencyKey").is_none() {
        changes["idempotencyKey"] = json!(new_key());
    }
    changes
}

/// The fields of a message that updates change.
async fn read(server: &Server, shop: &Tenant, message: &Value) -> Value {
    let read =
        "query($id: ID!) { node(id: $id) { ... on Message { status name text channel segmentCount
        recipientCount credits sendAt list { id } } } }";
    let mut data = server
        .data(&shop.owner, read, json!({ "id": message }))
        .await;
    data["node"].take()
}

/// The kinds of the account's transactions with their actors' names, the oldest first.
async fn transactions(server: &Server, shop: &Tenant) -> Vec<(String, String, String)> {
    let read = "{ account { transactions(first: 50) { nodes { kind credits actor { name } } } } }";
    let data = server.data(&shop.owner, read, json!({})).await;
    let nodes = data["account"]["transactions"]["nodes"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let rows = nodes.iter().rev();
    rows.map(|node| {
        (
            text(&node["kind"]),
            text(&node["credits"]),
            text(&node["actor"]["name"]),
        )
    })
    .collect()
}

async fn allocate(server: &Server, shop: &Tenant, list: &str, credits: &str) {
    let allocate = "mutation($input: AllocateCreditsInput!) { allocateCredits(input: $input) { userErrors { message } } }";
    let row = json!({ "listId": list, "mode": "LIMITED", "assigned": credits });
    server
        .done(&shop.owner, allocate, json!({ "allocations": [row] }))
        .await;
}

/// The credits that a list may still spend.
async fn available(server: &Server, shop: &Tenant, list: &str) -> Value {
    let read =
        "query($id: ID!) { node(id: $id) { ... on ContactList { allocation { available } } } }";
    let data = server.data(&shop.owner, read, json!({ "id": list })).await;
    data["node"]["allocation"]["available"].clone()
}

/// A shop with a thousand credits.
async fn shop(server: &Server) -> Tenant {
    let shop = server.account("Shop").await;
    server.grant(&shop, "1000").await;
    shop
}

fn named() -> Value {
    let mut input = to_italians(10);
    input["name"] = json!("Saldi");
    input
}

on_both_databases! {
    /// Each part is changed alone, and what is left out stays. Only what can change the price prices
    /// the message anew.
    async fn each_part_changes_alone(server: Server) {
        let shop = shop(&server).await;
        let list = server.list(&shop, "Newsletter", json!([{ "countryCode": "IT", "recipientCount": 4 }])).await;
        let id = scheduled(&server, &shop, AT, named()).await;
        let mut expected = json!({ "status": "SCHEDULED", "name": "Saldi", "text": "Ciao", "channel": "SMS",
            "segmentCount": 1, "recipientCount": 10, "credits": "10", "sendAt": AT, "list": null });
        assert_eq!(read(&server, &shop, &id).await, expected);
        // By another card its price would be another one.
        let card = publish(&server, "dear", json!([
            { "countryCode": "IT", "sms": "2", "mms": "5" }, { "countryCode": "FR", "sms": "3" }])).await;
        charge_by(&server, &shop, &card).await;
        let accents = "Perché così fan tutte, già da sempre… ed è così da più d'un secolo, né più né meno, ogni sera".to_owned();
        for (changes, becomes) in [
            (json!({ "name": "Ultimi saldi" }), json!({ "name": "Ultimi saldi" })),
            (json!({ "sendAt": LATER }), json!({ "sendAt": LATER })),
            (json!({ "sendAt": AT, "maxCredits": "10" }), json!({ "sendAt": AT })),
            (json!({}), json!({})),
            (json!({ "text": "Ciao!" }), json!({ "text": "Ciao!", "credits": "20" })),
            (json!({ "text": TEXT_OF_TWO_SEGMENTS }), json!({ "text": TEXT_OF_TWO_SEGMENTS, "segmentCount": 2, "credits": "40" })),
            (json!({ "media": [{ "contentType": "image/png" }] }), json!({ "channel": "MMS", "segmentCount": 1, "credits": "50" })),
            // Media that is left out stays.
            (json!({ "text": "Ciao" }), json!({ "text": "Ciao", "credits": "50" })),
            (json!({ "media": [] }), json!({ "channel": "SMS", "credits": "20" })),
            (json!({ "audience": { "destinations": [
                { "countryCode": "FR", "recipientCount": 2 }, { "countryCode": "IT", "recipientCount": 3 }] } }),
                json!({ "recipientCount": 5, "credits": "12" })),
            (json!({ "text": accents }), json!({ "text": accents, "segmentCount": 2, "credits": "24" })),
            (json!({ "smartEncoding": true }), json!({ "text": accents.replace('…', "..."), "segmentCount": 1, "credits": "12" })),
            (json!({ "audience": { "recipients": ["+393401234567", "+393401234567", "+33612345678"] } }),
                json!({ "recipientCount": 2, "credits": "5" })),
            (json!({ "listId": list }), json!({ "list": { "id": list }, "recipientCount": 4, "credits": "8" })),
            (json!({ "audience": { "destinations": [{ "countryCode": "IT", "recipientCount": 7 }] } }),
                json!({ "recipientCount": 7, "credits": "14" })),
        ] {
            let payload = update(&server, &shop, &id, changes.clone()).await;
            expected.as_object_mut().unwrap().extend(becomes.as_object().unwrap().clone());
            assert_eq!(read(&server, &shop, &id).await, expected, "{changes}");
            let held = &expected["credits"];
            for field in ["status", "name", "text", "channel", "segmentCount", "recipientCount", "credits", "sendAt"] {
                assert_eq!(payload["message"][field], expected[field], "{changes}");
            }
            assert_eq!((&payload["balance"]["held"], &payload["balance"]["total"]), (held, &json!("1000")), "{changes}");
            assert_eq!(balance(&server, &shop).await, payload["balance"]);
        }
        assert_sound(&server).await;
    }

    /// Everything at once; the message is settled at its new time with its new price, and each
    /// transaction names who did it (law B7).
    async fn a_changed_message_is_settled_as_changed(server: Server) {
        let shop = shop(&server).await;
        let id = scheduled(&server, &shop, AT, named()).await;
        let list = server.list(&shop, "Newsletter", json!([])).await;
        server.import(&shop.owner, &list, "phone,name\n+393401234501,Ada\n+393401234502,Bea\n+33612345678,Cy\n").await;
        let changes = json!({ "listId": list, "audience": { "listId": list }, "text": "Ciao {{name|amico}}",
            "media": [], "name": "Insieme", "smartEncoding": true, "stripAccents": true, "allowEmpty": true,
            "acceptLandlines": true, "sendAt": LATER, "maxCredits": "3" });
        let payload = update(&server, &shop, &id, changes).await;
        assert_eq!(payload["message"], json!({
            "id": id, "status": "SCHEDULED", "name": "Insieme", "text": "Ciao {{name|amico}}", "channel": "SMS",
            "encoding": "GSM_7", "segmentCount": 1, "recipientCount": 3, "credits": "3", "sendAt": LATER,
            "sentAt": null, "list": { "id": list, "allocation": { "available": "997" } }, "lines": [
                { "countryCode": "FR", "recipientCount": 1, "segmentCount": 1, "credits": "1" },
                { "countryCode": "IT", "recipientCount": 2, "segmentCount": 1, "credits": "2" }] }));
        assert_eq!(payload["balance"], json!({ "total": "1000", "available": "997", "held": "3", "unassigned": "997" }));
        assert_eq!(payload["previousList"], json!(null));

        // Its old time comes, and nothing is charged. Then one of its contacts leaves.
        server.set_time("2026-11-24T08:00:00Z");
        server.run_workers().await;
        assert_eq!(balance(&server, &shop).await["total"], "1000");
        let gone = json!({ "listId": list, "phoneNumbers": ["+393401234501"] });
        server.done(&shop.owner, REMOVE, gone).await;
        server.set_time(LATER);
        server.run_workers().await;
        let sent = read(&server, &shop, &id).await;
        assert_eq!((&sent["status"], &sent["credits"], &sent["recipientCount"]), (&json!("SENT"), &json!("2"), &json!(2)), "{sent}");
        assert_eq!(balance(&server, &shop).await["total"], "998");
        let text = |kind: &str, credits: &str, actor: &str| (kind.to_owned(), credits.to_owned(), actor.to_owned());
        assert_eq!(transactions(&server, &shop).await, [
            text("GRANT", "1000", ""),
            text("HOLD", "-10", "OWNER key"),
            text("RELEASE", "10", "OWNER key"),
            text("HOLD", "-3", "OWNER key"),
            text("SPEND", "0", "settlement"),
            text("RELEASE", "1", "settlement"),
        ]);
        assert_sound(&server).await;
    }

    /// The hold leaves the old list's credits and takes the new one's, to the last unit.
    async fn a_hold_moves_between_lists(server: Server) {
        let shop = shop(&server).await;
        let one = [json!({ "countryCode": "IT", "recipientCount": 60 })];
        let (winter, summer) = (server.list(&shop, "Winter", json!(one)).await, server.list(&shop, "Summer", json!(one)).await);
        allocate(&server, &shop, &winter, "100").await;
        allocate(&server, &shop, &summer, "70").await;
        let id = scheduled(&server, &shop, AT, json!({ "listId": winter, "text": "Ciao" })).await;
        assert_eq!(available(&server, &shop, &winter).await, "40");
        // More than its list has beside it, but not more than with what it holds.
        let larger = json!({ "audience": { "destinations": [{ "countryCode": "IT", "recipientCount": 100 }] } });
        let payload = update(&server, &shop, &id, larger.clone()).await;
        assert_eq!(payload["message"]["list"], json!({ "id": winter, "allocation": { "available": "0" } }));
        assert_eq!(payload["balance"], json!({ "total": "1000", "available": "900", "held": "100", "unassigned": "830" }));

        let key = json!({ "listId": summer, "idempotencyKey": "to summer" });
        let moved = update(&server, &shop, &id, key.clone()).await;
        assert_eq!(moved["message"]["list"], json!({ "id": summer, "allocation": { "available": "10" } }));
        assert_eq!(moved["previousList"], json!({ "id": winter, "allocation": { "available": "100" } }));
        assert_eq!(moved["balance"], json!({ "total": "1000", "available": "940", "held": "60", "unassigned": "830" }));
        // Beyond the new list's credits nothing changes, although the old one has them.
        let larger = changed(&id, larger);
        assert_eq!(refusals(&server, &shop, UPDATE, larger).await, json!([{ "field": ["input", "audience"], "code": "INSUFFICIENT_CREDITS" }]));
        assert_eq!(available(&server, &shop, &summer).await, "10");
        // Back, and a repetition moves nothing: it shows the message as it is now, and the list that
        // the first one moved it from.
        update(&server, &shop, &id, json!({ "listId": winter })).await;
        assert_eq!((available(&server, &shop, &winter).await, available(&server, &shop, &summer).await), (json!("40"), json!("70")));
        let again = update(&server, &shop, &id, key).await;
        assert_eq!(again["previousList"], json!({ "id": winter, "allocation": { "available": "40" } }));
        assert_eq!(again["message"]["list"], json!({ "id": winter, "allocation": { "available": "40" } }));
        assert_eq!(available(&server, &shop, &winter).await, "40");
        let canceled = server.done(&shop.owner, CANCEL, json!({ "messageId": id, "idempotencyKey": new_key() })).await;
        assert_eq!(canceled["balance"], json!({ "total": "1000", "available": "1000", "held": "0" }));
        assert_eq!(available(&server, &shop, &winter).await, "100");
        assert_sound(&server).await;
    }

    /// A message to a list's contacts is for its contacts of now once it is priced anew, and those
    /// who left before are not counted off again.
    async fn contacts_of_now_are_priced(server: Server) {
        let shop = shop(&server).await;
        let list = server.list(&shop, "Newsletter", json!([])).await;
        server.import(&shop.owner, &list, "phone\n+393401234501\n+393401234502\n+393401234503\n").await;
        let id = scheduled(&server, &shop, AT, json!({ "listId": list, "text": "Ciao" })).await;
        server.done(&shop.owner, REMOVE, json!({ "listId": list, "phoneNumbers": ["+393401234501"] })).await;
        server.import(&shop.owner, &list, "phone\n+393401234508\n+393401234509\n").await;
        // Not priced anew: still for the three, of whom one has left.
        let payload = update(&server, &shop, &id, json!({ "sendAt": LATER })).await;
        assert_eq!((&payload["message"]["recipientCount"], &payload["message"]["credits"]), (&json!(3), &json!("3")));
        let departed = "query($id: ID!) { node(id: $id) { ... on Message { departedRecipientCount } } }";
        assert_eq!(server.data(&shop.owner, departed, json!({ "id": id })).await["node"]["departedRecipientCount"], 1);
        let payload = update(&server, &shop, &id, json!({ "text": "Ciao a tutti" })).await;
        assert_eq!((&payload["message"]["recipientCount"], &payload["message"]["credits"]), (&json!(4), &json!("4")));
        assert_eq!(server.data(&shop.owner, departed, json!({ "id": id })).await["node"]["departedRecipientCount"], 0);
        server.done(&shop.owner, REMOVE, json!({ "listId": list, "phoneNumbers": ["+393401234509"] })).await;
        server.set_time(LATER);
        server.run_workers().await;
        let sent = read(&server, &shop, &id).await;
        assert_eq!((&sent["status"], &sent["recipientCount"], &sent["credits"]), (&json!("SENT"), &json!(3), &json!("3")));
        assert_sound(&server).await;
    }

    /// A schedule's first answer stays what it was after its message was changed.
    async fn a_repeated_schedule_shows_the_changed_message(server: Server) {
        let shop = shop(&server).await;
        let mut input = named();
        input["sendAt"] = json!(AT);
        input["idempotencyKey"] = json!("once");
        let first = server.done(&shop.owner, SCHEDULE, input.clone()).await;
        let id = first["message"]["id"].clone();
        let changed = update(&server, &shop, &id, json!({ "sendAt": LATER, "text": TEXT_OF_TWO_SEGMENTS })).await;
        let again = server.done(&shop.owner, SCHEDULE, input).await;
        assert_eq!((&first["replayed"], &again["replayed"]), (&json!(false), &json!(true)));
        assert_eq!((&first["message"]["text"], &again["message"]["text"]), (&json!("Ciao"), &json!(TEXT_OF_TWO_SEGMENTS)));
        assert_eq!(again["message"]["credits"], changed["message"]["credits"]);
        assert_eq!(again["balance"]["held"], changed["balance"]["held"]);
    }
}
