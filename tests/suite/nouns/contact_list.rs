//! Contact lists over HTTP: their head-counts, and what remains after archiving.

use serde_json::{Value, json};

use crate::support::{
    answer::user_errors,
    contact_list::{contacts, hold},
    on_both_databases,
};

const CREATE: &str = "mutation($input: CreateContactListInput!) {
    createContactList(input: $input) {
        list { id name archived recipientCount destinations { countryCode recipientCount } account { name }
            allocation { mode assigned available held } }
        userErrors { field message code } } }";

const UPDATE: &str = "mutation($input: UpdateContactListInput!) {
    updateContactList(input: $input) {
        list { name recipientCount destinations { countryCode recipientCount } }
        userErrors { field message code } } }";

const ARCHIVE: &str = "mutation($input: ArchiveContactListInput!) {
    archiveContactList(input: $input) {
        list { id archived allocation { mode assigned available held } }
        userErrors { field message code } } }";

const RESTORE: &str = "mutation($input: RestoreContactListInput!) {
    restoreContactList(input: $input) {
        list { id name archived archivedAt recipientCount contactCount allocation { mode assigned available held } }
        userErrors { field message code } } }";

const NAMES: &str = "query($search: String) {
    account { lists(search: $search) { nodes { name } totalCount } } }";

on_both_databases! {
    /// A list counts its recipients by country, most first, and shares the unassigned credits.
    async fn a_list_has_a_head_count(server: Server) {
        let shop = server.account("Shop").await;
        let input = json!({ "name": " Newsletter ", "destinations": [
            { "countryCode": "US", "recipientCount": 5 },
            { "countryCode": "IT", "recipientCount": 1653 },
            { "countryCode": "DE", "recipientCount": 0 },
            { "countryCode": "FR", "recipientCount": 2 },
            { "countryCode": "FR", "recipientCount": 3 },
        ] });
        let mut payload = server.done(&shop.owner, CREATE, input).await;
        assert!(payload["list"]["id"].take().as_str().unwrap().starts_with("list_"));
        assert_eq!(payload["list"], json!({
            "id": null,
            "name": "Newsletter",
            "archived": false,
            "recipientCount": 1663,
            "destinations": [
                { "countryCode": "IT", "recipientCount": 1653 },
                { "countryCode": "FR", "recipientCount": 5 },
                { "countryCode": "US", "recipientCount": 5 },
            ],
            "account": { "name": "Shop" },
            "allocation": { "mode": "SHARED", "assigned": null, "available": "0", "held": "0" },
        }));
        // A list may be empty, and two may have the same name.
        let empty = server.done(&shop.owner, CREATE, json!({ "name": "Newsletter" })).await;
        assert_eq!((&empty["list"]["recipientCount"], &empty["list"]["destinations"]), (&json!(0), &json!([])));
    }

    /// Each invalid input is named, and nothing is created.
    async fn bad_lists_are_refused(server: Server) {
        let (shop, other) = (server.account("Shop").await, server.account("Other").await);
        let row = |code: &str, recipients: i64| json!([{ "countryCode": code, "recipientCount": recipients }]);
        let twice = json!([
            { "countryCode": "IT", "recipientCount": 1_000_000_000 },
            { "countryCode": "IT", "recipientCount": 1 },
        ]);
        let many = json!([
            { "countryCode": "IT", "recipientCount": 1_000_000_000 },
            { "countryCode": "FR", "recipientCount": 1_000_000_000 },
            { "countryCode": "DE", "recipientCount": 1_000_000_000 },
        ]);
        let rows = Value::from(vec![row("IT", 1)[0].clone(); 251]);
        for (input, field, code) in [
            (json!({ "name": "" }), json!(["input", "name"]), "INVALID"),
            (json!({ "name": "x".repeat(10_000) }), json!(["input", "name"]), "INVALID"),
            (json!({ "name": "A\u{0}" }), json!(["input", "name"]), "INVALID"),
            (json!({ "name": "A", "destinations": row("ZZ", 1) }),
                json!(["input", "destinations", "0", "countryCode"]), "INVALID"),
            (json!({ "name": "A", "destinations": row("it", 1) }),
                json!(["input", "destinations", "0", "countryCode"]), "INVALID"),
            (json!({ "name": "A", "destinations": row("IT", -1) }),
                json!(["input", "destinations", "0", "recipientCount"]), "INVALID"),
            (json!({ "name": "A", "destinations": row("IT", 1_000_000_001) }),
                json!(["input", "destinations", "0", "recipientCount"]), "INVALID"),
            (json!({ "name": "A", "destinations": twice }),
                json!(["input", "destinations", "1", "recipientCount"]), "INVALID"),
            (json!({ "name": "A", "destinations": many }), json!(["input", "destinations"]), "INVALID"),
            (json!({ "name": "A", "destinations": rows }), json!(["input", "destinations"]), "INVALID"),
            (json!({ "name": "A", "accountId": other.id }), json!(["input", "accountId"]), "NOT_FOUND"),
            (json!({ "name": "A", "accountId": "nonsense" }), json!(["input", "accountId"]), "NOT_FOUND"),
        ] {
            let response = server.graphql(Some(&shop.owner), CREATE, json!({ "input": input })).await;
            let refused = user_errors(&response);
            assert_eq!((&refused[0]["field"], &refused[0]["code"]), (&field, &json!(code)), "{response}");
            assert_eq!(response["data"]["createContactList"]["list"], Value::Null, "{response}");
        }
        // Beyond GraphQL's Int the document itself is refused.
        let input = json!({ "name": "A", "destinations": row("IT", 3_000_000_000) });
        let response = server.graphql(Some(&shop.owner), CREATE, json!({ "input": input })).await;
        assert!(response["errors"].is_array(), "{response}");
        let names = server.data(&shop.owner, NAMES, json!({})).await;
        assert_eq!(names["account"]["lists"]["totalCount"], 0);
    }

    /// A new head-count replaces the whole old one; omitted arguments stay unchanged.
    async fn a_head_count_is_replaced(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "Before", json!([
            { "countryCode": "IT", "recipientCount": 10 }, { "countryCode": "FR", "recipientCount": 5 },
        ])).await;
        let renamed = server.done(&shop.owner, UPDATE, json!({ "listId": list, "name": "After" })).await;
        assert_eq!((&renamed["list"]["name"], &renamed["list"]["recipientCount"]), (&json!("After"), &json!(15)));
        let counted = json!({ "listId": list, "destinations": [{ "countryCode": "US", "recipientCount": 7 }] });
        let counted = server.done(&shop.owner, UPDATE, counted).await;
        assert_eq!(counted["list"], json!({
            "name": "After", "recipientCount": 7, "destinations": [{ "countryCode": "US", "recipientCount": 7 }],
        }));
        // A refused change changes nothing, not even its valid part.
        let bad = json!({ "listId": list, "name": "Never", "destinations": [{ "countryCode": "US", "recipientCount": -7 }] });
        let response = server.graphql(Some(&shop.owner), UPDATE, json!({ "input": bad })).await;
        assert_eq!(user_errors(&response)[0]["code"], "INVALID");
        let emptied = server.done(&shop.owner, UPDATE, json!({ "listId": list, "destinations": [] })).await;
        assert_eq!(emptied["list"], json!({ "name": "After", "recipientCount": 0, "destinations": [] }));
    }

    /// Lists are paged, the oldest first, and searched by name in any case.
    async fn lists_are_paged_and_searched(server: Server) {
        let shop = server.account("Shop").await;
        for (second, name) in ["Rome 1", "Milan 2", "rome 3", "100%"].into_iter().enumerate() {
            server.set_time(&format!("2026-11-22T08:00:0{second}Z"));
            server.list(&shop, name, json!([])).await;
        }
        let page = "query($after: String) { account { lists(first: 3, after: $after) {
            nodes { name } pageInfo { hasNextPage endCursor } totalCount } } }";
        let first = server.data(&shop.owner, page, json!({})).await;
        let first = &first["account"]["lists"];
        assert_eq!(first["nodes"], json!([{ "name": "Rome 1" }, { "name": "Milan 2" }, { "name": "rome 3" }]));
        assert_eq!((&first["totalCount"], &first["pageInfo"]["hasNextPage"]), (&json!(4), &json!(true)));
        let rest = server.data(&shop.owner, page, json!({ "after": first["pageInfo"]["endCursor"] })).await;
        assert_eq!(rest["account"]["lists"]["nodes"], json!([{ "name": "100%" }]));
        for (search, names) in [
            ("ROME", json!([{ "name": "Rome 1" }, { "name": "rome 3" }])),
            ("0%", json!([{ "name": "100%" }])),
            ("_", json!([])),
        ] {
            let found = server.data(&shop.owner, NAMES, json!({ "search": search })).await;
            assert_eq!(found["account"]["lists"]["nodes"], names, "{search}");
        }
    }

    /// An archived list is no longer listed and can't be used, but its id still finds it.
    async fn an_archived_list_cannot_be_used(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "Old", json!([{ "countryCode": "IT", "recipientCount": 10 }])).await;
        let input = json!({ "listId": list });
        for _ in 0..2 {
            // Twice: a request without an answer can be repeated.
            let payload = server.done(&shop.owner, ARCHIVE, input.clone()).await;
            assert_eq!(payload["list"], json!({
                "id": list,
                "archived": true,
                "allocation": { "mode": "SHARED", "assigned": null, "available": "0", "held": "0" },
            }));
        }
        let names = server.data(&shop.owner, NAMES, json!({})).await;
        assert_eq!(names["account"]["lists"], json!({ "nodes": [], "totalCount": 0 }));
        let node = "query($id: ID!) { node(id: $id) { ... on ContactList { name archived recipientCount } } }";
        let node = server.data(&shop.owner, node, json!({ "id": list })).await;
        assert_eq!(node["node"], json!({ "name": "Old", "archived": true, "recipientCount": 10 }));
        let response = server.graphql(Some(&shop.owner), UPDATE, json!({ "input": { "listId": list, "name": "New" } })).await;
        assert_eq!(user_errors(&response), json!([
            { "field": ["input", "listId"], "message": "There is no such list.", "code": "NOT_FOUND" },
        ]));
    }

    /// An archived list can be found and restored: it is in use again, shares the unassigned
    /// credits, and has the head-count that was given by hand.
    async fn an_archived_list_is_restored(server: Server) {
        let shop = server.account("Shop").await;
        server.grant(&shop, "100").await;
        let list = server.list(&shop, "Old", json!([{ "countryCode": "IT", "recipientCount": 10 }])).await;
        let limit = "mutation($input: AllocateCreditsInput!) { allocateCredits(input: $input) { userErrors { message } } }";
        let limited = json!({ "listId": list, "mode": "LIMITED", "assigned": "40" });
        server.done(&shop.owner, limit, json!({ "allocations": [limited] })).await;
        let archived = "{ account { lists(archived: true) { nodes { id archivedAt } totalCount } } }";
        let empty = json!({ "nodes": [], "totalCount": 0 });
        assert_eq!(server.data(&shop.owner, archived, json!({})).await["account"]["lists"], empty);
        let input = json!({ "listId": list });
        let conflict = json!([{ "field": ["input", "listId"], "message": "The list is not archived.", "code": "CONFLICT" }]);
        let response = server.graphql(Some(&shop.owner), RESTORE, json!({ "input": input })).await;
        assert_eq!(user_errors(&response), conflict);
        server.done(&shop.owner, ARCHIVE, input.clone()).await;
        let found = server.data(&shop.owner, archived, json!({})).await;
        assert_eq!((&found["account"]["lists"]["nodes"][0]["id"], &found["account"]["lists"]["totalCount"]), (&json!(list), &json!(1)));
        assert!(found["account"]["lists"]["nodes"][0]["archivedAt"].is_string());
        // Another account doesn't see it, and who only reads can't restore it.
        let other = server.account("Other").await;
        let response = server.graphql(Some(&other.owner), RESTORE, json!({ "input": input })).await;
        assert_eq!(user_errors(&response)[0]["code"], "NOT_FOUND");
        let viewer = server.key(&shop, "VIEWER").await;
        let response = server.graphql(Some(&viewer), RESTORE, json!({ "input": input })).await;
        assert_eq!(response["errors"][0]["extensions"]["code"], "FORBIDDEN");
        let payload = server.done(&shop.owner, RESTORE, input.clone()).await;
        assert_eq!(payload["list"], json!({ "id": list, "name": "Old", "archived": false, "archivedAt": null,
            "recipientCount": 10, "contactCount": 0,
            "allocation": { "mode": "SHARED", "assigned": null, "available": "100", "held": "0" } }));
        assert_eq!(server.data(&shop.owner, archived, json!({})).await["account"]["lists"], empty);
        let response = server.graphql(Some(&shop.owner), RESTORE, json!({ "input": input })).await;
        assert_eq!(user_errors(&response), conflict);
        let renamed = server.done(&shop.owner, UPDATE, json!({ "listId": list, "name": "New" })).await;
        assert_eq!(renamed["list"]["name"], "New");
    }

    /// A restored list takes contacts again; those that archiving deleted stay deleted, and no job
    /// deletes the new ones.
    async fn a_restored_list_takes_contacts(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "Old", json!([])).await;
        server.import(&shop.owner, &list, "phone,name\n+393401234567,Ada\nnobody,Bea\n").await;
        let input = json!({ "listId": list });
        server.done(&shop.owner, ARCHIVE, input.clone()).await;
        let payload = server.done(&shop.owner, RESTORE, input).await;
        assert_eq!((&payload["list"]["recipientCount"], &payload["list"]["contactCount"]), (&json!(0), &json!(0)));
        let imported = server.import(&shop.owner, &list, "phone,name\n+393401234568,Cleo\nnobody,Dora\n").await;
        assert_eq!(imported["importedCount"], 1);
        server.run_workers().await;
        assert_eq!(contacts(&server, &shop, &list).await, ["+393401234568 name=Cleo"]);
        let kept = "query($list: ID!) { node(id: $list) { ... on ContactList { contactCount
            imports { nodes { rejectedCount rejected { nodes { line } } } } } } }";
        let kept = server.data(&shop.owner, kept, json!({ "list": list })).await;
        assert_eq!(kept["node"], json!({ "contactCount": 1, "imports": { "nodes": [
            { "rejectedCount": 1, "rejected": { "nodes": [{ "line": 3 }] } },
            { "rejectedCount": 1, "rejected": { "nodes": [] } },
        ] } }));
    }

    /// A list with scheduled messages can't be archived.
    async fn a_list_with_scheduled_messages_cannot_be_archived(server: Server) {
        let shop = server.account("Shop").await;
        server.grant(&shop, "100").await;
        let list = server.list(&shop, "Busy", json!([])).await;
        hold(&server, &shop, &list, "40").await;
        let response = server.graphql(Some(&shop.owner), ARCHIVE, json!({ "input": { "listId": list } })).await;
        let refused = user_errors(&response);
        assert_eq!((&refused[0]["field"], &refused[0]["code"]), (&json!(["input", "listId"]), &json!("CONFLICT")));
        let names = server.data(&shop.owner, NAMES, json!({})).await;
        assert_eq!(names["account"]["lists"]["totalCount"], 1);
    }

    /// Another account's list answers as if it did not exist.
    async fn anothers_list_is_not_found(server: Server) {
        let (shop, other) = (server.account("Shop").await, server.account("Other").await);
        let list = server.list(&shop, "Mine", json!([])).await;
        let not_found = json!([
            { "field": ["input", "listId"], "message": "There is no such list.", "code": "NOT_FOUND" },
        ]);
        for id in [list.as_str(), shop.id.as_str(), "list_00000000000000000000000009", "", "nonsense"] {
            for query in [UPDATE, ARCHIVE] {
                let response = server.graphql(Some(&other.owner), query, json!({ "input": { "listId": id } })).await;
                assert_eq!(user_errors(&response), not_found, "{id}");
            }
        }
        let node = "query($id: ID!) { node(id: $id) { id } }";
        let node = server.data(&other.owner, node, json!({ "id": list })).await;
        assert_eq!(node["node"], Value::Null);
    }
}
