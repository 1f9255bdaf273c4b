//! Segmentation over HTTP: open to everybody, exact, and bounded.

use serde_json::{Value, json};

use crate::support::{Server, on_both_databases};

const SEGMENTATION: &str = "query($input: SegmentationInput!) { segmentation(input: $input) {
    channel encoding lockingShift singleShift characterCount unitCount unitsPerSegment unitsRemaining segmentCount
    segments { index text unitCount }
    nonGsmCharacters { character codePoint offset replacement stripsAccent } text } }";

async fn segmentation(server: &Server, input: Value) -> Value {
    let mut response = server
        .graphql(None, SEGMENTATION, json!({ "input": input }))
        .await;
    assert!(response.get("errors").is_none(), "{response:#}");
    response["data"]["segmentation"].take()
}

on_both_databases! {
    /// It needs no key, and has every field.
    async fn anyone_can_segment_a_text(server: Server) {
        let found = segmentation(&server, json!({ "text": "L’offerta" })).await;
        assert_eq!(found, json!({
            "channel": "SMS",
            "encoding": "UCS_2",
            "lockingShift": null,
            "singleShift": null,
            "characterCount": 9,
            "unitCount": 9,
            "unitsPerSegment": 70,
            "unitsRemaining": 61,
            "segmentCount": 1,
            "segments": [{ "index": 0, "text": "L’offerta", "unitCount": 9 }],
            "nonGsmCharacters": [{
                "character": "’", "codePoint": "U+2019", "offset": 1, "replacement": "'",
                "stripsAccent": false,
            }],
            "text": "L’offerta",
        }));
    }

    /// The capacities of the specification, one unit below and above each bound.
    async fn segments_have_the_standard_sizes(server: Server) {
        for (input, encoding, count, remaining) in [
            (json!({ "text": "" }), json!("GSM_7"), 1, 160),
            (json!({ "text": "a".repeat(160) }), json!("GSM_7"), 1, 0),
            (json!({ "text": "a".repeat(161) }), json!("GSM_7"), 2, 145),
            (json!({ "text": "ж".repeat(70) }), json!("UCS_2"), 1, 0),
            (json!({ "text": "ж".repeat(71) }), json!("UCS_2"), 2, 63),
            (json!({ "text": "", "media": [{ "contentType": "image/png" }] }), json!(null), 1, 1_600),
            (json!({ "text": "a".repeat(1_601), "media": [{ "contentType": "image/png" }] }), json!(null), 2, 1_599),
            // An escape pair is never split: the euro sign moves to the second segment whole.
            (json!({ "text": format!("{}€{}", "a".repeat(152), "a".repeat(10)) }), json!("GSM_7"), 2, 141),
        ] {
            let found = segmentation(&server, input.clone()).await;
            assert_eq!(found["encoding"], encoding, "{input}");
            assert_eq!(found["segmentCount"], count, "{input}");
            assert_eq!(found["unitsRemaining"], remaining, "{input}");
        }
    }

    /// Smart encoding swaps characters only if that saves segments, and shows the text to be sent.
    async fn smart_encoding_shows_the_text_it_sends(server: Server) {
        let long = format!("‘{}’", "a".repeat(100));
        let smart = json!({ "text": long, "smartEncoding": true });
        let found = segmentation(&server, smart).await;
        assert_eq!(found["segmentCount"], 1);
        assert_eq!(found["encoding"], "GSM_7");
        assert_eq!(found["text"], format!("'{}'", "a".repeat(100)));
        let short = json!({ "text": "‘a’", "smartEncoding": true });
        assert_eq!(segmentation(&server, short).await["text"], "‘a’");
    }

    /// National tables, wider references and accents, if they are asked for.
    async fn options_are_used_only_if_they_save(server: Server) {
        let check = async |input: Value, count: i64, per_segment: i64, shifts: [Value; 2]| {
            let found = segmentation(&server, input.clone()).await;
            assert_eq!(found["segmentCount"], count, "{input}");
            assert_eq!(found["unitsPerSegment"], per_segment, "{input}");
            assert_eq!([&found["lockingShift"], &found["singleShift"]], [&shifts[0], &shifts[1]], "{input}");
        };
        let none = || [json!(null), json!(null)];
        let few = format!("{}ş", "a".repeat(120));
        let many = "ş".repeat(150);
        check(json!({ "text": few }), 2, 67, none()).await;
        check(json!({ "text": few, "nationalLanguages": ["TURKISH", "SPANISH"] }), 1, 155, [json!(null), json!("TURKISH")]).await;
        check(json!({ "text": many, "nationalLanguages": ["TURKISH"] }), 1, 155, [json!("TURKISH"), json!(null)]).await;
        check(json!({ "text": "a".repeat(306) }), 2, 153, none()).await;
        check(json!({ "text": "a".repeat(306), "concatenationReference": "SIXTEEN_BIT" }), 3, 152, none()).await;
        check(json!({ "text": "ж".repeat(134), "concatenationReference": "SIXTEEN_BIT" }), 3, 66, none()).await;

        let accents = format!("á{}", "a".repeat(100));
        let found = segmentation(&server, json!({ "text": accents, "smartEncoding": true })).await;
        assert_eq!(found["segmentCount"], 2);
        assert_eq!(found["nonGsmCharacters"][0]["stripsAccent"], true);
        assert_eq!(found["nonGsmCharacters"][0]["replacement"], "a");
        let found = segmentation(&server, json!({ "text": accents, "smartEncoding": true, "stripAccents": true })).await;
        assert_eq!((&found["segmentCount"], &found["text"]), (&json!(1), &json!("a".repeat(101))));
        let found = segmentation(&server, json!({ "text": accents, "stripAccents": true })).await;
        assert_eq!(found["segmentCount"], 2);
    }

    /// Invalid inputs are named.
    async fn bad_texts_are_refused(server: Server) {
        let media = |one: Value| json!({ "text": "a", "media": [one] });
        for (input, field, says) in [
            (json!({ "text": "a".repeat(40_001) }), json!(["input", "text"]), "40000"),
            (json!({ "text": "a\0b" }), json!(["input", "text"]), "U+0000"),
            (json!({ "text": "a".repeat(40_000) }), json!(["input", "text"]), "262"),
            (media(json!({ "contentType": "image" })), json!(["input", "media", "0", "contentType"]), "type"),
            (media(json!({ "contentType": "a/b", "sizeBytes": -1 })), json!(["input", "media", "0", "sizeBytes"]), "negative"),
            (media(json!({ "contentType": "a/b", "url": "not a url" })), json!(["input", "media", "0", "url"]), "URL"),
            (json!({ "text": "a", "media": vec![json!({ "contentType": "a/b" }); 11] }), json!(["input", "media"]), "10"),
        ] {
            let response = server.graphql(None, SEGMENTATION, json!({ "input": input })).await;
            let error = &response["errors"][0];
            assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{response}");
            assert_eq!(error["extensions"]["field"], field, "{response}");
            assert!(error["message"].as_str().unwrap().contains(says), "{response}");
        }
    }

    /// Half of a surrogate pair is no character, in a variable or in the document.
    async fn lone_surrogates_are_refused(server: Server) {
        for body in [
            r#"{"query":"query($t: String!) { segmentation(input: {text: $t}) { unitCount } }","variables":{"t":"\ud83d"}}"#,
            r#"{"query":"{ segmentation(input: {text: \"\\ud83d\"}) { unitCount } }"}"#,
        ] {
            let response = server
                .http()
                .post(server.url("/graphql"))
                .header("content-type", "application/json")
                .body(body)
                .send()
                .await
                .unwrap();
            let text = response.text().await.unwrap();
            let answer: Value = serde_json::from_str(&text).unwrap();
            assert!(answer["errors"][0]["message"].is_string(), "{body}: {text}");
            assert!(answer["data"].is_null(), "{body}: {text}");
        }
    }
}
