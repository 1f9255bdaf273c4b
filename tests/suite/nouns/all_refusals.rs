//! Everything that is wrong with an input is said at once, each with the path of its field.

use serde_json::{Value, json};

use crate::support::{Server, Tenant, message::scheduled, message::to_italians, on_both_databases};

/// The fields that a mutation refuses, in the order of its answer.
async fn refused(server: &Server, key: &str, mutation: &str, input: Value) -> Vec<String> {
    let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
    let query = format!(
        "mutation($input: {kind}!) {{ {mutation}(input: $input) {{ userErrors {{ field message template }} }} }}"
    );
    let response = server
        .graphql(Some(key), &query, json!({ "input": input }))
        .await;
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
}
