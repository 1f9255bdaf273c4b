//! What answers tell a client's cache: whose they are, and what else a mutation has changed.

use serde_json::json;

use crate::support::{
    message::{scheduled, send, to_italians},
    on_both_databases,
    purchase::{begin, begin_transfer, package},
};

on_both_databases! {
    /// Balances, transactions and purchases place themselves under their account.
    async fn answers_name_their_account(server: Server) {
        let tenant = server.account("Shop").await;
        server.account("Other").await;
        server.grant(&tenant, "100").await;
        send(&server, &tenant, to_italians(3)).await;
        let package = package(&server, 1_000, 4_990, |_| {}).await;
        begin(&server, &tenant, &package).await;
        let read = "{ account { id balance { account { id } }
            transactions(first: 5) { nodes { account { id } } }
            purchases(first: 5) { nodes { account { id } } } } }";
        let data = server.data(&tenant.owner, read, json!({})).await;
        let own = json!({ "account": { "id": tenant.id } });
        assert_eq!(data["account"], json!({
            "id": tenant.id,
            "balance": own,
            "transactions": { "nodes": [own, own] },
            "purchases": { "nodes": [own] },
        }));
    }

    /// A pending purchase tells until when it waits: two days, or 30 for a bank transfer.
    async fn a_pending_purchase_says_when_it_expires(server: Server) {
        let tenant = server.account("Shop").await;
        let package = package(&server, 1_000, 4_990, |_| {}).await;
        let charge = begin(&server, &tenant, &package).await;
        let transfer = begin_transfer(&server, &tenant, &package).await;
        let ids = json!({ "ids": [charge["id"], transfer["id"]] });
        let read = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Purchase { status expiresAt } } }";
        let data = server.data(&tenant.owner, read, ids.clone()).await;
        assert_eq!(data["nodes"], json!([
            { "status": "PENDING", "expiresAt": "2026-11-24T08:00:00Z" },
            { "status": "PENDING", "expiresAt": "2026-12-22T08:00:00Z" },
        ]));
        server.set_time("2026-12-22T08:00:00Z");
        let data = server.data(&tenant.owner, read, ids).await;
        let expired = json!({ "status": "EXPIRED", "expiresAt": null });
        assert_eq!(data["nodes"][1], expired);
    }

    /// A confirmed bank transfer answers with the balance that it has raised.
    async fn a_confirmation_answers_with_the_balance(server: Server) {
        let tenant = server.account("Shop").await;
        let package = package(&server, 1_000, 4_990, |_| {}).await;
        let purchase = begin_transfer(&server, &tenant, &package).await;
        let confirm = "mutation($input: ConfirmPurchaseInput!) { confirmPurchase(input: $input) {
            balance { total account { id balance { total } } } userErrors { code } } }";
        let mut answers = Vec::new();
        for reference in ["RF18 5390", "RF18 5391"] {
            let input = json!({ "purchaseId": purchase["id"], "reference": reference });
            let input = json!({ "input": input });
            let mut response = server.graphql(Some(server.admin_key()), confirm, input).await;
            answers.push(response["data"]["confirmPurchase"].take());
        }
        let raised = json!({ "total": "1000",
            "account": { "id": tenant.id, "balance": { "total": "1000" } } });
        assert_eq!(answers[0], json!({ "balance": raised, "userErrors": [] }));
        // Another reference is refused.
        let refused = json!({ "balance": null, "userErrors": [{ "code": "CONFLICT" }] });
        assert_eq!(answers[1], refused);
    }

    /// An archived list answers with the balance, in which its credits are unassigned.
    async fn an_archived_list_answers_with_the_balance(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant(&tenant, "1000").await;
        let list = server.list(&tenant, "Winter", json!([])).await;
        let allocate = "mutation($input: AllocateCreditsInput!) { allocateCredits(input: $input) {
            balance { assigned unassigned } userErrors { code } } }";
        let limit = json!({ "listId": list, "mode": "LIMITED", "credits": "300" });
        let limited = server
            .done(&tenant.owner, allocate, json!({ "allocations": [limit] }))
            .await;
        assert_eq!(limited["balance"], json!({ "assigned": "300", "unassigned": "700" }));
        let archive = "mutation($input: ArchiveContactListInput!) { archiveContactList(input: $input) {
            list { archived } balance { assigned unassigned } userErrors { code } } }";
        let archived = server.done(&tenant.owner, archive, json!({ "listId": list })).await;
        assert_eq!(archived["list"]["archived"], true);
        assert_eq!(archived["balance"], json!({ "assigned": "0", "unassigned": "1000" }));
    }

    /// A message's cost in money is that of its quote, and nothing once it is canceled.
    async fn a_message_costs_what_its_quote_said(server: Server) {
        let tenant = server.account("Shop").await;
        server.grant(&tenant, "1000").await;
        let quote = "query($input: QuoteInput!) { quote(input: $input) {
            cost { amount currencyCode } } }";
        let input = json!({ "input": to_italians(7) });
        let quoted = server.data(&tenant.owner, quote, input).await["quote"]["cost"].take();
        assert_ne!(quoted["amount"], "0.00");
        let message = scheduled(&server, &tenant, "2026-11-23T08:00:00Z", to_italians(7)).await;
        let read = "query($id: ID!) { node(id: $id) { ... on Message {
            cost { amount currencyCode } } } }";
        let variables = json!({ "id": message });
        let data = server.data(&tenant.owner, read, variables.clone()).await;
        assert_eq!(data["node"]["cost"], quoted);
        let cancel = "mutation($input: CancelMessageInput!) { cancelMessage(input: $input) {
            message { cost { amount } } userErrors { code } } }";
        let canceled = server.done(&tenant.owner, cancel, json!({ "messageId": message })).await;
        assert_eq!(canceled["message"]["cost"]["amount"], "0.00");
    }
}
