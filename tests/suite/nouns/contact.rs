//! Stored contacts over HTTP: paging, searching, removing, and permissions.

use serde_json::{Value, json};

use crate::support::{Server, Tenant, answer::user_errors, on_both_databases};

const PAGE: &str =
    "query($list: ID!, $first: Int, $after: String, $last: Int, $before: String, $search: String) {
    node(id: $list) { ... on ContactList {
        contacts(first: $first, after: $after, last: $last, before: $before, search: $search) {
            nodes { id phoneNumber } totalCount
            pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } } }";

const REMOVE: &str = "mutation($input: RemoveContactsInput!) { removeContacts(input: $input) {
    removedCount list { recipientCount destinations { countryCode recipientCount } } userErrors { field message code } } }";

/// A list with ten Italian contacts and one French.
async fn stored(server: &Server, shop: &Tenant) -> String {
    let list = server.list(shop, "Newsletter", json!([])).await;
    let lines: Vec<String> = (0..10).map(|at| format!("+39340123450{at}")).collect();
    let file = format!("phone\n{}\n+33612345678\n", lines.join("\n"));
    assert_eq!(
        server.import(&shop.owner, &list, file).await["importedCount"],
        11
    );
    list
}

async fn page(server: &Server, shop: &Tenant, variables: Value) -> Value {
    server.data(&shop.owner, PAGE, variables).await["node"]["contacts"].take()
}

fn numbers(page: &Value) -> Vec<&str> {
    let nodes = page["nodes"].as_array().unwrap();
    nodes
        .iter()
        .map(|node| node["phoneNumber"].as_str().unwrap())
        .collect()
}

on_both_databases! {
    /// Contacts are paged from either end, the newest first.
    async fn contacts_are_paged(server: Server) {
        let shop = server.account("Shop").await;
        let list = stored(&server, &shop).await;
        let first = page(&server, &shop, json!({ "list": list, "first": 4 })).await;
        assert_eq!(numbers(&first), ["+33612345678", "+393401234509", "+393401234508", "+393401234507"]);
        assert_eq!((&first["totalCount"], &first["pageInfo"]["hasNextPage"]), (&json!(11), &json!(true)));
        let after = first["pageInfo"]["endCursor"].clone();
        let second = page(&server, &shop, json!({ "list": list, "first": 100, "after": after })).await;
        assert_eq!(numbers(&second).len(), 7);
        assert_eq!((&second["pageInfo"]["hasNextPage"], &second["pageInfo"]["hasPreviousPage"]), (&json!(false), &json!(true)));
        let before = second["pageInfo"]["startCursor"].clone();
        let back = page(&server, &shop, json!({ "list": list, "last": 3, "before": before })).await;
        assert_eq!(numbers(&back), ["+393401234509", "+393401234508", "+393401234507"]);
        let last = page(&server, &shop, json!({ "list": list, "last": 1 })).await;
        assert_eq!(numbers(&last), ["+393401234500"]);
    }

    /// A search matches the beginning of a number; results are ordered by number.
    async fn contacts_are_searched_by_number(server: Server) {
        let shop = server.account("Shop").await;
        let list = stored(&server, &shop).await;
        for (search, found) in [("+39340", 10), ("3", 11), ("+33 6", 1), ("393401234507", 1), ("+44", 0), ("  ", 11)] {
            let all = page(&server, &shop, json!({ "list": list, "search": search })).await;
            assert_eq!((numbers(&all).len(), &all["totalCount"]), (found, &json!(found)), "{search}");
        }
        // The shorter number sorts first.
        let first = page(&server, &shop, json!({ "list": list, "search": "3", "first": 2 })).await;
        assert_eq!(numbers(&first), ["+33612345678", "+393401234500"]);
        let after = first["pageInfo"]["endCursor"].clone();
        let next = page(&server, &shop, json!({ "list": list, "search": "3", "first": 2, "after": after })).await;
        assert_eq!(numbers(&next), ["+393401234501", "+393401234502"]);
        let before = next["pageInfo"]["startCursor"].clone();
        let back = page(&server, &shop, json!({ "list": list, "search": "3", "last": 1, "before": before })).await;
        assert_eq!((numbers(&back), &back["pageInfo"]["hasPreviousPage"]), (vec!["+393401234500"], &json!(true)));
        for bad in ["0039", "+39%", "a b c d e f g h i"] {
            let response = server.graphql(Some(&shop.owner), PAGE, json!({ "list": list, "search": bad })).await;
            let error = &response["errors"][0]["extensions"];
            assert_eq!((&error["code"], &error["field"]), (&json!("BAD_USER_INPUT"), &json!(["search"])), "{response}");
        }
    }

    /// A text with letters matches values of merge fields in any case and script, each word in some
    /// value; names of fields and other lists are not searched.
    async fn contacts_are_searched_by_values(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "Newsletter", json!([])).await;
        let other = server.list(&shop, "Other", json!([])).await;
        server.import(&shop.owner, &other, "phone,name\n+393401234599,Élodie\n").await;
        let rows = [
            ("name", "Rossi", "Forlì"), ("Mario", "Rossi", "Roma"), ("ÉLODIE", "D'Arc", "Paris"), ("Ελένη", "50% \\ off", "Αθήνα"),
            ("Anna", "Bianchi", "Rossi [a]*"),
        ];
        let lines = rows.iter().enumerate().map(|(at, (first, last, city))| {
            format!("+39340123450{at},\"{first}\",\"{last}\",\"{city}\"")
        });
        let file = format!("phone,name,surname,city\n{}\n", lines.collect::<Vec<_>>().join("\n"));
        assert_eq!(server.import(&shop.owner, &list, file).await["importedCount"], 5);
        for (search, found) in [
            ("rossi", vec![4, 1, 0]), ("ROSSI mario", vec![1]), ("rossi élodie", vec![]), ("élodie", vec![2]),
            ("e\u{301}lodie", vec![2]), ("ΕΛΈΝΗ", vec![3]), ("name", vec![0]), ("surname", vec![]), ("FORLÌ", vec![0]),
            ("\\ off", vec![3]), ("off 50%", vec![3]), ("[a]*", vec![4]), ("o\"s", vec![]), ("d'arc", vec![2]), ("_a", vec![]),
        ] {
            let all = page(&server, &shop, json!({ "list": list, "search": search })).await;
            let expected: Vec<String> = found.iter().map(|at| format!("+39340123450{at}")).collect();
            assert_eq!((numbers(&all), &all["totalCount"]), (expected.iter().map(String::as_str).collect(), &json!(found.len())), "{search}");
        }
        // Paged from either end, the newest first.
        let first = page(&server, &shop, json!({ "list": list, "search": "rossi", "first": 2 })).await;
        assert_eq!((numbers(&first).len(), &first["pageInfo"]["hasNextPage"]), (2, &json!(true)));
        let after = first["pageInfo"]["endCursor"].clone();
        let rest = page(&server, &shop, json!({ "list": list, "search": "rossi", "first": 2, "after": after })).await;
        assert_eq!((numbers(&rest), &rest["pageInfo"]["hasNextPage"]), (vec!["+393401234500"], &json!(false)));
        let before = rest["pageInfo"]["startCursor"].clone();
        let back = page(&server, &shop, json!({ "list": list, "search": "rossi", "last": 1, "before": before })).await;
        assert_eq!(numbers(&back), ["+393401234501"]);
    }

    /// A list's merge fields are those that its contacts have now, with the number of contacts.
    async fn merge_fields_are_counted(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "Newsletter", json!([])).await;
        let fields = async |key: &str| {
            let query = "query($list: ID!) { node(id: $list) { ... on ContactList { contactCount mergeFields { name contactCount } } } }";
            let mut node = server.graphql(Some(key), query, json!({ "list": list })).await;
            node["data"]["node"].take()
        };
        let field = |name: &str, count: i32| json!({ "name": name, "contactCount": count });
        assert_eq!(fields(&shop.owner).await, json!({ "contactCount": 0, "mergeFields": [] }));
        let file = "phone,name,city\n+393401234501,Ada,Rome\n+393401234502,Bea,\n+393401234503,,\n";
        server.import(&shop.owner, &list, file).await;
        let counted = json!({ "contactCount": 3, "mergeFields": [field("name", 2), field("city", 1)] });
        // Twice: the second time they are remembered.
        for _ in 0..2 {
            assert_eq!(fields(&shop.owner).await, counted);
        }
        let add = "mutation($input: AddContactsInput!) { addContacts(input: $input) { contacts { id } userErrors { message } } }";
        let contact = |number: &str, city: &str| json!({ "phoneNumber": number, "fields": [{ "name": "city", "value": city }] });
        let input = json!({ "listId": list, "contacts": [contact("+393401234504", "Paris"), contact("+393401234505", "Bari")] });
        let added = server.done(&shop.owner, add, input).await;
        let counted = json!([field("city", 3), field("name", 2)]);
        assert_eq!(fields(&shop.owner).await["mergeFields"], counted);
        // A change of fields, and a removal.
        let update = "mutation($input: UpdateContactInput!) { updateContact(input: $input) { userErrors { message } } }";
        let gone = json!({ "name": "city", "value": null });
        server.done(&shop.owner, update, json!({ "contactId": added["contacts"][0]["id"], "fields": [gone] })).await;
        assert_eq!(fields(&shop.owner).await["mergeFields"], json!([field("city", 2), field("name", 2)]));
        server.done(&shop.owner, REMOVE, json!({ "listId": list, "phoneNumbers": ["+393401234501"] })).await;
        assert_eq!(fields(&shop.owner).await["mergeFields"], json!([field("city", 1), field("name", 1)]));
        let sender = server.key(&shop, "SENDER").await;
        assert_eq!(fields(&sender).await, Value::Null);
    }

    /// Removed contacts leave the list and its head-count.
    async fn contacts_are_removed(server: Server) {
        let shop = server.account("Shop").await;
        let list = stored(&server, &shop).await;
        let all = page(&server, &shop, json!({ "list": list })).await;
        let id = |at: usize| all["nodes"][at]["id"].clone();
        // Twice: a request without an answer can be repeated.
        for removed in [2, 0] {
            let input = json!({ "listId": list, "contactIds": [id(0), id(1)] });
            let payload = server.done(&shop.owner, REMOVE, input).await;
            assert_eq!(payload, json!({ "removedCount": removed, "userErrors": [], "list": {
                "recipientCount": 9, "destinations": [{ "countryCode": "IT", "recipientCount": 9 }] } }));
        }
        let node = "query($id: ID!) { node(id: $id) { id } }";
        assert_eq!(server.data(&shop.owner, node, json!({ "id": id(0) })).await["node"], Value::Null);
        assert_eq!(server.data(&shop.owner, node, json!({ "id": id(2) })).await["node"]["id"], id(2));
        let input = json!({ "listId": list, "phoneNumbers": ["+39 340 123 4500", "+393401234501", "+393401234501", "+447400123456"] });
        let payload = server.done(&shop.owner, REMOVE, input).await;
        assert_eq!((&payload["removedCount"], &payload["list"]["recipientCount"]), (&json!(2), &json!(7)));
        let payload = server.done(&shop.owner, REMOVE, json!({ "listId": list, "all": true })).await;
        assert_eq!((&payload["removedCount"], &payload["list"]), (&json!(7), &json!({ "recipientCount": 0, "destinations": [] })));
        assert_eq!(page(&server, &shop, json!({ "list": list })).await["totalCount"], 0);
        // An empty list accepts a head-count by hand again.
        let update = "mutation($input: UpdateContactListInput!) {
            updateContactList(input: $input) { list { recipientCount } userErrors { message } } }";
        let input = json!({ "listId": list, "destinations": [{ "countryCode": "IT", "recipientCount": 3 }] });
        assert_eq!(server.done(&shop.owner, update, input).await["list"]["recipientCount"], 3);
    }

    /// Invalid removals are refused, and nothing is removed.
    async fn bad_removals_are_refused(server: Server) {
        let (shop, other) = (server.account("Shop").await, server.account("Other").await);
        let list = stored(&server, &shop).await;
        let theirs = stored(&server, &other).await;
        let their_contact = page(&server, &other, json!({ "list": theirs })).await["nodes"][0]["id"].take();
        for (input, field, code) in [
            (json!({ "listId": theirs, "all": true }), json!(["input", "listId"]), "NOT_FOUND"),
            (json!({ "listId": "nonsense", "all": true }), json!(["input", "listId"]), "NOT_FOUND"),
            (json!({ "listId": list }), json!(["input"]), "INVALID"),
            (json!({ "listId": list, "all": true, "contactIds": [] }), json!(["input"]), "INVALID"),
            (json!({ "listId": list, "all": false }), json!(["input", "all"]), "INVALID"),
            (json!({ "listId": list, "contactIds": [list] }), json!(["input", "contactIds", "0"]), "NOT_FOUND"),
            (json!({ "listId": list, "contactIds": vec![&their_contact; 10_001] }), json!(["input", "contactIds"]), "INVALID"),
            (json!({ "listId": list, "phoneNumbers": ["+393401234500", "340"] }), json!(["input", "phoneNumbers", "1"]), "INVALID"),
            (json!({ "listId": list, "phoneNumbers": vec!["+39"; 10_001] }), json!(["input", "phoneNumbers"]), "INVALID"),
        ] {
            let response = server.graphql(Some(&shop.owner), REMOVE, json!({ "input": input })).await;
            let refused = user_errors(&response);
            assert_eq!((&refused[0]["field"], &refused[0]["code"]), (&field, &json!(code)), "{response}");
        }
        // Another account's contact is ignored like one that never existed.
        let input = json!({ "listId": list, "contactIds": [their_contact] });
        assert_eq!(server.done(&shop.owner, REMOVE, input).await["removedCount"], 0);
        for (tenant, list) in [(&shop, &list), (&other, &theirs)] {
            assert_eq!(page(&server, tenant, json!({ "list": list })).await["totalCount"], 11);
        }
    }

    /// An archived list keeps no personal data: its contacts are unreachable at once, and deleted
    /// later.
    async fn archiving_deletes_contacts(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "Newsletter", json!([])).await;
        let payload = server.import(&shop.owner, &list, "phone,name,name\n+393401234567,Anna,A\nnobody,Bea,B\n").await;
        assert_eq!(payload["import"]["warningCount"], 1, "{payload:#}");
        let import = payload["import"]["id"].clone();
        let contact = page(&server, &shop, json!({ "list": list })).await["nodes"][0]["id"].take();
        let archive = "mutation($input: ArchiveContactListInput!) {
            archiveContactList(input: $input) { list { archived } userErrors { message } } }";
        server.done(&shop.owner, archive, json!({ "listId": list })).await;
        server.run_workers().await;
        assert_eq!(page(&server, &shop, json!({ "list": list })).await["totalCount"], 0);
        let nodes = "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on ContactImport { rejectedCount rejected { nodes { line } }
            warnings { nodes { line } } } } }";
        let found = server.data(&shop.owner, nodes, json!({ "ids": [contact, import] })).await;
        assert_eq!(found["nodes"], json!([null, { "id": import, "rejectedCount": 1, "rejected": { "nodes": [] }, "warnings": { "nodes": [] } }]));
        let left = message_credits::store::contact::find_all(
            server.services().store.reader(),
            [message_credits::graphql::engine::ids::PublicId::decode(contact.as_str().unwrap()).unwrap()],
        );
        assert!(left.await.unwrap().is_empty());
    }

    /// A sending service doesn't read contacts, and another account sees none of them.
    async fn contacts_are_visible_to_permitted_roles_only(server: Server) {
        let (shop, other) = (server.account("Shop").await, server.account("Other").await);
        let list = stored(&server, &shop).await;
        let contact = page(&server, &shop, json!({ "list": list })).await["nodes"][0]["id"].take();
        let imports = "query($list: ID!) { node(id: $list) { ... on ContactList { imports { totalCount nodes { id } } } } }";
        let import = server.data(&shop.owner, imports, json!({ "list": list })).await;
        let import = import["node"]["imports"]["nodes"][0]["id"].clone();
        let node = "query($id: ID!) { node(id: $id) { id } }";
        for (role, may) in [("VIEWER", true), ("MEMBER", true), ("SENDER", false)] {
            let key = server.key(&shop, role).await;
            for query in [PAGE, imports] {
                let response = server.graphql(Some(&key), query, json!({ "list": list })).await;
                let code = &response["errors"][0]["extensions"]["code"];
                assert_eq!(code == &json!("FORBIDDEN"), !may, "{role}: {response}");
            }
            for id in [&contact, &import] {
                let found = server.data(&key, node, json!({ "id": id })).await;
                assert_eq!(found["node"].is_object(), may, "{role}");
            }
        }
        for id in [&contact, &import] {
            assert_eq!(server.data(&other.owner, node, json!({ "id": id })).await["node"], Value::Null);
        }
    }
}
