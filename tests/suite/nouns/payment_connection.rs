//! Connections to the payment provider: who makes and sees them, what becomes of their credentials,
//! and how these are renewed and encrypted anew.

use std::time::Duration;

use domain::id::AccountId;
use entity::payment_connection;
use futures_util::future::join_all;
use message_credits::{
    app::Settings,
    graphql::engine::ids::PublicId,
    operations::payment_connection::rotation::{Rotated, rotate},
    payments::{Mandate, MandateState, MerchantTrouble, Providers, Subject},
    vault::Vault,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use serde_json::{Value, json};

use crate::support::{
    Server, Tenant, new_key, on_both_databases,
    payment_connection::{CONNECT, KEYS, stored, vault, with_token},
    purchase::{PURCHASE, begin, package},
    test_provider::{Call, NAME, TestProvider, purchase_id},
};

const DISCONNECT: &str = "mutation($input: DisconnectPaymentsInput!) {
    disconnectPayments(input: $input) {
        account { paymentConnection { merchantId } } userErrors { field message code } } }";
const CONNECTION: &str = "query($id: ID) { account(id: $id) { paymentConnection { provider merchantId status connectedAt } } }";

/// Settings with this provider and these keys.
fn with<'a>(provider: &TestProvider, keys: &'a [&str]) -> impl FnOnce(&mut Settings) + use<'a> {
    let providers = Providers::of([provider.shared()]);
    let vault = if keys.is_empty() {
        Vault::default()
    } else {
        vault(keys)
    };
    |settings| {
        settings.payments = providers;
        settings.vault = vault;
    }
}

async fn connection(server: &Server, key: &str, tenant: &Tenant) -> Value {
    let mut data = server
        .data(key, CONNECTION, json!({ "id": tenant.id }))
        .await;
    data["account"]["paymentConnection"].take()
}

/// The refusal of a connection: its field and its message.
async fn refused(server: &Server, input: Value) -> (String, String) {
    let variables = json!({ "input": input });
    let answer = server
        .graphql(Some(server.admin_key()), CONNECT, variables)
        .await;
    let payload = &answer["data"]["connectPayments"];
    assert_eq!(payload["paymentConnection"], Value::Null, "{answer}");
    let error = &payload["userErrors"][0];
    let field: Vec<&str> = error["field"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(Value::as_str)
        .collect();
    (
        field.join("."),
        error["message"].as_str().unwrap().to_owned(),
    )
}

/// Begins a purchase, whose payment may fail; its payload.
async fn buy(server: &Server, tenant: &Tenant, package: &str) -> Value {
    let input = json!({ "input": { "packageId": package, "idempotencyKey": new_key() } });
    let mut answer = server.graphql(Some(&tenant.owner), PURCHASE, input).await;
    answer["data"]["purchaseCredits"].take()
}

on_both_databases! {
    /// Owners and the platform see a connection, and nobody sees its credentials.
    async fn credentials_are_encrypted_and_never_shown(server: Server) {
        let provider = TestProvider::with_tokens("token-of-the-shop");
        let server = server.with_settings(with(&provider, &KEYS[..1])).await;
        let shop = server.account("Shop").await;
        let admin = server.admin_key();
        assert_eq!(connection(&server, admin, &shop).await, Value::Null);
        let input = with_token(&shop, " shop.example ", "token-of-the-shop");
        let made = server.done(admin, CONNECT, input).await;
        let shown = json!({
            "provider": "test", "merchantId": "shop.example", "status": "ACTIVE",
            "connectedAt": "2026-11-22T08:00:00Z",
        });
        assert_eq!(made["paymentConnection"], shown);
        for key in [admin, &shop.owner] {
            assert_eq!(connection(&server, key, &shop).await, shown);
        }
        for role in ["MEMBER", "VIEWER", "SENDER"] {
            let key = server.key(&shop, role).await;
            let answer = server.graphql(Some(&key), CONNECTION, json!({})).await;
            assert_eq!(answer["errors"][0]["extensions"]["code"], "FORBIDDEN", "{answer}");
            assert_eq!(answer["data"], json!({ "account": { "paymentConnection": null } }));
        }
        let stranger = server.account("Stranger").await.owner;
        let answer = server.graphql(Some(&stranger), CONNECTION, json!({ "id": shop.id })).await;
        assert_eq!(answer["data"]["account"], Value::Null);

        let row = stored(&server, &shop, NAME).await.unwrap();
        assert_eq!(row.secret_key_id.as_deref(), Some("first"));
        let bytes = row.secrets.clone().unwrap();
        for secret in ["token-of-the-shop", "accessToken", "refresh"] {
            assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()));
        }
        // The provider gets the credentials.
        let package = package(&server, 500, 4_900, |_| {}).await;
        begin(&server, &shop, &package).await;
        assert_eq!(provider.calls(Call::Begin), 1);

        // Connecting again replaces the connection.
        server.set_time("2026-11-22T09:00:00Z");
        let input = with_token(&shop, "other.example", "token-of-the-shop");
        server.done(admin, CONNECT, input).await;
        let again = stored(&server, &shop, NAME).await.unwrap();
        assert_eq!(again.merchant, "other.example");
        assert_ne!(again.secrets, row.secrets);
        assert_eq!(connection(&server, admin, &shop).await["connectedAt"], "2026-11-22T09:00:00Z");
        let gone = server.done(admin, DISCONNECT, json!({ "accountId": shop.id })).await;
        assert_eq!(gone["account"], json!({ "paymentConnection": null }));
        assert_eq!(stored(&server, &shop, NAME).await, None);
        assert_eq!(buy(&server, &shop, &package).await["userErrors"][0]["code"], "PAYMENT_FAILED");
        let input = json!({ "input": { "accountId": shop.id } });
        let twice = server.graphql(Some(admin), DISCONNECT, input).await;
        assert_eq!(twice["data"]["disconnectPayments"]["userErrors"][0]["code"], "CONFLICT");
    }

    /// A merchant and credentials that can't be used are refused by name, and nothing is stored.
    async fn impossible_connections_are_refused(server: Server) {
        let provider = TestProvider::with_tokens("token");
        let keyless = server.with_settings(with(&provider, &[])).await;
        let shop = keyless.account("Shop").await;
        let (field, message) = refused(&keyless, with_token(&shop, "shop.example", "token")).await;
        assert_eq!(field, "input.credentials");
        assert!(message.contains("SECRET_KEYS_FILE"), "{message}");

        let server = keyless.with_settings(with(&provider, &KEYS)).await;
        let check = async |change: fn(&mut Value), field: &str, said: &str| {
            let mut input = with_token(&shop, "shop.example", "secret-token");
            change(&mut input);
            let (found, message) = refused(&server, input).await;
            assert_eq!(found, field, "{message}");
            assert!(message.contains(said), "{message}");
            assert!(!message.contains("secret-token"), "{message}");
        };
        let merchant = "input.merchantId";
        check(|input| input["merchantId"] = json!("  "), merchant, "1 to 255 bytes").await;
        check(|input| input["merchantId"] = json!("s".repeat(256)), merchant, "1 to 255 bytes").await;
        check(|input| input["merchantId"] = json!("a\nb"), merchant, "control characters").await;
        let name = "input.credentials.0.name";
        let swap = |input: &mut Value| input["credentials"][0]["name"] = json!("secret-token");
        check(swap, name, "accessToken, and optionally refreshToken").await;
        let double = |input: &mut Value| input["credentials"][1]["name"] = json!("accessToken");
        check(double, "input.credentials.1.name", "given twice").await;
        let many = |input: &mut Value| {
            let one = input["credentials"][0].clone();
            input["credentials"] = Value::Array(vec![one; 21]);
        };
        check(many, "input.credentials", "At most 20").await;
        let value = "input.credentials.0.value";
        let long = |input: &mut Value| input["credentials"][0]["value"] = json!("t".repeat(4_097));
        check(long, value, "1 to 4096 bytes").await;
        check(|input| input["credentials"][0]["value"] = json!(""), value, "1 to 4096 bytes").await;
        check(|input| input["credentials"][0]["value"] = json!("a\tb"), value, "control").await;
        check(|input| input["credentials"][0]["value"] = json!(" a"), value, "spaces").await;
        let miss = |input: &mut Value| drop(input["credentials"].as_array_mut().unwrap().remove(0));
        check(miss, "input.credentials", "accessToken is missing").await;
        let foreign = |input: &mut Value| input["accountId"] = json!("account_nobody");
        check(foreign, "input.accountId", "no such account").await;
        assert_eq!(stored(&server, &shop, NAME).await, None);
    }

    /// The sandbox needs no connection, and takes one without credentials.
    async fn the_sandbox_takes_a_merchant(server: Server) {
        let shop = server.account("Shop").await;
        let (field, message) = refused(&server, with_token(&shop, "shop.example", "token")).await;
        assert_eq!(field, "input.merchantId");
        assert!(message.contains("one of approve, decline"), "{message}");
        let (field, message) = refused(&server, with_token(&shop, "decline", "token")).await;
        assert_eq!(field, "input.credentials.0.name");
        assert!(message.contains("takes no credentials"), "{message}");
        let input = json!({ "accountId": shop.id, "merchantId": "decline" });
        server.done(server.admin_key(), CONNECT, input).await;
        let row = stored(&server, &shop, "sandbox").await.unwrap();
        assert_eq!((row.merchant.as_str(), row.secrets), ("decline", None));
    }

    /// The credentials of one account are of no use to another.
    async fn moved_credentials_cannot_be_decrypted(server: Server) {
        let provider = TestProvider::with_tokens("token");
        let server = server.with_settings(with(&provider, &KEYS)).await;
        let (one, other) = (server.account("One").await, server.account("Other").await);
        for (tenant, token) in [(&one, "token"), (&other, "another token")] {
            server.done(server.admin_key(), CONNECT, with_token(tenant, "shop.example", token)).await;
        }
        let secrets = stored(&server, &one, NAME).await.unwrap().secrets;
        let id = AccountId::decode(&other.id).unwrap();
        payment_connection::Entity::update_many()
            .col_expr(payment_connection::Column::Secrets, Expr::value(secrets))
            .filter(payment_connection::Column::AccountId.eq(id.uuid()))
            .exec(server.services().store.writer())
            .await
            .unwrap();
        let package = package(&server, 500, 4_900, |_| {}).await;
        let refused = buy(&server, &other, &package).await;
        assert_eq!(refused["userErrors"][0]["code"], "PAYMENT_FAILED", "{refused}");
        assert_eq!(connection(&server, &other.owner, &other).await["status"], "UNAUTHORIZED");
        begin(&server, &one, &package).await;
    }

    /// Callers in two processes whose token has ended renew it once.
    async fn concurrent_renewals_are_made_once(server: Server) {
        let provider = TestProvider::with_tokens("first");
        let server = server.with_settings(with(&provider, &KEYS)).await;
        let beside = server.beside(with(&provider, &KEYS)).await;
        let shop = server.account("Shop").await;
        server.done(server.admin_key(), CONNECT, with_token(&shop, "shop.example", "first")).await;
        let package = package(&server, 500, 4_900, |_| {}).await;
        provider.expire_token("second");
        provider.set_renewal_time(Duration::from_millis(300));
        let servers = [&server, &beside].into_iter().cycle().take(8);
        let begun = join_all(servers.map(|server| buy(server, &shop, &package))).await;
        for begun in begun {
            assert_eq!(begun["userErrors"], json!([]), "{begun}");
        }
        assert_eq!(provider.renewals(), 1);
        let row = stored(&server, &shop, NAME).await.unwrap();
        assert_eq!(row.renewing_until, None);
    }

    /// A reservation whose holder died ends after 30 seconds; until then nobody else renews.
    async fn a_dead_renewal_is_taken_over(server: Server) {
        let provider = TestProvider::with_tokens("first");
        let server = server.with_settings(with(&provider, &KEYS)).await;
        let shop = server.account("Shop").await;
        server.done(server.admin_key(), CONNECT, with_token(&shop, "shop.example", "first")).await;
        let package = package(&server, 500, 4_900, |_| {}).await;
        let until = "2026-11-22T08:00:30Z".parse::<jiff::Timestamp>().unwrap();
        payment_connection::Entity::update_many()
            .col_expr(payment_connection::Column::RenewingUntil, Expr::value(until.as_microsecond()))
            .exec(server.services().store.writer())
            .await
            .unwrap();
        provider.expire_token("second");
        // The payment is begun later: its provider wasn't asked yet.
        let begun = buy(&server, &shop, &package).await;
        assert_eq!(begun["purchase"]["status"], "PENDING", "{begun}");
        assert_eq!(provider.renewals(), 0);
        server.set_time("2026-11-22T08:00:31Z");
        server.run_workers().await;
        assert_eq!(provider.renewals(), 1);
        let purchase = purchase_id(&begun["purchase"]["id"]);
        assert!(provider.payment(purchase).is_some());
    }

    /// Trouble that the provider reports is shown until a call succeeds.
    async fn trouble_is_shown_until_a_call_succeeds(server: Server) {
        let provider = TestProvider::with_tokens("token");
        let server = server.with_settings(with(&provider, &KEYS)).await;
        let shop = server.account("Shop").await;
        let account = AccountId::decode(&shop.id).unwrap();
        server.done(server.admin_key(), CONNECT, with_token(&shop, "shop.example", "token")).await;
        let package = package(&server, 500, 4_900, |_| {}).await;
        let status = async || connection(&server, &shop.owner, &shop).await["status"].clone();
        for (trouble, shown) in [
            (MerchantTrouble::Frozen, "FROZEN"),
            (MerchantTrouble::Unauthorized, "UNAUTHORIZED"),
            (MerchantTrouble::Uninstalled, "UNINSTALLED"),
        ] {
            provider.set_trouble(account, Some(trouble));
            let refused = buy(&server, &shop, &package).await;
            assert_eq!(refused["userErrors"][0]["code"], "PAYMENT_FAILED", "{refused}");
            assert_eq!(status().await, shown);
        }
        provider.set_trouble(account, None);
        begin(&server, &shop, &package).await;
        assert_eq!(status().await, "ACTIVE");
    }

    /// The permission to charge is kept with the connection as long as its merchant stays.
    async fn a_mandate_is_kept_with_its_merchant(server: Server) {
        let provider = TestProvider::with_tokens("token");
        let server = server.with_settings(with(&provider, &KEYS)).await;
        let shop = server.account("Shop").await;
        let account = AccountId::decode(&shop.id).unwrap();
        let services = server.services();
        let mandate = Mandate {
            state: MandateState::NeedsApproval,
            reference: Some("line/1".to_owned()),
            cap: None,
            used: None,
            period_end: None,
            confirmation_url: Some("https://shop.example/approve".parse().unwrap()),
        };
        // Without a connection there is no place for it.
        services.keep_mandate(account, &mandate).await.unwrap();
        assert_eq!(services.mandate_of(account).await.unwrap(), None);
        let connect = async |merchant: &str| {
            server.done(server.admin_key(), CONNECT, with_token(&shop, merchant, "token")).await
        };
        connect("shop.example").await;
        services.keep_mandate(account, &mandate).await.unwrap();
        connect("shop.example").await;
        assert_eq!(services.mandate_of(account).await.unwrap(), Some(mandate));
        connect("other.example").await;
        assert_eq!(services.mandate_of(account).await.unwrap(), None);
    }

    /// Secrets move to another key while a server renews them, and the old key isn't needed
    /// afterwards.
    async fn keys_are_rotated_while_the_server_runs(server: Server) {
        let provider = TestProvider::with_tokens("0");
        let server = server.with_settings(with(&provider, &[KEYS[0]])).await;
        let mut shops = Vec::new();
        for number in 0..3 {
            let shop = server.account(&format!("Shop {number}")).await;
            server.done(server.admin_key(), CONNECT, with_token(&shop, "shop.example", "0")).await;
            shops.push(shop);
        }
        let package = package(&server, 500, 4_900, |_| {}).await;
        let both = [KEYS[1], KEYS[0]];
        let server = server.with_settings(with(&provider, &both)).await;
        let renewing = async {
            for number in 1..=5 {
                provider.expire_token(&number.to_string());
                begin(&server, &shops[0], &package).await;
            }
        };
        let store = &server.services().store;
        let vault = vault(&both);
        let (rotated, ()) = tokio::join!(rotate(store, &vault, |_| {}), renewing);
        let rotated = rotated.unwrap();
        assert_eq!(rotated.moved + rotated.current, 3, "{rotated:?}");
        assert_eq!(rotated.unreadable.len(), 0);
        let again = rotate(store, &vault, |_| {}).await.unwrap();
        assert_eq!(again, Rotated { current: 3, ..Rotated::default() });
        assert_eq!(server.services().missing_secret_keys().await.unwrap(), []);

        let server = server.with_settings(with(&provider, &[KEYS[1]])).await;
        for shop in &shops {
            let row = stored(&server, shop, NAME).await.unwrap();
            assert_eq!(row.secret_key_id.as_deref(), Some("second"));
            begin(&server, shop, &package).await;
        }
        // A server without the key says so, and can't charge them.
        let server = server.with_settings(with(&provider, &[KEYS[0]])).await;
        let missing = server.services().missing_secret_keys().await.unwrap();
        assert_eq!(missing, [("second".to_owned(), 3)]);
        let refused = buy(&server, &shops[0], &package).await;
        assert_eq!(refused["userErrors"][0]["code"], "PAYMENT_FAILED", "{refused}");
        assert_eq!(connection(&server, &shops[0].owner, &shops[0]).await["status"], "UNAUTHORIZED");
        let unreadable = rotate(&server.services().store, &self::vault(&[KEYS[0]]), |_| {}).await;
        assert_eq!(unreadable.unwrap().unreadable, [("second".to_owned(), 3)].into());
    }

    /// A webhook about a merchant has its permission read, and shows its trouble.
    async fn a_webhook_about_a_merchant_has_it_read(server: Server) {
        let provider = TestProvider::with_tokens("token");
        let server = server.with_settings(with(&provider, &KEYS)).await;
        let shop = server.account("Shop").await;
        let account = AccountId::decode(&shop.id).unwrap();
        server.done(server.admin_key(), CONNECT, with_token(&shop, "shop.example", "token")).await;
        let about = Subject::Merchant("shop.example".to_owned());
        let deliver = async |delivery: &str| {
            let webhook = provider.webhook(delivery, &about, server.services().clock.now());
            let request = server.http().post(server.url("/webhooks/test"));
            let response = request.headers(webhook.headers).body(webhook.body).send().await.unwrap();
            assert_eq!(response.status(), 200);
            server.run_workers().await;
        };
        deliver("1").await;
        let mandate = server.services().mandate_of(account).await.unwrap().unwrap();
        assert_eq!(mandate.state, MandateState::Active);
        provider.set_trouble(account, Some(MerchantTrouble::Uninstalled));
        deliver("2").await;
        assert_eq!(connection(&server, &shop.owner, &shop).await["status"], "UNINSTALLED");
        assert_eq!(provider.calls(Call::Mandate), 2);
        // Silence is followed by another question.
        provider.set_trouble(account, None);
        provider.set_down(true);
        deliver("3").await;
        provider.set_down(false);
        assert_eq!(connection(&server, &shop.owner, &shop).await["status"], "UNINSTALLED");
        server.set_time("2026-11-22T08:00:05Z");
        server.run_workers().await;
        assert_eq!(connection(&server, &shop.owner, &shop).await["status"], "ACTIVE");
    }
}
