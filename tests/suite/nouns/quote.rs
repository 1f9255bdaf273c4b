//! Quotes over HTTP: to the last digit what a send at the same instant costs, for every audience.

use serde_json::{Value, json};

use crate::support::{
    Server,
    credit_package::sell,
    message::{TEXT_OF_TWO_SEGMENTS, send, to_list},
    on_both_databases,
    quote::{QUOTE, quote, refused},
    rate_card::{charge_by, publish, publish_worth},
    table_lock::TableLock,
};

on_both_databases! {
    /// 1,653 contacts: one segment, two, an image, and an MMS of two.
    async fn a_quote_for_1653_contacts_is_exact(server: Server) {
        let tenant = server.account("Shop").await;
        let list = server.list(&tenant, "All", json!([{ "countryCode": "IT", "recipientCount": 1653 }])).await;
        let image = json!([{ "contentType": "image/jpeg", "sizeBytes": 100_000 }]);
        for (text, media, credits, cost, segments) in [
            ("Ciao".to_owned(), json!([]), "1653", "16.53", 1),
            (TEXT_OF_TWO_SEGMENTS.to_owned(), json!([]), "3306", "33.06", 2),
            ("Ciao".to_owned(), image.clone(), "4959", "49.59", 1),
            ("a".repeat(1_601), image, "9918", "99.18", 2),
        ] {
            let mut input = to_list(&list, &text);
            input["media"] = media;
            let found = quote(&server, &tenant, input).await;
            assert_eq!(found["credits"], credits);
            assert_eq!(found["cost"], json!({ "amount": cost, "currencyCode": "EUR" }));
            assert_eq!(found["segmentation"]["segmentCount"], segments);
            assert_eq!(found["recipientCount"], 1653);
        }
    }

    /// A quote and a send at the same instant agree to the last digit, whatever the card.
    async fn a_send_is_charged_as_quoted(server: Server) {
        let tenant = server.account("Shop").await;
        let card = publish(&server, "odd", json!([
            { "countryCode": "IT", "sms": "0.7333" },
            { "countryCode": "DE", "sms": "1.0001", "mms": "3.3333" },
        ])).await;
        charge_by(&server, &tenant, &card).await;
        server.grant(&tenant, "100000").await;
        let audience = json!({ "destinations": [
            { "countryCode": "IT", "recipientCount": 1_653 },
            { "countryCode": "US", "recipientCount": 40 },
            { "countryCode": "DE", "recipientCount": 77 },
        ] });
        let input = json!({ "audience": audience, "text": TEXT_OF_TWO_SEGMENTS });
        let quoted = quote(&server, &tenant, input.clone()).await;
        assert_eq!(quoted["lines"], json!([
            { "countryCode": "DE", "recipientCount": 77, "segmentCount": 2, "creditsPerSegment": "1.0001", "credits": "154.0154" },
            { "countryCode": "IT", "recipientCount": 1653, "segmentCount": 2, "creditsPerSegment": "0.7333", "credits": "2424.2898" },
            { "countryCode": "US", "recipientCount": 40, "segmentCount": 2, "creditsPerSegment": null, "credits": "0" },
        ]));
        assert_eq!(quoted["credits"], "2578.3052");
        // 2578.3052 × 0.013 = 33.5179676.
        assert_eq!(quoted["cost"]["amount"], "33.52");
        assert_eq!(quoted["recipientCount"], 1730);
        assert_eq!(quoted["unsupportedRecipientCount"], 40);

        let sent = send(&server, &tenant, input).await;
        assert_eq!(sent["message"]["credits"], quoted["credits"]);
        assert_eq!(sent["message"]["lines"], quoted["lines"]);
        assert_eq!(sent["message"]["recipientCount"], quoted["recipientCount"]);
        assert_eq!(sent["balance"]["available"], "97421.6948");
    }

    /// The shortfall, and the smallest package for sale that covers it.
    async fn a_shortfall_suggests_a_package(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant(&tenant, "653").await;
        for (code, credits) in [("p500", "500"), ("p1000", "1000"), ("p5000", "5000")] {
            sell(&server, code, credits).await;
        }
        let archive = "mutation($input: ArchiveCreditPackageInput!) {
            archiveCreditPackage(input: $input) { userErrors { field } } }";
        let gone = sell(&server, "gone", "1000").await;
        server.done(server.admin_key(), archive, json!({ "packageId": gone })).await;
        let list = server.list(&tenant, "All", json!([{ "countryCode": "IT", "recipientCount": 1653 }])).await;

        let found = quote(&server, &tenant, to_list(&list, "Ciao")).await;
        assert_eq!(found["available"], "653");
        assert_eq!(found["sufficient"], false);
        assert_eq!(found["shortfall"], "1000");
        assert_eq!(found["suggestedPackage"], json!({ "code": "p1000" }));

        server.grant(&tenant, "1000").await;
        let found = quote(&server, &tenant, to_list(&list, "Ciao")).await;
        assert_eq!(found["sufficient"], true);
        assert_eq!(found["shortfall"], "0");
        assert_eq!(found["suggestedPackage"], json!(null));

        let dear = to_list(&list, &"a".repeat(153 * 40));
        assert_eq!(quote(&server, &tenant, dear).await["suggestedPackage"], json!(null));
    }

    /// A list with a limit has its own credits only, and expired credits don't count.
    async fn available_is_what_the_list_could_spend(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant_until(&tenant, "50", Some("2026-12-01")).await;
        server.grant(&tenant, "20").await;
        let one = json!([{ "countryCode": "IT", "recipientCount": 1 }]);
        let limited = server.list(&tenant, "Limited", one.clone()).await;
        let sharing = server.list(&tenant, "Sharing", one).await;
        let allocate = "mutation($input: AllocateCreditsInput!) { allocateCredits(input: $input) {
            userErrors { field message } } }";
        let input = json!({ "allocations": [{ "listId": limited, "mode": "LIMITED", "assigned": "30" }] });
        server.done(&tenant.owner, allocate, input).await;
        // Bought credits would not reach a list with a limit of its own.
        sell(&server, "p1000", "1000").await;
        let dear = "a".repeat(153 * 100);
        let advice = "query($input: QuoteInput!) { quote(input: $input) {
            sufficient suggestedPackage { code } allocation { mode assigned available } } }";
        for (list, expected) in [
            (&limited, json!({ "sufficient": false, "suggestedPackage": null,
                "allocation": { "mode": "LIMITED", "assigned": "30", "available": "30" } })),
            (&sharing, json!({ "sufficient": false, "suggestedPackage": { "code": "p1000" },
                "allocation": { "mode": "SHARED", "assigned": null, "available": "40" } })),
        ] {
            let variables = json!({ "input": to_list(list, &dear) });
            let found = server.data(&tenant.owner, advice, variables).await;
            assert_eq!(found["quote"], expected);
        }
        let free = json!({ "audience": { "destinations": [] }, "text": "Ciao" });
        let available = async |expected: [&str; 3]| {
            let mut inputs = [to_list(&limited, "Ciao"), to_list(&sharing, "Ciao"), free.clone()];
            inputs[2]["text"] = json!("Ciao");
            for (input, expected) in inputs.into_iter().zip(expected) {
                assert_eq!(quote(&server, &tenant, input).await["available"], expected);
            }
        };
        available(["30", "40", "40"]).await;
        // Fifty expire: forty unassigned, and ten of the limited list's thirty. Nobody has booked
        // it.
        server.set_time("2026-11-30T22:59:59.999999Z");
        available(["30", "40", "40"]).await;
        server.set_time("2026-11-30T23:00:00Z");
        available(["20", "0", "0"]).await;
        server.run_workers().await;
        available(["20", "0", "0"]).await;
    }

    /// Numbers count once and in their country.
    async fn repeated_numbers_count_once(server: Server) {
        let tenant = server.account("Shop").await;
        let numbers = json!(["+393401234567", "+39 340 1234567", "+12015550123", "+393401234568"]);
        let input = json!({ "audience": { "recipients": numbers }, "text": "Ciao" });
        let found = quote(&server, &tenant, input).await;
        assert_eq!(found["recipientCount"], 3);
        assert_eq!(found["duplicateRecipients"], json!([1]));
        assert_eq!(found["lines"][0]["countryCode"], "IT");
        assert_eq!(found["lines"][0]["recipientCount"], 2);
        assert_eq!(found["lines"][1]["countryCode"], "US");
    }

    /// Smart encoding reports what it would save, and saves that.
    async fn smart_encoding_reports_its_savings(server: Server) {
        let tenant = server.account("Shop").await;
        let list = server.list(&tenant, "All", json!([{ "countryCode": "IT", "recipientCount": 10 }])).await;
        let text = format!("‘{}’", "a".repeat(100));
        let mut input = to_list(&list, &text);
        let plain = quote(&server, &tenant, input.clone()).await;
        assert_eq!((&plain["credits"], &plain["smartEncodingSaves"]), (&json!("20"), &json!("10")));
        input["smartEncoding"] = json!(true);
        let smart = quote(&server, &tenant, input).await;
        assert_eq!((&smart["credits"], &smart["smartEncodingSaves"]), (&json!("10"), &json!("0")));
        assert_eq!(smart["segmentation"]["text"], format!("'{}'", "a".repeat(100)));
    }

    /// A merge field counts as its fallback.
    async fn merge_fields_count_as_their_fallbacks(server: Server) {
        let tenant = server.account("Shop").await;
        let text = format!("{}{{{{name|Mario}}}}", "a".repeat(155));
        let found = quote(&server, &tenant, json!({
            "audience": { "destinations": [{ "countryCode": "IT", "recipientCount": 1 }] }, "text": text,
        })).await;
        assert_eq!(found["credits"], "1");
        assert_eq!(found["segmentation"]["text"], format!("{}Mario", "a".repeat(155)));
    }

    /// A credit worth 0.013 USD: 1,653 of them are 21.489, shown as 21.49 (law Q5).
    async fn a_cost_is_rounded_once(server: Server) {
        let tenant = server.account("Shop").await;
        for (code, value, sms, mms, credits, cost, picture) in [
            ("cents", "0.013", "1", "3", "1653", "21.49", "64.47"),
            // Priced in money itself: a credit is a euro.
            ("euros", "1", "0.013", "0.046", "21.489", "21.49", "76.04"),
            // Exactly between two cents: to the even one.
            ("halves", "0.005", "1", "3", "1653", "8.26", "24.80"),
        ] {
            let rates = json!([{ "sms": sms, "mms": mms }]);
            let worth = json!({ "amount": value, "currencyCode": "EUR" });
            let card = publish_worth(&server, code, worth, rates).await;
            charge_by(&server, &tenant, &card).await;
            let audience = json!({ "destinations": [{ "countryCode": "US", "recipientCount": 1653 }] });
            let mut input = json!({ "audience": audience, "text": "Ciao" });
            let found = quote(&server, &tenant, input.clone()).await;
            assert_eq!(found["credits"], credits);
            assert_eq!(found["cost"], json!({ "amount": cost, "currencyCode": "EUR" }));
            assert_eq!(found["rateCard"]["id"], card["id"]);
            input["media"] = json!([{ "contentType": "image/jpeg" }]);
            let found = quote(&server, &tenant, input.clone()).await;
            assert_eq!(found["cost"]["amount"], picture);
            // The charge is the quote's, in credits.
            server.grant(&tenant, "100000").await;
            assert_eq!(send(&server, &tenant, input).await["message"]["credits"], found["credits"]);
        }
    }

    /// Each invalid input is named; another account's list doesn't exist.
    async fn bad_quotes_are_refused(server: Server) {
        let tenant = server.account("Shop").await;
        let other = server.account("Other").await;
        let foreign = server.list(&other, "Theirs", json!([])).await;
        let own = server.list(&tenant, "Ours", json!([])).await;
        let second = server.list(&tenant, "More", json!([])).await;
        let destinations = |rows: Value| json!({ "audience": { "destinations": rows }, "text": "a" });
        let numbers = |numbers: Vec<String>| json!({ "audience": { "recipients": numbers }, "text": "a" });
        let many: Vec<_> = (0..10_001).map(|number| format!("+3934{number:08}")).collect();
        let rows = vec![json!({ "countryCode": "IT", "recipientCount": 1 }); 251];
        let with_list = |list: &str| json!({ "listId": list, "audience": { "destinations": [] }, "text": "a" });
        for (input, field) in [
            (to_list(&foreign, "a"), json!("NOT_FOUND")),
            (to_list("nonsense", "a"), json!("NOT_FOUND")),
            (with_list(&foreign), json!("NOT_FOUND")),
            (json!({ "accountId": other.id, "audience": { "listId": own }, "text": "a" }), json!("NOT_FOUND")),
            (json!({ "listId": second, "audience": { "listId": own }, "text": "a" }), json!(["input", "listId"])),
            (destinations(json!([{ "countryCode": "IT", "recipientCount": -1 }])), json!(["input", "audience", "destinations", "0", "recipientCount"])),
            (destinations(json!([{ "countryCode": "XX", "recipientCount": 1 }])), json!(["input", "audience", "destinations", "0", "countryCode"])),
            (destinations(json!(rows)), json!(["input", "audience", "destinations"])),
            (numbers(many), json!(["input", "audience", "recipients"])),
            (numbers(vec!["+393401234567".into(), "+393".into()]), json!(["input", "audience", "recipients", "1"])),
            (numbers(vec!["+80012345678".into()]), json!(["input", "audience", "recipients", "0"])),
            (to_list(&own, &"a".repeat(40_001)), json!(["input", "text"])),
        ] {
            assert_eq!(refused(&server, &tenant, input).await, field);
        }
        // Every invalid number is named, up to a hundred.
        for (wrong, named) in [(3, 3), (150, 100)] {
            let mut list = vec!["+393401234567".to_owned()];
            list.extend(vec!["12".to_owned(); wrong]);
            let response = server.graphql(Some(&tenant.owner), QUOTE, json!({ "input": numbers(list) })).await;
            let all = response["errors"][0]["extensions"]["all"].as_array().unwrap();
            assert_eq!(all.len(), named);
            for (index, one) in all.iter().enumerate() {
                let at = (index + 1).to_string();
                assert_eq!(one["field"], json!(["input", "audience", "recipients", at]));
                assert!(one["message"].as_str().unwrap().contains("E.164"));
            }
        }
        // Exactly one audience, which the engine checks.
        let two = json!({ "audience": { "listId": own, "destinations": [] }, "text": "a" });
        let response = server.graphql(Some(&tenant.owner), QUOTE, json!({ "input": two })).await;
        assert!(response["errors"][0]["message"].is_string(), "{response}");
    }
}

/// The reads of a quote don't wait for each other: each waits for a table that another session has
/// locked, at the same time. The key is read before them, so a quote takes two round trips.
#[tokio::test(flavor = "multi_thread")]
async fn a_quote_reads_everything_at_once() {
    let Some(server) = Server::on_postgres().await else {
        return;
    };
    let tenant = server.account("Shop").await;
    server.grant(&tenant, "10").await;
    let list = json!([{ "countryCode": "IT", "recipientCount": 3 }]);
    let list = server.list(&tenant, "All", list).await;
    // The rate card is read once, then kept.
    quote(&server, &tenant, to_list(&list, "Ciao")).await;
    let mut locks = Vec::new();
    for table in ["accounts", "contact_lists", "books"] {
        locks.push(TableLock::take(&server.services().store, table, "ACCESS EXCLUSIVE").await);
    }
    let quoted = quote(&server, &tenant, to_list(&list, "Ciao"));
    let release = async {
        for lock in &locks {
            lock.keeps_somebody_waiting().await;
        }
        for lock in locks {
            lock.release().await;
        }
    };
    let (quoted, ()) = tokio::join!(quoted, release);
    assert_eq!(quoted["credits"], "3");
    assert_eq!(quoted["available"], "10");
}
