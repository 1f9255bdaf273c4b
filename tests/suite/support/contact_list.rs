//! Contact lists: their contacts, imports into them, and holds of their credits.

use domain::{
    channel::Channel,
    id::{AccountId, ListId, MessageId, RateCardId},
    segmentation::Encoding,
};
use message_credits::{
    graphql::engine::ids::PublicId,
    ledger::{Actor, MessageCharge, NewMessage, Request, RequestKind},
};
use serde_json::{Value, json};

use super::{Server, Tenant};

/// A list's first 100 contacts.
const CONTACTS: &str = "query($list: ID!) { node(id: $list) { ... on ContactList {
    contacts(first: 100) { nodes { phoneNumber fields { name value } } } } } }";

/// A list's contacts as `+number name=value …`, sorted.
pub async fn contacts(server: &Server, shop: &Tenant, list: &str) -> Vec<String> {
    let data = server
        .data(&shop.owner, CONTACTS, json!({ "list": list }))
        .await;
    let nodes = data["node"]["contacts"]["nodes"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut contacts: Vec<String> = nodes
        .iter()
        .map(|node| {
            let fields = node["fields"].as_array().unwrap().iter();
            fields.fold(text(&node["phoneNumber"]), |line, field| {
                format!("{line} {}={}", text(&field["name"]), text(&field["value"]))
            })
        })
        .collect();
    contacts.sort();
    contacts
}

/// An import into a new list: its payload, and the imported contacts.
pub async fn import(
    server: &Server,
    shop: &Tenant,
    mut variables: Value,
    file: impl AsRef<[u8]>,
) -> (Value, Vec<String>) {
    let list = server.list(shop, "A file", json!([])).await;
    variables["list"] = json!(list);
    let payload = server
        .import_with(&shop.owner, variables, ("contacts.csv", file))
        .await;
    let stored = contacts(server, shop, &list).await;
    (payload, stored)
}

/// Holds credits of a list for a scheduled message; its cost doesn't matter here.
pub async fn hold(server: &Server, tenant: &Tenant, list: &str, credits: &str) {
    let services = server.services();
    let message = NewMessage {
        id: MessageId::new(services.clock.new_id()),
        list: ListId::decode(list),
        name: None,
        text: "Hello".to_owned(),
        channel: Channel::Sms,
        encoding: Some(Encoding::Gsm7),
        media: None,
        segment_count: 1,
        price: MessageCharge {
            recipients: 1,
            lines: Vec::new(),
            credits: credits.parse().unwrap(),
        },
        rate_card: RateCardId::new(services.clock.new_id()),
        send_at: Some("2027-06-01T08:00:00Z".parse().unwrap()),
        audience: None,
    };
    let request = Request {
        actor: Actor::ADMINISTRATOR,
        account: AccountId::decode(&tenant.id).unwrap(),
        kind: RequestKind::Schedule(message),
        key: None,
        at: None,
    };
    services.ledger.submit(request).await.unwrap();
}
