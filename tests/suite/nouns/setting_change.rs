//! Who changed a setting: the journal of accounts, lists, keys, packages and rate cards (law B7).

use std::collections::BTreeSet;

use async_graphql::parser::{
    parse_schema,
    types::{TypeKind, TypeSystemDefinition},
};
use message_credits::{graphql::schema::sdl, store::sql::shards};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use crate::support::{
    Server, Tenant,
    account::{set_settlement, set_zone},
    credit_package::{CREATE, new_package, sell},
    on_both_databases,
    payment_connection::CONNECT,
};

const READ: &str = "query($id: ID, $filter: SettingChangeFilter) { account(id: $id) {
    settingChanges(first: 100, filter: $filter) { totalCount nodes {
        id kind createdAt account { id } node { id } actor { kind name onBehalfOf }
        changes { field before after secret } } } } }";
const OF_PLATFORM: &str = "query($filter: SettingChangeFilter) {
    platformSettingChanges(first: 100, filter: $filter) { totalCount nodes {
        id kind account { id } node { id } actor { kind name }
        changes { field before after secret } } } }";
const UPDATE: &str = "mutation($input: UpdateAccountInput!) { updateAccount(input: $input) {
    account { id } userErrors { field message } } }";
const UPDATE_LIST: &str = "mutation($input: UpdateContactListInput!) {
    updateContactList(input: $input) { list { id } userErrors { field message } } }";

/// Mutations that change settings, and whose changes are in the journal.
const RECORDED: &[&str] = &[
    "archiveContactList",
    "archiveCreditPackage",
    "connectPayments",
    "createAccount",
    "createApiKey",
    "createContactList",
    "createCreditPackage",
    "disconnectPayments",
    "publishRateCard",
    "reorderCreditPackages",
    "restoreContactList",
    "revokeApiKey",
    "revokeOtherApiKeys",
    "rotateApiKey",
    "updateAccount",
    "updateAutoRecharge",
    "updateContactList",
    "updateCreditPackage",
    "updateMonthlyReports",
];
/// Mutations that change no setting: they move credits, send, import or erase, which other rows
/// record with their actors, or they store nothing.
const OTHERS: &[&str] = &[
    "addContacts",
    "allocateCredits",
    "cancelContactImport",
    "cancelMessage",
    "cancelPurchase",
    "confirmPurchase",
    "createAccessToken",
    "erasePerson",
    "exportContacts",
    "exportMessages",
    "exportTransactions",
    "grantCredits",
    "importContacts",
    "purchaseCredits",
    "removeContacts",
    "revokeCredits",
    "scheduleMessage",
    "sendMessage",
    "settleMessage",
    "updateContact",
    "updateMessage",
];

async fn changes(server: &Server, key: &str, shop: &Tenant, filter: Value) -> Vec<Value> {
    let variables = json!({ "id": shop.id, "filter": filter });
    let mut data = server.data(key, READ, variables).await;
    let mut page = data["account"]["settingChanges"].take();
    let nodes = std::mem::take(page["nodes"].as_array_mut().unwrap());
    assert_eq!(page["totalCount"], nodes.len());
    nodes
}

async fn of_platform(server: &Server, filter: Value) -> Vec<Value> {
    let variables = json!({ "filter": filter });
    let mut data = server
        .data(server.admin_key(), OF_PLATFORM, variables)
        .await;
    std::mem::take(
        data["platformSettingChanges"]["nodes"]
            .as_array_mut()
            .unwrap(),
    )
}

/// A change in one line: its kind, and `field: before > after` for each field.
fn line(change: &Value) -> String {
    let fields = change["changes"].as_array().unwrap().iter().map(|one| {
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let field = text(&one["field"]);
        match one["secret"] == true {
            true => {
                assert_eq!(
                    (&one["before"], &one["after"]),
                    (&Value::Null, &Value::Null)
                );
                format!("{field}: secret")
            }
            false => format!(
                "{field}: {} > {}",
                text(&one["before"]),
                text(&one["after"])
            ),
        }
    });
    let fields: Vec<_> = fields.collect();
    format!("{} {}", change["kind"].as_str().unwrap(), fields.join(", "))
}

fn lines(changes: &[Value]) -> Vec<String> {
    changes.iter().rev().map(line).collect()
}

/// Runs a mutation on behalf of somebody.
async fn acting_for(server: &Server, key: &str, label: &str, (query, input): (&str, Value)) {
    let request = server.http().post(server.url("/graphql")).bearer_auth(key);
    let request = request.header("On-Behalf-Of", label);
    let body = json!({ "query": query, "variables": { "input": input } });
    let answer: Value = request
        .json(&body)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert!(answer.get("errors").is_none(), "{answer}");
}

on_both_databases! {
    /// A change names its object, its fields with both values, and who made it for whom.
    async fn a_change_says_who_changed_what(server: Server) {
        let shop = server.account("Shop").await;
        server.set_time("2026-11-23T09:00:00Z");
        let input = json!({ "name": "Bottega", "consumptionOrder": "SOONEST_EXPIRY_FIRST" });
        acting_for(&server, &shop.owner, "Ada", (UPDATE, input)).await;
        let found = changes(&server, &shop.owner, &shop, json!({ "from": "2026-11-23T00:00:00Z" })).await;
        assert_eq!(found.len(), 1, "{found:#?}");
        let mut change = found[0].clone();
        let id = change["id"].take();
        assert_eq!(change, json!({
            "id": null, "kind": "ACCOUNT", "createdAt": "2026-11-23T09:00:00Z",
            "account": { "id": shop.id }, "node": { "id": shop.id },
            "actor": { "kind": "ACCOUNT_KEY", "name": "OWNER key", "onBehalfOf": "Ada" },
            "changes": [
                { "field": "name", "before": "Shop", "after": "Bottega", "secret": false },
                { "field": "consumptionOrder", "before": "NON_EXPIRING_FIRST",
                    "after": "SOONEST_EXPIRY_FIRST", "secret": false },
            ],
        }));
        let read = "query($id: ID!) { node(id: $id) { id ... on SettingChange { kind } } }";
        let node = server.data(&shop.owner, read, json!({ "id": id })).await;
        assert_eq!(node["node"], json!({ "id": id, "kind": "ACCOUNT" }));

        // What stays as it is changes nothing, and a refusal neither.
        server.done(&shop.owner, UPDATE, json!({ "name": "Bottega" })).await;
        server.done(&shop.owner, UPDATE, json!({ "timeZone": "Europe/Rome" })).await;
        server.done(&shop.owner, UPDATE, json!({})).await;
        let input = json!({ "input": { "name": "Other", "timeZone": "Mars/Olympus" } });
        server.graphql(Some(&shop.owner), UPDATE, input).await;
        assert_eq!(changes(&server, &shop.owner, &shop, json!({ "kinds": ["ACCOUNT"] })).await.len(), 2);
    }

    /// Every setting of an account is in the journal, and no secret.
    async fn settings_of_an_account_are_recorded(server: Server) {
        let shop = server.account("Shop").await;
        set_zone(&server, &shop, "Asia/Tokyo").await;
        set_settlement(&server, &shop, "REPORTED").await;
        let admin = server.admin_key();
        let fee = json!({ "amount": "20.00", "currencyCode": "EUR" });
        let input = json!({ "accountId": shop.id, "subscriptionFee": fee, "retentionMonths": 12,
            "returnOrigins": ["https://shop.example"] });
        server.done(admin, UPDATE, input).await;
        let monthly = "mutation($input: UpdateMonthlyReportsInput!) {
            updateMonthlyReports(input: $input) { userErrors { message } } }";
        for _ in 0..2 {
            server.done(&shop.owner, monthly, json!({ "enabled": true, "format": "CSV" })).await;
        }
        let package = sell(&server, "S", "500").await;
        let recharge = "mutation($input: UpdateAutoRechargeInput!) {
            updateAutoRecharge(input: $input) { userErrors { message } } }";
        let input = json!({ "enabled": true, "threshold": "100", "packageId": package,
            "monthlyLimit": { "amount": "100.00", "currencyCode": "EUR" } });
        server.done(&shop.owner, recharge, input.clone()).await;
        server.done(&shop.owner, recharge, input).await;
        server.done(&shop.owner, recharge, json!({ "monthlyLimit": null })).await;
        let found = changes(&server, &shop.owner, &shop, json!({
            "kinds": ["ACCOUNT", "AUTO_RECHARGE", "MONTHLY_REPORTS"] })).await;
        assert_eq!(lines(&found), [
            "ACCOUNT name: - > Shop, timeZone: - > Europe/Rome, currencyCode: - > EUR, \
             consumptionOrder: - > NON_EXPIRING_FIRST, settlement: - > AUTOMATIC, rateCard: - > default",
            "ACCOUNT timeZone: Europe/Rome > Asia/Tokyo",
            "ACCOUNT settlement: AUTOMATIC > REPORTED",
            "ACCOUNT returnOrigins: - > [\"https://shop.example\"], retentionMonths: - > 12, \
             subscriptionFee: 0.00 EUR > 20.00 EUR",
            "MONTHLY_REPORTS enabled: false > true, format: XLSX > CSV",
            &format!("AUTO_RECHARGE enabled: false > true, threshold: - > 100, package: - > {package}, \
             monthlyLimit: - > 100.00 EUR"),
            "AUTO_RECHARGE monthlyLimit: 100.00 EUR > -",
        ]);
        assert!(found.iter().all(|change| change["node"]["id"] == shop.id.as_str()));
        let platform = json!({ "kind": "PLATFORM_KEY", "name": null, "onBehalfOf": null });
        assert_eq!(found[found.len() - 3]["actor"], platform);
    }

    /// Lists are in the journal with their head-counts, and keys without their secrets.
    async fn lists_and_keys_are_recorded(server: Server) {
        let shop = server.account("Shop").await;
        let rows = json!([{ "countryCode": "US", "recipientCount": 5 }, { "countryCode": "IT", "recipientCount": 10 }]);
        let list = server.list(&shop, "Winter", rows).await;
        let rows = json!([{ "countryCode": "IT", "recipientCount": 11 }]);
        let input = json!({ "listId": list, "name": "Summer", "destinations": rows });
        server.done(&shop.owner, UPDATE_LIST, input.clone()).await;
        server.done(&shop.owner, UPDATE_LIST, input).await;
        for (name, field) in [("Archive", "archive"), ("Restore", "restore")] {
            let mutation = format!("mutation($input: {name}ContactListInput!) {{
                {field}ContactList(input: $input) {{ list {{ id }} userErrors {{ message }} }} }}");
            server.done(&shop.owner, &mutation, json!({ "listId": list })).await;
        }
        let found = changes(&server, &shop.owner, &shop, json!({ "kinds": ["CONTACT_LIST"] })).await;
        assert_eq!(lines(&found), [
            "CONTACT_LIST name: - > Winter, destinations: - > {\"IT\":10,\"US\":5}",
            "CONTACT_LIST name: Winter > Summer, destinations: {\"IT\":10,\"US\":5} > {\"IT\":11}",
            "CONTACT_LIST archived: false > true",
            "CONTACT_LIST archived: true > false",
        ]);
        assert!(found.iter().all(|change| change["node"]["id"] == list.as_str()));
        assert!(found.iter().all(|change| change["actor"]["name"] == "OWNER key"));

        let create = "mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) {
            id secret userErrors { message } } }";
        let input = json!({ "role": "VIEWER", "name": "Page", "allowedAddresses": ["192.0.2.0/24"] });
        let made = server.done(&shop.owner, create, input).await;
        let rotate = "mutation($input: RotateApiKeyInput!) { rotateApiKey(input: $input) {
            apiKey { id } secret userErrors { message } } }";
        let rotated = server.done(&shop.owner, rotate, json!({ "id": made["id"], "overlapMinutes": 60 })).await;
        let revoke = "mutation($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) {
            id userErrors { message } } }";
        for _ in 0..2 {
            server.done(&shop.owner, revoke, json!({ "id": made["id"] })).await;
        }
        let others = "mutation($input: RevokeOtherApiKeysInput!) { revokeOtherApiKeys(input: $input) {
            revokedCount userErrors { message } } }";
        let revoked = server.done(&shop.owner, others, json!({})).await;
        assert_eq!(revoked["revokedCount"], 1);
        let found = changes(&server, &shop.owner, &shop, json!({ "kinds": ["API_KEY"] })).await;
        let made_as = "API_KEY name: - > Page, role: - > VIEWER, allowedAddresses: - > [\"192.0.2.0/24\"], \
             trustedDocumentsOnly: - > false, secret: secret";
        let mut found_lines = lines(&found);
        // The two of one mutation are in the order of their ids.
        found_lines[2..4].sort();
        assert_eq!(found_lines, [
            "API_KEY name: - > OWNER key, role: - > OWNER, trustedDocumentsOnly: - > false, secret: secret",
            made_as,
            "API_KEY expiresAt: - > 2026-11-22T09:00:00Z",
            made_as,
            "API_KEY revokedAt: - > 2026-11-22T08:00:00Z",
            "API_KEY revokedAt: - > 2026-11-22T08:00:00Z",
        ]);
        assert_eq!(found[0]["node"]["id"], rotated["apiKey"]["id"]);
        for secret in [&made["secret"], &rotated["secret"]] {
            assert!(!json!(found).to_string().contains(secret.as_str().unwrap()));
        }
    }

    /// The platform's packages, rate cards and keys are in a journal of its administrators.
    async fn the_platforms_changes_are_its_administrators(server: Server) {
        let admin = server.admin_key();
        let first = sell(&server, "S", "500").await;
        let second = server.done(admin, CREATE, new_package("L", "900")).await["package"]["id"].take();
        let update = "mutation($input: UpdateCreditPackageInput!) { updateCreditPackage(input: $input) {
            package { id } userErrors { message } } }";
        let price = json!({ "amount": "45.00", "currencyCode": "EUR" });
        for _ in 0..2 {
            server.done(admin, update, json!({ "packageId": first, "price": price, "validityDays": 30 })).await;
        }
        let reorder = "mutation($input: ReorderCreditPackagesInput!) { reorderCreditPackages(input: $input) {
            packages { id } userErrors { message } } }";
        server.done(admin, reorder, json!({ "packageIds": [second, first] })).await;
        let archive = "mutation($input: ArchiveCreditPackageInput!) { archiveCreditPackage(input: $input) {
            package { archived } userErrors { message } } }";
        for _ in 0..2 {
            let archived = server.done(admin, archive, json!({ "packageId": first })).await;
            assert_eq!(archived["package"]["archived"], true);
        }
        let publish = "mutation($input: PublishRateCardInput!) { publishRateCard(input: $input) {
            rateCard { id } userErrors { message } } }";
        let card = json!({ "code": "gold", "creditValue": { "amount": "0.05", "currencyCode": "EUR" },
            "rates": [{ "countryCode": "IT", "sms": "1", "mms": "3" }] });
        server.done(admin, publish, card).await;
        let create = "mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) {
            id secret userErrors { message } } }";
        let manager = server.done(admin, create, json!({ "role": "ACCOUNT_MANAGER", "name": "Support" })).await;
        let found = of_platform(&server, json!(null)).await;
        let mut found_lines = lines(&found);
        found_lines[3..5].sort();
        assert_eq!(found_lines, [
            "CREDIT_PACKAGE code: - > S, name: - > Starter, credits: - > 500, price: - > 49.90 EUR",
            "CREDIT_PACKAGE code: - > L, name: - > Starter, credits: - > 900, price: - > 49.90 EUR",
            "CREDIT_PACKAGE price: 49.90 EUR > 45.00 EUR, validityDays: - > 30",
            "CREDIT_PACKAGE position: 1 > 2",
            "CREDIT_PACKAGE position: 2 > 1",
            "CREDIT_PACKAGE archived: false > true",
            "RATE_CARD code: - > gold, version: - > 1, creditValue: - > 0.05 EUR",
            "API_KEY name: - > Support, role: - > ACCOUNT_MANAGER, trustedDocumentsOnly: - > false, secret: secret",
        ]);
        assert!(found.iter().all(|change| change["account"].is_null() && change["actor"]["kind"] == "PLATFORM_KEY"));
        assert_eq!(found[2]["node"]["id"], first.as_str());
        let rate_cards = of_platform(&server, json!({ "kinds": ["RATE_CARD"] })).await;
        assert_eq!(rate_cards, found[1..2]);

        // Nobody else sees them.
        let shop = server.account("Shop").await;
        let read = "query($id: ID!) { node(id: $id) { id } }";
        let id = json!({ "id": found[0]["id"] });
        assert_eq!(server.data(admin, read, id.clone()).await["node"], id);
        for key in [shop.owner.as_str(), manager["secret"].as_str().unwrap()] {
            let refused = server.graphql(Some(key), OF_PLATFORM, json!({})).await;
            assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");
            assert_eq!(server.data(key, read, id.clone()).await["node"], Value::Null);
        }
    }

    /// A connection is in the journal without its credentials.
    async fn connections_are_recorded(server: Server) {
        let shop = server.account("Shop").await;
        let admin = server.admin_key();
        let input = json!({ "accountId": shop.id, "merchantId": "approve" });
        server.done(admin, CONNECT, input).await;
        let disconnect = "mutation($input: DisconnectPaymentsInput!) { disconnectPayments(input: $input) {
            account { id } userErrors { message } } }";
        server.done(admin, disconnect, json!({ "accountId": shop.id })).await;
        let found = changes(&server, &shop.owner, &shop, json!({ "kinds": ["PAYMENT_CONNECTION"] })).await;
        assert_eq!(lines(&found), [
            "PAYMENT_CONNECTION provider: - > sandbox, merchantId: - > approve, status: - > ACTIVE, \
             connectedAt: - > 2026-11-22T08:00:00Z",
            "PAYMENT_CONNECTION provider: sandbox > -, merchantId: approve > -, status: ACTIVE > -, \
             connectedAt: 2026-11-22T08:00:00Z > -",
        ]);
    }

    /// The journal is restricted by kind, actor and time, and says what is wrong with a filter.
    async fn changes_are_filtered(server: Server) {
        let shop = server.account("Shop").await;
        for (hour, label) in [("09", "Ada"), ("10", "Bea"), ("11", "Ada")] {
            server.set_time(&format!("2026-11-23T{hour}:00:00Z"));
            let input = json!({ "name": format!("At {hour}") });
            acting_for(&server, &shop.owner, label, (UPDATE, input)).await;
        }
        let check = async |filter: Value, count: usize| {
            let found = changes(&server, &shop.owner, &shop, filter.clone()).await;
            assert_eq!(found.len(), count, "{filter}");
        };
        check(json!({ "actor": { "onBehalfOf": "Ada" } }), 2).await;
        check(json!({ "actor": { "onBehalfOf": "Carla" } }), 0).await;
        check(json!({ "from": "2026-11-23T10:00:00Z" }), 2).await;
        check(json!({ "from": "2026-11-23T10:00:00Z", "to": "2026-11-23T11:00:00Z" }), 1).await;
        check(json!({ "kinds": [] }), 0).await;
        check(json!({ "kinds": ["ACCOUNT", "API_KEY"] }), 5).await;
        check(json!({ "kinds": ["CREDIT_PACKAGE"] }), 0).await;
        let page = "query($after: String) { account { settingChanges(first: 2, after: $after) {
            nodes { id } pageInfo { hasNextPage endCursor } } } }";
        let (mut ids, mut after) = (Vec::new(), Value::Null);
        loop {
            let data = server.data(&shop.owner, page, json!({ "after": after })).await;
            let found = &data["account"]["settingChanges"];
            ids.extend(found["nodes"].as_array().unwrap().clone());
            after = found["pageInfo"]["endCursor"].clone();
            if found["pageInfo"]["hasNextPage"] == false {
                break;
            }
        }
        let all = changes(&server, &shop.owner, &shop, json!({})).await;
        let all: Vec<_> = all.iter().map(|change| json!({ "id": change["id"] })).collect();
        assert_eq!(ids, all);
        for (filter, field) in [
            (json!({ "from": "1970-01-01T00:00:00Z" }), json!(["filter", "from"])),
            (json!({ "actor": { "apiKeyId": "key_01j00000000000000000000000" } }), json!(["filter", "actor", "apiKeyId"])),
        ] {
            let refused = server.graphql(Some(&shop.owner), READ, json!({ "filter": filter })).await;
            assert_eq!(refused["errors"][0]["extensions"]["field"], field, "{refused}");
        }
    }

    /// Owners and the platform see an account's changes, and access tokens none of its keys.
    async fn changes_are_for_those_who_answer_for_the_account(server: Server) {
        let (shop, other) = (server.account("Shop").await, server.account("Other").await);
        let all = changes(&server, server.admin_key(), &shop, json!(null)).await;
        assert_eq!(changes(&server, &shop.owner, &shop, json!(null)).await.len(), all.len());
        let read = "query($id: ID!) { node(id: $id) { id } }";
        let key_change = all.iter().find(|change| change["kind"] == "API_KEY").unwrap();
        let id = json!({ "id": key_change["id"] });
        assert_eq!(server.data(&shop.owner, read, id.clone()).await["node"], id);
        assert_eq!(server.data(&other.owner, read, id.clone()).await["node"], Value::Null);
        let foreign = server.data(&other.owner, READ, json!({ "id": shop.id })).await;
        assert_eq!(foreign["account"], Value::Null);
        for role in ["MEMBER", "VIEWER", "SENDER"] {
            let key = server.key(&shop, role).await;
            let refused = server.graphql(Some(&key), READ, json!({})).await;
            assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{role}: {refused}");
            assert_eq!(server.data(&key, read, id.clone()).await["node"], Value::Null);
        }
        let mint = "mutation($input: CreateAccessTokenInput!) { createAccessToken(input: $input) {
            token userErrors { message } } }";
        let made = server.done(&shop.owner, mint, json!({ "role": "OWNER", "name": "Ada" })).await;
        let token = made["token"].as_str().unwrap();
        let seen = changes(&server, token, &shop, json!(null)).await;
        assert_eq!(seen.iter().map(|change| &change["kind"]).collect::<Vec<_>>(), ["ACCOUNT"]);
        assert_eq!(changes(&server, token, &shop, json!({ "kinds": ["API_KEY"] })).await, [] as [Value; 0]);
        assert_eq!(server.data(token, read, id).await["node"], Value::Null);
    }

    /// The database refuses to change what the journal has.
    async fn the_journal_is_only_added_to(server: Server) {
        server.account("Shop").await;
        let writer = server.services().store.writer();
        // On distributed tables privileges refuse it: tests/suite/faults/citus.rs.
        if shards::are_used() {
            return;
        }
        for statement in ["UPDATE setting_changes SET changes = '[]'", "DELETE FROM setting_changes"] {
            let refused = writer.execute_unprepared(statement).await.unwrap_err().to_string();
            assert!(refused.contains("append-only"), "{refused}");
        }
    }
}

/// A new mutation is either recorded, or among those that change no setting.
#[test]
fn every_mutation_is_recorded_or_no_setting() {
    let mut found = BTreeSet::new();
    for definition in parse_schema(sdl()).unwrap().definitions {
        let TypeSystemDefinition::Type(of) = definition else {
            continue;
        };
        if let (TypeKind::Object(object), "Mutation") = (of.node.kind, of.node.name.node.as_str()) {
            let fields = object.fields.into_iter();
            found.extend(fields.map(|field| field.node.name.node.to_string()));
        }
    }
    let listed: Vec<_> = RECORDED.iter().chain(OTHERS).collect();
    let distinct: BTreeSet<String> = listed.iter().map(|name| (**name).to_owned()).collect();
    assert_eq!(distinct.len(), listed.len(), "a mutation is listed twice");
    assert_eq!(found, distinct);
}
