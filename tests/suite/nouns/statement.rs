//! A month's statement over HTTP, and the platform's fee.
//!
//! Not here: the statement's file (`statement_file`), and random histories
//! ([`crate::laws::statement_laws`]).

use domain::payment::Event;
use entity::payment_reversal;
use message_credits::{payments::Subject, store};
use serde_json::{Value, json};

use crate::support::{
    Server, Tenant,
    account::{balance, set_zone, update},
    new_key, on_both_databases,
    purchase::{begin, package, paid_at},
    sending::{account, at, send_all, sms},
    test_provider::{TestProvider, purchase_id},
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

const CREDITS: &str = "query($month: Date!) { account { statement(month: $month) {
    oneTimePayments { amount } recharges { amount } subscriptionFee { amount currencyCode }
    refunds { amount } total { amount }
    credits { opening purchased recharged granted spent expired revoked chargedBack debtPaid closing } } } }";

/// The statement of a month with its credits.
pub async fn whole(server: &Server, tenant: &Tenant, month: &str) -> Value {
    let mut data = server
        .data(&tenant.owner, CREDITS, json!({ "month": month }))
        .await;
    data["account"]["statement"].take()
}

/// A provider's report of what it has taken back of a purchase so far, as of an instant.
async fn reversed(
    server: &Server,
    tenant: &Tenant,
    purchase: domain::id::PurchaseId,
    minor: i64,
    reported_at: &str,
) {
    let row = payment_reversal::Model {
        account_id: account(tenant).uuid(),
        purchase_id: purchase.uuid(),
        minor,
        reported_at: at(reported_at).as_microsecond(),
    };
    store::payment_reversal::insert(server.services().store.writer(), row)
        .await
        .unwrap();
}

/// A month in Rome with everything that credits and money can do; the server's clock is in December.
pub async fn full_november(server: &Server) -> Tenant {
    server.set_time("2026-10-20T08:00:00Z");
    let tenant = server.account("=Shop & Figli").await;
    server.grant(&tenant, "100").await;
    server.grant_until(&tenant, "50", Some("2026-11-10")).await;
    server.set_time("2026-11-02T08:00:00Z");
    server.grant(&tenant, "7").await;
    let fee = json!({ "amount": "29.00", "currencyCode": "EUR" });
    update(server, server.admin_key(), &tenant, "subscriptionFee", fee).await;
    let starter = package(server, 10, 1_234, |_| {}).await;
    let day = |day: u32| at(&format!("2026-11-{day:02}T08:00:00Z"));
    let bought = paid_at(server, &tenant, (&starter, 10, 1_234), false, day(5)).await;
    paid_at(server, &tenant, (&starter, 25, 2_000), true, day(6)).await;
    send_all(server, &tenant, &[sms(None, "2026-11-07T08:00:00Z", 30)]).await;
    server.set_time("2026-11-08T08:00:00Z");
    let schedule = "mutation($input: ScheduleMessageInput!) {
        scheduleMessage(input: $input) { message { id } userErrors { field message } } }";
    let rows = json!([{ "countryCode": "IT", "recipientCount": 20 }]);
    let input = json!({ "audience": { "destinations": rows }, "text": "Hi",
        "sendAt": "2026-12-02T08:00:00Z", "idempotencyKey": new_key() });
    server.done(&tenant.owner, schedule, input).await;
    let revoke = "mutation($input: RevokeCreditsInput!) {
        revokeCredits(input: $input) { transaction { id } userErrors { field message } } }";
    let input = json!({ "accountId": tenant.id, "credits": "5.5", "note": "a slip",
        "idempotencyKey": new_key() });
    server.done(server.admin_key(), revoke, input).await;
    reversed(server, &tenant, bought, 100, "2026-11-15T08:00:00Z").await;
    reversed(server, &tenant, bought, 234, "2026-11-16T08:00:00Z").await;
    reversed(server, &tenant, bought, 234, "2026-12-01T08:00:00Z").await;
    reversed(server, &tenant, bought, 1_234, "2026-12-01T08:00:00Z").await;
    server.set_time("2026-12-01T08:00:00Z");
    tenant
}

on_both_databases! {
    /// Law T5: a month with purchases, a recharge, grants, charges, a hold over its end, an expiry
    /// and a revocation adds up, whether or not the expiry is booked.
    async fn a_months_credits_and_money_add_up(server: Server) {
        let tenant = full_november(&server).await;
        let november = json!({
            "oneTimePayments": { "amount": "12.34" }, "recharges": { "amount": "20.00" },
            "subscriptionFee": { "amount": "29.00", "currencyCode": "EUR" },
            "refunds": { "amount": "2.34" }, "total": { "amount": "59.00" },
            "credits": {
                "opening": "150", "purchased": "10", "recharged": "25", "granted": "7", "spent": "30",
                "expired": "50", "revoked": "5.5", "chargedBack": "0", "debtPaid": "0", "closing": "106.5",
            },
        });
        assert_eq!(whole(&server, &tenant, "2026-11-30").await, november);
        server.run_workers().await;
        assert_eq!(whole(&server, &tenant, "2026-11-01").await, november);
        let october = whole(&server, &tenant, "2026-10-01").await;
        assert_eq!(october["credits"]["granted"], "150");
        assert_eq!(october["credits"]["closing"], "150");

        server.set_time("2026-12-02T09:00:00Z");
        server.run_workers().await;
        server.grant(&tenant, "0.0001").await;
        let december = whole(&server, &tenant, "2026-12-01").await;
        assert_eq!(december, json!({
            "oneTimePayments": { "amount": "0.00" }, "recharges": { "amount": "0.00" },
            "subscriptionFee": { "amount": "29.00", "currencyCode": "EUR" },
            "refunds": { "amount": "10.00" }, "total": { "amount": "19.00" },
            "credits": {
                "opening": "106.5", "purchased": "0", "recharged": "0", "granted": "0.0001", "spent": "20",
                "expired": "0", "revoked": "0", "chargedBack": "0", "debtPaid": "0", "closing": "86.5001",
            },
        }));
        assert_eq!(balance(&server, &tenant).await["total"], "86.5001");
        assert_eq!(whole(&server, &tenant, "2026-11-01").await, november);
        // A month to come has a fee, and no credits yet.
        let january = whole(&server, &tenant, "2027-01-01").await;
        assert_eq!(january["total"]["amount"], "29.00");
        assert_eq!(january["credits"], Value::Null);
    }

    /// What a provider takes back counts once, in the month in which the provider first reports it.
    async fn refunds_count_in_the_month_of_their_report(server: Server) {
        let provider = TestProvider::new();
        let server = server.paid_by([provider.shared()]).await;
        let tenant = server.account("Shop").await;
        let package = package(&server, 500, 4_900, |_| {}).await;
        let purchase = purchase_id(&begin(&server, &tenant, &package).await["id"]);
        provider.decide(purchase, Event::Paid);
        for (delivery, instant, minor) in [
            ("1", "2026-11-22T08:00:06Z", 0),
            ("2", "2026-11-25T08:00:00Z", 900),
            ("3", "2026-12-01T08:00:00Z", 900),
            ("4", "2026-12-05T08:00:00Z", 4_900),
            ("5", "2027-01-05T08:00:00Z", 4_900),
        ] {
            server.set_time(instant);
            provider.take_back(purchase, minor);
            let webhook = provider.webhook(delivery, &Subject::Purchase(purchase), at(instant));
            let request = server.http().post(server.url("/webhooks/test")).headers(webhook.headers);
            assert_eq!(request.body(webhook.body).send().await.unwrap().status(), 200);
            server.run_workers().await;
        }
        for (month, refunds, total) in [
            ("2026-11-01", "9.00", "40.00"),
            ("2026-12-01", "40.00", "-40.00"),
            ("2027-01-01", "0.00", "0.00"),
        ] {
            let statement = whole(&server, &tenant, month).await;
            assert_eq!(statement["refunds"]["amount"], refunds, "{month}");
            assert_eq!(statement["total"]["amount"], total, "{month}");
        }
    }

    /// A fee holds from the month on in which it is set, by the account's calendar.
    async fn a_fee_holds_from_its_month_on(server: Server) {
        server.set_time("2026-11-29T08:00:00Z");
        let tenant = server.account("Shop").await;
        let fee = async |month: &str| {
            let statement = whole(&server, &tenant, month).await;
            assert_eq!(statement["subscriptionFee"]["amount"], statement["total"]["amount"]);
            statement["total"]["amount"].as_str().unwrap().to_owned()
        };
        let set = async |amount: &str| {
            let money = json!({ "amount": amount, "currencyCode": "EUR" });
            update(&server, server.admin_key(), &tenant, "subscriptionFee", money).await;
        };
        let present = async || {
            let read = "{ account { subscriptionFee { amount currencyCode } } }";
            let mut data = server.data(&tenant.owner, read, json!({})).await;
            data["account"]["subscriptionFee"].take()
        };
        assert_eq!(present().await, json!({ "amount": "0.00", "currencyCode": "EUR" }));
        set("29").await;
        set("30.5").await;
        assert_eq!(present().await["amount"], "30.50");
        assert_eq!(fee("2026-10-31").await, "0.00");
        assert_eq!(fee("2026-11-01").await, "30.50");
        // December in Rome, and only there.
        server.set_time("2026-11-30T23:00:00Z");
        assert_eq!(present().await["amount"], "30.50");
        set("0").await;
        assert_eq!(present().await["amount"], "0.00");
        assert_eq!(fee("2026-11-30").await, "30.50");
        assert_eq!(fee("2026-12-01").await, "0.00");
        set_zone(&server, &tenant, "Pacific/Kiritimati").await;
        server.set_time("2026-12-31T10:00:00Z");
        set("12.34").await;
        assert_eq!(fee("2026-12-31").await, "0.00");
        assert_eq!(fee("2027-01-01").await, "12.34");
        // A page of accounts shows each its own.
        server.account("Other").await;
        let read = "{ accounts(first: 10) { nodes { name subscriptionFee { amount } } } }";
        let data = server.data(server.admin_key(), read, json!({})).await;
        assert_eq!(data["accounts"]["nodes"], json!([
            { "name": "Shop", "subscriptionFee": { "amount": "12.34" } },
            { "name": "Other", "subscriptionFee": { "amount": "0.00" } },
        ]));
    }

    /// Anything but an amount in the account's currency is refused and changes nothing, and so is
    /// everybody but the platform's administrators.
    async fn bad_fees_are_refused(server: Server) {
        let tenant = server.account("Shop").await;
        let update = "mutation($input: UpdateAccountInput!) { updateAccount(input: $input) {
            account { name subscriptionFee { amount } } userErrors { field code } } }";
        let money = |amount: &str, code: &str| json!({ "amount": amount, "currencyCode": code });
        for (fee, part) in [
            (money("29.00", "USD"), "currencyCode"),
            (money("29.00", "XXL"), "currencyCode"),
            (money("-1", "EUR"), "amount"),
            (money("1.001", "EUR"), "amount"),
            (money("", "EUR"), "amount"),
            (money("10000000000000", "EUR"), "amount"),
        ] {
            let input = json!({ "accountId": tenant.id, "name": "New", "subscriptionFee": fee });
            let response = server.graphql(Some(server.admin_key()), update, json!({ "input": input })).await;
            let payload = &response["data"]["updateAccount"];
            assert_eq!(payload["account"], Value::Null, "{fee}: {response}");
            let field = json!(["input", "subscriptionFee", part]);
            assert_eq!(payload["userErrors"], json!([{ "field": field, "code": "INVALID" }]), "{fee}");
        }
        let input = json!({ "name": "New", "subscriptionFee": money("0.00", "EUR") });
        let response = server.graphql(Some(&tenant.owner), update, json!({ "input": input })).await;
        let errors = &response["data"]["updateAccount"]["userErrors"];
        assert_eq!(*errors, json!([{ "field": ["input", "subscriptionFee"], "code": "INVALID" }]));
        let read = "{ account { name subscriptionFee { amount } } }";
        let data = server.data(&tenant.owner, read, json!({})).await;
        assert_eq!(data["account"], json!({ "name": "Shop", "subscriptionFee": { "amount": "0.00" } }));
    }

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
