//! Credit packages over HTTP: selling and archiving them, and how many messages they buy.

use serde_json::{Value, json};

use crate::support::{
    credit_package::{CREATE, new_package, sell},
    on_both_databases,
    rate_card::{charge_by, publish},
};

const ARCHIVE: &str =
    "mutation($input: ArchiveCreditPackageInput!) { archiveCreditPackage(input: $input) {
    package { id archived } userErrors { field code } } }";

const UPDATE: &str =
    "mutation($input: UpdateCreditPackageInput!) { updateCreditPackage(input: $input) {
    package { name credits price { amount currencyCode } validityDays } userErrors { field code } } }";

fn with(code: &str, change: (&str, Value)) -> Value {
    let mut input = new_package(code, "1000");
    input[change.0] = change.1;
    input
}

on_both_databases! {
    /// An account gets the packages in its own currency, unless it asks for another; the platform
    /// gets all, or those of the account that it names.
    async fn packages_are_listed_by_currency(server: Server) {
        let tenant = server.account("Shop").await;
        super::sell(&server, "euros", "100").await;
        let price = json!({ "amount": "12.00", "currencyCode": "GBP" });
        server.done(server.admin_key(), CREATE, with("pounds", ("price", price))).await;
        let listed = "query($account: ID, $currency: CurrencyCode) {
            creditPackages(accountId: $account, currencyCode: $currency) { totalCount nodes { code } } }";
        let (own, admin) = (tenant.owner.as_str(), server.admin_key());
        let none = Value::Null;
        for (key, account, currency, expected) in [
            (own, &none, &none, vec!["euros"]),
            (own, &json!(tenant.id), &none, vec!["euros"]),
            (own, &none, &json!("GBP"), vec!["pounds"]),
            (own, &none, &json!("USD"), vec![]),
            (admin, &none, &none, vec!["euros", "pounds"]),
            (admin, &json!(tenant.id), &none, vec!["euros"]),
            (admin, &json!(tenant.id), &json!("GBP"), vec!["pounds"]),
        ] {
            let variables = json!({ "account": account, "currency": currency });
            let found = server.data(key, listed, variables).await;
            let nodes: Vec<Value> = expected.iter().map(|code| json!({ "code": code })).collect();
            let expected = json!({ "totalCount": nodes.len(), "nodes": nodes });
            assert_eq!(found["creditPackages"], expected, "{account} {currency}");
        }
        let other = server.account("Other").await;
        for (variables, field) in [
            (json!({ "account": other.id }), "accountId"),
            (json!({ "currency": "XYZ" }), "currencyCode"),
        ] {
            let refused = server.graphql(Some(own), listed, variables).await;
            assert_eq!(refused["errors"][0]["extensions"]["field"], json!([field]), "{refused}");
        }
    }

    /// Packages are listed, the smallest first, until they are archived.
    async fn packages_are_published_and_retired(server: Server) {
        let input = with("year", ("validityDays", json!(365)));
        let payload = server.done(server.admin_key(), CREATE, input).await;
        let mut package = payload["package"].clone();
        let id = package["id"].take();
        assert_eq!(package, json!({
            "id": null, "code": "year", "name": "Starter", "credits": "1000",
            "price": { "amount": "49.90", "currencyCode": "EUR" }, "validityDays": 365, "archived": false,
        }));
        super::sell(&server, "small", "100.5").await;

        let listed = "query($all: Boolean!) { creditPackages(includeArchived: $all) {
            totalCount nodes { code } pageInfo { hasNextPage } } }";
        let read = async |all: bool| {
            let data = server.data(server.admin_key(), listed, json!({ "all": all })).await;
            data["creditPackages"].clone()
        };
        assert_eq!(read(false).await, json!({
            "totalCount": 2, "nodes": [{ "code": "small" }, { "code": "year" }],
            "pageInfo": { "hasNextPage": false },
        }));
        for _ in 0..2 {
            let gone = server.done(server.admin_key(), ARCHIVE, json!({ "packageId": id })).await;
            assert_eq!(gone["package"], json!({ "id": id, "archived": true }));
        }
        assert_eq!(read(false).await["totalCount"], 1);
        assert_eq!(read(true).await["totalCount"], 2);
        let node = "query($id: ID!) { node(id: $id) { ... on CreditPackage { code archived } } }";
        let data = server.data(server.admin_key(), node, json!({ "id": id })).await;
        assert_eq!(data["node"], json!({ "code": "year", "archived": true }));
    }

    /// What is given of a package changes, the rest stays, and purchases keep their price.
    async fn a_package_is_changed_field_by_field(server: Server) {
        let admin = server.admin_key();
        let id = sell(&server, "year", "1000").await;
        let tenant = server.account("Shop").await;
        let buy = "mutation($input: PurchaseCreditsInput!) { purchaseCredits(input: $input) {
            purchase { id price { amount } } userErrors { message } } }";
        let input = json!({ "packageId": id, "idempotencyKey": "k" });
        let bought = server.done(&tenant.owner, buy, input).await;
        let mut expected = json!({ "name": "Starter", "credits": "1000", "validityDays": null,
            "price": { "amount": "49.90", "currencyCode": "EUR" } });
        for (change, field, value) in [
            (json!({}), "name", json!("Starter")),
            (json!({ "name": " Année " }), "name", json!("Année")),
            (json!({ "validityDays": 365 }), "validityDays", json!(365)),
            (json!({ "price": { "amount": "45", "currencyCode": "EUR" } }), "price",
                json!({ "amount": "45.00", "currencyCode": "EUR" })),
            (json!({ "validityDays": null }), "validityDays", json!(null)),
        ] {
            expected[field] = value;
            let mut input = change;
            input["packageId"] = json!(id);
            let payload = server.done(admin, UPDATE, input).await;
            assert_eq!(payload["package"], expected);
        }
        let read = "query($id: ID!) { node(id: $id) { ... on Purchase { price { amount } } } }";
        let found = server.data(&tenant.owner, read, json!({ "id": bought["purchase"]["id"] })).await;
        assert_eq!(found["node"]["price"]["amount"], "49.90");

        let price = |amount: &str, currency: &str| json!({ "price": {
            "amount": amount, "currencyCode": currency } });
        for (mut input, field, code) in [
            (json!({ "name": " " }), json!(["input", "name"]), "INVALID"),
            (json!({ "validityDays": 0 }), json!(["input", "validityDays"]), "INVALID"),
            (price("1.999", "EUR"), json!(["input", "price", "amount"]), "INVALID"),
            (price("1", "GBP"), json!(["input", "price", "currencyCode"]), "INVALID"),
        ] {
            input["packageId"] = json!(id);
            let refused = server.graphql(Some(admin), UPDATE, json!({ "input": input })).await;
            let payload = &refused["data"]["updateCreditPackage"];
            assert_eq!(payload["userErrors"], json!([{ "field": field, "code": code }]), "{input}");
            assert_eq!(payload["package"], json!(null));
        }
        let unknown = json!({ "input": { "packageId": tenant.id, "name": "x" } });
        let refused = server.graphql(Some(admin), UPDATE, unknown).await;
        assert_eq!(refused["data"]["updateCreditPackage"]["userErrors"][0]["code"], "NOT_FOUND");
        server.done(admin, ARCHIVE, json!({ "packageId": id })).await;
        let refused = server.graphql(Some(admin), UPDATE, json!({ "input": { "packageId": id } })).await;
        assert_eq!(refused["data"]["updateCreditPackage"]["userErrors"][0]["code"], "CONFLICT", "{refused}");
        let read = "query($id: ID!) { node(id: $id) { ... on CreditPackage { name } } }";
        assert_eq!(server.data(admin, read, json!({ "id": id })).await["node"]["name"], "Année");
    }

    /// Each invalid input is named.
    async fn bad_packages_are_refused(server: Server) {
        sell(&server, "taken", "1").await;
        let price = |amount: &str, currency: &str| json!({ "amount": amount, "currencyCode": currency });
        for (input, field, code) in [
            (new_package("taken", "1"), json!(["input", "code"]), "CONFLICT"),
            (new_package("", "1"), json!(["input", "code"]), "INVALID"),
            (new_package("a b", "1"), json!(["input", "code"]), "INVALID"),
            (with("x", ("name", json!(" "))), json!(["input", "name"]), "INVALID"),
            (with("x", ("name", json!("x".repeat(10_000)))), json!(["input", "name"]), "INVALID"),
            (new_package("x", "0"), json!(["input", "credits"]), "INVALID"),
            (new_package("x", "-1"), json!(["input", "credits"]), "INVALID"),
            (new_package("x", "NaN"), json!(["input", "credits"]), "INVALID"),
            (new_package("x", &"9".repeat(30)), json!(["input", "credits"]), "INVALID"),
            (with("x", ("price", price("1.999", "EUR"))), json!(["input", "price", "amount"]), "INVALID"),
            (with("x", ("price", price("1", "XXXX"))), json!(["input", "price", "currencyCode"]), "INVALID"),
            (with("x", ("validityDays", json!(0))), json!(["input", "validityDays"]), "INVALID"),
            (with("x", ("validityDays", json!(36_501))), json!(["input", "validityDays"]), "INVALID"),
        ] {
            let response = server.graphql(Some(server.admin_key()), CREATE, json!({ "input": input })).await;
            let payload = &response["data"]["createCreditPackage"];
            assert_eq!(payload["package"], json!(null), "{response}");
            assert_eq!(payload["userErrors"], json!([{ "field": field, "code": code }]), "{input}");
        }
        let unknown = json!({ "packageId": "package_00000000000000000000000009" });
        let response = server.graphql(Some(server.admin_key()), ARCHIVE, json!({ "input": unknown })).await;
        assert_eq!(response["data"]["archiveCreditPackage"]["userErrors"],
            json!([{ "field": ["input", "packageId"], "code": "NOT_FOUND" }]));
    }

    /// The number of messages that a package buys is exact, by the account's own card; for the
    /// platform by the default card.
    async fn a_package_buys_whole_messages(server: Server) {
        let tenant = server.account("Shop").await;
        let card = publish(&server, "shops", json!([
            { "countryCode": "IT", "sms": "0.3" },
            { "countryCode": "FR", "sms": "0", "mms": "4" },
            { "countryCode": "DE", "mms": "4" },
            { "countryCode": "CH", "sms": "0.0001" },
        ])).await;
        charge_by(&server, &tenant, &card).await;
        let id = sell(&server, "big", "1000000.1").await;
        let read = "query($id: ID!, $account: ID) { node(id: $id) { ... on CreditPackage {
            capacity(accountId: $account, countryCodes: [\"IT\", \"FR\", \"DE\", \"CH\", \"US\"]) {
                countryCode creditsPerMessage messageCount }
            mms: capacity(accountId: $account, countryCodes: [\"DE\"], channel: MMS) { messageCount } } } }";
        let own = server.data(&tenant.owner, read, json!({ "id": id })).await;
        assert_eq!(own["node"], json!({
            "capacity": [
                { "countryCode": "IT", "creditsPerMessage": "0.3", "messageCount": 3_333_333 },
                // Unlimited.
                { "countryCode": "FR", "creditsPerMessage": "0", "messageCount": null },
                // Not served.
                { "countryCode": "DE", "creditsPerMessage": null, "messageCount": 0 },
                // More than an Int holds.
                { "countryCode": "CH", "creditsPerMessage": "0.0001", "messageCount": 10_000_001_000_i64 },
                { "countryCode": "US", "creditsPerMessage": null, "messageCount": 0 },
            ],
            "mms": [{ "messageCount": 250_000 }],
        }));
        let named = server.data(server.admin_key(), read, json!({ "id": id, "account": tenant.id })).await;
        assert_eq!(named, own);
        let by_default = server.data(server.admin_key(), read, json!({ "id": id })).await;
        assert_eq!(by_default["node"]["mms"], json!([{ "messageCount": 333_333 }]));

        let other = server.account("Other").await;
        let foreign = server.graphql(Some(&other.owner), read, json!({ "id": id, "account": tenant.id })).await;
        assert_eq!(foreign["errors"][0]["extensions"]["code"], "NOT_FOUND", "{foreign}");
    }
}
