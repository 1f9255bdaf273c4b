//! Allocating credits to lists, over HTTP: laws P1, P2, L2 and L3.

use serde_json::{Value, json};

use crate::support::{Server, Tenant, contact_list::hold, on_both_databases};

const ALLOCATE: &str = "mutation($input: AllocateCreditsInput!) {
    allocateCredits(input: $input) {
        lists { name allocation { mode assigned available held } }
        balance { total held available assigned unassigned }
        userErrors { field message code } } }";

const READ: &str = "{ account {
    balance { total held available assigned unassigned }
    lists { nodes { name allocation { mode assigned available held } } } } }";

fn limited(list: &str, assigned: &str) -> Value {
    json!({ "listId": list, "mode": "LIMITED", "assigned": assigned })
}

fn shared(list: &str) -> Value {
    json!({ "listId": list, "mode": "SHARED" })
}

async fn two_lists(server: &Server) -> (Tenant, String, String) {
    let shop = server.account("Shop").await;
    let a = server.list(&shop, "A", json!([])).await;
    // Lists created at one instant have no order that a test could rely on.
    server.set_time("2026-11-22T08:00:01Z");
    let b = server.list(&shop, "B", json!([])).await;
    (shop, a, b)
}

on_both_databases! {
    /// Each list gets the requested limit, the rest stays unassigned; the answer is in the
    /// requested order.
    async fn lists_get_the_requested_limits(server: Server) {
        let (shop, a, b) = two_lists(&server).await;
        server.grant(&shop, "1000").await;
        let input = json!({ "allocations": [limited(&b, "200.5"), limited(&a, "300")] });
        let payload = server.done(&shop.owner, ALLOCATE, input.clone()).await;
        let expected = json!({
            "lists": [
                { "name": "B", "allocation": { "mode": "LIMITED", "assigned": "200.5", "available": "200.5", "held": "0" } },
                { "name": "A", "allocation": { "mode": "LIMITED", "assigned": "300", "available": "300", "held": "0" } },
            ],
            "balance": { "total": "1000", "held": "0", "available": "1000", "assigned": "500.5", "unassigned": "499.5" },
            "userErrors": [],
        });
        assert_eq!(payload, expected);
        // It states the result, not the difference: the same again moves nothing.
        assert_eq!(server.done(&shop.owner, ALLOCATE, input).await, expected);

        // A shared list spends unassigned credits; zero is a valid limit.
        let input = json!({ "allocations": [shared(&a), limited(&b, "0")] });
        let payload = server.done(&shop.owner, ALLOCATE, input).await;
        assert_eq!(payload["lists"], json!([
            { "name": "A", "allocation": { "mode": "SHARED", "assigned": null, "available": "1000", "held": "0" } },
            { "name": "B", "allocation": { "mode": "LIMITED", "assigned": "0", "available": "0", "held": "0" } },
        ]));
        assert_eq!(payload["balance"]["unassigned"], "1000");
    }

    /// If there is too little for all lists, none is changed.
    async fn an_allocation_is_all_or_nothing(server: Server) {
        let (shop, a, b) = two_lists(&server).await;
        server.grant(&shop, "1000").await;
        server.done(&shop.owner, ALLOCATE, json!({ "allocations": [limited(&a, "300")] })).await;
        let before = server.data(&shop.owner, READ, json!({})).await;
        for (asked_a, asked_b) in [("0", "1000.0001"), ("800", "200.0001"), ("1000000000000", "0")] {
            let input = json!({ "allocations": [limited(&a, asked_a), limited(&b, asked_b)] });
            let response = server.graphql(Some(&shop.owner), ALLOCATE, json!({ "input": input })).await;
            let refused = &response["data"]["allocateCredits"];
            assert_eq!((&refused["lists"], &refused["balance"]), (&Value::Null, &Value::Null), "{response}");
            assert_eq!(refused["userErrors"][0]["field"], json!(["input", "allocations"]), "{response}");
            assert_eq!(refused["userErrors"][0]["code"], "INSUFFICIENT_CREDITS", "{response}");
        }
        assert_eq!(server.data(&shop.owner, READ, json!({})).await, before);
        // One list's reduction is available to another in the same call.
        let input = json!({ "allocations": [limited(&b, "1000"), limited(&a, "0")] });
        let payload = server.done(&shop.owner, ALLOCATE, input).await;
        assert_eq!(payload["balance"]["unassigned"], "0");
    }

    /// Each invalid allocation is named by its position, all of them at once.
    async fn bad_allocations_are_refused(server: Server) {
        let (shop, a, b) = two_lists(&server).await;
        let other = server.account("Other").await;
        let foreign = server.list(&other, "Foreign", json!([])).await;
        let archived = server.list(&shop, "Archived", json!([])).await;
        let archive = "mutation($input: ArchiveContactListInput!) {
            archiveContactList(input: $input) { userErrors { field } } }";
        server.done(&shop.owner, archive, json!({ "listId": archived })).await;
        server.grant(&shop, "1000").await;
        let before = server.data(&shop.owner, READ, json!({})).await;

        let assigned = || json!([["input", "allocations", "0", "assigned"], "INVALID"]);
        let no_list = || json!([["input", "allocations", "0", "listId"], "NOT_FOUND"]);
        let rows = || json!([["input", "allocations"], "INVALID"]);
        for (allocations, expected) in [
            (json!([]), json!([rows()])),
            (Value::from(vec![limited(&a, "1"); 1_001]), json!([rows()])),
            (json!([{ "listId": a, "mode": "LIMITED" }]), json!([assigned()])),
            (json!([{ "listId": a, "mode": "SHARED", "assigned": "1" }]), json!([assigned()])),
            (json!([limited(&a, "1.23456")]), json!([assigned()])),
            (json!([limited(&a, "1e3")]), json!([assigned()])),
            (json!([limited(&a, "-1")]), json!([assigned()])),
            (json!([limited(&a, "NaN")]), json!([assigned()])),
            (json!([limited(&a, "")]), json!([assigned()])),
            (json!([limited(&a, &"9".repeat(30))]), json!([assigned()])),
            (json!([limited(&foreign, "1")]), json!([no_list()])),
            (json!([limited(&archived, "1")]), json!([no_list()])),
            (json!([limited(&shop.id, "1")]), json!([no_list()])),
            (json!([shared("nonsense")]), json!([no_list()])),
            (json!([limited(&a, "1"), limited(&b, "1"), shared(&a), limited(&b, "x")]), json!([
                [["input", "allocations", "2"], "INVALID"],
                [["input", "allocations", "3"], "INVALID"],
                [["input", "allocations", "3", "assigned"], "INVALID"],
            ])),
        ] {
            let input = json!({ "allocations": allocations });
            let response = server.graphql(Some(&shop.owner), ALLOCATE, json!({ "input": input })).await;
            let rows = response["data"]["allocateCredits"]["userErrors"].as_array();
            let found = rows.map(|rows| rows.iter().map(|row| json!([row["field"], row["code"]])).collect());
            assert_eq!(found, Some(expected), "{response}");
        }
        let input = json!({ "accountId": other.id, "allocations": [limited(&a, "1")] });
        let response = server.graphql(Some(&shop.owner), ALLOCATE, json!({ "input": input })).await;
        assert_eq!(response["data"]["allocateCredits"]["userErrors"][0]["field"], json!(["input", "accountId"]));
        assert_eq!(server.data(&shop.owner, READ, json!({})).await, before);
    }

    /// Credits held by a list's scheduled messages are shown with it, and are not part of what it
    /// can spend.
    async fn a_list_shows_its_credits(server: Server) {
        let (shop, a, b) = two_lists(&server).await;
        server.grant(&shop, "1000").await;
        server.done(&shop.owner, ALLOCATE, json!({ "allocations": [limited(&a, "300")] })).await;
        hold(&server, &shop, &a, "100").await;
        hold(&server, &shop, &a, "20.5").await;
        hold(&server, &shop, &b, "50").await;
        let read = server.data(&shop.owner, READ, json!({})).await;
        assert_eq!(read["account"], json!({
            "balance": { "total": "1000", "held": "170.5", "available": "829.5", "assigned": "179.5", "unassigned": "650" },
            "lists": { "nodes": [
                { "name": "A", "allocation": { "mode": "LIMITED", "assigned": "179.5", "available": "179.5", "held": "120.5" } },
                { "name": "B", "allocation": { "mode": "SHARED", "assigned": null, "available": "650", "held": "50" } },
            ] },
        }));
    }

    /// Expired credits leave the lists at that very instant, whether or not a job has run; and the
    /// job changes nothing of what was shown.
    async fn expired_credits_are_not_shown(server: Server) {
        let (shop, a, b) = two_lists(&server).await;
        server.grant_until(&shop, "100", Some("2026-12-01")).await;
        server.grant(&shop, "50").await;
        server.done(&shop.owner, ALLOCATE, json!({ "allocations": [limited(&a, "60"), limited(&b, "40")] })).await;
        let shown = async || {
            let read = server.data(&shop.owner, READ, json!({})).await;
            let account = &read["account"];
            let available = |place: usize| account["lists"]["nodes"][place]["allocation"]["available"].clone();
            json!([available(0), available(1), account["balance"]["assigned"], account["balance"]["unassigned"]])
        };
        server.set_time("2026-11-30T22:59:59.999999Z");
        assert_eq!(shown().await, json!(["60", "40", "100", "50"]));
        server.set_time("2026-11-30T23:00:00Z");
        let expired = json!(["30", "20", "50", "0"]);
        assert_eq!(shown().await, expired);
        server.run_workers().await;
        assert_eq!(shown().await, expired);
    }

    /// Archiving a list returns its credits to the unassigned pool.
    async fn archiving_returns_credits(server: Server) {
        let (shop, a, _) = two_lists(&server).await;
        server.grant(&shop, "1000").await;
        server.done(&shop.owner, ALLOCATE, json!({ "allocations": [limited(&a, "300")] })).await;
        let archive = "mutation($input: ArchiveContactListInput!) {
            archiveContactList(input: $input) { userErrors { field } } }";
        server.done(&shop.owner, archive, json!({ "listId": a })).await;
        let read = server.data(&shop.owner, READ, json!({})).await;
        assert_eq!(read["account"]["balance"]["unassigned"], "1000");
    }
}
