//! The media of messages over HTTP: kept as they were given, changed, and erased with the text.

use serde_json::{Value, json};

use crate::support::{
    Server, Tenant,
    message::{CANCEL, refusals, send, to_italians},
    new_key, on_both_databases,
};

const READ: &str = "query($id: ID!) { node(id: $id) { ... on Message {
    status channel credits media { contentType url sizeBytes } } } }";
const LIST: &str =
    "{ account { messages(first: 10) { nodes { channel media { contentType } } } } }";
const SEND: &str = "mutation($input: SendMessageInput!) { sendMessage(input: $input) {
    message { id media { contentType url sizeBytes } } userErrors { field message code } } }";
const SCHEDULE: &str = "mutation($input: ScheduleMessageInput!) { scheduleMessage(input: $input) {
    message { id media { contentType url sizeBytes } } userErrors { message } } }";
const UPDATE: &str = "mutation($input: UpdateMessageInput!) { updateMessage(input: $input) {
    message { channel media { contentType url sizeBytes } } userErrors { field message } } }";
const ERASE: &str = "mutation($input: ErasePersonInput!) { erasePerson(input: $input) {
    messageCount userErrors { message } } }";
const AT: &str = "2026-11-25T08:00:00Z";

fn photo() -> Value {
    json!({ "contentType": "image/jpeg", "url": "https://cdn.example/a.jpg?x=1", "sizeBytes": 12_345 })
}

fn sound() -> Value {
    json!({ "contentType": "audio/ogg", "url": null, "sizeBytes": null })
}

fn with_media(media: Value) -> Value {
    let mut input = to_italians(1);
    input["media"] = media;
    input["idempotencyKey"] = json!(new_key());
    input
}

async fn read(server: &Server, key: &str, id: &Value) -> Value {
    let answer = server.graphql(Some(key), READ, json!({ "id": id })).await;
    let error = &answer["errors"][0]["extensions"]["code"];
    match error.is_null() {
        true => answer["data"]["node"]["media"].clone(),
        false => error.clone(),
    }
}

async fn update(server: &Server, shop: &Tenant, id: &Value, mut changes: Value) -> Value {
    changes["messageId"] = id.clone();
    changes["idempotencyKey"] = json!(new_key());
    server.done(&shop.owner, UPDATE, changes).await["message"].take()
}

async fn shop(server: &Server) -> Tenant {
    let shop = server.account("Shop").await;
    server.grant(&shop, "1000").await;
    shop
}

on_both_databases! {
    /// A message has the media that it was sent with, in their order; an SMS has none, and too many
    /// or too long ones are refused.
    async fn media_are_kept_as_they_were_given(server: Server) {
        let shop = shop(&server).await;
        let media = json!([photo(), sound()]);
        let sent = server.done(&shop.owner, SEND, with_media(media.clone())).await;
        assert_eq!(sent["message"]["media"], media);
        let id = &sent["message"]["id"];
        assert_eq!(read(&server, &shop.owner, id).await, media);
        let sms = send(&server, &shop, to_italians(1)).await["message"]["id"].clone();
        assert_eq!(read(&server, &shop.owner, &sms).await, json!([]));
        let listed = server.data(&shop.owner, LIST, json!({})).await;
        let mut channels: Vec<(Value, usize)> = listed["account"]["messages"]["nodes"].as_array().unwrap().iter()
            .map(|node| (node["channel"].clone(), node["media"].as_array().unwrap().len())).collect();
        channels.sort_by_key(|(_, media)| *media);
        assert_eq!(channels, [(json!("SMS"), 0), (json!("MMS"), 2)]);
        let refused = refusals(&server, &shop, SEND, with_media(Value::from(vec![sound(); 11]))).await;
        assert_eq!((&refused[0]["field"], &refused[0]["code"]), (&json!(["input", "media"]), &json!("INVALID")), "{refused}");
        let long = format!("https://cdn.example/{}", "a".repeat(2_048));
        let input = with_media(json!([{ "contentType": "image/png", "url": long }]));
        let refused = server.graphql(Some(&shop.owner), SEND, json!({ "input": input })).await;
        assert_eq!(refused["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{refused}");
        let longest = format!("https://cdn.example/{}", "a".repeat(2_048 - 20));
        let media = Value::from(vec![json!({ "contentType": "image/png", "url": longest, "sizeBytes": 0 }); 10]);
        let sent = server.done(&shop.owner, SEND, with_media(media.clone())).await;
        assert_eq!(read(&server, &shop.owner, &sent["message"]["id"]).await, media);
    }

    /// An update that leaves media out keeps them, others replace them, and [] makes it an SMS. A
    /// sending service reads them while the message is scheduled.
    async fn an_update_changes_the_media(server: Server) {
        let shop = shop(&server).await;
        let sender = server.key(&shop, "SENDER").await;
        let mut input = with_media(json!([photo()]));
        input["sendAt"] = json!(AT);
        let id = server.done(&shop.owner, SCHEDULE, input).await["message"]["id"].take();
        assert_eq!(read(&server, &sender, &id).await, json!([photo()]));
        for changes in [json!({ "name": "Uno" }), json!({ "text": "Ciao ciao" })] {
            let message = update(&server, &shop, &id, changes).await;
            assert_eq!((&message["channel"], &message["media"]), (&json!("MMS"), &json!([photo()])));
        }
        let message = update(&server, &shop, &id, json!({ "media": [sound(), photo()] })).await;
        assert_eq!(message["media"], json!([sound(), photo()]));
        assert_eq!(read(&server, &sender, &id).await, json!([sound(), photo()]));
        let message = update(&server, &shop, &id, json!({ "media": [] })).await;
        assert_eq!((&message["channel"], &message["media"]), (&json!("SMS"), &json!([])));
        update(&server, &shop, &id, json!({ "media": [photo()] })).await;
        server.done(&shop.owner, CANCEL, json!({ "messageId": id, "idempotencyKey": new_key() })).await;
        assert_eq!(read(&server, &shop.owner, &id).await, json!([photo()]));
        assert_eq!(read(&server, &sender, &id).await, "FORBIDDEN");
        let other = server.account("Other").await;
        let foreign = server.data(&other.owner, READ, json!({ "id": id })).await;
        assert!(foreign["node"].is_null());
    }

    /// Media are erased with the text, and those from before they were kept are null.
    async fn media_are_erased_with_the_text(server: Server) {
        let shop = shop(&server).await;
        let sent = server.done(&shop.owner, SEND, with_media(json!([photo()]))).await;
        let id = &sent["message"]["id"];
        let input = json!({ "phoneNumber": "+393401234567", "messageIds": [id] });
        assert_eq!(server.done(&shop.owner, ERASE, input).await["messageCount"], 1);
        assert!(read(&server, &shop.owner, id).await.is_null());
        let places = crate::support::stored_texts::places_of(&server, "cdn.example").await;
        assert!(places.is_empty(), "{places:?}");
    }
}
