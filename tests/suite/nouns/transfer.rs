//! Purchases by bank transfer over HTTP: waiting, confirming them once, and their expiry (law R7).

use domain::id::PurchaseId;
use entity::purchase;
use futures_util::future::join_all;
use message_credits::{graphql::engine::ids::PublicId, store};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use crate::support::{
    Server, Tenant,
    account::balance,
    on_both_databases,
    purchase::{PURCHASE, begin, begin_transfer, package},
};

const CONFIRM: &str = "mutation($input: ConfirmPurchaseInput!) { confirmPurchase(input: $input) {
    purchase { id status method confirmedWith decidedAt } userErrors { field code } } }";
const READ: &str = "query($id: ID!) { node(id: $id) { ... on Purchase {
    status method confirmationUrl confirmedWith decidedAt } } }";

async fn confirm(server: &Server, purchase: &Value, reference: &str) -> Value {
    let input = json!({ "purchaseId": purchase["id"], "reference": reference });
    let mut response = server
        .graphql(Some(server.admin_key()), CONFIRM, json!({ "input": input }))
        .await;
    response["data"]["confirmPurchase"].take()
}

async fn seen(server: &Server, tenant: &Tenant, purchase: &Value) -> Value {
    let variables = json!({ "id": purchase["id"] });
    let mut data = server.data(&tenant.owner, READ, variables).await;
    data["node"].take()
}

fn refused(field: &str, code: &str) -> Value {
    json!({ "purchase": null, "userErrors": [{ "field": ["input", field], "code": code }] })
}

async fn total(server: &Server, tenant: &Tenant) -> Value {
    balance(server, tenant).await["total"].take()
}

on_both_databases! {
    /// A transfer waits without a page to approve it on, and a confirmation credits it once.
    async fn a_transfer_waits_for_its_confirmation(server: Server) {
        let tenant = server.account("Shop").await;
        let package = package(&server, 1_000, 4_990, |_| {}).await;
        let purchase = begin_transfer(&server, &tenant, &package).await;
        let pending = json!({ "status": "PENDING", "method": "BANK_TRANSFER", "confirmationUrl": null,
            "confirmedWith": null, "decidedAt": null });
        assert_eq!(seen(&server, &tenant, &purchase).await, pending);
        server.set_time("2026-11-25T08:00:00Z");
        server.run_workers().await;
        assert_eq!(seen(&server, &tenant, &purchase).await, pending);

        let confirmed = json!({
            "purchase": { "id": purchase["id"], "status": "PAID", "method": "BANK_TRANSFER",
                "confirmedWith": "RF18 5390", "decidedAt": "2026-11-25T08:00:00Z" },
            "userErrors": [],
        });
        assert_eq!(confirm(&server, &purchase, " RF18 5390 ").await, confirmed);
        server.set_time("2026-11-26T08:00:00Z");
        assert_eq!(confirm(&server, &purchase, "RF18 5390").await, confirmed);
        let other = confirm(&server, &purchase, "RF18 5391").await;
        assert_eq!(other, refused("reference", "CONFLICT"));
        assert_eq!(total(&server, &tenant).await, "1000");

        let query = "{ account { statement(month: \"2026-11-01\") { oneTimePayments { amount }
            credits { purchased closing } } } }";
        let data = server.data(&tenant.owner, query, json!({})).await;
        assert_eq!(data["account"]["statement"], json!({
            "oneTimePayments": { "amount": "49.90" },
            "credits": { "purchased": "1000", "closing": "1000" },
        }));
        // Those who may not see the reference see the rest.
        let member = server.key(&tenant, "MEMBER").await;
        let variables = json!({ "id": purchase["id"] });
        let response = server.graphql(Some(&member), READ, variables).await;
        assert_eq!(response["data"]["node"]["status"], "PAID");
        assert_eq!(response["data"]["node"]["confirmedWith"], Value::Null);
        assert_eq!(response["errors"][0]["extensions"]["code"], "FORBIDDEN");
    }

    /// Twenty confirmations at once with one reference credit once, and of twenty references one
    /// counts.
    async fn concurrent_confirmations_credit_once(server: Server) {
        let tenant = server.account("Shop").await;
        let package = package(&server, 1_000, 4_990, |_| {}).await;
        let purchase = begin_transfer(&server, &tenant, &package).await;
        let twenty = (0..20).map(|_| confirm(&server, &purchase, "one"));
        let mut answers = join_all(twenty).await;
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:#?}");
        assert_eq!(answers[0]["purchase"]["status"], "PAID");
        assert_eq!(total(&server, &tenant).await, "1000");

        let purchase = begin_transfer(&server, &tenant, &package).await;
        let references: Vec<String> = (0..20).map(|number| format!("transfer {number}")).collect();
        let twenty = references.iter().map(|reference| confirm(&server, &purchase, reference));
        let answers = join_all(twenty).await;
        let paid = answers.iter().filter(|answer| answer["purchase"]["status"] == "PAID");
        assert_eq!(paid.count(), 1, "{answers:#?}");
        let conflicts = answers.iter().filter(|answer| **answer == refused("reference", "CONFLICT"));
        assert_eq!(conflicts.count(), 19, "{answers:#?}");
        assert_eq!(total(&server, &tenant).await, "2000");
    }

    /// A transfer expires after 30 days, with or without a job, and money that comes later is
    /// confirmed all the same.
    async fn a_late_transfer_is_credited(server: Server) {
        let tenant = server.account("Shop").await;
        let package = package(&server, 1_000, 4_990, |_| {}).await;
        let purchase = begin_transfer(&server, &tenant, &package).await;
        server.set_time("2026-12-22T07:59:59.999999Z");
        server.run_workers().await;
        assert_eq!(seen(&server, &tenant, &purchase).await["status"], "PENDING");
        server.set_time("2026-12-22T08:00:00Z");
        let expired = json!({ "status": "EXPIRED", "method": "BANK_TRANSFER", "confirmationUrl": null,
            "confirmedWith": null, "decidedAt": "2026-12-22T08:00:00Z" });
        assert_eq!(seen(&server, &tenant, &purchase).await, expired);
        server.set_time("2026-12-23T08:00:00Z");
        server.run_workers().await;
        assert_eq!(seen(&server, &tenant, &purchase).await, expired);
        let row = purchase::Entity::find().one(server.services().store.reader()).await.unwrap().unwrap();
        assert_eq!(row.next_at, None);

        let late = confirm(&server, &purchase, "late").await;
        assert_eq!(late["purchase"]["status"], "PAID");
        assert_eq!(late["purchase"]["decidedAt"], "2026-12-23T08:00:00Z");
        assert_eq!(total(&server, &tenant).await, "1000");
        server.run_workers().await;
        assert_eq!(total(&server, &tenant).await, "1000");
    }

    /// If a process ends between recording a confirmation and crediting it, the job does the rest,
    /// also for a purchase that expired.
    async fn a_crash_after_the_confirmation_is_repaired(server: Server) {
        let tenant = server.account("Shop").await;
        let package = package(&server, 1_000, 4_990, |_| {}).await;
        for (days, so_far) in [(1, "1000"), (40, "2000")] {
            let purchase = begin_transfer(&server, &tenant, &package).await;
            let clock = &server.services().clock;
            let now = clock.now() + jiff::SignedDuration::from_hours(24 * days);
            clock.set(now);
            server.run_workers().await;
            let id = PurchaseId::decode(purchase["id"].as_str().unwrap()).unwrap();
            let writer = server.services().store.writer();
            let row = store::purchase::find_all(writer, [id]).await.unwrap().remove(0);
            store::purchase::endings::confirm(writer, &row, "a transfer", now).await.unwrap();
            server.run_workers().await;
            let seen = seen(&server, &tenant, &purchase).await;
            assert_eq!((&seen["status"], &seen["confirmedWith"]), (&json!("PAID"), &json!("a transfer")));
            assert_eq!(confirm(&server, &purchase, "a transfer").await["purchase"]["status"], "PAID");
            assert_eq!(total(&server, &tenant).await, so_far);
        }
    }

    /// Each invalid confirmation is named, and changes nothing.
    async fn bad_confirmations_are_refused(server: Server) {
        let tenant = server.account("Shop").await;
        let package = package(&server, 1_000, 4_990, |_| {}).await;
        let transfer = begin_transfer(&server, &tenant, &package).await;
        let by_provider = begin(&server, &tenant, &package).await;
        let none = json!({ "id": "purchase_00000000000000000000000009" });
        let other_kind = json!({ "id": tenant.id });
        let (long, wide) = ("x".repeat(256), "é".repeat(128));
        for (purchase, reference, field, code) in [
            (&transfer, "", "reference", "INVALID"),
            (&transfer, "  ", "reference", "INVALID"),
            (&transfer, "a\nb", "reference", "INVALID"),
            (&transfer, long.as_str(), "reference", "INVALID"),
            (&transfer, wide.as_str(), "reference", "INVALID"),
            (&by_provider, "a transfer", "purchaseId", "INVALID"),
            (&none, "a transfer", "purchaseId", "NOT_FOUND"),
            (&other_kind, "a transfer", "purchaseId", "NOT_FOUND"),
        ] {
            let answer = confirm(&server, purchase, reference).await;
            assert_eq!(answer, refused(field, code), "{purchase} {reference}");
        }
        for role in ["OWNER", "MEMBER", "VIEWER", "SENDER"] {
            let key = server.key(&tenant, role).await;
            let input = json!({ "purchaseId": transfer["id"], "reference": "mine" });
            let response = server.graphql(Some(&key), CONFIRM, json!({ "input": input })).await;
            assert_eq!(response["errors"][0]["extensions"]["code"], "FORBIDDEN", "{role}");
        }
        for purchase in [&transfer, &by_provider] {
            let seen = seen(&server, &tenant, purchase).await;
            assert_eq!((&seen["status"], &seen["confirmedWith"]), (&json!("PENDING"), &Value::Null));
        }
        assert_eq!(total(&server, &tenant).await, "0");
    }

    /// A confirmation whose credits the account can't hold is refused and not recorded.
    async fn a_confirmation_beyond_the_accounts_limit_is_not_recorded(server: Server) {
        let tenant = server.account("Shop").await;
        let most = domain::book::Book::MAX_TOTAL.units();
        let package = package(&server, 1, 4_990, |row| row.credits_units = most).await;
        server.grant(&tenant, "0.0001").await;
        let purchase = begin_transfer(&server, &tenant, &package).await;
        for _ in 0..2 {
            let answer = confirm(&server, &purchase, "a transfer").await;
            assert_eq!(answer, refused("purchaseId", "INVALID"));
        }
        let seen = seen(&server, &tenant, &purchase).await;
        assert_eq!((&seen["status"], &seen["confirmedWith"]), (&json!("PENDING"), &Value::Null));
        server.run_workers().await;
        assert_eq!(total(&server, &tenant).await, "0.0001");
    }

    /// A transfer takes no return URL, and its key is its own.
    async fn bad_transfers_are_refused(server: Server) {
        let tenant = server.account("Shop").await;
        let package = package(&server, 1_000, 4_990, |_| {}).await;
        server.allow_return(&tenant, &["https://shop.example"]).await;
        let input = json!({ "packageId": package, "method": "BANK_TRANSFER", "idempotencyKey": "k",
            "returnUrl": "https://shop.example/" });
        let response = server.graphql(Some(&tenant.owner), PURCHASE, json!({ "input": input })).await;
        let errors = &response["data"]["purchaseCredits"]["userErrors"];
        assert_eq!(errors[0], json!({ "field": ["input", "returnUrl"], "code": "INVALID" }));
        let rows = purchase::Entity::find().all(server.services().store.reader()).await.unwrap();
        assert!(rows.is_empty(), "{rows:?}");

        let mut input = json!({ "packageId": package, "method": "BANK_TRANSFER", "idempotencyKey": "k" });
        let first = server.done(&tenant.owner, PURCHASE, input.clone()).await;
        let again = server.done(&tenant.owner, PURCHASE, input.clone()).await;
        assert_eq!(first, again);
        input["method"] = json!("PROVIDER");
        let response = server.graphql(Some(&tenant.owner), PURCHASE, json!({ "input": input })).await;
        let errors = &response["data"]["purchaseCredits"]["userErrors"];
        assert_eq!(errors[0]["code"], "IDEMPOTENCY_KEY_REUSED");
    }

    /// Transfers that wait count among the unpaid purchases until they expire.
    async fn waiting_transfers_count_as_unpaid(server: Server) {
        let tenant = server.account("Shop").await;
        let package = package(&server, 1_000, 4_990, |_| {}).await;
        for _ in 0..message_credits::operations::quotas::MAX_UNPAID {
            begin_transfer(&server, &tenant, &package).await;
        }
        let input = json!({ "packageId": package, "idempotencyKey": "k" });
        for (at, code) in [
            ("2026-12-22T07:59:59Z", json!("LIMIT_REACHED")),
            ("2026-12-22T08:00:00Z", Value::Null),
        ] {
            server.set_time(at);
            let response = server.graphql(Some(&tenant.owner), PURCHASE, json!({ "input": input })).await;
            let errors = &response["data"]["purchaseCredits"]["userErrors"];
            assert_eq!(errors[0]["code"], code, "{at}: {response}");
        }
    }
}
