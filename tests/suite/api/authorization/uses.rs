//! What a root field may be used for, law A3: every row of that table with every role, over HTTP.

use std::fmt::Write;

use entity::sql_enums::Role;
use message_credits::operations::{
    Viewer,
    policy::{self, USES, Use, access, may},
};
use serde_json::{Value, json};

use super::names_roles;
use crate::support::{Server, Tenant, new_key, rate_card::publish};

/// The root field that a use is of.
fn field(what: Use) -> &'static str {
    match what {
        Use::SetSettlement | Use::SetRateCard | Use::SetSubscriptionFee | Use::SetRetention => {
            "updateAccount"
        }
        Use::MakeSenderKey => "createApiKey",
        Use::RevokeSenderKey => "revokeApiKey",
        Use::ReportSent | Use::SettleInFull => "settleMessage",
        Use::CancelBeforeSendAt | Use::CancelAfterSendAt => "cancelMessage",
    }
}

/// A new account whose sending service settles, with a scheduled message.
struct World {
    shop: Tenant,
    message: Value,
    sender_key: Value,
    card: Value,
}

const SEND_AT: &str = "2026-12-01T08:00:00Z";

impl World {
    async fn new(server: &Server) -> Self {
        server.set_time("2026-11-22T08:00:00Z");
        let shop = server.account("Shop").await;
        server.grant(&shop, "1000").await;
        let reported = json!({ "accountId": shop.id, "settlement": "REPORTED" });
        let admin = server.admin_key();
        done(server, admin, "updateAccount", "account { id }", reported).await;
        let rows = json!([{ "countryCode": "IT", "recipientCount": 10 }]);
        let input = json!({ "audience": { "destinations": rows }, "text": "Hi", "sendAt": SEND_AT,
            "idempotencyKey": new_key() });
        let owner = &shop.owner;
        let mut message = done(server, owner, "scheduleMessage", "message { id }", input).await;
        let input = json!({ "accountId": shop.id, "role": "SENDER", "name": "To revoke" });
        let mut key = done(server, admin, "createApiKey", "id", input).await;
        let rates = json!([{ "countryCode": "IT", "sms": "1" }]);
        let card = publish(server, "another", rates).await["id"].take();
        Self {
            message: message["message"]["id"].take(),
            sender_key: key["id"].take(),
            card,
            shop,
        }
    }

    fn input(&self, what: Use) -> Value {
        let (account, message) = (&self.shop.id, &self.message);
        match what {
            Use::SetSettlement => json!({ "accountId": account, "settlement": "AUTOMATIC" }),
            Use::SetRateCard => json!({ "accountId": account, "rateCardId": self.card }),
            Use::SetSubscriptionFee => json!({ "accountId": account,
                "subscriptionFee": { "amount": "29.00", "currencyCode": "EUR" } }),
            Use::SetRetention => json!({ "accountId": account, "retentionMonths": 6 }),
            Use::MakeSenderKey => {
                json!({ "accountId": account, "role": "SENDER", "name": "A key" })
            }
            Use::RevokeSenderKey => json!({ "id": self.sender_key }),
            Use::ReportSent => json!({ "messageId": message, "idempotencyKey": new_key(),
                "sent": [{ "countryCode": "IT", "recipientCount": 1 }] }),
            Use::SettleInFull | Use::CancelBeforeSendAt | Use::CancelAfterSendAt => {
                json!({ "messageId": message, "idempotencyKey": new_key() })
            }
        }
    }
}

async fn mutate(server: &Server, key: &str, field: &str, fields: &str, input: Value) -> Value {
    let (first, rest) = field.split_at(1);
    let input_type = format!("{}{rest}Input", first.to_uppercase());
    let query = format!(
        "mutation($input: {input_type}!) {{ {field}(input: $input) {{ {fields} userErrors {{ field code }} }} }}"
    );
    server
        .graphql(Some(key), &query, json!({ "input": input }))
        .await
}

async fn done(server: &Server, key: &str, field: &str, fields: &str, input: Value) -> Value {
    let mut response = mutate(server, key, field, fields, input).await;
    let payload = response["data"][field].take();
    assert_eq!(payload["userErrors"], json!([]), "{response} {payload}");
    payload
}

/// In a word: done, forbidden, or the argument that is not this role's with the code.
fn outcome(field: &str, response: &Value) -> String {
    if response["errors"][0]["extensions"]["code"] == "FORBIDDEN" {
        return "-".to_owned();
    }
    let errors = &response["data"][field]["userErrors"];
    match errors.get(0) {
        None if errors.is_array() => "yes".to_owned(),
        Some(error) => error["field"][1].as_str().unwrap_or_default().to_owned(),
        None => response.to_string(),
    }
}

/// Every row with every role, each on an account of its own: permitted uses are done, and others
/// are forbidden or refused by the argument's name.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_use_is_enforced() {
    let server = Server::on_sqlite().await;
    let roles = [
        ("VIEWER", Role::Viewer),
        ("SENDER", Role::Sender),
        ("MEMBER", Role::Member),
        ("OWNER", Role::Owner),
        ("ACCOUNT_MANAGER", Role::AccountManager),
        ("PLATFORM_ADMIN", Role::PlatformAdmin),
    ];
    let mut table = format!("{:20}", "use");
    for (name, _) in roles {
        write!(table, "{name:17}").unwrap();
    }
    for (what, _, why) in USES {
        assert!(why.len() > 10, "{what:?} has no reason");
        write!(table, "\n{:20}", format!("{what:?}")).unwrap();
        for (name, role) in roles {
            let world = World::new(&server).await;
            let is_platform = ["ACCOUNT_MANAGER", "PLATFORM_ADMIN"].contains(&name);
            let account = (!is_platform).then_some(&world.shop.id);
            let input = json!({ "accountId": account, "role": name, "name": "A key" });
            let key = done(&server, server.admin_key(), "createApiKey", "secret", input).await;
            if *what == Use::CancelAfterSendAt {
                server.set_time(SEND_AT);
            }
            let field = field(*what);
            let key = key["secret"].as_str().unwrap();
            let response = mutate(&server, key, field, "__typename", world.input(*what)).await;
            let outcome = outcome(field, &response);
            let viewer = Viewer {
                key: None,
                role,
                account: None,
                on_behalf_of: None,
                token: None,
                trusted_documents_only: false,
            };
            let policy::Access::Roles(all) = access(field) else {
                panic!("{field} is open to everybody");
            };
            let expected = all.contains(&role) && may(&viewer, *what);
            assert_eq!(outcome == "yes", expected, "{what:?} by {name}: {response}");
            if outcome == "-" {
                names_roles(&response["errors"][0], all);
            }
            write!(table, "{outcome:17}").unwrap();
        }
    }
    let table: Vec<&str> = table.lines().map(str::trim_end).collect();
    insta::assert_snapshot!(table.join("\n"), @"
    use                 VIEWER           SENDER           MEMBER           OWNER            ACCOUNT_MANAGER  PLATFORM_ADMIN
    SetSettlement       -                -                -                settlement       -                yes
    SetRateCard         -                -                -                rateCardId       -                yes
    SetSubscriptionFee  -                -                -                subscriptionFee  -                yes
    SetRetention        -                -                -                retentionMonths  -                yes
    MakeSenderKey       -                -                -                role             -                yes
    RevokeSenderKey     -                -                -                yes              -                yes
    ReportSent          -                yes              sent             sent             -                yes
    SettleInFull        -                yes              yes              yes              -                yes
    CancelBeforeSendAt  -                yes              yes              yes              -                yes
    CancelAfterSendAt   -                yes              messageId        messageId        -                yes
    ");
}
