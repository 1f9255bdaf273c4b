//! Texts as people paste them: decomposed accents, line ends of forms, merge fields with small
//! mistakes or of another system, and empty texts.
//!
//! Here: their costs and warnings, over HTTP. Not here: how texts are cut into segments
//! (`segmentation`, and the domain).

use serde_json::{Value, json};

use crate::support::{Server, Tenant, new_key, on_both_databases};

const QUOTE: &str = "query($input: QuoteInput!) { quote(input: $input) {
    credits smartEncodingSaves personalised mergeFields { name fallback } warnings { offset tag message }
    longest { text } segmentation { text segmentCount encoding
        nonGsmCharacters { character codePoint offset replacement stripsAccent } } } }";

async fn quoted(server: &Server, shop: &Tenant, list: &str, text: &str, smart: bool) -> Value {
    let input = json!({ "audience": { "listId": list }, "text": text, "smartEncoding": smart });
    server
        .graphql(Some(&shop.owner), QUOTE, json!({ "input": input }))
        .await
}

/// A list of one contact with the name Ada and a city with a decomposed accent.
async fn one(server: &Server, shop: &Tenant) -> String {
    let list = server.list(shop, "One", json!([])).await;
    let lines = "a\r\n".repeat(40);
    let file = format!(
        "phone,firstName,city,note\n+393401234567,Ada,{},\"{lines}\"\n",
        "e\u{300}".repeat(50)
    );
    assert_eq!(
        server.import(&shop.owner, &list, file).await["importedCount"],
        1
    );
    list
}

on_both_databases! {
    /// Without smart encoding each accent is billed; smart encoding composes it, in merge values
    /// too, and reports it beforehand.
    async fn accents_in_two_parts_are_one_letter_with_smart_encoding(server: Server) {
        let shop = server.account("Shop").await;
        let list = one(&server, &shop).await;
        let text = "e\u{300}".repeat(70);
        for (smart, count, encoding) in [(false, 3, "UCS_2"), (true, 1, "GSM_7")] {
            let found = quoted(&server, &shop, &list, &text, smart).await["data"]["quote"].take();
            assert_eq!(found["segmentation"]["segmentCount"], count);
            assert_eq!(found["segmentation"]["encoding"], encoding);
            assert_eq!(found["credits"], count.to_string());
            assert_eq!(found["smartEncodingSaves"], if smart { "0" } else { "2" });
        }
        let found = quoted(&server, &shop, &list, "Citta\u{300}", false).await;
        assert_eq!(found["data"]["quote"]["segmentation"]["nonGsmCharacters"], json!([{
            "character": "a\u{300}", "codePoint": "U+0061 U+0300", "offset": 4, "replacement": "à", "stripsAccent": false,
        }]));
        // The contact's own city, and its note with the line ends of its file.
        for (text, saves) in [("{{city|-}}", "1"), ("{{note|-}}{{note|-}}", "1")] {
            let found = quoted(&server, &shop, &list, text, false).await["data"]["quote"].take();
            assert_eq!((&found["credits"], &found["smartEncodingSaves"]), (&json!("2"), &json!(saves)), "{text}");
            let found = quoted(&server, &shop, &list, text, true).await["data"]["quote"].take();
            assert_eq!(found["credits"], "1", "{text}");
        }
    }

    /// CR and LF are a character each; smart encoding merges them.
    async fn a_line_break_of_a_form_is_one_character_with_smart_encoding(server: Server) {
        let shop = server.account("Shop").await;
        let list = one(&server, &shop).await;
        let lines = |end: &str| format!("{}{end}{}", "a".repeat(80), "a".repeat(79));
        for (text, smart, count, sent) in [
            (lines("\r\n"), false, 2, lines("\r\n")),
            (lines("\n"), false, 1, lines("\n")),
            (lines("\r\n"), true, 1, lines("\n")),
        ] {
            let found = quoted(&server, &shop, &list, &text, smart).await["data"]["quote"].take();
            assert_eq!(found["segmentation"]["segmentCount"], count);
            assert_eq!(found["segmentation"]["text"], sent);
        }
    }

    /// A near miss of a merge field is accepted as one, or refused; another system's placeholders
    /// cause a warning.
    async fn placeholders_are_fields_or_refused_or_warned_of(server: Server) {
        let shop = server.account("Shop").await;
        let list = one(&server, &shop).await;
        for (text, sent) in [
            ("Ciao {{ firstName }}!", "Ciao Ada!"),
            ("Ciao {{firstName|amico}}!", "Ciao Ada!"),
            ("Ciao {{nome|}}!", "Ciao !"),
            ("Ciao {{person.first_name|default:\"amico\"}}!", "Ciao amico!"),
            ("Ciao {{ person.first_name | default: 'amico' }}!", "Ciao amico!"),
        ] {
            let found = quoted(&server, &shop, &list, text, false).await["data"]["quote"].take();
            assert_eq!(found["longest"]["text"], sent, "{text}");
            assert_eq!(found["warnings"], json!([]), "{text}");
        }
        for (text, reason) in [
            ("Ciao {{firstname}}!", "No contact of the list has the merge field \"firstname\""),
            ("Ciao {{first name}}!", "The braces at character 6 are not a merge field"),
            ("Ciao {{{firstName}}}!", "The braces at character 6 are not a merge field"),
            ("Ciao firstName}}!", "The braces at character 15 are not a merge field"),
            ("Ciao {{firstName|default:amico}}!", "is not in quotation marks"),
        ] {
            let found = quoted(&server, &shop, &list, text, false).await;
            let error = &found["errors"][0];
            assert!(error["message"].as_str().unwrap().contains(reason), "{text}: {found}");
            assert_eq!(error["extensions"]["field"], json!(["input", "text"]));
        }
        for (text, tag, field) in [
            ("Ciao *|FNAME|*!", "*|FNAME|*", "{{FNAME}}"),
            ("Ciao {firstName}!", "{firstName}", "{{firstName}}"),
            ("Ciao %FIRSTNAME%!", "%FIRSTNAME%", "{{FIRSTNAME}}"),
            ("Ciao [[name]]!", "[[name]]", "{{name}}"),
        ] {
            let found = quoted(&server, &shop, &list, text, false).await["data"]["quote"].take();
            assert_eq!(found["segmentation"]["text"], text);
            let warnings = found["warnings"].as_array().unwrap();
            assert_eq!((warnings.len(), &warnings[0]["offset"], &warnings[0]["tag"]), (1, &json!(5), &json!(tag)));
            assert!(warnings[0]["message"].as_str().unwrap().contains(field), "{text}");
        }
    }

    /// An empty text is refused unless the caller allows it.
    async fn an_empty_message_is_refused_unless_it_is_meant(server: Server) {
        let shop = server.account("Shop").await;
        server.grant(&shop, "100").await;
        let list = server.list(&shop, "List", json!([{ "countryCode": "IT", "recipientCount": 2 }])).await;
        for mutation in ["sendMessage", "scheduleMessage"] {
            let (first, rest) = mutation.split_at(1);
            let query = format!(
                "mutation($input: {}{rest}Input!) {{ {mutation}(input: $input) {{
                    message {{ text credits }} userErrors {{ field message code }} }} }}",
                first.to_uppercase()
            );
            let ask = async |text: &str, media: Value, allow: Option<bool>| {
                let mut input = json!({
                    "listId": list, "text": text, "media": media, "allowEmpty": allow.unwrap_or_default(),
                    "idempotencyKey": new_key(),
                });
                if mutation == "scheduleMessage" {
                    input["sendAt"] = json!("2026-12-01T08:00:00Z");
                }
                if allow.is_none() {
                    input.as_object_mut().unwrap().remove("allowEmpty");
                }
                server.data(&shop.owner, &query, json!({ "input": input })).await[mutation].take()
            };
            for text in ["", " \n"] {
                let refused = ask(text, json!([]), None).await;
                assert_eq!(refused["userErrors"], json!([{
                    "field": ["input", "text"], "code": "INVALID",
                    "message": "Must not be empty in a message without media; set allowEmpty to send it all the same.",
                }]));
            }
            let image = json!([{ "contentType": "image/png" }]);
            for (media, allow, credits) in [(image, None, "6"), (json!([]), Some(true), "2")] {
                let done = ask("", media, allow).await;
                assert_eq!((&done["userErrors"], &done["message"]["credits"]), (&json!([]), &json!(credits)));
            }
        }
    }
}
