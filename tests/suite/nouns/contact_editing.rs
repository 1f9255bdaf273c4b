//! Adding contacts without a file and changing one, over HTTP: what is stored, what is refused, and
//! what scheduled messages make of it.

use serde_json::{Value, json};

use crate::support::{
    Server, Tenant, answer::user_errors, books::assert_sound, contact_list::contacts, message,
    on_both_databases,
};

const ADD: &str = "mutation($input: AddContactsInput!) { addContacts(input: $input) {
    contacts { id phoneNumber countryCode fields { name value } list { recipientCount } } addedCount
    list { recipientCount destinations { countryCode recipientCount } }
    warnings { field message } userErrors { field message code } } }";

const UPDATE: &str = "mutation($input: UpdateContactInput!) { updateContact(input: $input) {
    contact { id phoneNumber countryCode fields { name value } }
    list { recipientCount destinations { countryCode recipientCount } }
    warnings { field message } userErrors { field message code } } }";

fn field(name: &str, value: impl Into<Value>) -> Value {
    json!({ "name": name, "value": value.into() })
}

async fn add(server: &Server, shop: &Tenant, list: &str, contacts: Value) -> Value {
    let input = json!({ "listId": list, "contacts": contacts });
    server.done(&shop.owner, ADD, input).await
}

async fn refused(server: &Server, shop: &Tenant, query: &str, input: Value) -> Value {
    let response = server
        .graphql(Some(&shop.owner), query, json!({ "input": input }))
        .await;
    user_errors(&response)
}

on_both_databases! {
    /// Contacts are added with their fields, and their list counts them.
    async fn contacts_are_added_without_a_file(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "Newsletter", json!([])).await;
        let payload = add(&server, &shop, &list, json!([
            { "phoneNumber": "+39 340 123 4567", "fields": [field("name", " Ada "), field("city", "Città"), field("empty", "")] },
            { "phoneNumber": "+33612345678" },
        ])).await;
        assert_eq!(payload["contacts"][0]["fields"], json!([field("city", "Città"), field("name", "Ada")]));
        assert_eq!(payload["contacts"][1]["countryCode"], "FR");
        assert_eq!((&payload["addedCount"], &payload["warnings"]), (&json!(2), &json!([])));
        assert_eq!(payload["list"], json!({ "recipientCount": 2, "destinations": [
            { "countryCode": "FR", "recipientCount": 1 }, { "countryCode": "IT", "recipientCount": 1 } ] }));
        assert_eq!(payload["contacts"][0]["list"]["recipientCount"], 2);
        // They are the list's contacts, and a node each.
        assert_eq!(contacts(&server, &shop, &list).await, ["+33612345678", "+393401234567 city=Città name=Ada"]);
        let node = "query($id: ID!) { node(id: $id) { ... on Contact { phoneNumber } } }";
        let id = &payload["contacts"][1]["id"];
        assert_eq!(server.data(&shop.owner, node, json!({ "id": id })).await["node"]["phoneNumber"], "+33612345678");
    }

    /// A number that the list has is refused at its row, or takes the new fields.
    async fn an_existing_contact_is_refused_or_updated(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "Newsletter", json!([])).await;
        let first = add(&server, &shop, &list, json!([
            { "phoneNumber": "+393401234567", "fields": [field("name", "Ada"), field("city", "Rome")] },
            { "phoneNumber": "+393401234568", "fields": [field("name", "Bea")] },
        ])).await;
        let again = json!([
            { "phoneNumber": "+393401234569", "fields": [field("name", "Cleo")] },
            { "phoneNumber": "+39 340 1234567", "fields": [field("name", "Eva")] },
            { "phoneNumber": "+393401234568" },
        ]);
        let input = json!({ "listId": list, "contacts": again });
        let errors = refused(&server, &shop, ADD, input).await;
        let at = |row: &str| json!(["input", "contacts", row, "phoneNumber"]);
        assert_eq!((&errors[0]["field"], &errors[0]["code"]), (&at("1"), &json!("CONFLICT")));
        assert_eq!(errors[1]["field"], at("2"));
        assert_eq!(contacts(&server, &shop, &list).await.len(), 2, "nothing was added");
        // Twice: with the flag, a request without an answer can be repeated.
        for added in [1, 0] {
            let input = json!({ "listId": list, "contacts": again, "updateExisting": true });
            let payload = server.done(&shop.owner, ADD, input).await;
            assert_eq!((&payload["addedCount"], &payload["list"]["recipientCount"]), (&json!(added), &json!(3)));
            assert_eq!(payload["contacts"][1]["id"], first["contacts"][0]["id"]);
            assert_eq!(payload["contacts"][2]["fields"], json!([field("name", "Bea")]));
        }
        assert_eq!(contacts(&server, &shop, &list).await,
            ["+393401234567 name=Eva", "+393401234568 name=Bea", "+393401234569 name=Cleo"]);
    }

    /// Each invalid contact is named by its row, and nothing is added.
    async fn bad_contacts_are_refused(server: Server) {
        let (shop, other) = (server.account("Shop").await, server.account("Other").await);
        let list = server.list(&shop, "Newsletter", json!([])).await;
        let theirs = server.list(&other, "Theirs", json!([])).await;
        let counted = server.list(&shop, "Counted", json!([{ "countryCode": "IT", "recipientCount": 3 }])).await;
        let good = json!({ "phoneNumber": "+393401234567" });
        let with = |fields: Value| json!([&good, { "phoneNumber": "+393401234568", "fields": fields }]);
        let many = |count: usize| json!(vec![&good; count]);
        let fields: Vec<Value> = (0..101).map(|at| field(&format!("f{at}"), "x")).collect();
        for (list, contacts, path, code) in [
            (&theirs, json!([good]), "listId", "NOT_FOUND"),
            (&counted, json!([good]), "listId", "CONFLICT"),
            (&list, json!([]), "contacts", "INVALID"),
            (&list, many(1_001), "contacts", "INVALID"),
            (&list, many(2), "contacts.1.phoneNumber", "INVALID"),
            (&list, json!([good, { "phoneNumber": "340 1234567" }]), "contacts.1.phoneNumber", "INVALID"),
            (&list, json!([good, { "phoneNumber": "+390612345678" }]), "contacts.1.phoneNumber", "INVALID"),
            (&list, with(json!([field("first name", "x")])), "contacts.1.fields.0.name", "INVALID"),
            (&list, with(json!([field("a", "x"), field("a", "y")])), "contacts.1.fields.1.name", "INVALID"),
            (&list, with(json!(fields)), "contacts.1.fields", "INVALID"),
        ] {
            let errors = refused(&server, &shop, ADD, json!({ "listId": list, "contacts": contacts })).await;
            let expected: Vec<&str> = std::iter::once("input").chain(path.split('.')).collect();
            assert_eq!((&errors[0]["field"], &errors[0]["code"]), (&json!(expected), &json!(code)), "{errors}");
        }
        assert_eq!(contacts(&server, &shop, &list).await, [""; 0]);
        // A landline comes in if it is meant.
        let input = json!({ "listId": list, "acceptLandlines": true, "contacts": [{ "phoneNumber": "+390612345678" }] });
        assert_eq!(server.done(&shop.owner, ADD, input).await["addedCount"], 1);
        for role in ["VIEWER", "SENDER"] {
            let key = server.key(&shop, role).await;
            let input = json!({ "listId": list, "contacts": [good] });
            let response = server.graphql(Some(&key), ADD, json!({ "input": input })).await;
            assert_eq!(response["errors"][0]["extensions"]["code"], "FORBIDDEN", "{role}");
        }
    }

    /// Values that can't be used are left out with a warning, and the contact comes in.
    async fn values_that_do_not_fit_are_warned_about(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "Newsletter", json!([])).await;
        let payload = add(&server, &shop, &list, json!([
            { "phoneNumber": "+393401234567", "fields": [field("name", "Ada"), field("note", "x".repeat(1_001)), field("bell", "a\u{7}")] },
        ])).await;
        assert_eq!(payload["contacts"][0]["fields"], json!([field("name", "Ada")]));
        assert_eq!(payload["warnings"], json!([
            { "field": ["input", "contacts", "0", "fields", "1", "value"],
                "message": "The value has more than 1000 characters. It is not stored." },
            { "field": ["input", "contacts", "0", "fields", "2", "value"],
                "message": "The value has control characters. It is not stored." },
        ]));
        // A change with such a value keeps the old one.
        let id = &payload["contacts"][0]["id"];
        let input = json!({ "contactId": id, "fields": [field("name", "x".repeat(1_001)), field("city", "Rome")] });
        let changed = server.done(&shop.owner, UPDATE, input).await;
        assert_eq!(changed["contact"]["fields"], json!([field("city", "Rome"), field("name", "Ada")]));
        assert_eq!(changed["warnings"][0]["field"], json!(["input", "fields", "0", "value"]));
    }

    /// A change sets and removes fields by name, and what is left out stays.
    async fn a_contact_is_changed(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "Newsletter", json!([])).await;
        let payload = add(&server, &shop, &list, json!([
            { "phoneNumber": "+393401234567", "fields": [field("name", "Ada"), field("city", "Rome")] },
            { "phoneNumber": "+393401234568" },
        ])).await;
        let id = &payload["contacts"][0]["id"];
        let update = async |change: Value| {
            let mut input = json!({ "contactId": id });
            input.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            server.done(&shop.owner, UPDATE, input).await
        };
        let changed = update(json!({ "fields": [field("name", Value::Null), field("shoe", "39")] })).await;
        assert_eq!(changed["contact"], json!({ "id": id, "phoneNumber": "+393401234567", "countryCode": "IT",
            "fields": [field("city", "Rome"), field("shoe", "39")] }));
        // The number alone, into another country; twice, because a request can be repeated.
        for _ in 0..2 {
            let changed = update(json!({ "phoneNumber": "+33612345678" })).await;
            assert_eq!(changed["contact"], json!({ "id": id, "phoneNumber": "+33612345678", "countryCode": "FR",
                "fields": [field("city", "Rome"), field("shoe", "39")] }));
            assert_eq!(changed["list"], json!({ "recipientCount": 2, "destinations": [
                { "countryCode": "FR", "recipientCount": 1 }, { "countryCode": "IT", "recipientCount": 1 } ] }));
        }
        assert_eq!(update(json!({})).await["contact"]["phoneNumber"], "+33612345678");
        assert_eq!(contacts(&server, &shop, &list).await, ["+33612345678 city=Rome shoe=39", "+393401234568"]);
        for (change, path, code) in [
            (json!({ "phoneNumber": "+393401234568" }), "phoneNumber", "CONFLICT"),
            (json!({ "phoneNumber": "+390612345678" }), "phoneNumber", "INVALID"),
            (json!({ "phoneNumber": "nobody" }), "phoneNumber", "INVALID"),
            (json!({ "fields": [field("first name", "x")] }), "fields.0.name", "INVALID"),
            (json!({ "contactId": list }), "contactId", "NOT_FOUND"),
        ] {
            let mut input = json!({ "contactId": id });
            input.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            let errors = refused(&server, &shop, UPDATE, input).await;
            let expected: Vec<&str> = std::iter::once("input").chain(path.split('.')).collect();
            assert_eq!((&errors[0]["field"], &errors[0]["code"]), (&json!(expected), &json!(code)), "{errors}");
        }
        // Another account's contact answers as one that doesn't exist.
        let other = server.account("Other").await;
        let errors = refused(&server, &other, UPDATE, json!({ "contactId": id, "fields": [] })).await;
        assert_eq!((&errors[0]["field"], &errors[0]["code"]), (&json!(["input", "contactId"]), &json!("NOT_FOUND")));
    }

    /// A message that is scheduled counts a changed number as a contact who left, and neither the
    /// new number nor contacts who were added since.
    async fn a_changed_number_leaves_scheduled_messages(server: Server) {
        let shop = server.account("Shop").await;
        server.grant(&shop, "1000").await;
        let list = server.list(&shop, "Newsletter", json!([])).await;
        let payload = add(&server, &shop, &list, json!([
            { "phoneNumber": "+393401234567", "fields": [field("name", "Ada")] },
            { "phoneNumber": "+393401234568", "fields": [field("name", "Bea")] },
            { "phoneNumber": "+393401234569", "fields": [field("name", "Cleo")] },
        ])).await;
        let at = "2026-11-23T08:00:00Z";
        for text in ["Hello", "Hello {{name}}"] {
            message::scheduled(&server, &shop, at, json!({ "listId": list, "text": text })).await;
        }
        let id = &payload["contacts"][0]["id"];
        server.done(&shop.owner, UPDATE, json!({ "contactId": id, "phoneNumber": "+393401234500" })).await;
        let bea = &payload["contacts"][1]["id"];
        server.done(&shop.owner, UPDATE, json!({ "contactId": bea, "fields": [field("name", "Beatrice")] })).await;
        add(&server, &shop, &list, json!([{ "phoneNumber": "+393401234501" }])).await;
        server.set_time(at);
        server.run_workers().await;
        let messages = "{ account { messages { nodes { status recipientCount } } } }";
        let messages = server.data(&shop.owner, messages, json!({})).await;
        let settled = json!({ "status": "SENT", "recipientCount": 2 });
        assert_eq!(messages["account"]["messages"]["nodes"], json!([settled, settled]));
        assert_sound(&server).await;
    }
}
