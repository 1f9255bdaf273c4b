//! Everything that is wrong with an input is said at once, each with the path of its field.

use std::collections::BTreeSet;

use async_graphql::parser::types::{TypeKind, TypeSystemDefinition};
use serde_json::{Value, json};

use crate::support::{Server, Tenant, message::scheduled, message::to_italians, on_both_databases};

/// The fields that a mutation refuses, in the order of its answer.
async fn refused(server: &Server, key: &str, mutation: &str, input: Value) -> Vec<String> {
    let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let response = if mutation == "importContacts" {
        // A file is a variable of its own.
        let query = "mutation($listId: ID!, $phoneColumn: String, $defaultCountry: CountryCode,
                $columns: [ImportColumnInput!], $file: Upload!) {
            importContacts(input: { listId: $listId, phoneColumn: $phoneColumn, defaultCountry: $defaultCountry,
                columns: $columns, file: $file }) { userErrors { field message template } } }";
        let no_table = ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
        server.upload(Some(key), query, input, no_table).await
    } else {
        let query = format!(
            "mutation($input: {kind}!) {{ {mutation}(input: $input) {{ userErrors {{ field message template }} }} }}"
        );
        server
            .graphql(Some(key), &query, json!({ "input": input }))
            .await
    };
    let errors = response["data"][mutation]["userErrors"].as_array();
    let errors = errors.unwrap_or_else(|| panic!("{response}"));
    let path = |error: &Value| {
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        );
        let steps = error["field"].as_array().unwrap().iter().skip(1);
        let steps: Vec<&str> = steps.map(|step| step.as_str().unwrap()).collect();
        steps.join(".")
    };
    errors.iter().map(path).collect()
}

async fn shop(server: &Server) -> Tenant {
    let tenant = server.account("Shop").await;
    server.grant(&tenant, "100").await;
    tenant
}

/// An id of nothing: it can't even be read.
const NO_ID: &str = "nothing";

/// For each mutation an input in which everything that can be checked is wrong, and the
/// fields that the answer names.
fn wrong_inputs() -> Vec<(&'static str, Value, Vec<&'static str>)> {
    let price = json!({ "amount": "x", "currencyCode": "XXQ" });
    let no_account = json!({ "accountId": NO_ID });
    let no_list = json!({ "listId": NO_ID });
    let no_message = json!({ "messageId": NO_ID, "idempotencyKey": "" });
    let recipients = json!({ "recipients": ["335", "+393351234567", "x"] });
    let message = json!({
        "accountId": NO_ID, "listId": NO_ID, "text": "Ciao {{name", "name": "", "maxCredits": "many",
        "audience": recipients, "idempotencyKey": "",
    });
    let message_fields = [
        "accountId",
        "name",
        "maxCredits",
        "text",
        "listId",
        "audience.recipients.0",
        "audience.recipients.2",
        "idempotencyKey",
    ]
    .to_vec();
    let with = |mut input: Value, name: &str, value: Value| {
        input[name] = value;
        input
    };
    let past = || json!("2020-01-01T00:00:00Z");
    let filter_of =
        |filter: Value| json!({ "accountId": NO_ID, "format": "CSV", "filter": filter });
    let actor = json!({ "apiKeyId": NO_ID, "onBehalfOf": "\u{7}" });
    vec![
        (
            "createAccessToken",
            json!({ "accountId": NO_ID, "role": "SENDER", "name": "", "minutes": 0 }),
            vec!["accountId", "role", "name", "minutes"],
        ),
        (
            "createAccount",
            json!({ "name": "", "timeZone": "Mars/Olympus", "currencyCode": "XXQ", "rateCardId": NO_ID }),
            vec!["name", "timeZone", "currencyCode", "rateCardId"],
        ),
        (
            "updateAccount",
            json!({ "accountId": NO_ID, "name": " ", "timeZone": "Rome", "rateCardId": NO_ID,
                "returnOrigins": ["ftp://x"], "subscriptionFee": price, "retentionMonths": -3 }),
            vec![
                "accountId",
                "name",
                "timeZone",
                "rateCardId",
                "returnOrigins.0",
                "subscriptionFee.currencyCode",
                "subscriptionFee.amount",
                "retentionMonths",
            ],
        ),
        (
            "allocateCredits",
            json!({ "accountId": NO_ID, "allocations": [
                { "listId": NO_ID, "mode": "LIMITED", "assigned": "x" }, { "listId": NO_ID, "mode": "SHARED", "assigned": "1" }] }),
            vec![
                "accountId",
                "allocations.0.listId",
                "allocations.0.assigned",
                "allocations.1.listId",
                "allocations.1.assigned",
            ],
        ),
        (
            "createApiKey",
            json!({ "accountId": NO_ID, "role": "OWNER", "name": "", "expiresAt": past() }),
            vec!["accountId", "name", "expiresAt"],
        ),
        (
            "rotateApiKey",
            json!({ "id": NO_ID, "overlapMinutes": -1 }),
            vec!["id", "overlapMinutes"],
        ),
        ("revokeApiKey", json!({ "id": NO_ID }), vec!["id"]),
        (
            "revokeOtherApiKeys",
            json!({ "accountId": NO_ID, "keepIds": [NO_ID, "other"] }),
            vec!["accountId", "keepIds.0", "keepIds.1"],
        ),
        (
            "updateAutoRecharge",
            json!({ "accountId": NO_ID, "enabled": true, "threshold": "0", "packageId": NO_ID,
                "returnUrl": "ftp://x", "monthlyLimit": price }),
            vec![
                "accountId",
                "returnUrl",
                "threshold",
                "packageId",
                "monthlyLimit.currencyCode",
                "monthlyLimit.amount",
            ],
        ),
        (
            "addContacts",
            json!({ "listId": NO_ID, "contacts": [
                { "phoneNumber": "335", "fields": [{ "name": "a b", "value": "x" }, { "name": "", "value": "x" }] },
                { "phoneNumber": "x" }] }),
            vec![
                "listId",
                "contacts.0.phoneNumber",
                "contacts.0.fields.0.name",
                "contacts.0.fields.1.name",
                "contacts.1.phoneNumber",
            ],
        ),
        (
            "updateContact",
            json!({ "contactId": NO_ID, "phoneNumber": "335", "fields": [{ "name": "a b", "value": "x" }] }),
            vec!["contactId", "phoneNumber", "fields.0.name"],
        ),
        (
            "cancelContactImport",
            json!({ "importId": NO_ID }),
            vec!["importId"],
        ),
        (
            "importContacts",
            json!({ "listId": NO_ID, "phoneColumn": "", "defaultCountry": "XX",
                "columns": [{ "header": "", "mergeField": "a b" }] }),
            vec![
                "listId",
                "defaultCountry",
                "phoneColumn",
                "columns.0.header",
                "columns.0.mergeField",
                "file",
            ],
        ),
        (
            "createContactList",
            json!({ "accountId": NO_ID, "name": "", "destinations": [
                { "countryCode": "XX", "recipientCount": -1 }, { "countryCode": "YY", "recipientCount": 1 }] }),
            vec![
                "accountId",
                "name",
                "destinations.0.countryCode",
                "destinations.0.recipientCount",
                "destinations.1.countryCode",
            ],
        ),
        (
            "updateContactList",
            json!({ "listId": NO_ID, "name": "", "destinations": [{ "countryCode": "XX", "recipientCount": -1 }] }),
            vec![
                "listId",
                "name",
                "destinations.0.countryCode",
                "destinations.0.recipientCount",
            ],
        ),
        ("archiveContactList", no_list.clone(), vec!["listId"]),
        ("restoreContactList", no_list, vec!["listId"]),
        (
            "removeContacts",
            json!({ "listId": NO_ID, "contactIds": [NO_ID, "other"] }),
            vec!["listId", "contactIds.0", "contactIds.1"],
        ),
        (
            "createCreditPackage",
            json!({ "code": "a b", "name": "", "credits": "0", "price": price, "validityDays": 0 }),
            vec![
                "code",
                "name",
                "credits",
                "price.currencyCode",
                "price.amount",
                "validityDays",
            ],
        ),
        (
            "updateCreditPackage",
            json!({ "packageId": NO_ID, "name": "", "price": price, "validityDays": 0 }),
            vec![
                "packageId",
                "name",
                "price.currencyCode",
                "price.amount",
                "validityDays",
            ],
        ),
        (
            "reorderCreditPackages",
            json!({ "packageIds": [NO_ID, "nonsense"] }),
            vec!["packageIds.0", "packageIds.1"],
        ),
        (
            "archiveCreditPackage",
            json!({ "packageId": NO_ID }),
            vec!["packageId"],
        ),
        (
            "erasePerson",
            json!({ "accountId": NO_ID, "fromAccountId": NO_ID, "phoneNumber": "335", "messageIds": [NO_ID, "other"] }),
            vec![
                "phoneNumber",
                "fromAccountId",
                "accountId",
                "messageIds.0",
                "messageIds.1",
            ],
        ),
        (
            "exportMessages",
            filter_of(
                json!({ "actor": actor, "from": "x", "to": "x", "sentFrom": "x", "sentTo": "x",
                "search": "x".repeat(201) }),
            ),
            vec![
                "accountId",
                "filter.actor.apiKeyId",
                "filter.actor.onBehalfOf",
                "filter.from",
                "filter.to",
                "filter.sentFrom",
                "filter.sentTo",
                "filter.search",
            ],
        ),
        (
            "exportTransactions",
            filter_of(json!({ "listId": NO_ID, "actor": actor, "from": "x", "to": "x" })),
            vec![
                "accountId",
                "filter.listId",
                "filter.actor.apiKeyId",
                "filter.actor.onBehalfOf",
                "filter.from",
                "filter.to",
            ],
        ),
        (
            "exportContacts",
            json!({ "listId": NO_ID, "search": "x".repeat(201), "format": "CSV" }),
            vec!["listId", "search"],
        ),
        (
            "grantCredits",
            json!({ "accountId": NO_ID, "credits": "-1", "expiresOn": "x", "note": "", "idempotencyKey": "" }),
            vec![
                "accountId",
                "credits",
                "expiresOn",
                "note",
                "idempotencyKey",
            ],
        ),
        (
            "revokeCredits",
            json!({ "accountId": NO_ID, "lotId": NO_ID, "credits": "x", "note": "", "idempotencyKey": "" }),
            vec!["accountId", "lotId", "credits", "note", "idempotencyKey"],
        ),
        (
            "scheduleMessage",
            with(message.clone(), "sendAt", past()),
            vec![
                "accountId",
                "name",
                "sendAt",
                "maxCredits",
                "text",
                "listId",
                "audience.recipients.0",
                "audience.recipients.2",
                "idempotencyKey",
            ],
        ),
        (
            "updateMessage",
            json!({ "messageId": NO_ID, "listId": NO_ID, "text": "Ciao {{name", "name": "", "maxCredits": "many",
                "audience": recipients, "sendAt": past(), "idempotencyKey": "" }),
            vec![
                "messageId",
                "name",
                "sendAt",
                "maxCredits",
                "text",
                "listId",
                "audience.recipients.0",
                "audience.recipients.2",
                "idempotencyKey",
            ],
        ),
        ("sendMessage", message, message_fields),
        (
            "settleMessage",
            with(
                no_message.clone(),
                "sent",
                json!([{ "countryCode": "XX", "recipientCount": -1 }]),
            ),
            vec![
                "messageId",
                "sent.0.countryCode",
                "sent.0.recipientCount",
                "idempotencyKey",
            ],
        ),
        (
            "cancelMessage",
            no_message,
            vec!["messageId", "idempotencyKey"],
        ),
        (
            "updateMonthlyReports",
            no_account.clone(),
            vec!["accountId"],
        ),
        (
            "connectPayments",
            json!({ "accountId": NO_ID, "merchantId": "", "credentials": [
                { "name": "x", "value": "" }, { "name": "y", "value": " " }] }),
            vec![
                "accountId",
                "merchantId",
                "credentials.0.name",
                "credentials.0.value",
                "credentials.1.name",
                "credentials.1.value",
            ],
        ),
        ("disconnectPayments", no_account, vec!["accountId"]),
        (
            "purchaseCredits",
            json!({ "accountId": NO_ID, "packageId": NO_ID, "returnUrl": "ftp://x", "idempotencyKey": "" }),
            vec!["accountId", "packageId", "returnUrl", "idempotencyKey"],
        ),
        (
            "cancelPurchase",
            json!({ "purchaseId": NO_ID }),
            vec!["purchaseId"],
        ),
        (
            "confirmPurchase",
            json!({ "purchaseId": NO_ID, "reference": "" }),
            vec!["purchaseId", "reference"],
        ),
        (
            "publishRateCard",
            json!({ "code": "A", "description": "", "creditValue": price, "rates": [
                { "countryCode": "XX", "sms": "x", "mms": "x" }, { "countryCode": "YY", "sms": "1" }] }),
            vec![
                "code",
                "description",
                "creditValue.currencyCode",
                "creditValue.amount",
                "rates.0.countryCode",
                "rates.0.sms",
                "rates.0.mms",
                "rates.1.countryCode",
            ],
        ),
    ]
}

/// The mutations of the schema.
fn mutations() -> BTreeSet<String> {
    let schema = async_graphql::parser::parse_schema(include_str!("../../../schema.graphql"));
    let of = schema
        .unwrap()
        .definitions
        .into_iter()
        .find_map(|definition| match definition {
            TypeSystemDefinition::Type(of) if of.node.name.node == "Mutation" => match of.node.kind
            {
                TypeKind::Object(object) => Some(object.fields),
                _ => None,
            },
            _ => None,
        });
    let fields = of.unwrap().into_iter();
    fields
        .map(|field| field.node.name.node.to_string())
        .collect()
}

on_both_databases! {
    async fn a_message_says_everything_that_is_wrong(server: Server) {
        let tenant = shop(&server).await;
        let wrong = json!({
            "text": "Ciao {{name", "name": "", "maxCredits": "many", "idempotencyKey": "",
            "audience": { "recipients": ["+393351234567", "335", "x"] },
        });
        assert_eq!(
            refused(&server, &tenant.owner, "sendMessage", wrong.clone()).await,
            ["name", "maxCredits", "text", "audience.recipients.1", "audience.recipients.2", "idempotencyKey"],
        );
        let mut later = wrong.clone();
        later["sendAt"] = json!("2020-01-01T00:00:00Z");
        assert_eq!(
            refused(&server, &tenant.owner, "scheduleMessage", later.clone()).await,
            ["name", "sendAt", "maxCredits", "text", "audience.recipients.1", "audience.recipients.2", "idempotencyKey"],
        );
        let id = scheduled(&server, &tenant, "2026-11-23T08:00:00Z", to_italians(5)).await;
        later["messageId"] = id;
        later["idempotencyKey"] = json!("update");
        assert_eq!(
            refused(&server, &tenant.owner, "updateMessage", later).await,
            ["name", "sendAt", "maxCredits", "text", "audience.recipients.1", "audience.recipients.2"],
        );
    }

    /// A quote's error names the first field, and lists all of them.
    async fn a_quote_says_everything_that_is_wrong(server: Server) {
        let tenant = shop(&server).await;
        let query = "query($input: QuoteInput!) { quote(input: $input) { credits } }";
        let input = json!({ "text": "{{", "audience": { "destinations": [{ "countryCode": "XX", "recipientCount": -1 }] } });
        let response = server.graphql(Some(&tenant.owner), query, json!({ "input": input })).await;
        let errors = response["errors"].as_array().unwrap();
        let fields: Vec<&Value> = errors.iter().map(|error| &error["extensions"]["field"]).collect();
        assert_eq!(fields[0], &json!(["input", "text"]), "{response}");
        assert!(response.to_string().contains("destinations"), "{response}");
    }

    async fn credits_say_everything_that_is_wrong(server: Server) {
        let tenant = shop(&server).await;
        let admin = server.admin_key();
        let grant = json!({ "accountId": tenant.id, "credits": "-1", "expiresOn": "2020-01-01", "note": "", "idempotencyKey": "" });
        assert_eq!(refused(&server, admin, "grantCredits", grant).await, ["credits", "expiresOn", "note", "idempotencyKey"]);
        let lot = "lot_00000000000000000000000007";
        let revoke = json!({ "accountId": tenant.id, "lotId": lot, "credits": "x", "note": "", "idempotencyKey": "" });
        assert_eq!(refused(&server, admin, "revokeCredits", revoke).await, ["lotId", "credits", "note", "idempotencyKey"]);
    }

    async fn settings_say_everything_that_is_wrong(server: Server) {
        let tenant = shop(&server).await;
        let admin = server.admin_key();
        let account = json!({ "name": "", "timeZone": "Mars/Olympus", "currencyCode": "XXQ" });
        assert_eq!(refused(&server, admin, "createAccount", account).await, ["name", "timeZone", "currencyCode"]);
        let change = json!({ "accountId": tenant.id, "name": " ", "timeZone": "Rome", "returnOrigins": ["ftp://x"],
            "subscriptionFee": { "amount": "-1", "currencyCode": "EUR" }, "retentionMonths": -3 });
        let fields = refused(&server, admin, "updateAccount", change).await;
        let first: Vec<&str> = fields.iter().map(|field| field.split('.').next().unwrap()).collect();
        assert_eq!(first, ["name", "timeZone", "returnOrigins", "subscriptionFee", "retentionMonths"]);
        // What only the platform may set, too.
        let own = json!({ "name": " ", "settlement": "REPORTED", "retentionMonths": 3 });
        assert_eq!(refused(&server, &tenant.owner, "updateAccount", own).await, ["name", "settlement", "retentionMonths"]);
        let recharge = json!({ "enabled": false, "threshold": "0", "returnUrl": "ftp://x",
            "monthlyLimit": { "amount": "0", "currencyCode": "EUR" } });
        assert_eq!(
            refused(&server, &tenant.owner, "updateAutoRecharge", recharge).await,
            ["returnUrl", "threshold", "monthlyLimit.amount"],
        );
    }

    /// A new mutation needs a row in `wrong_inputs`.
    async fn every_mutation_says_everything_that_is_wrong(server: Server) {
        let admin = server.admin_key();
        let mut listed = BTreeSet::new();
        let mut differing = Vec::new();
        for (mutation, input, expected) in wrong_inputs() {
            let fields = refused(&server, admin, mutation, input).await;
            if fields != expected {
                differing.push((mutation, fields, expected));
            }
            assert!(listed.insert(mutation.to_owned()), "{mutation} is listed twice");
        }
        assert!(differing.is_empty(), "{differing:#?}");
        assert_eq!(listed, mutations());
    }
}
