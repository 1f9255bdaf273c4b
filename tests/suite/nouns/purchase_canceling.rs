//! Canceling purchases over HTTP: what is canceled, what is too late, and money that comes all the
//! same.

use domain::payment::Event;
use futures_util::future::join_all;
use message_credits::payments::CallError;
use serde_json::{Value, json};

use crate::support::{
    Server, Tenant,
    account::balance,
    new_key, on_both_databases,
    purchase::{PURCHASE, begin, begin_transfer, package},
    test_provider::{Call, Step, TestProvider, purchase_id},
};

const CANCEL: &str = "mutation($input: CancelPurchaseInput!) { cancelPurchase(input: $input) {
    purchase { id status confirmationUrl expiresAt decidedAt canceledAt account { balance { total } } }
    balance { total } userErrors { field code } } }";
const READ: &str =
    "query($id: ID!) { node(id: $id) { ... on Purchase { status canceledAt decidedAt } } }";
const CONFIRM: &str = "mutation($input: ConfirmPurchaseInput!) { confirmPurchase(input: $input) {
    purchase { status } balance { total } userErrors { field code } } }";

async fn cancel(server: &Server, key: &str, purchase: &Value) -> Value {
    let input = json!({ "purchaseId": purchase["id"] });
    let mut response = server
        .graphql(Some(key), CANCEL, json!({ "input": input }))
        .await;
    response["data"]["cancelPurchase"].take()
}

async fn seen(server: &Server, tenant: &Tenant, purchase: &Value) -> Value {
    let mut data = server
        .data(&tenant.owner, READ, json!({ "id": purchase["id"] }))
        .await;
    data["node"].take()
}

async fn total(server: &Server, tenant: &Tenant) -> Value {
    balance(server, tenant).await["total"].take()
}

fn refused(code: &str) -> Value {
    json!({ "purchase": null, "balance": null,
        "userErrors": [{ "field": ["input", "purchaseId"], "code": code }] })
}

async fn press(server: &Server, url: &Value, decision: &str) {
    let form = [("decision", decision)];
    let url = url.as_str().unwrap();
    server.http().post(url).form(&form).send().await.unwrap();
}

on_both_databases! {
    /// A purchase that waits is canceled, however often: nobody can approve it afterwards, and it
    /// no longer counts among those that wait.
    async fn a_purchase_is_canceled_once(server: Server) {
        let shop = server.account("Shop").await;
        let package = package(&server, 1_000, 4_990, |_| {}).await;
        let member = server.key(&shop, "MEMBER").await;
        let canceled = |purchase: &Value| json!({
            "purchase": { "id": purchase["id"], "status": "CANCELED", "confirmationUrl": null, "expiresAt": null,
                "decidedAt": "2026-11-22T09:00:00Z", "canceledAt": "2026-11-22T09:00:00Z",
                "account": { "balance": { "total": "0" } } },
            "balance": { "total": "0" }, "userErrors": [],
        });
        let purchase = begin(&server, &shop, &package).await;
        let transfer = begin_transfer(&server, &shop, &package).await;
        server.set_time("2026-11-22T09:00:00Z");
        assert_eq!(cancel(&server, &member, &purchase).await, canceled(&purchase));
        assert_eq!(cancel(&server, server.admin_key(), &transfer).await, canceled(&transfer));
        server.set_time("2026-11-22T10:00:00Z");
        for purchase in [&purchase, &transfer] {
            assert_eq!(cancel(&server, &shop.owner, purchase).await, canceled(purchase));
        }
        press(&server, &purchase["confirmationUrl"], "approve").await;
        let page = server.http().get(purchase["confirmationUrl"].as_str().unwrap()).send().await.unwrap();
        let page = page.text().await.unwrap();
        assert!(page.contains("Canceled") && !page.contains("<form"), "{page}");
        server.set_time("2026-12-30T08:00:00Z");
        server.run_workers().await;
        for purchase in [&purchase, &transfer] {
            assert_eq!(seen(&server, &shop, purchase).await["status"], "CANCELED");
        }
        assert_eq!(total(&server, &shop).await, "0");
    }

    /// Money that was taken for a canceled purchase brings its credits (law R6): its provider is
    /// asked about it until it is over, and a transfer is confirmed.
    async fn a_canceled_purchase_that_is_paid_is_credited(server: Server) {
        let provider = TestProvider::new();
        let server = server.paid_by([provider.shared()]).await;
        let shop = server.account("Shop").await;
        let package = package(&server, 500, 4_900, |_| {}).await;
        let (late, gone) = (begin(&server, &shop, &package).await, begin(&server, &shop, &package).await);
        for purchase in [&late, &gone] {
            assert_eq!(cancel(&server, &shop.owner, purchase).await["purchase"]["status"], "CANCELED");
        }
        provider.decide(purchase_id(&gone["id"]), Event::Expired);
        // An answer that does not come changes nothing.
        provider.script(Call::Read, [Step::LoseCall, Step::LoseCall]);
        for minute in ["01", "02", "05"] {
            server.set_time(&format!("2026-11-22T08:{minute}:00Z"));
            server.run_workers().await;
        }
        let asked = provider.calls_about(Call::Read, purchase_id(&gone["id"]));
        provider.decide(purchase_id(&late["id"]), Event::Paid);
        server.set_time("2026-11-22T10:30:00Z");
        server.run_workers().await;
        let paid = json!({ "status": "PAID", "canceledAt": "2026-11-22T08:00:00Z", "decidedAt": "2026-11-22T10:30:00Z" });
        assert_eq!(seen(&server, &shop, &late).await, paid);
        assert_eq!(seen(&server, &shop, &gone).await["status"], "CANCELED");
        assert_eq!(total(&server, &shop).await, "500");
        assert_eq!(provider.calls_about(Call::Read, purchase_id(&gone["id"])), asked);
        let too_late = cancel(&server, &shop.owner, &late).await;
        assert_eq!(too_late, refused("CONFLICT"));

        let transfer = begin_transfer(&server, &shop, &package).await;
        cancel(&server, &shop.owner, &transfer).await;
        let input = json!({ "purchaseId": transfer["id"], "reference": "RF18" });
        let confirmed = server.done(server.admin_key(), CONFIRM, input).await;
        assert_eq!((&confirmed["purchase"]["status"], &confirmed["balance"]["total"]), (&json!("PAID"), &json!("1000")));
        assert_eq!(cancel(&server, &shop.owner, &transfer).await, refused("CONFLICT"));
    }

    /// A buyer who was faster than the cancellation has bought.
    async fn a_purchase_that_turns_out_to_be_paid_is_not_canceled(server: Server) {
        let provider = TestProvider::new();
        let server = server.paid_by([provider.shared()]).await;
        let shop = server.account("Shop").await;
        let package = package(&server, 500, 4_900, |_| {}).await;
        let purchase = begin(&server, &shop, &package).await;
        provider.decide(purchase_id(&purchase["id"]), Event::Paid);
        assert_eq!(cancel(&server, &shop.owner, &purchase).await, refused("CONFLICT"));
        assert_eq!(seen(&server, &shop, &purchase).await["status"], "PAID");
        assert_eq!(total(&server, &shop).await, "500");
        // Nobody knows whether it is paid.
        provider.script(Call::Begin, [Step::LoseAnswer]);
        let input = json!({ "packageId": package, "idempotencyKey": new_key() });
        server.graphql(Some(&shop.owner), PURCHASE, json!({ "input": input })).await;
        let data = server.data(&shop.owner, "{ account { purchases(first: 1) { nodes { id status } } } }", json!({})).await;
        let unknown = &data["account"]["purchases"]["nodes"][0];
        assert_eq!(unknown["status"], "UNKNOWN");
        assert_eq!(cancel(&server, &shop.owner, unknown).await, refused("CONFLICT"));
        assert_eq!(seen(&server, &shop, unknown).await["canceledAt"], Value::Null);
        // A provider that is busy is asked later, and the purchase is canceled meanwhile.
        let purchase = begin(&server, &shop, &package).await;
        provider.script(Call::Read, [Step::Refuse(CallError::Busy(std::time::Duration::from_secs(9)))]);
        assert_eq!(cancel(&server, &shop.owner, &purchase).await["purchase"]["status"], "CANCELED");
    }

    /// What is decided, another account's, or a role's that may not, stays as it is.
    async fn what_does_not_wait_is_not_canceled(server: Server) {
        let (shop, other) = (server.account("Shop").await, server.account("Other").await);
        let package = package(&server, 1_000, 4_990, |_| {}).await;
        let waits = begin(&server, &shop, &package).await;
        for decision in ["approve", "decline"] {
            let purchase = begin(&server, &shop, &package).await;
            press(&server, &purchase["confirmationUrl"], decision).await;
            let before = seen(&server, &shop, &purchase).await;
            assert_eq!(cancel(&server, &shop.owner, &purchase).await, refused("CONFLICT"), "{decision}");
            assert_eq!(seen(&server, &shop, &purchase).await, before);
        }
        assert_eq!(cancel(&server, &other.owner, &waits).await, refused("NOT_FOUND"));
        let account = json!({ "id": shop.id });
        assert_eq!(cancel(&server, &shop.owner, &account).await, refused("NOT_FOUND"));
        for role in ["VIEWER", "SENDER"] {
            let key = server.key(&shop, role).await;
            assert_eq!(cancel(&server, &key, &waits).await, Value::Null, "{role}");
        }
        assert_eq!(seen(&server, &shop, &waits).await["status"], "PENDING");
        // Nobody has recorded yet that it has expired.
        server.set_time("2026-11-24T08:00:00Z");
        assert_eq!(cancel(&server, &shop.owner, &waits).await, refused("CONFLICT"));
        assert_eq!(seen(&server, &shop, &waits).await["status"], "EXPIRED");
    }

    /// Of an approval and a cancellation at once, one counts.
    async fn racing_approvals_and_cancellations_give_one_result(server: Server) {
        let shop = server.account("Shop").await;
        let package = package(&server, 1_000, 4_990, |_| {}).await;
        let mut paid = 0;
        for _ in 0..6 {
            let purchase = begin(&server, &shop, &package).await;
            let approve = press(&server, &purchase["confirmationUrl"], "approve");
            let cancels = join_all((0..3).map(|_| cancel(&server, &shop.owner, &purchase)));
            let ((), canceled) = tokio::join!(approve, cancels);
            let status = seen(&server, &shop, &purchase).await["status"].take();
            paid += i32::from(status == "PAID");
            for answer in canceled {
                match status.as_str().unwrap() {
                    "PAID" => assert_eq!(answer, refused("CONFLICT")),
                    _ => assert_eq!(answer["purchase"]["status"], "CANCELED", "{answer}"),
                }
            }
        }
        assert_eq!(total(&server, &shop).await, json!((paid * 1_000).to_string()));
    }
}
