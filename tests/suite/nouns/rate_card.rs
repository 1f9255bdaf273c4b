//! Rate cards over HTTP: the default one, publishing versions, and their charges.

use serde_json::{Value, json};

use crate::support::{
    message::{SCHEDULE, refusals, schedule, to_italians},
    on_both_databases,
    quote::quote,
    rate_card::{PUBLISH, charge_by, publish},
};

on_both_databases! {
    /// Every installation begins with one card, and every account with it.
    async fn a_new_database_has_the_default_card(server: Server) {
        let tenant = server.account("Shop").await;
        let read = "{ account { rateCard { code version creditValue { amount currencyCode }
            rates { countryCode sms mms }
            asked: rates(countryCodes: [\"IT\", \"US\"]) { countryCode sms mms } } }
            rateCards { totalCount nodes { code } } }";
        let data = server.data(&tenant.owner, read, json!({})).await;
        assert_eq!(data, json!({
            "account": { "rateCard": {
                "code": "default",
                "version": 1,
                "creditValue": { "amount": "0.01", "currencyCode": "EUR" },
                "rates": [{ "countryCode": null, "sms": "1", "mms": "3" }],
                "asked": [
                    { "countryCode": "IT", "sms": "1", "mms": "3" },
                    { "countryCode": "US", "sms": "1", "mms": "3" },
                ],
            } },
            "rateCards": { "totalCount": 2, "nodes": [{ "code": "example" }, { "code": "default" }] },
        }));
    }

    /// Versions count up and begin one after the other, even within one instant of the clock.
    async fn versions_follow_each_other(server: Server) {
        let rates = json!([
            { "countryCode": "IT", "sms": "0.75" },
            { "sms": "2", "mms": "6.5" },
        ]);
        let first = publish(&server, "shops", rates.clone()).await;
        assert_eq!(first["version"], 1);
        assert_eq!(first["publishedAt"], "2026-11-22T08:00:00Z");
        assert_eq!(first["creditValue"], json!({ "amount": "0.013", "currencyCode": "EUR" }));
        assert_eq!(first["rates"], json!([
            { "countryCode": "IT", "sms": "0.75", "mms": null },
            { "countryCode": null, "sms": "2", "mms": "6.5" },
        ]));
        let second = publish(&server, "shops", rates).await;
        assert_eq!(second["version"], 2);
        assert_eq!(second["publishedAt"], "2026-11-22T08:00:00.000001Z");

        // A named country never takes the fallback, not even for a channel without a rate.
        let read = "query($id: ID!) { node(id: $id) { ... on RateCard {
            rates(countryCodes: [\"FR\", \"IT\"]) { countryCode sms mms } } } }";
        let data = server.data(server.admin_key(), read, json!({ "id": first["id"] })).await;
        assert_eq!(data["node"]["rates"], json!([
            { "countryCode": "FR", "sms": "2", "mms": "6.5" },
            { "countryCode": "IT", "sms": "0.75", "mms": null },
        ]));
    }

    /// Twenty versions published concurrently get twenty numbers.
    async fn versions_are_numbered_once(server: Server) {
        let server = &server;
        let one = |_| publish(server, "busy", json!([{ "sms": "1" }]));
        let all = futures_util::future::join_all((0..20).map(one)).await;
        let mut numbers: Vec<i64> = all.iter().map(|card| card["version"].as_i64().unwrap()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
    }

    /// Each invalid input is named, and nothing is published.
    async fn bad_cards_are_refused(server: Server) {
        let value = json!({ "amount": "0.01", "currencyCode": "EUR" });
        let rates = |rates: Value| json!({ "code": "x", "creditValue": value, "rates": rates });
        let code = |code: &str| json!({ "code": code, "creditValue": value, "rates": [{ "sms": "1" }] });
        let worth = |amount: &str, currency: &str| json!({
            "code": "x", "creditValue": { "amount": amount, "currencyCode": currency }, "rates": [{ "sms": "1" }],
        });
        let described = |text: &str| json!({
            "code": "x", "description": text, "creditValue": value, "rates": [{ "sms": "1" }],
        });
        let long: Vec<_> = (0..301).map(|_| json!({ "sms": "1" })).collect();
        for (input, field) in [
            (code(""), json!(["input", "code"])),
            (code("Upper"), json!(["input", "code"])),
            (code(&"x".repeat(65)), json!(["input", "code"])),
            (worth("0.0000000001", "EUR"), json!(["input", "creditValue", "amount"])),
            (worth("-1", "EUR"), json!(["input", "creditValue", "amount"])),
            (worth("1", "EURO"), json!(["input", "creditValue", "currencyCode"])),
            (rates(json!([])), json!(["input", "rates"])),
            (rates(json!(long)), json!(["input", "rates"])),
            (rates(json!([{ "sms": "1" }, { "sms": "1.23456" }])), json!(["input", "rates", "1", "sms"])),
            (rates(json!([{ "mms": "1e3" }])), json!(["input", "rates", "0", "mms"])),
            (rates(json!([{ "sms": "-0.5" }])), json!(["input", "rates", "0", "sms"])),
            (rates(json!([{ "countryCode": "IT", "mms": "0.00001" }])), json!(["input", "rates", "0", "mms"])),
            (described(""), json!(["input", "description"])),
            (described(&"x".repeat(2_001)), json!(["input", "description"])),
            (rates(json!([{ "sms": "1000001" }])), json!(["input", "rates", "0", "sms"])),
            (rates(json!([{ "countryCode": "XX", "sms": "1" }])), json!(["input", "rates", "0", "countryCode"])),
            (rates(json!([{ "sms": "1" }, { "sms": "1" }])), json!(["input", "rates", "1", "countryCode"])),
            (rates(json!([{ "countryCode": "IT" }, { "countryCode": "IT" }])), json!(["input", "rates", "1", "countryCode"])),
        ] {
            let response = server.graphql(Some(server.admin_key()), PUBLISH, json!({ "input": input })).await;
            let payload = &response["data"]["publishRateCard"];
            assert_eq!(payload["rateCard"], json!(null), "{response}");
            assert_eq!(payload["userErrors"], json!([{ "field": field, "code": "INVALID" }]), "{input}");
        }
        let data = server.data(server.admin_key(), "{ rateCards { totalCount } }", json!({})).await;
        assert_eq!(data["rateCards"]["totalCount"], 2);
    }

    /// The example card: fifty countries, SMS and MMS apart, MMS not everywhere.
    async fn the_example_card_shows_a_real_spread(server: Server) {
        let read = "{ rateCards { nodes { id code description
            rates { countryCode sms mms nationalLanguages concatenationReference } } } }";
        let data = server.data(server.admin_key(), read, json!({})).await;
        let card = &data["rateCards"]["nodes"][0];
        assert!(card["description"].as_str().unwrap().starts_with("Example"), "{card}");
        let rates = card["rates"].as_array().unwrap();
        assert_eq!(rates.len(), 50);
        assert!(rates.iter().all(|rate| rate["sms"].is_string() && rate["sms"] != rate["mms"]));
        let without = rates.iter().filter(|rate| rate["mms"].is_null()).count();
        assert!((10..40).contains(&without), "{without}");
        let turkey = rates.iter().find(|rate| rate["countryCode"] == "TR").unwrap();
        assert_eq!(turkey["nationalLanguages"], json!(["TURKISH"]));
        assert_eq!(turkey["concatenationReference"], "EIGHT_BIT");

        // It is a card like any other.
        let tenant = server.account("Shop").await;
        charge_by(&server, &tenant, card).await;
        let audience = json!({ "destinations": [
            { "countryCode": "IT", "recipientCount": 1000 }, { "countryCode": "IN", "recipientCount": 7 },
            { "countryCode": "FJ", "recipientCount": 1 },
        ] });
        let found = quote(&server, &tenant, json!({ "audience": audience, "text": "Ciao" })).await;
        assert_eq!((&found["credits"], &found["unsupportedRecipientCount"]), (&json!("4852.0125"), &json!(1)));
    }

    /// A version's description never changes.
    async fn a_version_is_described(server: Server) {
        let worth = json!({ "amount": "0.01", "currencyCode": "EUR" });
        let input = json!({ "code": "x", "creditValue": worth, "description": "Prices of May", "rates": [{ "sms": "1" }] });
        let payload = server.done(server.admin_key(), PUBLISH, input).await;
        assert_eq!(payload["rateCard"]["description"], "Prices of May");
        let plain = publish(&server, "x", json!([{ "sms": "1" }])).await;
        assert_eq!((&plain["version"], &plain["description"]), (&json!(2), &json!(null)));
    }

    /// A quote names its version; a scheduled message keeps its own through settlement, whatever is
    /// published.
    async fn a_message_keeps_its_version(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant(&tenant, "100").await;
        let first = publish(&server, "shops", json!([{ "sms": "0.5" }])).await;
        charge_by(&server, &tenant, &first).await;
        let quoted = quote(&server, &tenant, to_italians(10)).await;
        assert_eq!(quoted["rateCard"], json!({ "id": first["id"], "version": 1 }));
        let held = schedule(&server, &tenant, "2026-11-23T08:00:00Z", to_italians(10)).await;
        server.set_time("2026-11-22T09:00:00Z");
        let second = publish(&server, "shops", json!([{ "sms": "7" }])).await;
        let quoted = quote(&server, &tenant, to_italians(10)).await;
        assert_eq!((&quoted["rateCard"]["id"], &quoted["credits"]), (&second["id"], &json!("70")));

        let read = "query($id: ID!) { node(id: $id) { ... on Message {
            status credits rateCard { id version } lines { creditsPerSegment } } } }";
        let id = json!({ "id": held["message"]["id"] });
        for status in ["SCHEDULED", "SENT"] {
            let data = server.data(&tenant.owner, read, id.clone()).await;
            assert_eq!(data["node"], json!({
                "status": status, "credits": "5", "rateCard": { "id": first["id"], "version": 1 },
                "lines": [{ "creditsPerSegment": "0.5" }],
            }));
            server.set_time("2026-11-23T08:00:00Z");
            server.run_workers().await;
        }
        // The new price exceeds the caller's maxCredits.
        let mut input = to_italians(10);
        input["sendAt"] = json!("2026-11-24T08:00:00Z");
        input["maxCredits"] = json!("5");
        assert_eq!(refusals(&server, &tenant, SCHEDULE, input.clone()).await,
            json!([{ "field": ["input", "maxCredits"], "code": "INVALID" }]));
        input["maxCredits"] = json!("70");
        let held = schedule(&server, &tenant, "2026-11-24T08:00:00Z", input).await;
        assert_eq!(held["message"]["credits"], "70");
    }

    /// Only the platform publishes.
    async fn owners_cannot_publish_cards(server: Server) {
        let tenant = server.account("Shop").await;
        let value = json!({ "amount": "0.01", "currencyCode": "EUR" });
        let input = json!({ "code": "x", "creditValue": value, "rates": [{ "sms": "1" }] });
        let response = server.graphql(Some(&tenant.owner), PUBLISH, json!({ "input": input })).await;
        assert_eq!(response["errors"][0]["extensions"]["code"], "FORBIDDEN");
    }
}
