//! Automatic recharges over HTTP: the settings, the charges, the limits, and what owners read.
//!
//! Not here: random histories ([`crate::laws`]), and several processes ([`crate::faults`]).

use std::time::Duration;

use domain::money::{Currency, Money};
use entity::{credit_package, due_recharge, purchase};
use futures_util::future::{join, join_all};
use jiff::{SignedDuration, Timestamp};
use message_credits::{
    app::{self, Settings},
    config::serving::Shown,
    http::{address::TrustedProxies, capacity::Capacity, cors::CorsOrigins, shares::Rates},
    payments::{
        self, CallError, Mandate, MandateState, MerchantTrouble, ProviderSettings, Providers,
        Subject,
    },
    vault::Vault,
    worker,
};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, sea_query::Expr};
use serde_json::{Value, json};

use crate::support::{
    Server, account, on_both_databases,
    purchase::{begin, package},
    recharge::{
        Shop, UPDATE, automatic, available, connect, look, quiet_shop, rehearse, set, shop, spend,
    },
    sending,
    test_provider::{Call, NAME, Step, TestProvider},
};

/// The field and the code of each refusal of new settings, which change nothing.
async fn refused(server: &Server, shop: &Shop, input: Value) -> Vec<(String, String)> {
    let before = look(server, shop).await;
    let variables = json!({ "input": input });
    let response = server
        .graphql(Some(&shop.tenant.owner), UPDATE, variables)
        .await;
    assert!(response.get("errors").is_none(), "{response:#}");
    let payload = &response["data"]["updateAutoRecharge"];
    assert_eq!(payload["autoRecharge"], Value::Null, "{payload:#}");
    assert_eq!(look(server, shop).await, before, "{payload:#}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let row = |row: &Value| {
        let field = row["field"].as_array().unwrap().iter().skip(1).map(text);
        (field.collect::<Vec<_>>().join("."), text(&row["code"]))
    };
    payload["userErrors"]
        .as_array()
        .unwrap()
        .iter()
        .map(row)
        .collect()
}

fn add(server: &Server, wait: SignedDuration) {
    let clock = &server.services().clock;
    clock.set(clock.now().checked_add(wait).unwrap());
}

fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::new("EUR".parse().unwrap(), 2).unwrap())
}

fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

/// Runs the jobs until nothing is left to do at this instant.
async fn settle(server: &Server) {
    for _ in 0..4 {
        server.run_workers().await;
    }
}

on_both_databases! {
    /// An account begins without a recharge.
    async fn nothing_is_set_at_first(server: Server) {
        let shop = quiet_shop(&server, "10").await;
        assert_eq!(look(&server, &shop).await["autoRecharge"], json!({
            "enabled": false, "threshold": null, "package": null, "monthlyLimit": null,
            "spentThisMonth": { "amount": "0.00" }, "remainingThisMonth": null, "suspendedReason": null,
            "heldBack": null, "nextAttemptAt": null, "confirmationUrl": null, "inFlight": null,
            "providerLimit": null,
        }));
        set(&server, &shop, json!({ "enabled": false })).await;
        settle(&server).await;
        assert!(automatic(&look(&server, &shop).await).is_empty());
    }

    /// The vendor's example: 50 credits whenever the balance falls below 20, and at most 300.00 in
    /// a month, over the end of a month in the account's zone.
    async fn six_recharges_a_month_and_again_in_the_next(server: Server) {
        server.set_time("2026-11-30T10:00:00Z");
        let shop = shop(&server, "69").await;
        for number in 1..=6 {
            spend(&server, &shop, 50).await;
            assert_eq!(available(&server, &shop).await, "19");
            settle(&server).await;
            let account = look(&server, &shop).await;
            assert_eq!(automatic(&account), vec!["PAID"; number]);
            assert_eq!(account["balance"]["available"], "69");
            assert_eq!(account["autoRecharge"]["heldBack"], Value::Null);
        }
        // The seventh is held back, and sends go on while credits last.
        spend(&server, &shop, 50).await;
        settle(&server).await;
        spend(&server, &shop, 9).await;
        settle(&server).await;
        let account = look(&server, &shop).await;
        assert_eq!(account["balance"]["available"], "10");
        assert_eq!(automatic(&account).len(), 6);
        let recharge = &account["autoRecharge"];
        assert_eq!(recharge["spentThisMonth"]["amount"], "300.00");
        assert_eq!(recharge["remainingThisMonth"]["amount"], "0.00");
        assert_eq!(
            recharge["heldBack"],
            "The monthly limit of 300.00 EUR leaves 0.00 EUR, and a package costs 50.00 EUR. Recharging continues \
             with the next month, on 2026-12-01. Raise the limit to recharge earlier."
        );
        assert_eq!(recharge["suspendedReason"], Value::Null);
        // December begins at 23:00 UTC in Rome.
        assert_eq!(recharge["nextAttemptAt"], "2026-11-30T23:00:00Z");
        server.set_time("2026-11-30T22:59:59Z");
        settle(&server).await;
        assert_eq!(automatic(&look(&server, &shop).await).len(), 6);

        server.set_time("2026-11-30T23:00:00Z");
        settle(&server).await;
        assert_eq!(available(&server, &shop).await, "60");
        for number in 8..=12 {
            spend(&server, &shop, 50).await;
            settle(&server).await;
            assert_eq!(automatic(&look(&server, &shop).await), vec!["PAID"; number]);
        }
        spend(&server, &shop, 50).await;
        settle(&server).await;
        let account = look(&server, &shop).await;
        assert_eq!(automatic(&account).len(), 12);
        assert_eq!(account["autoRecharge"]["spentThisMonth"]["amount"], "300.00");
        assert_eq!(account["autoRecharge"]["nextAttemptAt"], "2026-12-31T23:00:00Z");
    }

    /// The gap is closed in one charge, and a charge that the limit makes smaller says so.
    async fn a_gap_is_closed_in_one_charge(server: Server) {
        let shop = quiet_shop(&server, "500").await;
        let limit = json!({ "amount": "250.00", "currencyCode": "EUR" });
        set(&server, &shop, json!({ "enabled": true, "threshold": "200", "packageId": shop.package,
            "monthlyLimit": limit })).await;
        spend(&server, &shop, 450).await;
        settle(&server).await;
        let account = look(&server, &shop).await;
        assert_eq!(account["balance"]["available"], "200");
        assert_eq!(account["purchases"]["nodes"][0]["credits"], "150");
        assert_eq!(account["purchases"]["nodes"][0]["price"]["amount"], "150.00");
        // Another 150 would close the gap, and 100 are left.
        spend(&server, &shop, 150).await;
        server.run_workers().await;
        let account = look(&server, &shop).await;
        assert_eq!(account["purchases"]["nodes"][0]["credits"], "100");
        assert_eq!(account["balance"]["available"], "150");
        let held_back = account["autoRecharge"]["heldBack"].as_str().unwrap();
        assert!(held_back.starts_with("The last recharge bought 2 packages, which is less"), "{held_back}");
        settle(&server).await;
        let account = look(&server, &shop).await;
        let held_back = account["autoRecharge"]["heldBack"].as_str().unwrap();
        assert!(held_back.starts_with("The monthly limit of 250.00 EUR leaves 0.00 EUR"), "{held_back}");
        // Nothing is held back once there are enough credits.
        server.grant(&shop.tenant, "50").await;
        let account = look(&server, &shop).await;
        assert_eq!(account["autoRecharge"]["heldBack"], Value::Null);
        assert_eq!(account["autoRecharge"]["nextAttemptAt"], Value::Null);
    }

    /// Two hundred sends that cross the threshold together make one recharge, with jobs running all
    /// the while.
    async fn sends_that_cross_together_recharge_once(server: Server) {
        let shop = shop(&server, "215").await;
        let sends = (0..200).map(|_| spend(&server, &shop, 1));
        let jobs = async {
            for _ in 0..30 {
                server.run_workers().await;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        join(join_all(sends), jobs).await;
        settle(&server).await;
        let account = look(&server, &shop).await;
        assert_eq!(automatic(&account), ["PAID"]);
        assert_eq!(account["balance"]["available"], "65");
    }

    /// Three servers on one database begin one recharge, however they race.
    async fn three_servers_recharge_once(server: Server) {
        let servers = [(); 3].map(|()| {
            let settings = Settings {
                public_url: server.url("/").parse().unwrap(),
                admin_key: None,
                clock: server.services().clock.clone(),
                payments: Providers::new(Some(payments::DEMO), &ProviderSettings::default()).unwrap(),
                shown: Shown::default(),
                demo_key: None,
                trusted_proxies: TrustedProxies::default(),
                rates: Rates::default(),
                capacity: Capacity::default(),
                trusted: Default::default(),
            openid: None,
                cors_origins: CorsOrigins::default(),
                replica: None,
                vault: Vault::default(),
                retention: message_credits::operations::retention::Retention::default(),
            };
            app::assemble(server.services().store.clone(), settings)
        });
        for round in 1..=5 {
            let shop = shop(&server, "20").await;
            spend(&server, &shop, 1).await;
            let jobs = servers.iter().map(|app| async move {
                for _ in 0..round {
                    worker::run_once(&app.services).await;
                }
            });
            join_all(jobs).await;
            settle(&server).await;
            let account = look(&server, &shop).await;
            assert_eq!(automatic(&account), ["PAID"], "round {round}");
            assert_eq!(account["balance"]["available"], "69");
        }
    }

    /// A process that ends after claiming a recharge, or before it learns that the payment was
    /// decided, delays the recharge and never doubles it.
    async fn a_recharge_survives_its_process(server: Server) {
        let shop = shop(&server, "20").await;
        spend(&server, &shop, 1).await;
        let writer = server.services().store.writer();
        let now = server.services().clock.now();
        // Claimed, and then the process was gone.
        due_recharge::Entity::update_many()
            .col_expr(due_recharge::Column::ClaimedUntil, Expr::value(now.as_microsecond() + 60_000_000))
            .exec(writer).await.unwrap();
        settle(&server).await;
        assert!(automatic(&look(&server, &shop).await).is_empty());
        add(&server, minutes(1));
        settle(&server).await;
        assert_eq!(automatic(&look(&server, &shop).await), ["PAID"]);

        // The payment is decided, and the process ends before it says so to the recharge.
        spend(&server, &shop, 50).await;
        settle(&server).await;
        spend(&server, &shop, 50).await;
        let later = now.as_microsecond() + 11 * 60_000_000;
        due_recharge::Entity::update_many()
            .col_expr(due_recharge::Column::NextAt, Expr::value(later))
            .exec(writer).await.unwrap();
        settle(&server).await;
        assert_eq!(automatic(&look(&server, &shop).await).len(), 2);
        add(&server, minutes(10));
        settle(&server).await;
        assert_eq!(automatic(&look(&server, &shop).await), ["PAID"; 3]);
    }

    /// The database refuses a second automatic purchase in flight.
    async fn the_database_keeps_recharges_apart(server: Server) {
        let shop = shop(&server, "20").await;
        rehearse(&server, &shop, "slow").await;
        spend(&server, &shop, 1).await;
        settle(&server).await;
        let writer = server.services().store.writer();
        let row = purchase::Entity::find().one(writer).await.unwrap().unwrap();
        let second = purchase::Model { id: uuid::Uuid::from_u128(1), provider_reference: None, ..row };
        let inserted = message_credits::store::purchase::insert(writer, second).await;
        assert!(inserted.is_err());
    }

    /// Declines back off for an hour and for a day, the third suspends, and the owner's change
    /// resumes.
    async fn declines_back_off_and_suspend(server: Server) {
        let shop = shop(&server, "20").await;
        rehearse(&server, &shop, "decline").await;
        spend(&server, &shop, 1).await;
        settle(&server).await;
        let account = look(&server, &shop).await;
        assert_eq!(automatic(&account), ["DECLINED"]);
        assert_eq!(
            account["autoRecharge"]["heldBack"],
            "The last charge was declined: The sandbox declines the charges of this account. It is tried again on \
             2026-11-22 at 10:00 (Europe/Rome)."
        );
        assert_eq!(account["autoRecharge"]["nextAttemptAt"], "2026-11-22T09:00:00Z");
        assert_eq!(account["autoRecharge"]["remainingThisMonth"]["amount"], "300.00");
        for (wait, declined) in [(59, 1), (1, 2), (23 * 60 + 59, 2), (1, 3)] {
            add(&server, minutes(wait));
            settle(&server).await;
            assert_eq!(automatic(&look(&server, &shop).await), vec!["DECLINED"; declined], "{wait}");
        }
        add(&server, SignedDuration::from_hours(24 * 60));
        spend(&server, &shop, 1).await;
        settle(&server).await;
        let account = look(&server, &shop).await;
        assert_eq!(automatic(&account), ["DECLINED"; 3]);
        let recharge = &account["autoRecharge"];
        assert_eq!(
            recharge["suspendedReason"],
            "The last 3 charges were declined: The sandbox declines the charges of this account. Check the means of \
             payment, then save the settings of the automatic recharge again."
        );
        assert_eq!(recharge["nextAttemptAt"], Value::Null);
        assert_eq!(recharge["heldBack"], Value::Null);

        rehearse(&server, &shop, "approve").await;
        let changed = set(&server, &shop, json!({ "enabled": true })).await;
        assert_eq!(changed["suspendedReason"], Value::Null);
        settle(&server).await;
        let account = look(&server, &shop).await;
        assert_eq!(automatic(&account), ["DECLINED", "DECLINED", "DECLINED", "PAID"]);
        assert_eq!(account["balance"]["available"], "68");
        assert_eq!(account["autoRecharge"]["suspendedReason"], Value::Null);
    }

    /// A payment that settles ends the count of declines.
    async fn a_paid_recharge_forgets_declines(server: Server) {
        let shop = shop(&server, "20").await;
        spend(&server, &shop, 1).await;
        for round in 0..4 {
            rehearse(&server, &shop, "decline").await;
            settle(&server).await;
            add(&server, minutes(60));
            settle(&server).await;
            rehearse(&server, &shop, "approve").await;
            add(&server, SignedDuration::from_hours(24));
            settle(&server).await;
            let account = look(&server, &shop).await;
            assert_eq!(account["balance"]["available"], "69", "round {round}: {account:#}");
            spend(&server, &shop, 50).await;
        }
    }

    /// Every rehearsal of the sandbox ends with one charge and its credits, or with none.
    async fn every_rehearsal_charges_once(server: Server) {
        let rehearsals = ["approve", "decline-once", "slow", "silent", "lost", "duplicate", "late", "busy"];
        let mut shops = Vec::new();
        for rehearsal in rehearsals {
            let shop = shop(&server, "20").await;
            rehearse(&server, &shop, rehearsal).await;
            spend(&server, &shop, 1).await;
            shops.push((rehearsal, shop));
        }
        server.run_workers().await;
        for (rehearsal, shop) in &shops {
            let account = look(&server, shop).await;
            let first = match *rehearsal {
                "decline-once" | "late" => "DECLINED",
                "slow" | "silent" | "lost" => "UNKNOWN",
                "busy" => "PENDING",
                _ => "PAID",
            };
            assert_eq!(automatic(&account), [first], "{rehearsal}");
            let in_flight = &account["autoRecharge"]["inFlight"]["status"];
            let is_open = ["UNKNOWN", "PENDING"].contains(&first);
            assert_eq!(in_flight.is_string(), is_open, "{rehearsal}: {in_flight}");
            assert_eq!(account["autoRecharge"]["nextAttemptAt"].is_string(), first == "DECLINED", "{rehearsal}");
        }
        for _ in 0..20 {
            add(&server, minutes(5));
            server.run_workers().await;
            // A provider's notice has every payment read again, decided or not.
            purchase::Entity::update_many()
                .col_expr(purchase::Column::NextAt, Expr::value(1_i64))
                .exec(server.services().store.writer()).await.unwrap();
        }
        settle(&server).await;
        for (rehearsal, shop) in &shops {
            let account = look(&server, shop).await;
            let ends = automatic(&account);
            let expected: &[&str] = match *rehearsal {
                "decline-once" => &["DECLINED", "PAID"],
                _ => &["PAID"],
            };
            assert_eq!(ends, expected, "{rehearsal}");
            assert_eq!(account["balance"]["available"], "69", "{rehearsal}");
            assert_eq!(account["autoRecharge"]["spentThisMonth"]["amount"], "50.00", "{rehearsal}");
        }
    }

    /// Credits that expire make a recharge due like credits that are spent.
    async fn expiring_credits_make_a_recharge_due(server: Server) {
        let shop = quiet_shop(&server, "19").await;
        server.grant_until(&shop.tenant, "100", Some("2026-11-23")).await;
        set(&server, &shop, json!({ "enabled": true, "threshold": "20", "packageId": shop.package })).await;
        settle(&server).await;
        assert!(automatic(&look(&server, &shop).await).is_empty());
        server.set_time("2026-11-22T23:00:00Z");
        settle(&server).await;
        let account = look(&server, &shop).await;
        assert_eq!(automatic(&account), ["PAID"]);
        assert_eq!(account["balance"]["available"], "69");
        assert_eq!(account["autoRecharge"]["remainingThisMonth"], Value::Null);
    }

    /// A change takes effect at once: below the threshold a recharge is due, and one that is off
    /// buys nothing.
    async fn changes_take_effect_at_once(server: Server) {
        let shop = quiet_shop(&server, "30").await;
        let settings = json!({ "enabled": true, "threshold": "40", "packageId": shop.package });
        let set_to = set(&server, &shop, settings).await;
        assert_eq!(set_to, json!({ "enabled": true, "threshold": "40", "package": { "id": shop.package },
            "monthlyLimit": null, "suspendedReason": null, "confirmationUrl": null }));
        settle(&server).await;
        assert_eq!(available(&server, &shop).await, "80");
        // What is left out stays.
        let limit = json!({ "amount": "50.00", "currencyCode": "EUR" });
        let set_to = set(&server, &shop, json!({ "enabled": true, "monthlyLimit": limit })).await;
        assert_eq!(set_to["threshold"], "40");
        assert_eq!(set_to["monthlyLimit"]["amount"], "50.00");
        spend(&server, &shop, 50).await;
        settle(&server).await;
        let account = look(&server, &shop).await;
        assert_eq!(account["balance"]["available"], "30");
        assert!(account["autoRecharge"]["heldBack"].is_string());
        // A threshold that is met needs nothing; null removes the limit.
        set(&server, &shop, json!({ "enabled": true, "threshold": "30" })).await;
        settle(&server).await;
        let account = look(&server, &shop).await;
        assert_eq!(account["autoRecharge"]["heldBack"], Value::Null);
        let set_to = set(&server, &shop, json!({ "enabled": true, "threshold": "31", "monthlyLimit": null })).await;
        assert_eq!(set_to["monthlyLimit"], Value::Null);
        settle(&server).await;
        assert_eq!(available(&server, &shop).await, "80");
        // Off: a recharge that was due is not, and the settings stay.
        spend(&server, &shop, 79).await;
        let set_to = set(&server, &shop, json!({ "enabled": false })).await;
        assert_eq!(set_to["threshold"], "31");
        settle(&server).await;
        spend(&server, &shop, 1).await;
        settle(&server).await;
        assert_eq!(available(&server, &shop).await, "0");
        let due = due_recharge::Entity::find().count(server.services().store.writer()).await.unwrap();
        assert_eq!(due, 0);
        set(&server, &shop, json!({ "enabled": true })).await;
        settle(&server).await;
        assert_eq!(available(&server, &shop).await, "50");
    }

    /// Each setting can be changed alone. One that is on asks its provider about the new amounts,
    /// and one that is off stays off and asks nobody.
    async fn a_change_keeps_what_it_leaves_out(server: Server) {
        let provider = TestProvider::new();
        let server = server.paid_by([provider.shared()]).await;
        let shop = quiet_shop(&server, "30").await;
        connect(&server, &shop, NAME, "a-shop").await;
        let limit = |amount: &str| json!({ "amount": amount, "currencyCode": "EUR" });
        let settings = |enabled: bool, threshold: &str, amount: &str| {
            json!({ "enabled": enabled, "threshold": threshold, "package": { "id": shop.package },
                "monthlyLimit": limit(amount), "suspendedReason": null, "confirmationUrl": null })
        };
        set(&server, &shop, json!({ "threshold": "20", "packageId": shop.package })).await;
        let found = set(&server, &shop, json!({ "monthlyLimit": limit("100.00") })).await;
        assert_eq!(found, settings(false, "20", "100.00"));
        assert!(provider.wishes().is_empty());
        let found = set(&server, &shop, json!({ "enabled": true })).await;
        assert_eq!(found, settings(true, "20", "100.00"));
        let found = set(&server, &shop, json!({ "monthlyLimit": limit("200.00") })).await;
        assert_eq!(found, settings(true, "20", "200.00"));
        let found = set(&server, &shop, json!({ "enabled": null, "threshold": "25", "packageId": null })).await;
        assert_eq!(found, settings(true, "25", "200.00"));
        let caps: Vec<Money> = provider.wishes().into_iter().map(|wish| wish.cap).collect();
        assert_eq!(caps, [euros(10_000), euros(20_000), euros(20_000)]);
        provider.script(Call::Mandate, [Step::LoseCall]);
        let found = refused(&server, &shop, json!({ "monthlyLimit": limit("300.00") })).await;
        assert_eq!(found, [("enabled".to_owned(), "PAYMENT_FAILED".to_owned())]);
        let found = set(&server, &shop, json!({ "enabled": false })).await;
        assert_eq!(found, settings(false, "25", "200.00"));
    }

    /// A payment that is in flight ends as it would have, whatever the owner changes.
    async fn a_payment_in_flight_ends_by_itself(server: Server) {
        let shop = shop(&server, "20").await;
        rehearse(&server, &shop, "slow").await;
        spend(&server, &shop, 1).await;
        settle(&server).await;
        set(&server, &shop, json!({ "enabled": false })).await;
        set(&server, &shop, json!({ "enabled": true })).await;
        settle(&server).await;
        let account = look(&server, &shop).await;
        assert_eq!(automatic(&account), ["UNKNOWN"]);
        assert_eq!(account["autoRecharge"]["spentThisMonth"]["amount"], "50.00");
        set(&server, &shop, json!({ "enabled": false })).await;
        for _ in 0..4 {
            add(&server, minutes(1));
            settle(&server).await;
        }
        let account = look(&server, &shop).await;
        assert_eq!(automatic(&account), ["PAID"]);
        assert_eq!(account["balance"]["available"], "69");
    }

    /// Settings that can't work are refused at their field, and change nothing.
    async fn bad_settings_are_refused(server: Server) {
        let shop = quiet_shop(&server, "30").await;
        let free = package(&server, 50, 0, |_| {}).await;
        let dollars = package(&server, 50, 5_000, |row| row.currency_code = "USD".to_owned()).await;
        let archived = package(&server, 50, 5_000, |row| row.archived_at = Some(1)).await;
        let input = |change: Value| {
            let mut input = json!({ "enabled": true, "threshold": "20", "packageId": shop.package });
            for (field, value) in change.as_object().unwrap() {
                input[field] = value.clone();
            }
            input
        };
        let limit = |amount: &str, code: &str| json!({ "monthlyLimit": { "amount": amount, "currencyCode": code } });
        for (change, field, code) in [
            (json!({ "threshold": "0" }), "threshold", "INVALID"),
            (json!({ "threshold": "-5" }), "threshold", "INVALID"),
            (json!({ "threshold": "many" }), "threshold", "INVALID"),
            (json!({ "threshold": null }), "threshold", "INVALID"),
            (json!({ "packageId": null }), "packageId", "INVALID"),
            (json!({ "packageId": "nobody" }), "packageId", "NOT_FOUND"),
            (json!({ "packageId": shop.tenant.id }), "packageId", "NOT_FOUND"),
            (json!({ "packageId": archived }), "packageId", "NOT_FOUND"),
            (json!({ "packageId": dollars }), "packageId", "INVALID"),
            (json!({ "packageId": free }), "packageId", "INVALID"),
            (limit("0", "EUR"), "monthlyLimit.amount", "INVALID"),
            (limit("-1.00", "EUR"), "monthlyLimit.amount", "INVALID"),
            (limit("49.99", "EUR"), "monthlyLimit.amount", "INVALID"),
            (limit("1.001", "EUR"), "monthlyLimit.amount", "INVALID"),
            (limit("300.00", "USD"), "monthlyLimit.currencyCode", "INVALID"),
            (limit("300.00", "XXY"), "monthlyLimit.currencyCode", "INVALID"),
            (json!({ "returnUrl": "https://evil.example/" }), "returnUrl", "INVALID"),
            (json!({ "returnUrl": "javascript:alert(1)" }), "returnUrl", "INVALID"),
        ] {
            let found = refused(&server, &shop, input(change.clone())).await;
            assert_eq!(found, [(field.to_owned(), code.to_owned())], "{change}");
        }
        // What is set is compared with what was set before.
        set(&server, &shop, input(limit("60.00", "EUR"))).await;
        let larger = package(&server, 500, 6_001, |_| {}).await;
        let found = refused(&server, &shop, json!({ "enabled": true, "packageId": larger })).await;
        assert_eq!(found, [("packageId".to_owned(), "INVALID".to_owned())]);
        set(&server, &shop, json!({ "enabled": false })).await;
        credit_package::Entity::update_many()
            .col_expr(credit_package::Column::ArchivedAt, Expr::value(1_i64))
            .filter(credit_package::Column::PriceMinor.eq(5_000))
            .exec(server.services().store.writer()).await.unwrap();
        let found = refused(&server, &shop, json!({ "enabled": true })).await;
        assert_eq!(found, [("packageId".to_owned(), "NOT_FOUND".to_owned())]);
        // Turning it off needs nothing.
        set(&server, &shop, json!({ "enabled": false })).await;
    }

    /// Owners and platform administrators change the settings; everybody but a sending service
    /// reads them.
    async fn only_owners_change_the_settings(server: Server) {
        let shop = shop(&server, "30").await;
        let input = json!({ "input": { "accountId": shop.tenant.id, "enabled": false } });
        for role in ["MEMBER", "VIEWER", "SENDER"] {
            let key = server.key(&shop.tenant, role).await;
            let response = server.graphql(Some(&key), UPDATE, input.clone()).await;
            assert_eq!(response["errors"][0]["extensions"]["code"], "FORBIDDEN", "{role}");
            let read = "{ account { autoRecharge { enabled } } }";
            let response = server.graphql(Some(&key), read, json!({})).await;
            assert_eq!(response.get("errors").is_some(), role == "SENDER", "{role}: {response}");
        }
        let other = server.account("Other").await;
        let response = server.graphql(Some(&other.owner), UPDATE, input.clone()).await;
        let error = &response["data"]["updateAutoRecharge"]["userErrors"][0];
        assert_eq!((&error["field"], &error["code"]), (&json!(["input", "accountId"]), &json!("NOT_FOUND")));
        assert_eq!(look(&server, &shop).await["autoRecharge"]["enabled"], true);
        server.done(server.admin_key(), UPDATE, input["input"].clone()).await;
        assert_eq!(look(&server, &shop).await["autoRecharge"]["enabled"], false);
    }

    /// A package that is no longer sold suspends the recharge until the owner chooses another.
    async fn an_archived_package_suspends(server: Server) {
        let shop = shop(&server, "20").await;
        credit_package::Entity::update_many()
            .col_expr(credit_package::Column::ArchivedAt, Expr::value(1_i64))
            .exec(server.services().store.writer()).await.unwrap();
        spend(&server, &shop, 1).await;
        settle(&server).await;
        let account = look(&server, &shop).await;
        assert!(automatic(&account).is_empty());
        let reason = &account["autoRecharge"]["suspendedReason"];
        assert_eq!(reason, "The package is no longer sold. Choose another one to recharge again.");
        let another = package(&server, 10, 1_000, |_| {}).await;
        set(&server, &shop, json!({ "enabled": true, "packageId": another })).await;
        settle(&server).await;
        assert_eq!(available(&server, &shop).await, "29");
    }

    /// The month is the account's: if its zone changes, a recharge that waits for the next month
    /// waits for that zone's.
    async fn the_month_is_the_accounts(server: Server) {
        server.set_time("2026-11-30T10:30:00Z");
        let shop = shop(&server, "20").await;
        let limit = json!({ "amount": "50.00", "currencyCode": "EUR" });
        set(&server, &shop, json!({ "enabled": true, "monthlyLimit": limit })).await;
        spend(&server, &shop, 1).await;
        settle(&server).await;
        spend(&server, &shop, 50).await;
        settle(&server).await;
        let account = look(&server, &shop).await;
        assert_eq!(account["autoRecharge"]["nextAttemptAt"], "2026-11-30T23:00:00Z");
        // There it is 00:30 on December 1.
        account::set_zone(&server, &shop.tenant, "Pacific/Kiritimati").await;
        settle(&server).await;
        let account = look(&server, &shop).await;
        assert_eq!(automatic(&account), ["PAID"; 1], "paid in this month of the new zone");
        assert_eq!(account["autoRecharge"]["nextAttemptAt"], "2026-12-31T10:00:00Z");
        account::set_zone(&server, &shop.tenant, "UTC").await;
        settle(&server).await;
        let account = look(&server, &shop).await;
        assert_eq!(account["autoRecharge"]["nextAttemptAt"], "2026-12-01T00:00:00Z");
    }

    /// A provider that is down for an hour blocks no spending (law R3), and there is one recharge
    /// when it is back, whenever it went down.
    async fn a_provider_that_is_down_blocks_nothing(server: Server) {
        let provider = TestProvider::new();
        let server = server.paid_by([provider.shared()]).await;
        let before = shop(&server, "40").await;
        let within = shop(&server, "40").await;
        spend(&server, &within, 21).await;
        // The second account's charge is on its way when the provider goes down.
        provider.always(Call::Charge, Some(Step::LoseAnswer));
        settle(&server).await;
        provider.set_down(true);
        spend(&server, &before, 21).await;
        for _ in 0..12 {
            add(&server, minutes(5));
            settle(&server).await;
            for shop in [&before, &within] {
                spend(&server, shop, 1).await;
            }
        }
        let account = look(&server, &before).await;
        assert!(automatic(&account).is_empty(), "nothing was begun: {account:#}");
        let held_back = &account["autoRecharge"]["heldBack"];
        assert_eq!(held_back, "The payment provider does not answer. It is asked again soon.");
        assert_eq!(automatic(&look(&server, &within).await), ["UNKNOWN"]);
        provider.set_down(false);
        for _ in 0..13 {
            add(&server, minutes(5));
            settle(&server).await;
        }
        for shop in [&before, &within] {
            let account = look(&server, shop).await;
            assert_eq!(automatic(&account), ["PAID"]);
            assert_eq!(account["balance"]["available"], "57");
        }
        assert_eq!(provider.taken_minor(), 2 * 5_000);
        assert!(provider.payments().values().all(|payment| payment.taken == 1));
    }

    /// An account that can't be charged waits with a reason, and isn't charged.
    async fn an_account_in_trouble_waits(server: Server) {
        let provider = TestProvider::new();
        let server = server.paid_by([provider.shared()]).await;
        let shop = shop(&server, "20").await;
        let id = sending::account(&shop.tenant);
        provider.set_trouble(id, Some(MerchantTrouble::Frozen));
        spend(&server, &shop, 1).await;
        settle(&server).await;
        let account = look(&server, &shop).await;
        assert!(automatic(&account).is_empty());
        let held_back = account["autoRecharge"]["heldBack"].as_str().unwrap();
        assert!(held_back.starts_with("The shop is frozen at the payment provider"), "{held_back}");
        let found = refused(&server, &shop, json!({ "enabled": true })).await;
        assert_eq!(found, [("enabled".to_owned(), "PAYMENT_FAILED".to_owned())]);
        provider.set_trouble(id, None);
        add(&server, minutes(60));
        settle(&server).await;
        assert_eq!(automatic(&look(&server, &shop).await), ["PAID"]);
    }

    /// The provider's own limit is kept besides the account's, and both are shown.
    async fn the_providers_limit_is_kept_and_shown(server: Server) {
        let provider = TestProvider::new();
        let server = server.paid_by([provider.shared()]).await;
        let end: Timestamp = "2026-12-10T12:00:00Z".parse().unwrap();
        let mandate = |used| Mandate {
            state: MandateState::Active,
            reference: Some("line".to_owned()),
            cap: Some(euros(12_000)),
            used: Some(euros(used)),
            period_end: Some(end),
            confirmation_url: None,
        };
        provider.set_mandate(mandate(5_000));
        let shop = quiet_shop(&server, "100").await;
        connect(&server, &shop, NAME, "a-shop").await;
        let limit = json!({ "amount": "300.00", "currencyCode": "EUR" });
        set(&server, &shop, json!({ "enabled": true, "threshold": "20", "packageId": shop.package,
            "monthlyLimit": limit })).await;
        assert_eq!(provider.wishes()[0].cap, euros(30_000));
        set(&server, &shop, json!({ "enabled": true, "threshold": "80" })).await;
        // Two packages close the gap, and 70.00 of the provider's 120.00 are left.
        spend(&server, &shop, 100).await;
        server.run_workers().await;
        let account = look(&server, &shop).await;
        assert_eq!(account["purchases"]["nodes"][0]["credits"], "50");
        let held_back = account["autoRecharge"]["heldBack"].as_str().unwrap();
        assert!(held_back.contains("the payment provider's own limit"), "{held_back}");
        assert_eq!(account["autoRecharge"]["providerLimit"], json!({
            "cap": { "amount": "120.00" }, "used": { "amount": "50.00" }, "periodEnd": "2026-12-10T12:00:00Z",
        }));
        assert_eq!(account["autoRecharge"]["remainingThisMonth"]["amount"], "250.00");
        provider.set_mandate(mandate(10_000));
        settle(&server).await;
        let account = look(&server, &shop).await;
        assert_eq!(
            account["autoRecharge"]["heldBack"],
            "The payment provider's own limit of 120.00 EUR leaves 20.00 EUR, and a package costs 50.00 EUR. \
             Recharging continues with its next period, on 2026-12-10. Approve a higher limit there to recharge \
             earlier."
        );
        assert_eq!(account["autoRecharge"]["nextAttemptAt"], "2026-12-10T12:00:00Z");
        server.set_time("2026-12-10T12:00:00Z");
        provider.set_mandate(mandate(0));
        settle(&server).await;
        assert_eq!(available(&server, &shop).await, "100");
    }

    /// Without the owner's approval nothing is charged, and the owner reads where to approve.
    async fn a_missing_approval_is_asked_for(server: Server) {
        let provider = TestProvider::new();
        let server = server.paid_by([provider.shared()]).await;
        let mandate = |state, url: Option<&str>| Mandate {
            state,
            reference: None,
            cap: None,
            used: None,
            period_end: None,
            confirmation_url: url.map(|url| url.parse().unwrap()),
        };
        let page = "https://pay.test/approve";
        provider.set_mandate(mandate(MandateState::NeedsApproval, Some(page)));
        let shop = quiet_shop(&server, "10").await;
        connect(&server, &shop, NAME, "a-shop").await;
        server.allow_return(&shop.tenant, &["https://shop.example"]).await;
        let back = "https://shop.example/credits";
        let set_to = set(&server, &shop, json!({ "enabled": true, "threshold": "20", "packageId": shop.package,
            "returnUrl": back })).await;
        assert_eq!(set_to["confirmationUrl"], page);
        let wish = provider.wishes().remove(0);
        assert_eq!(wish.return_url.as_str(), back);
        assert_eq!(wish.cap, euros(50_000));
        settle(&server).await;
        let account = look(&server, &shop).await;
        assert!(automatic(&account).is_empty());
        let held_back = account["autoRecharge"]["heldBack"].as_str().unwrap();
        assert!(held_back.starts_with("The owner has to approve automatic charges"), "{held_back}");
        provider.set_mandate(mandate(MandateState::NeedsPurchase, None));
        add(&server, minutes(15));
        settle(&server).await;
        let account = look(&server, &shop).await;
        let held_back = account["autoRecharge"]["heldBack"].as_str().unwrap();
        assert!(held_back.contains("Buy a package once"), "{held_back}");
        // The provider's notice has it tried at once.
        provider.set_mandate(mandate(MandateState::Active, None));
        let about = Subject::Merchant("a-shop".to_owned());
        let notice = provider.webhook("delivery", &about, server.services().clock.now());
        let sent = server.http().post(server.url("/webhooks/test")).headers(notice.headers).body(notice.body);
        assert_eq!(sent.send().await.unwrap().status(), 200);
        settle(&server).await;
        assert_eq!(automatic(&look(&server, &shop).await), ["PAID"]);
    }

    /// Settings whose provider can't be reached are not changed.
    async fn settings_need_their_provider(server: Server) {
        let provider = TestProvider::new();
        let server = server.paid_by([provider.shared()]).await;
        let shop = quiet_shop(&server, "30").await;
        let input = json!({ "enabled": true, "threshold": "20", "packageId": shop.package });
        provider.script(Call::Mandate, [Step::LoseCall, Step::Refuse(CallError::Busy(Duration::from_secs(5)))]);
        for _ in 0..2 {
            let found = refused(&server, &shop, input.clone()).await;
            assert_eq!(found, [("enabled".to_owned(), "PAYMENT_FAILED".to_owned())]);
        }
        set(&server, &shop, input).await;
        let server = server.paid_by([]).await;
        let found = refused(&server, &shop, json!({ "enabled": true })).await;
        assert_eq!(found, [("enabled".to_owned(), "PAYMENT_FAILED".to_owned())]);
        spend(&server, &shop, 11).await;
        settle(&server).await;
        let account = look(&server, &shop).await;
        let held_back = account["autoRecharge"]["heldBack"].as_str().unwrap();
        assert!(held_back.starts_with("Nothing can be bought on this server"), "{held_back}");
    }

    /// A batch that crosses the threshold wakes the job of its process.
    async fn a_crossing_wakes_the_job(server: Server) {
        let shop = shop(&server, "20").await;
        // The change of the settings may have woken it before.
        let services = server.services();
        drop(tokio::time::timeout(Duration::from_millis(1), services.recharge_due()).await);
        spend(&server, &shop, 1).await;
        let woken = tokio::time::timeout(Duration::from_secs(5), services.recharge_due()).await;
        assert!(woken.is_ok());
    }

    /// A one-time purchase counts neither for the limit nor as in flight.
    async fn one_time_purchases_are_apart(server: Server) {
        let shop = shop(&server, "20").await;
        begin(&server, &shop.tenant, &shop.package).await;
        spend(&server, &shop, 1).await;
        settle(&server).await;
        let account = look(&server, &shop).await;
        assert_eq!(automatic(&account), ["PAID"]);
        assert_eq!(account["autoRecharge"]["spentThisMonth"]["amount"], "50.00");
    }
}
