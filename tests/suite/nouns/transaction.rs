//! The ledger's transactions over HTTP: what each moved, in order, and the filters.

use serde_json::{Value, json};

use crate::support::{Server, Tenant, message::send, new_key, on_both_databases};

const TRANSACTIONS: &str = "query($filter: TransactionFilter) {
    account { transactions(filter: $filter) {
        totalCount
        nodes { kind credits availableAfter note createdAt list { name }
            postings { book credits list { name } } } } } }";
const KINDS: &str = "query($filter: TransactionFilter) {
    account { transactions(filter: $filter) { totalCount nodes { kind } } } }";

async fn allocate(server: &Server, tenant: &Tenant, list: &str, assigned: &str) {
    let allocate = "mutation($input: AllocateCreditsInput!) {
        allocateCredits(input: $input) { userErrors { field message } } }";
    let input =
        json!({ "allocations": [{ "listId": list, "mode": "LIMITED", "assigned": assigned }] });
    server.done(&tenant.owner, allocate, input).await;
}

/// The kinds of the transactions that a filter selects, which must be as many as it counts.
async fn kinds(server: &Server, tenant: &Tenant, filter: Value) -> Vec<String> {
    let data = server
        .data(&tenant.owner, KINDS, json!({ "filter": filter }))
        .await;
    let page = &data["account"]["transactions"];
    let nodes = page["nodes"].as_array().unwrap();
    assert_eq!(page["totalCount"], nodes.len(), "{filter}");
    nodes
        .iter()
        .map(|node| node["kind"].as_str().unwrap().to_owned())
        .collect()
}

/// Two lots that expire together, half of them assigned to a limited list, and a day later.
async fn history(server: &Server) -> (Tenant, String) {
    let tenant = server.account("Shop").await;
    server.grant_until(&tenant, "60", Some("2026-12-01")).await;
    server.grant_until(&tenant, "40", Some("2026-12-01")).await;
    server.set_time("2026-11-23T08:00:00Z");
    let list = server.list(&tenant, "Winter", json!([])).await;
    allocate(server, &tenant, &list, "30").await;
    server.set_time("2026-12-02T08:00:00Z");
    server.grant(&tenant, "1").await;
    (tenant, list)
}

on_both_databases! {
    /// Postings are summed over lots, and each transaction's add up to zero.
    async fn a_history_is_listed_newest_first(server: Server) {
        let (tenant, _) = history(&server).await;
        let data = server.data(&tenant.owner, TRANSACTIONS, json!({})).await;
        let winter = json!({ "name": "Winter" });
        let none = Value::Null;
        let grant = |credits: &str, after: &str, at: &str| json!({
            "kind": "GRANT", "credits": credits, "availableAfter": after, "note": "for a test", "createdAt": at, "list": none,
            "postings": [
                { "book": "ISSUED", "credits": format!("-{credits}"), "list": none },
                { "book": "AVAILABLE", "credits": credits, "list": none },
            ],
        });
        assert_eq!(data["account"]["transactions"], json!({
            "totalCount": 5,
            "nodes": [
                grant("1", "1", "2026-12-02T08:00:00Z"),
                { "kind": "EXPIRY", "credits": "-100", "availableAfter": "0", "note": none,
                    "createdAt": "2026-11-30T23:00:00Z", "list": none, "postings": [
                        { "book": "AVAILABLE", "credits": "-70", "list": none },
                        { "book": "AVAILABLE", "credits": "-30", "list": winter },
                        { "book": "EXPIRED", "credits": "70", "list": none },
                        { "book": "EXPIRED", "credits": "30", "list": winter },
                    ] },
                { "kind": "ALLOCATION", "credits": "0", "availableAfter": "100", "note": none,
                    "createdAt": "2026-11-23T08:00:00Z", "list": winter, "postings": [
                        { "book": "AVAILABLE", "credits": "-30", "list": none },
                        { "book": "AVAILABLE", "credits": "30", "list": winter },
                    ] },
                grant("40", "100", "2026-11-22T08:00:00Z"),
                grant("60", "60", "2026-11-22T08:00:00Z"),
            ],
        }));
    }

    /// Filters are by list, kind and time; times are half-open.
    async fn a_filter_selects_transactions(server: Server) {
        let (tenant, list) = history(&server).await;
        let check = async |filter: Value, expected: &[&str]| {
            assert_eq!(kinds(&server, &tenant, filter.clone()).await, expected, "{filter}");
        };
        check(json!({}), &["GRANT", "EXPIRY", "ALLOCATION", "GRANT", "GRANT"]).await;
        // The expiry belongs to no list, but took the list's credits.
        check(json!({ "listId": list }), &["EXPIRY", "ALLOCATION"]).await;
        check(json!({ "kinds": ["EXPIRY", "ALLOCATION"] }), &["EXPIRY", "ALLOCATION"]).await;
        check(json!({ "kinds": [] }), &[]).await;
        check(json!({ "listId": list, "kinds": ["GRANT"] }), &[]).await;
        let (expiry, allocation) = ("2026-12-01T00:00:00+01:00", "2026-11-23T08:00:00Z");
        check(json!({ "from": allocation, "to": expiry }), &["ALLOCATION"]).await;
        check(json!({ "from": expiry }), &["GRANT", "EXPIRY"]).await;
        check(json!({ "to": allocation }), &["GRANT", "GRANT"]).await;
        check(json!({ "from": expiry, "to": expiry }), &[]).await;
    }

    /// A message's charge links to it and to its list, whose filter finds it though the list
    /// shares.
    async fn a_spend_names_its_message(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant(&tenant, "100").await;
        let list = server.list(&tenant, "All", json!([{ "countryCode": "IT", "recipientCount": 7 }])).await;
        let sent = send(&server, &tenant, json!({ "listId": list, "text": "Ciao" })).await;
        let query = "query($filter: TransactionFilter) { account { transactions(filter: $filter) { nodes {
            kind credits list { id } message { id } postings { book credits list { id } } } } } }";
        let variables = json!({ "filter": { "listId": list } });
        let data = server.data(&tenant.owner, query, variables).await;
        assert_eq!(data["account"]["transactions"]["nodes"], json!([{
            "kind": "SPEND", "credits": "-7", "list": { "id": list },
            "message": { "id": sent["message"]["id"] },
            "postings": [
                { "book": "AVAILABLE", "credits": "-7", "list": null },
                { "book": "SPENT", "credits": "7", "list": null },
            ],
        }]));
    }

    /// An invalid filter is an error that names it.
    async fn bad_filters_are_refused(server: Server) {
        let (tenant, other) = (server.account("Shop").await, server.account("Other").await);
        let foreign = server.list(&other, "Theirs", json!([])).await;
        for (filter, code) in [
            (json!({ "listId": foreign }), "NOT_FOUND"),
            (json!({ "listId": tenant.id }), "NOT_FOUND"),
            (json!({ "listId": "nothing" }), "NOT_FOUND"),
            (json!({ "from": "yesterday" }), "BAD_USER_INPUT"),
            (json!({ "to": "2026-11-22" }), "BAD_USER_INPUT"),
            (json!({ "from": "2026-11-22T08:00:00Z", "to": "2026-11-22T07:59:59Z" }), "BAD_USER_INPUT"),
        ] {
            let response = server.graphql(Some(&tenant.owner), KINDS, json!({ "filter": filter })).await;
            assert_eq!(response["errors"][0]["extensions"]["code"], code, "{filter}: {response}");
        }
    }

    /// Pages are contiguous: nothing is repeated or left out, in either direction.
    async fn pages_have_no_gaps_or_overlaps(server: Server) {
        let (tenant, _) = history(&server).await;
        let page = "query($first: Int, $after: String, $last: Int, $before: String) { account {
            transactions(first: $first, after: $after, last: $last, before: $before) {
                nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }";
        let read = async |variables: Value| {
            let mut data = server.data(&tenant.owner, page, variables).await;
            let page = data["account"]["transactions"].take();
            (page["nodes"].as_array().unwrap().clone(), page["pageInfo"].clone())
        };
        let (all, _) = read(json!({})).await;
        let (mut forward, mut info) = read(json!({ "first": 2 })).await;
        while info["hasNextPage"] == true {
            let (more, next) = read(json!({ "first": 2, "after": info["endCursor"] })).await;
            assert!(!more.is_empty());
            forward.extend(more);
            info = next;
        }
        assert_eq!(forward, all);
        let (mut backward, mut info) = read(json!({ "last": 2 })).await;
        while info["hasPreviousPage"] == true {
            let (mut more, next) = read(json!({ "last": 2, "before": info["startCursor"] })).await;
            assert!(!more.is_empty());
            more.append(&mut backward);
            backward = more;
            info = next;
        }
        assert_eq!(backward, all);
    }

    /// A transaction is found by its id, by those who see its account.
    async fn an_account_sees_only_its_own_transactions(server: Server) {
        let (tenant, other) = (server.account("Shop").await, server.account("Other").await);
        let revoke = "mutation($input: RevokeCreditsInput!) {
            revokeCredits(input: $input) { transaction { id } userErrors { message } } }";
        server.grant(&tenant, "5").await;
        let input = json!({ "accountId": tenant.id, "credits": "1", "note": "n",
            "idempotencyKey": new_key() });
        let payload = server.done(server.admin_key(), revoke, input).await;
        let id = &payload["transaction"]["id"];
        let node = "query($id: ID!) { node(id: $id) {
            ... on Transaction { kind postings { book credits } } } }";
        let own = server.data(&tenant.owner, node, json!({ "id": id })).await;
        assert_eq!(own["node"], json!({ "kind": "REVOCATION", "postings": [
            { "book": "AVAILABLE", "credits": "-1" }, { "book": "REVOKED", "credits": "1" } ] }));
        let foreign = server.data(&other.owner, node, json!({ "id": id })).await;
        assert_eq!(foreign["node"], Value::Null);
    }
}
