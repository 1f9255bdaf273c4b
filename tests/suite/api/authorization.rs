//! Who may do what, law A1: every row of the policy with every role, with no key and with another
//! account's owner, over HTTP. Each request is about existing rows of one account. What a
//! root field may be used for is in [`uses`] (law A3), what is read below the API in [`reader`],
//! that foreign objects can't be found out in [`strangers`], and what access tokens may not do in
//! [`tokens`].

mod reader;
mod strangers;
mod tokens;
mod uses;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use async_graphql::parser::{
    parse_schema,
    types::{TypeKind, TypeSystemDefinition},
};
use entity::sql_enums::Role;
use futures_util::{SinkExt, StreamExt};
use message_credits::{
    graphql::schema::sdl,
    operations::policy::{POLICY, access, role_name},
};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Server, Tenant, new_key, purchase::begin_transfer};

/// The rows of one account that the documents use.
struct World {
    shop: Tenant,
    list: String,
    /// A list with a stored contact.
    stored: String,
    /// The import of that contact.
    import: String,
    /// That contact.
    contact: String,
    message: String,
    package: String,
    /// A purchase by bank transfer.
    transfer: Value,
    key: String,
}

impl World {
    async fn new(server: &Server) -> Self {
        let shop = server.account("Shop").await;
        server.grant(&shop, "1000").await;
        let rows = json!([{ "countryCode": "IT", "recipientCount": 10 }]);
        let list = server.list(&shop, "List", rows).await;
        let schedule = "mutation($input: ScheduleMessageInput!) {
            scheduleMessage(input: $input) { message { id } userErrors { field message } } }";
        let input = json!({
            "listId": list, "text": "Hi", "sendAt": "2026-12-01T08:00:00Z", "idempotencyKey": new_key(),
        });
        let message = server.done(&shop.owner, schedule, input).await;
        let create = "mutation($input: CreateCreditPackageInput!) {
            createCreditPackage(input: $input) { package { id } userErrors { field message } } }";
        let input = json!({
            "code": "S", "name": "Small", "credits": "500",
            "price": { "amount": "20.00", "currencyCode": "EUR" },
        });
        let package = server.done(server.admin_key(), create, input).await;
        let id = &package["package"]["id"];
        let transfer = begin_transfer(server, &shop, id.as_str().unwrap()).await;
        let create = "mutation($input: CreateApiKeyInput!) {
            createApiKey(input: $input) { id userErrors { field message } } }";
        let input = json!({ "role": "VIEWER", "name": "To revoke" });
        let key = server.done(&shop.owner, create, input).await;
        let id = |value: &Value| value.as_str().unwrap().to_owned();
        let stored = server.list(&shop, "Stored", json!([])).await;
        let file = "phone\n+393401234567\n";
        let imported = server.import(&shop.owner, &stored, file).await;
        assert_eq!(imported["importedCount"], 1);
        let contacts = "query($list: ID!) { node(id: $list) { ... on ContactList {
            contacts(first: 1) { nodes { id } } } } }";
        let contacts = server
            .data(&shop.owner, contacts, json!({ "list": stored }))
            .await;
        Self {
            import: id(&imported["import"]["id"]),
            contact: id(&contacts["node"]["contacts"]["nodes"][0]["id"]),
            list,
            stored,
            message: id(&message["message"]["id"]),
            package: id(&package["package"]["id"]),
            transfer,
            key: id(&key["id"]),
            shop,
        }
    }

    /// A small document for a root field, and its variables.
    fn document(&self, field: &str) -> (String, Value) {
        let Self {
            shop,
            list,
            stored,
            import,
            contact,
            message,
            package,
            transfer,
            key,
        } = self;
        let account = &shop.id;
        match field {
            "node" => ("query($id: ID!) { node(id: $id) { id } }".into(), json!({ "id": list })),
            "nodes" => ("query($ids: [ID!]!) { nodes(ids: $ids) { id } }".into(), json!({ "ids": [list] })),
            "_service" => ("{ _service { sdl } }".into(), json!({})),
            "_entities" => (
                "query($all: [_Any!]!) { _entities(representations: $all) { __typename } }".into(),
                json!({ "all": [{ "__typename": "ContactList", "id": list }] }),
            ),
            "viewer" => ("{ viewer { role } }".into(), json!({})),
            "account" => ("query($id: ID) { account(id: $id) { id } }".into(), json!({ "id": account })),
            "accounts" | "platformApiKeys" | "platformSettingChanges" | "creditPackages" | "rateCards" => {
                (format!("{{ {field} {{ totalCount }} }}"), json!({}))
            }
            "segmentation" => (
                "{ segmentation(input: { text: \"Hi\" }) { segmentCount } }".into(),
                json!({}),
            ),
            "quote" => (
                "query($input: QuoteInput!) { quote(input: $input) { credits } }".into(),
                json!({ "input": { "accountId": account, "audience": { "listId": list }, "text": "Hi" } }),
            ),
            "usageReport" | "usageReportDownload" => (
                format!("query($input: UsageReportInput!) {{ {field}(input: $input) {{ __typename }} }}"),
                json!({ "input": {
                    "accountId": account, "from": "2026-11-01T00:00:00Z", "to": "2026-11-02T00:00:00Z",
                } }),
            ),
            "balanceChanged" => (
                "subscription($id: ID) { balanceChanged(accountId: $id) { total } }".into(),
                json!({ "id": account }),
            ),
            "messageChanged" => (
                "subscription($id: ID) { messageChanged(accountId: $id) { status } }".into(),
                json!({ "id": account }),
            ),
            "purchaseChanged" => (
                "subscription($id: ID) { purchaseChanged(accountId: $id) { status } }".into(),
                json!({ "id": account }),
            ),
            "contactImportProgress" => (
                "subscription($list: ID!) { contactImportProgress(listId: $list) { status } }".into(),
                json!({ "list": stored }),
            ),
            "contactImportPreview" => (
                "query($file: Upload!) { contactImportPreview(file: $file) { problem rows { cells } } }".into(),
                json!({}),
            ),
            "importContacts" => (
                "mutation($list: ID!, $file: Upload!) {
                    importContacts(input: { listId: $list, file: $file }) { % } }"
                    .replace('%', &everything("ImportContactsPayload")),
                json!({ "list": stored }),
            ),
            mutation => {
                let (first, rest) = mutation.split_at(1);
                let name = format!("{}{rest}", first.to_uppercase());
                let query = format!(
                    "mutation($input: {name}Input!) {{ {mutation}(input: $input) {{ {} }} }}",
                    everything(&format!("{name}Payload"))
                );
                let mut input = match mutation {
                    "createAccount" => json!({ "name": "Another" }),
                    "updateAccount" => json!({ "accountId": account, "name": "Shop" }),
                    "createAccessToken" => json!({ "accountId": account, "role": "VIEWER", "name": "Ada" }),
                    "createApiKey" => json!({ "accountId": account, "role": "VIEWER", "name": "A key" }),
                    "revokeApiKey" | "rotateApiKey" => json!({ "id": key }),
                    "revokeOtherApiKeys" => json!({ "accountId": account }),
                    "createContactList" => json!({ "accountId": account, "name": "A list" }),
                    "updateContactList" => json!({ "listId": list, "name": "List" }),
                    "archiveContactList" => json!({ "listId": list }),
                    "cancelContactImport" => json!({ "importId": import }),
                    "restoreContactList" => json!({ "listId": list }),
                    "addContacts" => json!({
                        "listId": stored, "contacts": [{ "phoneNumber": "+393401234569" }], "updateExisting": true,
                    }),
                    "updateContact" => json!({ "contactId": contact, "fields": [] }),
                    "removeContacts" => json!({ "listId": stored, "phoneNumbers": ["+393401234569"] }),
                    "erasePerson" => json!({ "accountId": account, "phoneNumber": "+393401234568" }),
                    "exportMessages" | "exportTransactions" => json!({ "accountId": account, "format": "CSV" }),
                    "exportContacts" => json!({ "listId": stored, "format": "CSV" }),
                    "createCreditPackage" => json!({
                        "code": "L", "name": "Large", "credits": "900",
                        "price": { "amount": "30.00", "currencyCode": "EUR" },
                    }),
                    "archiveCreditPackage" => json!({ "packageId": package }),
                    "reorderCreditPackages" => json!({ "packageIds": [package] }),
                    "updateCreditPackage" => json!({ "packageId": package, "name": "Another" }),
                    "publishRateCard" => json!({
                        "code": "golden", "creditValue": { "amount": "0.05", "currencyCode": "EUR" },
                        "rates": [{ "countryCode": "IT", "sms": "1", "mms": "3" }],
                    }),
                    "purchaseCredits" => json!({ "accountId": account, "packageId": package }),
                    "confirmPurchase" => json!({ "purchaseId": transfer["id"], "reference": "A transfer" }),
                    "cancelPurchase" => json!({ "purchaseId": transfer["id"] }),
                    "grantCredits" => json!({ "accountId": account, "credits": "1", "note": "A gift" }),
                    "revokeCredits" => json!({ "accountId": account, "credits": "1", "note": "A slip" }),
                    "allocateCredits" => json!({
                        "accountId": account, "allocations": [{ "listId": list, "mode": "SHARED" }],
                    }),
                    "updateAutoRecharge" => json!({ "accountId": account, "enabled": false }),
                    "updateMonthlyReports" => json!({ "accountId": account, "enabled": true }),
                    "connectPayments" => json!({ "accountId": account, "merchantId": "approve" }),
                    "disconnectPayments" => json!({ "accountId": account }),
                    "scheduleMessage" => json!({
                        "accountId": account, "listId": list, "text": "Hi", "sendAt": "2026-12-01T08:00:00Z",
                    }),
                    "sendMessage" => json!({ "accountId": account, "listId": list, "text": "Hi" }),
                    "settleMessage" | "cancelMessage" => json!({ "messageId": message }),
                    "updateMessage" => json!({ "messageId": message, "text": "Hi" }),
                    other => panic!("{other} has no document here; write one"),
                };
                if matches!(
                    mutation,
                    "purchaseCredits" | "grantCredits" | "revokeCredits" | "scheduleMessage"
                        | "sendMessage" | "settleMessage" | "cancelMessage" | "updateMessage"
                ) {
                    input["idempotencyKey"] = json!(new_key());
                }
                (query, json!({ "input": input }))
            }
        }
    }

    /// The outcome of a request for a root field, in a word.
    async fn outcome(&self, server: &Server, field: &str, key: Option<&str>) -> String {
        let (query, variables) = self.document(field);
        let response = answer(server, field, key, &query, variables).await;
        let outcome = outcome(field, &response);
        if outcome == "-" {
            names_roles(&response["errors"][0], access(field).roles());
        }
        outcome
    }
}

/// The answer to a document for a root field.
async fn answer(
    server: &Server,
    field: &str,
    key: Option<&str>,
    query: &str,
    variables: Value,
) -> Value {
    match field {
        "balanceChanged" | "messageChanged" | "purchaseChanged" | "contactImportProgress" => {
            subscribe(server, key, query, variables).await
        }
        "contactImportPreview" | "importContacts" => {
            let file = ("contacts.csv", "phone\r\n+393401234567");
            server.upload(key, query, variables, file).await
        }
        _ => server.graphql(key, query, variables).await,
    }
}

/// That a FORBIDDEN error names the roles that may, as data and in its message.
pub fn names_roles(error: &Value, roles: &[Role]) {
    let names: Vec<&str> = roles.iter().copied().map(role_name).collect();
    let expected = json!({ "code": "FORBIDDEN", "roles": names });
    assert_eq!(error["extensions"], expected, "{error}");
    let message = error["message"].as_str().unwrap();
    let words: Vec<&str> = message
        .split(|letter: char| !letter.is_ascii_uppercase() && letter != '_')
        .filter(|word| word.len() > 1)
        .collect();
    assert_eq!(words, names, "{message}");
}

/// All fields of a mutation's payload: whoever may use the mutation may read all of it.
fn everything(payload: &str) -> String {
    let document = parse_schema(sdl()).unwrap();
    let objects = document
        .definitions
        .iter()
        .filter_map(|definition| match definition {
            TypeSystemDefinition::Type(definition) => match &definition.node.kind {
                TypeKind::Object(object) => Some((definition.node.name.node.to_string(), object)),
                _ => None,
            },
            _ => None,
        });
    let objects: BTreeMap<_, _> = objects.collect();
    let fields = objects[payload].fields.iter().map(|field| {
        let (name, of) = (&field.node.name.node, field.node.ty.node.to_string());
        let of = of.trim_matches(['[', ']', '!']);
        match of {
            "UserError" => format!("{name} {{ code }}"),
            of if objects.contains_key(of) => format!("{name} {{ __typename }}"),
            _ => name.to_string(),
        }
    });
    fields.collect::<Vec<_>>().join(" ")
}

/// In a word: done, or refused for a reason other than the role; forbidden; unauthenticated; not
/// found.
fn outcome(field: &str, response: &Value) -> String {
    match response["errors"][0]["extensions"]["code"].as_str() {
        Some("FORBIDDEN") => return "-".to_owned(),
        Some("UNAUTHENTICATED") => return "sign in".to_owned(),
        Some("NOT_FOUND") => return "not found".to_owned(),
        Some(other) => return other.to_owned(),
        None => {}
    }
    let answer = &response["data"][field];
    let refused = &answer["userErrors"][0]["code"];
    if answer.is_null() || answer[0] == Value::Null && answer.is_array() || refused == "NOT_FOUND" {
        return "not found".to_owned();
    }
    "yes".to_owned()
}

/// The first answer of a subscription, over graphql-transport-ws.
async fn subscribe(server: &Server, key: Option<&str>, query: &str, variables: Value) -> Value {
    let mut socket = server.socket().await;
    let mut init = json!({ "type": "connection_init" });
    if let Some(key) = key {
        init["payload"] = json!({ "Authorization": format!("Bearer {key}") });
    }
    let payload = json!({ "query": query, "variables": variables });
    let subscribe = json!({ "type": "subscribe", "id": "1", "payload": payload });
    socket.send(Message::text(init.to_string())).await.unwrap();
    while let Some(message) = socket.next().await {
        let text = match message.unwrap() {
            Message::Text(text) => text,
            Message::Close(Some(close)) => {
                assert_eq!(u16::from(close.code), 4401, "{close:?}");
                return json!({ "errors": [{ "extensions": { "code": "UNAUTHENTICATED" } }] });
            }
            _ => continue,
        };
        let mut message: Value = serde_json::from_str(&text).unwrap();
        match message["type"].as_str() {
            Some("connection_ack") => {
                socket
                    .send(Message::text(subscribe.to_string()))
                    .await
                    .unwrap();
            }
            Some("next") => return message["payload"].take(),
            Some("error") => return json!({ "errors": message["payload"] }),
            _ => {}
        }
    }
    panic!("the connection was closed without an answer");
}

/// Every row of the policy, with every key. An owner of another account comes first, while
/// everything still exists; then the roles with the fewest rights.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_policy_row_is_enforced() {
    let server = Server::on_sqlite().await;
    let world = World::new(&server).await;
    let stranger = server.account("Stranger").await.owner;
    let create = "mutation($input: CreateApiKeyInput!) {
        createApiKey(input: $input) { secret userErrors { field message } } }";
    let input = json!({ "role": "ACCOUNT_MANAGER", "name": "A manager" });
    let manager = server.done(server.admin_key(), create, input).await;
    let manager = manager["secret"].as_str().unwrap();
    let shop = &world.shop;
    let askers = [
        ("another", Some(stranger)),
        ("nobody", None),
        ("viewer", Some(server.key(shop, "VIEWER").await)),
        ("sender", Some(server.key(shop, "SENDER").await)),
        ("member", Some(server.key(shop, "MEMBER").await)),
        ("owner", Some(shop.owner.clone())),
        ("manager", Some(manager.to_owned())),
        ("admin", Some(server.admin_key().to_owned())),
    ];
    let mut columns = Vec::new();
    for (_, key) in &askers {
        let mut column = Vec::new();
        // Archiving comes last, because it removes the list.
        let fields = POLICY.iter().map(|(field, _)| *field);
        let (last, first): (Vec<&str>, Vec<&str>) =
            fields.partition(|field| field.starts_with("archive"));
        for field in first.into_iter().chain(last) {
            let outcome = world.outcome(&server, field, key.as_deref()).await;
            column.push((field, outcome));
        }
        columns.push(column);
    }
    let mut table = format!("{:22}", "root field");
    for (asker, _) in &askers {
        write!(table, "{asker:10}").unwrap();
    }
    for (field, _) in POLICY {
        write!(table, "\n{field:22}").unwrap();
        for column in &columns {
            let (_, outcome) = column.iter().find(|(asked, _)| asked == field).unwrap();
            write!(table, "{outcome:10}").unwrap();
        }
    }
    let table: Vec<&str> = table.lines().map(str::trim_end).collect();
    insta::assert_snapshot!(table.join("\n"), @"
    root field            another   nobody    viewer    sender    member    owner     manager   admin
    node                  not found sign in   yes       yes       yes       yes       yes       yes
    nodes                 not found sign in   yes       yes       yes       yes       yes       yes
    viewer                yes       sign in   yes       yes       yes       yes       yes       yes
    account               not found sign in   yes       yes       yes       yes       yes       yes
    accounts              -         sign in   -         -         -         -         yes       yes
    platformApiKeys       -         sign in   -         -         -         -         -         yes
    platformSettingChanges-         sign in   -         -         -         -         -         yes
    creditPackages        yes       sign in   yes       yes       yes       yes       yes       yes
    rateCards             yes       sign in   yes       yes       yes       yes       yes       yes
    segmentation          yes       yes       yes       yes       yes       yes       yes       yes
    quote                 not found sign in   yes       yes       yes       yes       yes       yes
    usageReport           not found sign in   yes       -         yes       yes       yes       yes
    usageReportDownload   not found sign in   yes       -         yes       yes       yes       yes
    contactImportPreview  yes       sign in   -         -         yes       yes       -         yes
    _service              yes       yes       yes       yes       yes       yes       yes       yes
    _entities             not found sign in   yes       yes       yes       yes       yes       yes
    createAccount         -         sign in   -         -         -         -         -         yes
    updateAccount         not found sign in   -         -         -         yes       -         yes
    createAccessToken     not found sign in   -         -         -         yes       -         yes
    createApiKey          not found sign in   -         -         -         yes       -         yes
    revokeApiKey          not found sign in   -         -         -         yes       -         yes
    rotateApiKey          not found sign in   -         -         -         yes       -         yes
    revokeOtherApiKeys    not found sign in   -         -         -         yes       -         yes
    createContactList     not found sign in   -         -         yes       yes       -         yes
    updateContactList     not found sign in   -         -         yes       yes       -         yes
    archiveContactList    not found sign in   -         -         yes       yes       -         yes
    restoreContactList    not found sign in   -         -         yes       yes       -         yes
    importContacts        not found sign in   -         -         yes       yes       -         yes
    cancelContactImport   not found sign in   -         -         yes       yes       -         yes
    addContacts           not found sign in   -         -         yes       yes       -         yes
    updateContact         not found sign in   -         -         yes       yes       -         yes
    removeContacts        not found sign in   -         -         yes       yes       -         yes
    erasePerson           not found sign in   -         -         -         yes       yes       yes
    exportMessages        not found sign in   yes       -         yes       yes       yes       yes
    exportTransactions    not found sign in   yes       -         yes       yes       yes       yes
    exportContacts        not found sign in   yes       -         yes       yes       yes       yes
    createCreditPackage   -         sign in   -         -         -         -         -         yes
    updateCreditPackage   -         sign in   -         -         -         -         -         yes
    archiveCreditPackage  -         sign in   -         -         -         -         -         yes
    reorderCreditPackages -         sign in   -         -         -         -         -         yes
    publishRateCard       -         sign in   -         -         -         -         -         yes
    purchaseCredits       not found sign in   -         -         yes       yes       -         yes
    confirmPurchase       -         sign in   -         -         -         -         yes       yes
    cancelPurchase        not found sign in   -         -         yes       yes       yes       yes
    grantCredits          -         sign in   -         -         -         -         yes       yes
    revokeCredits         -         sign in   -         -         -         -         yes       yes
    allocateCredits       not found sign in   -         -         yes       yes       -         yes
    updateAutoRecharge    not found sign in   -         -         -         yes       -         yes
    updateMonthlyReports  not found sign in   -         -         -         yes       yes       yes
    connectPayments       -         sign in   -         -         -         -         -         yes
    disconnectPayments    -         sign in   -         -         -         -         -         yes
    scheduleMessage       not found sign in   -         yes       yes       yes       -         yes
    updateMessage         not found sign in   -         yes       yes       yes       -         yes
    sendMessage           not found sign in   -         yes       yes       yes       -         yes
    settleMessage         not found sign in   -         yes       yes       yes       -         yes
    cancelMessage         not found sign in   -         yes       yes       yes       -         yes
    balanceChanged        not found sign in   yes       yes       yes       yes       yes       yes
    messageChanged        not found sign in   yes       yes       yes       yes       yes       yes
    purchaseChanged       not found sign in   yes       -         yes       yes       yes       yes
    contactImportProgress not found sign in   yes       -         yes       yes       yes       yes
    ");
}

/// A root field without a row is closed to everybody, and a row without a field protects nothing.
#[test]
fn every_root_field_has_a_row() {
    let document = parse_schema(sdl()).unwrap();
    let mut fields = BTreeSet::new();
    for definition in &document.definitions {
        let TypeSystemDefinition::Type(definition) = definition else {
            continue;
        };
        let root =
            ["Query", "Mutation", "Subscription"].contains(&definition.node.name.node.as_str());
        if let (true, TypeKind::Object(object)) = (root, &definition.node.kind) {
            fields.extend(
                object
                    .fields
                    .iter()
                    .map(|field| field.node.name.node.to_string()),
            );
        }
    }
    let rows: BTreeSet<String> = POLICY
        .iter()
        .map(|(field, _)| (*field).to_owned())
        .collect();
    assert_eq!(rows.len(), POLICY.len(), "a root field has two rows");
    let without_row: Vec<_> = fields.difference(&rows).collect();
    let without_field: Vec<_> = rows.difference(&fields).collect();
    assert_eq!((without_row, without_field), (vec![], vec![]));
}
