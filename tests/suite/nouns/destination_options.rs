//! The effect of a destination's options on a text, over HTTP: national tables and wider references
//! of a card's rates.

use serde_json::{Value, json};

use crate::support::{
    Server, Tenant,
    message::send,
    on_both_databases,
    quote::quote,
    rate_card::{charge_by, publish},
};

/// Turkey supports its tables, the United States concatenate with two octets, the rest as usual.
async fn card(server: &Server, tenant: &Tenant) -> Value {
    let rates = json!([
        { "countryCode": "TR", "sms": "0.5", "mms": "2", "nationalLanguages": ["TURKISH", "SPANISH"] },
        { "countryCode": "US", "sms": "0.7", "concatenationReference": "SIXTEEN_BIT" },
        { "countryCode": "FR", "mms": "1", "nationalLanguages": ["TURKISH"] },
        { "sms": "1", "mms": "3" },
    ]);
    let card = publish(server, "options", rates).await;
    charge_by(server, tenant, &card).await;
    server.grant(tenant, "10000").await;
    card
}

fn to(rows: &[(&str, i64)], text: &str) -> Value {
    let rows = rows.iter().map(
        |(country, recipients)| json!({ "countryCode": country, "recipientCount": recipients }),
    );
    json!({ "audience": { "destinations": rows.collect::<Vec<_>>() }, "text": text })
}

fn line(country: &str, recipients: i64, segments: i64, rate: Value, credits: &str) -> Value {
    json!({
        "countryCode": country, "recipientCount": recipients, "segmentCount": segments,
        "creditsPerSegment": rate, "credits": credits,
    })
}

on_both_databases! {
    /// A rate keeps its options, and one without has the usual ones.
    async fn a_card_decides_a_texts_options_by_destination(server: Server) {
        let tenant = server.account("Shop").await;
        let card = card(&server, &tenant).await;
        let read = "query($id: ID!) { node(id: $id) { ... on RateCard {
            rates { countryCode nationalLanguages concatenationReference } } } }";
        let data = server.data(&tenant.owner, read, json!({ "id": card["id"] })).await;
        let row = |country: Value, languages: Value, reference: &str| json!({
            "countryCode": country, "nationalLanguages": languages, "concatenationReference": reference,
        });
        assert_eq!(data["node"]["rates"], json!([
            row(json!("FR"), json!(["TURKISH"]), "EIGHT_BIT"),
            row(json!("TR"), json!(["TURKISH", "SPANISH"]), "EIGHT_BIT"),
            row(json!("US"), json!([]), "SIXTEEN_BIT"),
            row(json!(null), json!([]), "EIGHT_BIT"),
        ]));
    }

    /// Segments differ by country, and so do lines; a send charges the same.
    async fn segments_differ_by_destination(server: Server) {
        let tenant = server.account("Shop").await;
        card(&server, &tenant).await;
        let everywhere = [("FR", 9), ("IT", 4), ("TR", 5), ("US", 4)];
        for (text, lines, credits, segments) in [
            (format!("{}ş", "a".repeat(120)), json!([
                line("FR", 9, 1, json!(null), "0"), line("IT", 4, 2, json!("1"), "8"),
                line("TR", 5, 1, json!("0.5"), "2.5"), line("US", 4, 2, json!("0.7"), "5.6"),
            ]), "16.1", 1),
            ("a".repeat(306), json!([
                line("FR", 9, 2, json!(null), "0"), line("IT", 4, 2, json!("1"), "8"),
                line("TR", 5, 2, json!("0.5"), "5"), line("US", 4, 3, json!("0.7"), "8.4"),
            ]), "21.4", 2),
        ] {
            let input = to(&everywhere, &text);
            let quoted = quote(&server, &tenant, input.clone()).await;
            assert_eq!(quoted["lines"], lines);
            assert_eq!(quoted["credits"], credits);
            // Turkey has the most of those that are served.
            assert_eq!(quoted["segmentation"]["segmentCount"], segments);
            let sent = send(&server, &tenant, input).await;
            assert_eq!(sent["message"]["lines"], quoted["lines"]);
            assert_eq!(sent["message"]["credits"], quoted["credits"]);
        }
        // The most segments of any recipient.
        let sent = send(&server, &tenant, to(&everywhere, &"a".repeat(306))).await;
        assert_eq!((&sent["message"]["segmentCount"], &sent["message"]["encoding"]), (&json!(3), &json!("GSM_7")));
        let sent = send(&server, &tenant, to(&everywhere, &format!("{}ş", "a".repeat(120)))).await;
        assert_eq!((&sent["message"]["segmentCount"], &sent["message"]["encoding"]), (&json!(2), &json!("UCS_2")));
    }

    /// The segmentation shown is that of the destination with the most recipients; the first by
    /// code among equals.
    async fn the_largest_destination_decides_what_is_shown(server: Server) {
        let tenant = server.account("Shop").await;
        card(&server, &tenant).await;
        let text = format!("{}ş", "a".repeat(120));
        for (rows, segments) in [
            (&[("IT", 5), ("TR", 5)][..], 2),
            (&[("IT", 5), ("TR", 6)], 1),
            (&[("TR", 5), ("US", 5)], 1),
            (&[("FR", 50), ("IT", 1)], 2),
            (&[("FR", 50)], 1),
            (&[], 2),
        ] {
            let quoted = quote(&server, &tenant, to(rows, &text)).await;
            assert_eq!(quoted["segmentation"]["segmentCount"], segments, "{rows:?}");
        }
    }

    /// Smart encoding saves only if the destination's own tables don't suffice.
    async fn smart_encoding_saves_by_destination(server: Server) {
        let tenant = server.account("Shop").await;
        card(&server, &tenant).await;
        let text = format!("‘{}ş’", "a".repeat(120));
        let mut input = to(&[("IT", 10), ("TR", 10)], &text);
        let plain = quote(&server, &tenant, input.clone()).await;
        assert_eq!((&plain["credits"], &plain["smartEncodingSaves"]), (&json!("30"), &json!("5")));
        input["smartEncoding"] = json!(true);
        let smart = quote(&server, &tenant, input.clone()).await;
        assert_eq!((&smart["credits"], &smart["smartEncodingSaves"]), (&json!("25"), &json!("0")));
        input["stripAccents"] = json!(true);
        assert_eq!(quote(&server, &tenant, input.clone()).await["credits"], "15");
        let sent = send(&server, &tenant, input).await;
        assert_eq!(sent["message"]["credits"], "15");
        // Italy's, as the first of the two.
        assert_eq!(sent["message"]["text"], format!("'{}s'", "a".repeat(120)));
    }

    /// A picture is an MMS everywhere, whatever tables a country supports; and capacities count one
    /// segment.
    async fn mms_ignores_national_tables(server: Server) {
        let tenant = server.account("Shop").await;
        card(&server, &tenant).await;
        let mut input = to(&[("FR", 1), ("TR", 1)], &"ş".repeat(300));
        input["media"] = json!([{ "contentType": "image/png" }]);
        let quoted = quote(&server, &tenant, input).await;
        assert_eq!(quoted["lines"], json!([
            line("FR", 1, 1, json!("1"), "1"), line("TR", 1, 1, json!("2"), "2"),
        ]));
        let id = crate::support::credit_package::sell(&server, "odd", "100.1").await;
        let read = "query($id: ID!) { node(id: $id) { ... on CreditPackage {
            capacity(countryCodes: [\"TR\", \"US\", \"FR\", \"IT\", \"TR\"]) { countryCode creditsPerMessage messageCount }
            none: capacity(countryCodes: []) { messageCount } } } }";
        let data = server.data(&tenant.owner, read, json!({ "id": id })).await;
        let row = |country: &str, rate: Value, messages: i64| json!({
            "countryCode": country, "creditsPerMessage": rate, "messageCount": messages,
        });
        assert_eq!(data["node"], json!({
            "capacity": [
                row("TR", json!("0.5"), 200), row("US", json!("0.7"), 143), row("FR", json!(null), 0),
                row("IT", json!("1"), 100), row("TR", json!("0.5"), 200),
            ],
            "none": [],
        }));
    }
}
