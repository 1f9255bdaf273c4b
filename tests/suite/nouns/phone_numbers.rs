//! Telephone numbers as people, phones and spreadsheets write them, through imports and quotes over
//! HTTP: no number becomes a stranger's, and none that can't receive a message is accepted
//! (law Q4).

use serde_json::{Value, json};

use crate::support::{Server, on_both_databases};

const CONTACTS: &str = "query($list: ID!) { node(id: $list) { ... on ContactList {
    contacts(first: 100) { nodes { phoneNumber } } } } }";

const QUOTE: &str = "query($numbers: [PhoneNumber!]!, $landlines: Boolean! = false) {
    quote(input: { audience: { recipients: $numbers }, text: \"Ciao\", acceptLandlines: $landlines }) { recipientCount } }";

const LANDLINES: &str = "mutation($list: ID!, $file: Upload!) {
    importContacts(input: { listId: $list, defaultCountry: \"IT\", acceptLandlines: true, file: $file }) {
        importedCount rejected { line reason } userErrors { message } } }";

/// Imports a column of numbers; those that are stored, in order, and the payload.
async fn imported(
    server: &Server,
    owner: &str,
    list: &str,
    country: &str,
    file: &str,
) -> (Vec<String>, Value) {
    let country = (!country.is_empty()).then_some(country);
    let variables = json!({ "list": list, "country": country });
    let payload = server
        .import_with(owner, variables, ("numbers.csv", file))
        .await;
    assert_eq!(payload["userErrors"], json!([]), "{file:?}");
    let stored = server.data(owner, CONTACTS, json!({ "list": list })).await;
    let nodes = stored["node"]["contacts"]["nodes"]
        .as_array()
        .unwrap()
        .clone();
    let mut numbers: Vec<String> = nodes
        .iter()
        .map(|node| node["phoneNumber"].as_str().unwrap().to_owned())
        .collect();
    numbers.sort();
    (numbers, payload)
}

fn reasons(payload: &Value) -> Vec<&str> {
    let rejected = payload["rejected"].as_array().unwrap();
    rejected
        .iter()
        .map(|row| row["reason"].as_str().unwrap())
        .collect()
}

on_both_databases! {
    /// Each file is imported as the numbers that it means.
    async fn numbers_are_normalised(server: Server) {
        let shop = server.account("Shop").await;
        let cases: &[(&str, &str, &[&str], i64)] = &[
            // A float's tail.
            ("IT", "phone,name\n335123456.0,Ada\n3401234567.0,Bea\n393401234567.0,Cy\n", &["+39335123456", "+393401234567"], 1),
            ("DE", "phone\n1701234567.0\n", &["+491701234567"], 0),
            ("AT", "phone\n436641234567.0\n", &["+436641234567"], 0),
            // The country's own calling code without its plus.
            ("DE", "Handynummer\n491701234567\n4915123456789\n4917012345678\n0170 1234567\n",
                &["+4915123456789", "+491701234567", "+4917012345678"], 1),
            // A spreadsheet's marks for text.
            ("IT", "phone,name\n'+393401234567,Ada\n\"=\"\"3401234568\"\"\",Bea\n", &["+393401234567", "+393401234568"], 0),
            // Invisible characters, and dashes.
            ("IT", "phone\n\u{202A}+39 340 123 4567\u{202C}\n340\u{2011}123\u{2011}4568\n340\u{2013}123\u{2013}4569\n\
                340\u{200B}1234560\n\u{FEFF}+393401234561\n340\u{2009}123\u{2009}4562\n",
                &["+393401234560", "+393401234561", "+393401234562", "+393401234567", "+393401234568", "+393401234569"], 0),
            // Digits of other scripts.
            ("", "phone\n+\u{669}\u{666}\u{666}\u{665}\u{660}\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}\u{667}\n\
                \u{FF0B}\u{FF13}\u{FF19}\u{FF13}\u{FF14}\u{FF10}\u{FF11}\u{FF12}\u{FF13}\u{FF14}\u{FF15}\u{FF16}\u{FF17}\n",
                &["+393401234567", "+966501234567"], 0),
            // Numbering plans that changed.
            ("", "phone\n+52 1 55 1234 5678\n+52 55 1234 5678\n+229 97 12 34 56\n+229 01 97 12 34 56\n",
                &["+2290197123456", "+525512345678"], 2),
        ];
        for (country, file, expected, duplicates) in cases {
            let list = server.list(&shop, "Numbers", json!([])).await;
            let (numbers, payload) = imported(&server, &shop.owner, &list, country, file).await;
            assert_eq!(&numbers, expected, "{file:?}: {payload:#}");
            assert_eq!((&payload["duplicateCount"], &payload["rejected"]), (&json!(duplicates), &json!([])), "{file:?}");
        }
    }

    /// Only the number as written is imported; each refused row states the reason, and what would
    /// be right.
    async fn unintended_numbers_are_refused(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "Numbers", json!([])).await;
        let file = "phone\n33612345678\n34612345678\n32470123456\n351912345678\n385911234567\n34012345678\n\
            340 1234567 / 8\n06 12345678/9\n3.93401E+11\n06 12345678\n800123456\n899123456\n+3934012345678\n";
        let (numbers, payload) = imported(&server, &shop.owner, &list, "IT", file).await;
        assert!(numbers.is_empty(), "{numbers:?}");
        let expected = [
            "write +33612345678 for France",
            "write +34612345678 for Spain",
            "write +32470123456 for Belgium",
            "write +351912345678 for Portugal",
            "write +385911234567 for Croatia",
            "Is a voicemail number of Italy",
            "Holds more than one number",
            "Holds more than one number",
            "Is in scientific notation",
            "Is a landline of Italy",
            "Is a toll-free number of Italy",
            "Is a premium-rate number of Italy",
            "Is a voicemail number of Italy",
        ];
        let found = reasons(&payload);
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found:?} is not {expected:?}");
        }
    }

    /// Landlines count only if the caller accepts them; service numbers never do.
    async fn landlines_are_accepted_only_if_asked_for(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "Numbers", json!([])).await;
        let file = "phone\n06 12345678\n899123456\n";
        let response = server
            .upload(Some(&shop.owner), LANDLINES, json!({ "list": list }), ("numbers.csv", file))
            .await;
        let payload = &response["data"]["importContacts"];
        assert_eq!(payload["importedCount"], 1, "{response:#}");
        assert_eq!(payload["rejected"][0]["line"], 3);
        for (number, landlines, fits) in [
            ("+390612345678", false, false),
            ("+390612345678", true, true),
            ("+39899123456", true, false),
        ] {
            let variables = json!({ "numbers": [number], "landlines": landlines });
            let answer = server.graphql(Some(&shop.owner), QUOTE, variables).await;
            assert_eq!(answer.get("errors").is_none(), fits, "{number} {landlines}: {answer:#}");
        }
    }

    /// The country of a calling code is the same in every operation: an imported contact can be
    /// sent to.
    async fn kosovo_is_a_country_throughout(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "Prishtina", json!([])).await;
        let (numbers, _) = imported(&server, &shop.owner, &list, "XK", "phone\n+38344123456\n044 123 457\n+24740123\n").await;
        assert_eq!(numbers, ["+24740123", "+38344123456", "+38344123457"]);
        let by_hand = server.list(&shop, "By hand", json!([
            { "countryCode": "XK", "recipientCount": 1 }, { "countryCode": "AC", "recipientCount": 1 },
            { "countryCode": "TA", "recipientCount": 1 },
        ])).await;
        assert!(!by_hand.is_empty());
        let report = "query($from: DateTime!, $to: DateTime!) {
            usageReport(input: { from: $from, to: $to, countryCodes: [\"XK\"] }) { totals { credits } } }";
        let period = json!({ "from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z" });
        server.data(&shop.owner, report, period).await;
        crate::support::rate_card::publish(&server, "balkans", json!([
            { "countryCode": "XK", "sms": "1.5", "mms": null },
        ])).await;
    }
}
