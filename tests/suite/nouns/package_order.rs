//! The platform's order of packages over HTTP: reordering, what stays in its place, and refusals.

use futures_util::future::join;
use serde_json::{Value, json};

use crate::support::{Server, credit_package::sell, on_both_databases};

const REORDER: &str =
    "mutation($input: ReorderCreditPackagesInput!) { reorderCreditPackages(input: $input) {
    packages { code } userErrors { field code } } }";

fn codes(packages: &Value) -> String {
    let packages = packages.as_array().unwrap().iter();
    packages
        .map(|package| package["code"].as_str().unwrap())
        .collect()
}

/// The codes of all packages, in the order in which they are listed without a sort key.
async fn order(server: &Server) -> String {
    let query = "{ creditPackages(includeArchived: true) { nodes { code } } }";
    let data = server.data(server.admin_key(), query, json!({})).await;
    codes(&data["creditPackages"]["nodes"])
}

/// Packages a to e, from the smallest to the largest, and their ids.
async fn packages(server: &Server) -> Vec<String> {
    let mut ids = Vec::new();
    for (code, credits) in [
        ("a", "10"),
        ("b", "20"),
        ("c", "30"),
        ("d", "40"),
        ("e", "50"),
    ] {
        ids.push(sell(server, code, credits).await);
    }
    ids
}

async fn reorder(server: &Server, ids: &[&String]) -> Value {
    let input = json!({ "packageIds": ids });
    let payload = server.done(server.admin_key(), REORDER, input).await;
    payload["packages"].clone()
}

on_both_databases! {
    /// Those named take each other's places, and only those that moved are returned. All others
    /// stay, archived ones too, and new packages come last, the smallest first.
    async fn packages_are_reordered(server: Server) {
        let ids = packages(&server).await;
        let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(|place| &ids[place]);
        assert_eq!(order(&server).await, "abcde");
        assert_eq!(codes(&reorder(&server, &[e, d, c, b, a]).await), "edba");
        assert_eq!(order(&server).await, "edcba");
        assert_eq!(codes(&reorder(&server, &[a, c, e]).await), "ae");
        assert_eq!(order(&server).await, "adcbe");
        assert_eq!(reorder(&server, &[a, c, e]).await, json!([]));
        assert_eq!(reorder(&server, &[b]).await, json!([]));
        sell(&server, "z", "5000").await;
        sell(&server, "y", "0.0001").await;
        assert_eq!(order(&server).await, "adcbeyz");
        let archive = "mutation($input: ArchiveCreditPackageInput!) {
            archiveCreditPackage(input: $input) { userErrors { message } } }";
        server.done(server.admin_key(), archive, json!({ "packageId": d })).await;
        assert_eq!(codes(&reorder(&server, &[b, a]).await), "ba");
        assert_eq!(order(&server).await, "bdcaeyz");
        let sale = "{ creditPackages(first: 2) { nodes { code } pageInfo { endCursor } } }";
        let shop = server.account("Shop").await;
        let page = server.data(&shop.owner, sale, json!({})).await;
        assert_eq!(codes(&page["creditPackages"]["nodes"]), "bc");
        let rest = "query($after: String) { creditPackages(after: $after) { nodes { code } } }";
        let after = json!({ "after": page["creditPackages"]["pageInfo"]["endCursor"] });
        let rest = server.data(&shop.owner, rest, after).await;
        assert_eq!(codes(&rest["creditPackages"]["nodes"]), "aeyz");
        let sized = "{ creditPackages(sortKey: CREDITS) { nodes { code } } }";
        let sized = server.data(&shop.owner, sized, json!({})).await;
        assert_eq!(codes(&sized["creditPackages"]["nodes"]), "yabcez");
    }

    /// Two reorderings at once leave one of the two orders.
    async fn concurrent_reorderings_leave_one_order(server: Server) {
        let ids = packages(&server).await;
        let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(|place| &ids[place]);
        for _ in 0..5 {
            join(reorder(&server, &[e, d, c, b, a]), reorder(&server, &[c, a, e, b, d])).await;
            let found = order(&server).await;
            assert!(["edcba", "caebd"].contains(&found.as_str()), "{found}");
        }
    }

    /// What is wrong is named with its place, and the order stays.
    async fn a_refused_reordering_changes_nothing(server: Server) {
        let ids = packages(&server).await;
        let shop = server.account("Shop").await;
        let many = vec![&ids[0]; 1_001];
        for (packages, at, code) in [
            (json!([]), json!(null), "INVALID"),
            (json!(many), json!(null), "INVALID"),
            (json!([ids[1], ids[0], ids[1]]), json!("2"), "INVALID"),
            (json!([ids[1], shop.id]), json!("1"), "NOT_FOUND"),
        ] {
            let input = json!({ "input": { "packageIds": packages } });
            let refused = server.graphql(Some(server.admin_key()), REORDER, input).await;
            let payload = &refused["data"]["reorderCreditPackages"];
            let mut field = vec![json!("input"), json!("packageIds")];
            field.extend(Some(at).filter(|at| !at.is_null()));
            assert_eq!(payload["userErrors"], json!([{ "field": field, "code": code }]), "{refused}");
            assert_eq!(payload["packages"], json!(null));
        }
        let input = json!({ "input": { "packageIds": [ids[1], ids[0]] } });
        let manager = server.graphql(Some(&shop.owner), REORDER, input).await;
        assert_eq!(manager["errors"][0]["extensions"]["code"], "FORBIDDEN", "{manager}");
        assert_eq!(order(&server).await, "abcde");
    }
}
