//! A month's statement over HTTP, and the automatic recharge, which is disabled.

use serde_json::{Value, json};

use crate::support::{
    Server, Tenant, on_both_databases,
    purchase::{begin, package},
};

const STATEMENT: &str = "query($month: Date!) { account { statement(month: $month) {
    month oneTimePayments { amount currencyCode } recharges { amount } total { amount }
    purchases { status price { amount } decidedAt confirmationUrl } } } }";

/// Buys a package for this many cents at an instant.
async fn buy(server: &Server, tenant: &Tenant, price_minor: i64, at: &str) {
    server.set_time(at);
    let package = package(server, 10, price_minor, |_| {}).await;
    let purchase = begin(server, tenant, &package).await;
    let url = purchase["confirmationUrl"].as_str().unwrap();
    let form = [("decision", "approve")];
    let response = server.http().post(url).form(&form).send().await.unwrap();
    assert_eq!(response.status(), 303);
}

async fn statement(server: &Server, tenant: &Tenant, month: &str) -> Value {
    let mut data = server
        .data(&tenant.owner, STATEMENT, json!({ "month": month }))
        .await;
    data["account"]["statement"].take()
}

on_both_databases! {
    /// A month follows the account's calendar, and has the purchases paid in it.
    async fn a_statement_follows_the_accounts_month(server: Server) {
        let tenant = server.account("Shop").await;
        buy(&server, &tenant, 1_000, "2026-11-22T08:00:00Z").await;
        buy(&server, &tenant, 234, "2026-11-30T22:59:59.999999Z").await;
        // Midnight in Rome: December.
        buy(&server, &tenant, 5, "2026-11-30T23:00:00Z").await;
        // Declined and undecided purchases aren't paid.
        let unpaid = package(&server, 10, 99, |_| {}).await;
        begin(&server, &tenant, &unpaid).await;

        let november = statement(&server, &tenant, "2026-11-30").await;
        assert_eq!(november, json!({
            "month": "2026-11-01",
            "oneTimePayments": { "amount": "12.34", "currencyCode": "EUR" },
            "recharges": { "amount": "0.00" },
            "total": { "amount": "12.34" },
            "purchases": [
                { "status": "PAID", "price": { "amount": "10.00" },
                    "decidedAt": "2026-11-22T08:00:00Z", "confirmationUrl": null },
                { "status": "PAID", "price": { "amount": "2.34" },
                    "decidedAt": "2026-11-30T22:59:59.999999Z", "confirmationUrl": null },
            ],
        }));
        let december = statement(&server, &tenant, "2026-12-31").await;
        assert_eq!(december["total"]["amount"], "0.05");
        assert_eq!(december["purchases"].as_array().unwrap().len(), 1);
        let october = statement(&server, &tenant, "2026-10-01").await;
        assert_eq!(october["total"]["amount"], "0.00");
        assert_eq!(october["purchases"], json!([]));
    }

    /// An invalid day is an error that names the argument.
    async fn bad_months_are_refused(server: Server) {
        let tenant = server.account("Shop").await;
        for month in ["2026-13-01", "2026-11", "November", "", "9999-12-31", "2026-11-22T08:00:00Z"] {
            let response = server.graphql(Some(&tenant.owner), STATEMENT, json!({ "month": month })).await;
            let error = &response["errors"][0]["extensions"];
            assert_eq!(error["code"], "BAD_USER_INPUT", "{month}: {response}");
            assert_eq!(error["field"], json!(["month"]), "{month}");
        }
    }
}
