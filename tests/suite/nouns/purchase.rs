//! Purchases over HTTP: beginning them, who may approve them, and their expiry.

use entity::{credit_package, purchase};
use sea_orm::{EntityTrait, sea_query::Expr};
use serde_json::{Value, json};

use crate::support::{
    Server, Tenant, on_both_databases,
    purchase::{PURCHASE, begin, package},
};

const PURCHASES: &str = "query($id: ID) { account(id: $id) { purchases { totalCount
    nodes { id status confirmationUrl decidedAt } } } }";

async fn purchases(server: &Server, key: &str, tenant: &Tenant) -> Value {
    let mut data = server
        .data(key, PURCHASES, json!({ "id": tenant.id }))
        .await;
    data["account"]["purchases"].take()
}

async fn refusal(server: &Server, tenant: &Tenant, input: Value) -> (Value, Value) {
    let response = server
        .graphql(Some(&tenant.owner), PURCHASE, json!({ "input": input }))
        .await;
    let payload = &response["data"]["purchaseCredits"];
    assert_eq!(payload["purchase"], Value::Null, "{response:#}");
    let error = &payload["userErrors"][0];
    (error["field"].clone(), error["code"].clone())
}

on_both_databases! {
    /// A purchase waits for its owner, with the package's credits and price.
    async fn a_purchase_waits_for_the_owners_decision(server: Server) {
        let tenant = server.account("Shop").await;
        let package = package(&server, 1_000, 4_990, |_| {}).await;
        let mut purchase = begin(&server, &tenant, &package).await;
        let url = purchase["confirmationUrl"].take();
        assert!(url.as_str().unwrap().starts_with(&server.url("/checkout/")), "{url}");
        let id = purchase["id"].take();
        assert_eq!(purchase, json!({
            "id": null, "status": "PENDING", "package": { "name": "Starter <pack>" },
            "credits": "1000",
            "price": { "amount": "49.90", "currencyCode": "EUR" },
            "confirmationUrl": null, "automatic": false,
            "createdAt": "2026-11-22T08:00:00Z", "decidedAt": null,
        }));
        let node = "query($id: ID!) { node(id: $id) { ... on Purchase { status } } }";
        let own = server.data(&tenant.owner, node, json!({ "id": id })).await;
        assert_eq!(own["node"]["status"], "PENDING");
        let other = server.account("Other").await;
        let foreign = server.data(&other.owner, node, json!({ "id": id })).await;
        assert_eq!(foreign["node"], Value::Null);
    }

    /// A member may begin a purchase but doesn't get its approve address; an owner does (law R1).
    async fn only_owners_see_where_to_approve(server: Server) {
        let tenant = server.account("Shop").await;
        let package = package(&server, 1_000, 4_990, |_| {}).await;
        let member = server.key(&tenant, "MEMBER").await;
        let input = json!({ "packageId": package, "idempotencyKey": "k" });
        let begun = server.done(&member, PURCHASE, input.clone()).await;
        assert_eq!(begun["purchase"]["confirmationUrl"], Value::Null);

        for (key, sees) in [
            (tenant.owner.as_str(), true),
            (server.admin_key(), true),
            (member.as_str(), false),
            (server.key(&tenant, "VIEWER").await.as_str(), false),
        ] {
            let page = purchases(&server, key, &tenant).await;
            assert_eq!(page["totalCount"], 1);
            assert_eq!(page["nodes"][0]["confirmationUrl"].is_string(), sees, "{page}");
        }
        // A sending service sees no purchases.
        let sender = server.key(&tenant, "SENDER").await;
        let response = server.graphql(Some(&sender), PURCHASES, json!({ "id": tenant.id })).await;
        assert_eq!(response["errors"][0]["extensions"]["code"], "FORBIDDEN");
        let viewer = server.key(&tenant, "VIEWER").await;
        let response = server.graphql(Some(&viewer), PURCHASE, json!({ "input": input })).await;
        assert_eq!(response["errors"][0]["extensions"]["code"], "FORBIDDEN");
    }

    /// The same key returns the same purchase, at once or later, even after the package was
    /// archived.
    async fn a_key_begins_one_purchase(server: Server) {
        let tenant = server.account("Shop").await;
        let id = package(&server, 1_000, 4_990, |_| {}).await;
        server.allow_return(&tenant, &["https://shop.example"]).await;
        let input = json!({ "packageId": id, "returnUrl": "https://shop.example/", "idempotencyKey": "k" });
        let twenty = (0..20).map(|_| server.done(&tenant.owner, PURCHASE, input.clone()));
        let mut answers = futures_util::future::join_all(twenty).await;
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:#?}");

        let archived = Expr::value(1_i64);
        credit_package::Entity::update_many()
            .col_expr(credit_package::Column::ArchivedAt, archived)
            .exec(server.services().store.writer()).await.unwrap();
        let again = server.done(&tenant.owner, PURCHASE, input.clone()).await;
        assert_eq!(again, answers[0]);
        assert_eq!(purchases(&server, &tenant.owner, &tenant).await["totalCount"], 1);

        let mut other = input;
        other["returnUrl"] = Value::Null;
        let reused = refusal(&server, &tenant, other).await;
        assert_eq!(reused, (json!(["input", "idempotencyKey"]), json!("IDEMPOTENCY_KEY_REUSED")));
    }

    /// After a crash before the provider's answer was stored, the same key asks the provider again.
    async fn a_crash_is_repaired_by_the_same_key(server: Server) {
        let tenant = server.account("Shop").await;
        let package = package(&server, 1_000, 4_990, |_| {}).await;
        let input = json!({ "packageId": package, "idempotencyKey": "k" });
        let begun = server.done(&tenant.owner, PURCHASE, input.clone()).await;
        purchase::Entity::update_many()
            .col_expr(purchase::Column::ProviderReference, Expr::value(None::<String>))
            .exec(server.services().store.writer()).await.unwrap();
        let again = server.done(&tenant.owner, PURCHASE, input).await;
        assert_eq!(again["purchase"], begun["purchase"]);
        let row = purchase::Entity::find().one(server.services().store.reader()).await.unwrap().unwrap();
        assert!(row.provider_reference.is_some());
    }

    /// Each invalid input is named, and nothing is begun.
    async fn bad_purchases_are_refused(server: Server) {
        let (tenant, other) = (server.account("Shop").await, server.account("Other").await);
        let good = package(&server, 1_000, 4_990, |_| {}).await;
        let archived = package(&server, 1_000, 4_990, |row| row.archived_at = Some(1)).await;
        let dollars = package(&server, 1_000, 4_990, |row| row.currency_code = "USD".to_owned()).await;
        server.allow_return(&tenant, &["https://x.example"]).await;
        let long = format!("https://x.example/{}", "a".repeat(2_000));
        for (field, value, code) in [
            ("packageId", json!(archived), "NOT_FOUND"),
            ("packageId", json!("package_00000000000000000000000009"), "NOT_FOUND"),
            ("packageId", json!(tenant.id), "NOT_FOUND"),
            ("packageId", json!(""), "NOT_FOUND"),
            ("packageId", json!(dollars), "INVALID"),
            ("returnUrl", json!("javascript:alert(1)"), "INVALID"),
            ("returnUrl", json!("data:text/html,x"), "INVALID"),
            ("returnUrl", json!("/credits"), "INVALID"),
            ("returnUrl", json!(""), "INVALID"),
            ("returnUrl", json!("https://shop.example/\0"), "INVALID"),
            ("returnUrl", json!("https://other.example/"), "INVALID"),
            ("returnUrl", json!("http://x.example/"), "INVALID"),
            ("returnUrl", json!("https://x.example:8443/"), "INVALID"),
            ("returnUrl", json!("https://x.example.evil.example/"), "INVALID"),
            ("returnUrl", json!("https://x.example@evil.example/"), "INVALID"),
            ("returnUrl", json!("https://evil.example\\@x.example/"), "INVALID"),
            ("returnUrl", json!("https://me@x.example/"), "INVALID"),
            ("idempotencyKey", json!(""), "INVALID"),
            ("idempotencyKey", json!("k".repeat(256)), "INVALID"),
            ("accountId", json!(other.id), "NOT_FOUND"),
        ] {
            let mut input = json!({ "packageId": good, "idempotencyKey": "k", "returnUrl": long });
            input[field] = value;
            let refused = refusal(&server, &tenant, input.clone()).await;
            assert_eq!(refused, (json!(["input", field]), json!(code)), "{input}");
        }
        // A refusal doesn't use the key up.
        let input = json!({ "packageId": good, "idempotencyKey": "k", "returnUrl": long });
        server.done(&tenant.owner, PURCHASE, input).await;
        assert_eq!(purchases(&server, &tenant.owner, &tenant).await["totalCount"], 1);
    }

    /// A purchase that is undecided for two days has expired, before and after the job that records
    /// it.
    async fn an_undecided_purchase_expires_after_two_days(server: Server) {
        let tenant = server.account("Shop").await;
        let package = package(&server, 1_000, 4_990, |_| {}).await;
        let purchase = begin(&server, &tenant, &package).await;
        let url = purchase["confirmationUrl"].as_str().unwrap();
        let check = async |status: &str, decided_at: Value| {
            let page = purchases(&server, &tenant.owner, &tenant).await;
            let node = &page["nodes"][0];
            assert_eq!((&node["status"], &node["decidedAt"]), (&json!(status), &decided_at));
            assert_eq!(node["confirmationUrl"].is_string(), status == "PENDING");
        };
        server.set_time("2026-11-24T07:59:59.999999Z");
        assert_eq!(server.services().carry_on_with_payments().await.unwrap(), 0);
        check("PENDING", Value::Null).await;
        server.set_time("2026-11-24T08:00:00Z");
        check("EXPIRED", json!("2026-11-24T08:00:00Z")).await;
        let approval = [("decision", "approve")];
        let late = server.http().post(url).form(&approval).send().await.unwrap();
        assert_eq!(late.status(), 303);
        server.set_time("2026-11-24T09:00:00Z");
        assert_eq!(server.services().carry_on_with_payments().await.unwrap(), 1);
        assert_eq!(server.services().carry_on_with_payments().await.unwrap(), 0);
        check("EXPIRED", json!("2026-11-24T08:00:00Z")).await;
        server.http().post(url).form(&approval).send().await.unwrap();
        check("EXPIRED", json!("2026-11-24T08:00:00Z")).await;
        let balance = "{ account { balance { total } } }";
        let data = server.data(&tenant.owner, balance, json!({})).await;
        assert_eq!(data["account"]["balance"]["total"], "0");
    }
}
