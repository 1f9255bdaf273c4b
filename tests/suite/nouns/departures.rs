//! Contacts who left a list since a message was scheduled for it are not charged (law H3), over
//! HTTP.

use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use crate::support::{
    Server, Tenant,
    account::{balance, set_settlement},
    books::assert_sound,
    message::{self, SCHEDULE},
    new_key, on_both_databases,
    rate_card::{charge_by, publish},
};

const AT: &str = "2026-11-23T08:00:00Z";
const JUST_BEFORE: &str = "2026-11-23T07:59:59.999999Z";
const REMOVE: &str = "mutation($input: RemoveContactsInput!) { removeContacts(input: $input) {
    removedCount userErrors { field message code } } }";
const SETTLE: &str = "mutation($input: SettleMessageInput!) { settleMessage(input: $input) {
    message { status credits recipientCount } balance { available held } userErrors { field code } } }";
const CANCEL: &str = "mutation($input: CancelMessageInput!) { cancelMessage(input: $input) {
    message { status credits } balance { available held } userErrors { field code } } }";

/// A shop with credits, and a list of these contacts: lines of a file with a header.
async fn shop_with(server: &Server, file: &str) -> (Tenant, String) {
    let shop = server.account("Shop").await;
    server.grant(&shop, "1000").await;
    let list = server.list(&shop, "Newsletter", json!([])).await;
    import(server, &shop, &list, file).await;
    (shop, list)
}

async fn import(server: &Server, shop: &Tenant, list: &str, file: &str) {
    let imported = server.import(&shop.owner, list, file).await;
    assert_eq!(imported["userErrors"], json!([]), "{imported}");
}

async fn update(server: &Server, shop: &Tenant, list: &str, file: &str) {
    let import =
        "mutation($list: ID!, $country: CountryCode, $file: Upload!) { importContacts(input: {
        listId: $list, defaultCountry: $country, updateExisting: true, file: $file }) {
        importedCount userErrors { message } } }";
    let variables = json!({ "list": list, "country": "IT" });
    let file = ("contacts.csv", file);
    let done = server
        .upload(Some(&shop.owner), import, variables, file)
        .await;
    assert_eq!(
        done["data"]["importContacts"]["userErrors"],
        json!([]),
        "{done}"
    );
}

/// Schedules a text for everybody in a list; the message's id.
async fn scheduled(server: &Server, shop: &Tenant, list: &str, text: &str) -> Value {
    let input = json!({ "listId": list, "text": text });
    message::scheduled(server, shop, AT, input).await
}

async fn remove(server: &Server, shop: &Tenant, list: &str, numbers: &[&str]) {
    let input = json!({ "listId": list, "phoneNumbers": numbers });
    let removed = server.done(&shop.owner, REMOVE, input).await["removedCount"].take();
    assert_eq!(removed, numbers.len());
}

async fn remove_all(server: &Server, shop: &Tenant, list: &str) -> Value {
    let input = json!({ "listId": list, "all": true });
    server.done(&shop.owner, REMOVE, input).await["removedCount"].take()
}

async fn message(server: &Server, shop: &Tenant, id: &Value) -> Value {
    let read = "query($id: ID!) { node(id: $id) { ... on Message {
        status credits recipientCount departedRecipientCount
        lines { countryCode recipientCount segmentCount credits } } } }";
    let mut data = server.data(&shop.owner, read, json!({ "id": id })).await;
    data["node"].take()
}

/// The transactions of the account that concern the hold: kind, credits, note.
async fn transactions(server: &Server, shop: &Tenant, kind: &str) -> Value {
    let read =
        "query($kinds: [TransactionKind!]) { account { transactions(filter: { kinds: $kinds }) {
        nodes { credits note } } } }";
    let mut data = server
        .data(&shop.owner, read, json!({ "kinds": [kind] }))
        .await;
    data["account"]["transactions"]["nodes"].take()
}

async fn send_time_comes(server: &Server) {
    server.set_time(AT);
    server.run_workers().await;
}

const THREE: &str = "phone\n+393401234501\n+393401234502\n+33612345678\n";

on_both_databases! {
    /// E 30: of three contacts, one leaves and a new one joins.
    async fn departed_contacts_are_not_charged(server: Server) {
        let (shop, list) = shop_with(&server, THREE).await;
        let id = scheduled(&server, &shop, &list, "Ciao").await;
        assert_eq!(balance(&server, &shop).await["held"], "3");
        remove(&server, &shop, &list, &["+393401234501"]).await;
        import(&server, &shop, &list, "phone\n+393401234509\n+393401234508\n").await;
        let waits = message(&server, &shop, &id).await;
        assert_eq!((&waits["credits"], &waits["recipientCount"], &waits["departedRecipientCount"]), (&json!("3"), &json!(3), &json!(1)));
        send_time_comes(&server).await;
        assert_eq!(message(&server, &shop, &id).await, json!({
            "status": "SENT", "credits": "2", "recipientCount": 2, "departedRecipientCount": 1, "lines": [
                { "countryCode": "FR", "recipientCount": 1, "segmentCount": 1, "credits": "1" },
                { "countryCode": "IT", "recipientCount": 1, "segmentCount": 1, "credits": "1" },
            ] }));
        assert_eq!(balance(&server, &shop).await, json!({ "total": "998", "available": "998", "held": "0", "unassigned": "998" }));
        assert_eq!(transactions(&server, &shop, "HOLD").await, json!([{ "credits": "-3", "note": null }]));
        assert_eq!(transactions(&server, &shop, "SPEND").await, json!([{ "credits": "0", "note": null }]));
        assert_eq!(transactions(&server, &shop, "RELEASE").await,
            json!([{ "credits": "1", "note": "1 recipient left the list before the message was sent." }]));
        assert_sound(&server).await;
    }

    /// E 30: if everybody left, nothing is charged; with a thousand more, no more than for those it
    /// was scheduled for.
    async fn a_message_whose_contacts_all_left_costs_nothing(server: Server) {
        let (shop, list) = shop_with(&server, THREE).await;
        let id = scheduled(&server, &shop, &list, "Ciao").await;
        server.grant(&shop, "1000").await;
        let thousand: Vec<String> = (0..1_000).map(|at| format!("+39340555{at:04}")).collect();
        import(&server, &shop, &list, &format!("phone\n{}\n", thousand.join("\n"))).await;
        let more = scheduled(&server, &shop, &list, "Ciao ancora, a poco").await;
        assert_eq!(message(&server, &shop, &more).await["credits"], "1003");
        let removed = remove_all(&server, &shop, &list).await;
        assert_eq!(removed, 1_003);
        send_time_comes(&server).await;
        for (id, departed) in [(&id, 3), (&more, 1_003)] {
            assert_eq!(message(&server, &shop, id).await, json!({ "status": "SENT", "credits": "0",
                "recipientCount": 0, "departedRecipientCount": departed, "lines": [] }));
        }
        assert_eq!(balance(&server, &shop).await["available"], "2000");
        assert_sound(&server).await;
    }

    /// Contacts who join later are neither counted nor charged, and one who returns by another
    /// import has left.
    async fn a_returning_contact_still_counts_as_departed(server: Server) {
        let (shop, list) = shop_with(&server, THREE).await;
        let id = scheduled(&server, &shop, &list, "Ciao").await;
        import(&server, &shop, &list, "phone\n+393401234509\n").await;
        remove(&server, &shop, &list, &["+393401234509", "+393401234502"]).await;
        import(&server, &shop, &list, "phone\n+393401234502\n").await;
        // A second message includes him again.
        let second = scheduled(&server, &shop, &list, "Ciao").await;
        remove(&server, &shop, &list, &["+393401234502"]).await;
        send_time_comes(&server).await;
        for id in [&id, &second] {
            let sent = message(&server, &shop, id).await;
            assert_eq!((&sent["credits"], &sent["departedRecipientCount"]), (&json!("2"), &json!(1)), "{sent}");
        }
        assert_sound(&server).await;
    }

    /// A contact who leaves at sendAt or later was sent the message, whether or not the job has
    /// run.
    async fn a_contact_who_leaves_at_send_at_is_charged(server: Server) {
        let (shop, list) = shop_with(&server, THREE).await;
        let id = scheduled(&server, &shop, &list, "Ciao").await;
        server.set_time(JUST_BEFORE);
        remove(&server, &shop, &list, &["+393401234501"]).await;
        server.set_time(AT);
        remove(&server, &shop, &list, &["+393401234502"]).await;
        server.run_workers().await;
        assert_eq!(message(&server, &shop, &id).await["credits"], "2");
    }

    /// In a text with merge fields each departure saves what that contact was to cost, by the
    /// fields at that time. A contact whose fields were changed counts as one with the fewest
    /// segments.
    async fn each_departure_saves_its_own_cost(server: Server) {
        let long = "x".repeat(170);
        let longer = "y".repeat(320);
        let file = format!("phone,name\n+393401234501,Ada\n+393401234502,{long}\n+393401234503,{longer}\n\
            +393401234504,Bea\n+393401234505,{longer}\n+33612345678,{long}\n");
        let (shop, list) = shop_with(&server, &file).await;
        let card = publish(&server, "shops", json!([
            { "countryCode": "IT", "sms": "0.5" }, { "countryCode": "FR", "sms": "2" }])).await;
        charge_by(&server, &shop, &card).await;
        let id = scheduled(&server, &shop, &list, "Ciao {{name}}").await;
        let held = message(&server, &shop, &id).await;
        // 1 + 2 + 3 + 1 + 3 segments at 0.5, and 2 at 2.
        assert_eq!(held["credits"], "9");
        remove(&server, &shop, &list, &["+393401234502", "+33612345678"]).await;
        // By now the one with three segments would have one, and the one with one, three.
        update(&server, &shop, &list, &format!("phone,name\n+393401234503,Cy\n+393401234504,{longer}\n")).await;
        remove(&server, &shop, &list, &["+393401234503"]).await;
        // The same fields again are no change.
        update(&server, &shop, &list, &format!("phone,name\n+393401234505,{longer}\n")).await;
        remove(&server, &shop, &list, &["+393401234505"]).await;
        send_time_comes(&server).await;
        assert_eq!(message(&server, &shop, &id).await, json!({
            "status": "SENT", "credits": "2", "recipientCount": 2, "departedRecipientCount": 4, "lines": [
                { "countryCode": "IT", "recipientCount": 1, "segmentCount": 1, "credits": "0.5" },
                { "countryCode": "IT", "recipientCount": 1, "segmentCount": 3, "credits": "1.5" },
            ] }));
        assert_eq!(transactions(&server, &shop, "RELEASE").await,
            json!([{ "credits": "7", "note": "4 recipients left the list before the message was sent." }]));
        assert_sound(&server).await;
    }

    /// Fillers who leave save what they were to cost, and nothing of the others' cost.
    async fn departed_fillers_save_only_their_own_cost(server: Server) {
        let fillers: Vec<String> = (0..50).map(|at| format!("+3934056700{at:02},a")).collect();
        let long = "x".repeat(400);
        let file = format!("phone,name\n{}\n+393401234501,{long}\n", fillers.join("\n"));
        let (shop, list) = shop_with(&server, &file).await;
        let id = scheduled(&server, &shop, &list, "{{name}}").await;
        assert_eq!(message(&server, &shop, &id).await["credits"], "53");
        let numbers: Vec<String> = (0..50).map(|at| format!("+3934056700{at:02}")).collect();
        let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
        remove(&server, &shop, &list, &numbers).await;
        send_time_comes(&server).await;
        assert_eq!(message(&server, &shop, &id).await["credits"], "3");
    }

    /// Every caller who lets the server settle gets the same result; a sending service reports the
    /// recipients itself.
    async fn every_way_to_settle_charges_the_same(server: Server) {
        let (shop, list) = shop_with(&server, THREE).await;
        let settle = |id: &Value| json!({ "messageId": id, "idempotencyKey": new_key() });
        let id = scheduled(&server, &shop, &list, "Ciao").await;
        let other = scheduled(&server, &shop, &list, "Ciao").await;
        let canceled = scheduled(&server, &shop, &list, "Ciao").await;
        let reported = scheduled(&server, &shop, &list, "Ciao").await;
        remove(&server, &shop, &list, &["+393401234501"]).await;
        // Before sendAt by the owner, and at sendAt.
        let input = settle(&id);
        let payload = server.done(&shop.owner, SETTLE, input.clone()).await;
        assert_eq!(payload["message"], json!({ "status": "SENT", "credits": "2", "recipientCount": 2 }));
        assert_eq!(payload["balance"]["held"], "9");
        assert_eq!(server.done(&shop.owner, SETTLE, input).await, payload);
        let payload = server.done(&shop.owner, CANCEL, settle(&canceled)).await;
        assert_eq!(payload["balance"], json!({ "available": "992", "held": "6" }));
        server.set_time(AT);
        let payload = server.done(server.admin_key(), SETTLE, settle(&other)).await;
        assert_eq!(payload["message"]["credits"], "2");
        // Due messages are settled before the setting changes.
        set_settlement(&server, &shop, "REPORTED").await;
        assert_eq!(message(&server, &shop, &reported).await["credits"], "2");
        // From now on the sending service settles: "in full" charges the full amount.
        import(&server, &shop, &list, "phone\n+393401234501\n").await;
        let later = json!({ "listId": list, "text": "Ciao" });
        let id = message::scheduled(&server, &shop, "2026-11-24T08:00:00Z", later).await;
        remove_all(&server, &shop, &list).await;
        let payload = server.done(&shop.owner, SETTLE, settle(&id)).await;
        assert_eq!(payload["message"], json!({ "status": "SENT", "credits": "3", "recipientCount": 3 }));
        assert_sound(&server).await;
    }

    /// A list whose head-count was given by hand has nobody who could leave, and neither have
    /// numbers.
    async fn removals_leave_head_count_lists_unchanged(server: Server) {
        let shop = server.account("Shop").await;
        server.grant(&shop, "1000").await;
        let list = server.list(&shop, "By hand", json!([{ "countryCode": "IT", "recipientCount": 5 }])).await;
        let id = scheduled(&server, &shop, &list, "Ciao").await;
        let numbers = json!({ "listId": list, "text": "Ciao", "audience": { "recipients": ["+393401234501"] } });
        let other = message::scheduled(&server, &shop, AT, numbers).await;
        let change = "mutation($input: UpdateContactListInput!) { updateContactList(input: $input) { userErrors { message } } }";
        server.done(&shop.owner, change, json!({ "listId": list, "destinations": [] })).await;
        import(&server, &shop, &list, THREE).await;
        remove_all(&server, &shop, &list).await;
        send_time_comes(&server).await;
        assert_eq!(message(&server, &shop, &id).await["credits"], "5");
        assert_eq!(message(&server, &shop, &other).await["credits"], "1");
    }

    /// Contacts leave while messages are scheduled for them: each message is charged for those who
    /// are there in the end.
    async fn removals_race_with_schedules(server: Server) {
        let contacts: Vec<String> = (0..40).map(|at| format!("+3934056700{at:02}")).collect();
        let (shop, list) = shop_with(&server, &format!("phone\n{}\n", contacts.join("\n"))).await;
        let schedules = (0..6).map(|number| {
            let text = if number % 2 == 0 { "Ciao" } else { "Ciao {{name|amico}}" };
            let input = json!({ "listId": list, "text": text, "sendAt": AT, "idempotencyKey": new_key() });
            server.graphql(Some(&shop.owner), SCHEDULE, json!({ "input": input }))
        });
        let removals = async {
            for number in &contacts[..30] {
                remove(&server, &shop, &list, &[number]).await;
            }
        };
        let (answers, ()) = join(join_all(schedules), removals).await;
        send_time_comes(&server).await;
        for answer in answers {
            let id = &answer["data"]["scheduleMessage"]["message"]["id"];
            assert!(id.is_string(), "{answer}");
            let sent = message(&server, &shop, id).await;
            assert_eq!((&sent["status"], &sent["credits"]), (&json!("SENT"), &json!("10")), "{sent}");
        }
        assert_sound(&server).await;
    }

    /// Removals that begin before sendAt race with the settlement: each contact who left is charged
    /// or not, never half.
    async fn removals_race_with_the_settlement(server: Server) {
        let contacts: Vec<String> = (0..20).map(|at| format!("+3934056700{at:02}")).collect();
        let (shop, list) = shop_with(&server, &format!("phone\n{}\n", contacts.join("\n"))).await;
        let id = scheduled(&server, &shop, &list, "Ciao").await;
        let removals = contacts.iter().map(|number| {
            let (server, shop, list) = (&server, &shop, &list);
            async move { remove(server, shop, list, &[number]).await }
        });
        let job = async {
            server.set_time(AT);
            server.run_workers().await;
        };
        join(join_all(removals), job).await;
        let sent = message(&server, &shop, &id).await;
        let departed = sent["departedRecipientCount"].as_i64().unwrap();
        assert_eq!((&sent["status"], &sent["credits"]), (&json!("SENT"), &json!((20 - departed).to_string())));
        assert_sound(&server).await;
    }

    /// Work beyond one transaction is done in parts, with the same result.
    async fn many_scheduled_messages_share_one_list(server: Server) {
        let contacts: Vec<String> = (0..600).map(|at| format!("+393405670{at:03},N{at}")).collect();
        let (shop, list) = shop_with(&server, &format!("phone,name\n{}\n", contacts.join("\n"))).await;
        server.grant(&shop, "100000").await;
        let mut ids = Vec::new();
        for _ in 0..40 {
            ids.push(scheduled(&server, &shop, &list, "Ciao {{name}}").await);
        }
        let numbers: Vec<String> = (0..550).map(|at| format!("+393405670{at:03}")).collect();
        let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
        remove(&server, &shop, &list, &numbers).await;
        send_time_comes(&server).await;
        for id in &ids {
            assert_eq!(message(&server, &shop, id).await["credits"], "50");
        }
        assert_sound(&server).await;
    }
}
