//! Without a payment provider nothing is sold, and purchases of the sandbox can't be decided.
//!
//! Here: the operations, on both databases. Not here: the program's options and pages, which are in
//! `deployment`.

use domain::id::{AccountId, PackageId, PurchaseId};
use entity::sql_enums::{PurchaseStatus, Role};
use message_credits::{
    app::{self, App, Settings},
    clock::Clock,
    config::serving::Shown,
    graphql::engine::ids::PublicId,
    http::{address::TrustedProxies, capacity::Capacity, cors::CorsOrigins, shares::Rates},
    operations::{
        OperationError, RefusalCode, Viewer,
        purchase::{Method, PurchaseCredits},
    },
    payments::{ProviderSettings, Providers},
    vault::Vault,
};
use serde_json::json;

use crate::support::{
    Server, new_key, on_both_databases,
    purchase::{PURCHASE, package},
};

/// The same database, served without a provider.
fn without_a_provider(server: &Server) -> App {
    let settings = Settings {
        public_url: server.url("/").parse().unwrap(),
        admin_key: None,
        clock: Clock::fixed("2026-11-22T08:00:00Z".parse().unwrap()),
        payments: Providers::new(None, &ProviderSettings::default()).unwrap(),
        replica: None,
        vault: Vault::default(),
        retention: message_credits::operations::retention::Retention::default(),
        shown: Shown::default(),
        demo_key: None,
        trusted_proxies: TrustedProxies::default(),
        rates: Rates::default(),
        capacity: Capacity::default(),
        trusted: Default::default(),
        openid: None,
        cors_origins: CorsOrigins::default(),
    };
    app::assemble(server.services().store.clone(), settings)
}

fn code(error: OperationError) -> RefusalCode {
    match error {
        OperationError::Refused(refusals) => refusals[0].code,
        other => panic!("{other:?}"),
    }
}

on_both_databases! {
    /// A new purchase is refused and leaves nothing; an earlier one shows its current status.
    async fn nothing_is_sold_without_a_provider(server: Server) {
        let tenant = server.account("Shop").await;
        let package = package(&server, 1_000, 4_990, |_| {}).await;
        let key = new_key();
        let input = json!({ "packageId": package, "idempotencyKey": key });
        let begun = server.done(&tenant.owner, PURCHASE, input).await;
        let url = begun["purchase"]["confirmationUrl"].as_str().unwrap();
        let token = url.rsplit('/').next().unwrap();

        let app = without_a_provider(&server);
        let account = AccountId::decode(&tenant.id).unwrap();
        let viewer = Viewer { key: None, role: Role::Owner, account: Some(account) , on_behalf_of: None, token: None, trusted_documents_only: false };
        let new = |key: &str| PurchaseCredits {
            account: None,
            package: PackageId::decode(&package).unwrap(),
            method: Method::Provider,
            return_url: None,
            idempotency_key: key.to_owned(),
        };
        let refused = app.services.purchase_credits(&viewer, new("another")).await.unwrap_err();
        assert_eq!(code(refused), RefusalCode::PaymentFailed);
        let again = app.services.purchase_credits(&viewer, new(&key)).await.unwrap().purchase;
        assert_eq!(app.services.confirmation_url(&viewer, &again).await.unwrap(), None);
        assert!(server.services().confirmation_url(&viewer, &again).await.unwrap().is_some());

        assert!(!app.services.checkout(token).await.unwrap().may_be_decided);
        for approve in [true, false] {
            let refused = app.services.decide_purchase(token, approve).await.unwrap_err();
            assert_eq!(code(refused), RefusalCode::Conflict);
        }
        let read = "{ account { purchases { nodes { status } } balance { total } } }";
        let data = server.data(&tenant.owner, read, json!({})).await;
        assert_eq!(data["account"], json!({
            "purchases": { "nodes": [{ "status": "PENDING" }] }, "balance": { "total": "0" },
        }));
        // The refused key left nothing behind: it begins a purchase once a provider is chosen.
        let input = json!({ "packageId": package, "idempotencyKey": "another" });
        server.done(&tenant.owner, PURCHASE, input).await;
    }

    /// A bank transfer needs no provider.
    async fn a_transfer_needs_no_provider(server: Server) {
        let tenant = server.account("Shop").await;
        let package = package(&server, 1_000, 4_990, |_| {}).await;
        let app = without_a_provider(&server);
        let account = AccountId::decode(&tenant.id).unwrap();
        let viewer = Viewer { key: None, role: Role::Owner, account: Some(account) , on_behalf_of: None, token: None, trusted_documents_only: false };
        let new = PurchaseCredits {
            account: None,
            package: PackageId::decode(&package).unwrap(),
            method: Method::BankTransfer,
            return_url: None,
            idempotency_key: new_key(),
        };
        let begun = app.services.purchase_credits(&viewer, new).await.unwrap().purchase;
        assert_eq!(app.services.confirmation_url(&viewer, &begun).await.unwrap(), None);
        let id = PurchaseId::new(begun.id);
        let paid = app.services.confirm_purchase(&viewer, id, "a transfer").await.unwrap();
        assert_eq!(paid.status, PurchaseStatus::Paid);
        assert_eq!(crate::support::account::balance(&server, &tenant).await["total"], "1000");
    }
}
