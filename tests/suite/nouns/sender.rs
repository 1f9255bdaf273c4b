//! What a sending service can't find out: its key is on unattended machines.
//!
//! Here: contacts' values through quotes, and texts that are not its own. Not here: single fields,
//! which are in `edges`.

use serde_json::{Value, json};

use crate::support::{Server, Tenant, new_key, on_both_databases};

const QUOTE: &str = "query($input: QuoteInput!) { quote(input: $input) {
    personalised recipientCount credits cost { amount } segmentation { text segments { text } }
    distribution { segmentCount recipientCount } lines { countryCode recipientCount segmentCount credits }
    mergeFields { name fallback missingValueCount } smartEncodingSaves
    shortest { text segmentation { text } } longest { text segmentation { text } } } }";

/// A list with stored contacts, whose values are `SECRET` and a letter.
async fn stored(server: &Server, shop: &Tenant) -> String {
    let list = server.list(shop, "Stored", json!([])).await;
    let mut file = "phone,name,mail,city\n".to_owned();
    for n in 0..20 {
        let letter = char::from(b'a' + n);
        let more = "x".repeat(usize::from(n) * 7);
        file += &format!(
            "+3934000000{n:02},SECRET{letter}{more},SECRET{letter}@{more}.it,SECRETà{letter}\n"
        );
    }
    file += "secretnumber,SECRETrefused,,\n";
    let import = server.import(&shop.owner, &list, file).await;
    assert_eq!(import["importedCount"], 20);
    list
}

async fn message(server: &Server, key: &str, mutation: &str, mut input: Value) -> Value {
    let (first, rest) = mutation.split_at(1);
    let query = format!(
        "mutation($input: {}{rest}Input!) {{ {mutation}(input: $input) {{
            message {{ id text status }} userErrors {{ field message }} }} }}",
        first.to_uppercase()
    );
    input["idempotencyKey"] = json!(new_key());
    server.done(key, &query, input).await["message"].take()
}

on_both_databases! {
    /// Whatever the combination of a quote's fields, neither its answer nor its errors contain a
    /// contact's value.
    async fn no_quote_shows_a_contacts_values(server: Server) {
        let shop = server.account("Shop").await;
        server.grant(&shop, "1000").await;
        let list = stored(&server, &shop).await;
        let sender = server.key(&shop, "SENDER").await;
        let quote = |text: String| json!({ "input": { "audience": { "listId": list }, "text": text } });
        // An owner sees them.
        let owners = server.data(&shop.owner, QUOTE, quote("{{name}} {{mail}} {{city}}".into())).await;
        assert!(owners["quote"]["longest"]["text"].as_str().unwrap().contains("SECRET"));
        assert_eq!(owners["quote"]["mergeFields"][0]["missingValueCount"], 0);
        for a in 0..3 {
            for b in 0..3 {
                let text = format!("Ciao {}{}{{{{city|-}}}}", "{{name|-}}".repeat(a), "{{mail|-}}".repeat(b));
                let answer = server.graphql(Some(&sender), QUOTE, quote(text)).await;
                assert!(!answer.to_string().contains("SECRET"), "{answer:#}");
                let quote = &answer["data"]["quote"];
                assert_eq!((&quote["shortest"], &quote["longest"]), (&Value::Null, &Value::Null));
                assert_eq!(quote["mergeFields"][0]["missingValueCount"], Value::Null);
                // The price is there all the same.
                assert_eq!(quote["recipientCount"], 20);
                let errors = answer["errors"].as_array().unwrap();
                assert!(errors.iter().all(|error| error["extensions"]["code"] == "FORBIDDEN"), "{answer:#}");
            }
        }
        // Refusals name the text's fields, and no values.
        for text in ["{{nothing}}".to_owned(), "{{name}}".repeat(200) + &"à".repeat(15_000), "{{mail".to_owned()] {
            let answer = server.graphql(Some(&sender), QUOTE, quote(text)).await;
            assert!(answer["errors"][0]["message"].is_string() && !answer.to_string().contains("SECRET"), "{answer:#}");
        }
        let text = "Ciao {{name}}, {{city}}";
        let sent = message(&server, &sender, "sendMessage", json!({ "listId": list, "text": text })).await;
        assert_eq!(sent["text"], text);
        let imports = "query($list: ID!) { node(id: $list) { ... on ContactList { imports { nodes { rejected { nodes { value } } } } } } }";
        let answer = server.graphql(Some(&sender), imports, json!({ "list": list })).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN");
        assert!(!answer.to_string().contains("secret"), "{answer:#}");
    }

    /// Many texts are for one person alone. A sending service reads the ones that it is to send,
    /// and its own.
    async fn a_sender_reads_the_texts_that_it_is_to_send(server: Server) {
        let shop = server.account("Shop").await;
        server.grant(&shop, "1000").await;
        let list = server.list(&shop, "List", json!([{ "countryCode": "IT", "recipientCount": 3 }])).await;
        let sender = server.key(&shop, "SENDER").await;
        let input = json!({ "listId": list, "text": "To come", "sendAt": "2026-12-01T08:00:00Z" });
        let planned = message(&server, &shop.owner, "scheduleMessage", input).await;
        let input = json!({ "listId": list, "text": "For one alone" });
        let sent = message(&server, &shop.owner, "sendMessage", input).await;
        let read = "query($id: ID!) { node(id: $id) { ... on Message { status text } } }";
        for (key, is_sender) in [(&shop.owner, false), (&server.key(&shop, "VIEWER").await, false), (&sender, true)] {
            let found = server.data(key, read, json!({ "id": planned["id"] })).await;
            assert_eq!(found["node"]["text"], "To come");
            let found = server.graphql(Some(key), read, json!({ "id": sent["id"] })).await;
            let code = &found["errors"][0]["extensions"]["code"];
            assert_eq!(code == "FORBIDDEN", is_sender, "{found:#}");
            assert_eq!(found.to_string().contains("For one alone"), !is_sender, "{found:#}");
        }
        let listed = "query { account { messages { nodes { id status } } } }";
        let listed = server.data(&sender, listed, json!({})).await;
        assert_eq!(listed["account"]["messages"]["nodes"].as_array().unwrap().len(), 2);
        // The answer to its own command has the text; later reads don't.
        let own = message(&server, &sender, "sendMessage", json!({ "listId": list, "text": "Mine" })).await;
        assert_eq!((&own["text"], &own["status"]), (&json!("Mine"), &json!("SENT")));
        let found = server.graphql(Some(&sender), read, json!({ "id": own["id"] })).await;
        assert_eq!(found["errors"][0]["extensions"]["code"], "FORBIDDEN");
        let own = message(&server, &sender, "cancelMessage", json!({ "messageId": planned["id"] })).await;
        assert_eq!((&own["text"], &own["status"]), (&json!("To come"), &json!("CANCELED")));
    }
}
