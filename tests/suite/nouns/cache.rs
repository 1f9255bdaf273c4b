//! What answers tell a client's cache: whose they are, and what else a mutation has changed.

use serde_json::{Value, json};

use crate::support::{
    message::{scheduled, send, to_italians},
    new_key, on_both_databases,
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
        let limit = json!({ "listId": list, "mode": "LIMITED", "assigned": "300" });
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
        let input = json!({ "messageId": message, "idempotencyKey": new_key() });
        let canceled = server.done(&tenant.owner, cancel, input).await;
        assert_eq!(canceled["message"]["cost"]["amount"], "0.00");
    }

    /// Whatever moves credits answers with the lists that share them, under the ids that every
    /// other answer has for the balance and the allocations.
    async fn shared_lists_change_together(server: Server) {
        let tenant = server.account("Shop").await;
        let mut lists = Vec::new();
        for name in ["Winter", "Summer", "VIP"] {
            lists.push(server.list(&tenant, name, json!([])).await);
        }
        let read = "{ account { balance { id available } lists { nodes { id allocation { id available } } } } }";
        let before = server.data(&tenant.owner, read, json!({})).await["account"].take();
        let balance = "balance { id available sharedLists(first: 10) { totalCount nodes { id allocation { id available } } } }";
        let check = async |payload: Value, shared: &[&str], available: &str, total: &str| {
            let balance = &payload["balance"];
            assert_eq!(balance["id"], before["balance"]["id"], "{payload}");
            assert_eq!(balance["available"], total, "{payload}");
            let expected: Vec<Value> = before["lists"]["nodes"].as_array().unwrap().iter()
                .filter(|list| shared.contains(&list["id"].as_str().unwrap()))
                .map(|list| json!({ "id": list["id"],
                    "allocation": { "id": list["allocation"]["id"], "available": available } }))
                .collect();
            assert_eq!(expected.len(), shared.len());
            assert_eq!(balance["sharedLists"], json!({ "totalCount": shared.len(), "nodes": expected }));
        };
        let all: Vec<&str> = lists.iter().map(String::as_str).collect();
        let grant = format!("mutation($input: GrantCreditsInput!) {{ grantCredits(input: $input) {{ {balance} userErrors {{ code }} }} }}");
        let input = json!({ "accountId": tenant.id, "credits": "1000", "note": "start", "idempotencyKey": new_key() });
        check(server.done(server.admin_key(), &grant, input).await, &all, "1000", "1000").await;
        let allocate = format!("mutation($input: AllocateCreditsInput!) {{ allocateCredits(input: $input) {{ {balance} userErrors {{ code }} }} }}");
        let limit = json!({ "listId": lists[2], "mode": "LIMITED", "assigned": "300" });
        check(server.done(&tenant.owner, &allocate, json!({ "allocations": [limit] })).await, &all[..2], "700", "1000").await;
        let send = format!("mutation($input: SendMessageInput!) {{ sendMessage(input: $input) {{ {balance} userErrors {{ code }} }} }}");
        let mut input = to_italians(10);
        input["listId"] = json!(lists[0]);
        input["idempotencyKey"] = json!(new_key());
        check(server.done(&tenant.owner, &send, input).await, &all[..2], "690", "990").await;
        let archive = format!("mutation($input: ArchiveContactListInput!) {{ archiveContactList(input: $input) {{
            archivedListId {balance} userErrors {{ code }} }} }}");
        let archived = server.done(&tenant.owner, &archive, json!({ "listId": lists[2] })).await;
        assert_eq!(archived["archivedListId"], lists[2]);
        check(archived, &all[..2], "990", "990").await;

        // A past balance is another object, and another account's too.
        let past = "query($at: DateTime!) { account { balance(at: $at) { id } } }";
        let past = server.data(&tenant.owner, past, json!({ "at": "2026-11-20T00:00:00Z" })).await;
        assert_ne!(past["account"]["balance"]["id"], before["balance"]["id"]);
        let other = server.account("Other").await;
        let other = server.data(&other.owner, read, json!({})).await;
        assert_ne!(other["account"]["balance"]["id"], before["balance"]["id"]);
    }

    /// Removed contacts are named by their ids, however the caller named them; those of another
    /// list are not.
    async fn removed_contacts_are_named(server: Server) {
        let tenant = server.account("Shop").await;
        let list = server.list(&tenant, "Winter", json!([])).await;
        let other = server.list(&tenant, "Summer", json!([])).await;
        let add = "mutation($input: AddContactsInput!) { addContacts(input: $input) {
            contacts { id } userErrors { code } } }";
        let mut ids = Vec::new();
        for (list, number) in [(&list, 1), (&list, 2), (&list, 3), (&other, 4)] {
            let contact = json!({ "phoneNumber": format!("+39335123456{number}") });
            let input = json!({ "listId": list, "contacts": [contact] });
            let added = server.done(&tenant.owner, add, input).await;
            ids.push(added["contacts"][0]["id"].clone());
        }
        let remove = "mutation($input: RemoveContactsInput!) { removeContacts(input: $input) {
            removedCount removedContactIds list { recipientCount } userErrors { code } } }";
        let check = async |input: Value, removed: &[&Value], count: i64, left: i64| {
            let done = server.done(&tenant.owner, remove, input).await;
            assert_eq!(done["removedContactIds"], json!(removed));
            assert_eq!(done["removedCount"], count);
            assert_eq!(done["list"]["recipientCount"], left);
        };
        check(json!({ "listId": list, "contactIds": [ids[0], ids[3]] }), &[&ids[0]], 1, 2).await;
        check(json!({ "listId": list, "phoneNumbers": ["+393351234562"] }), &[&ids[1]], 1, 1).await;
        check(json!({ "listId": list, "phoneNumbers": ["+393351234562"] }), &[], 0, 1).await;
        check(json!({ "listId": list, "all": true }), &[], 1, 0).await;
    }

    /// Settings answer with the account that they are part of.
    async fn settings_answer_with_their_account(server: Server) {
        let tenant = server.account("Shop").await;
        let package = package(&server, 1_000, 4_990, |_| {}).await;
        let recharge = "mutation($input: UpdateAutoRechargeInput!) { updateAutoRecharge(input: $input) {
            account { id autoRecharge { threshold } } userErrors { code } } }";
        let input = json!({ "threshold": "50", "packageId": package });
        let done = server.done(&tenant.owner, recharge, input).await;
        assert_eq!(done["account"], json!({ "id": tenant.id, "autoRecharge": { "threshold": "50" } }));
        let reports = "mutation($input: UpdateMonthlyReportsInput!) { updateMonthlyReports(input: $input) {
            account { id monthlyReportSchedule { enabled } } userErrors { code } } }";
        let done = server.done(&tenant.owner, reports, json!({ "enabled": true })).await;
        assert_eq!(done["account"], json!({ "id": tenant.id, "monthlyReportSchedule": { "enabled": true } }));
    }

    /// The same report has the same id, in whatever order its filters stand; another has another.
    async fn a_report_has_the_id_of_its_arguments(server: Server) {
        let tenant = server.account("Shop").await;
        let lists = [server.list(&tenant, "Winter", json!([])).await, server.list(&tenant, "Summer", json!([])).await];
        let read = "query($input: UsageReportInput!) { usageReport(input: $input) { id } }";
        let id = async |change: Value| {
            let mut input = json!({ "from": "2026-11-01T00:00:00Z", "to": "2026-11-20T00:00:00Z" });
            input.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            server.data(&tenant.owner, read, json!({ "input": input })).await["usageReport"]["id"].take()
        };
        let whole = id(json!({})).await;
        // The same instant, and what stands in the account anyway.
        assert_eq!(id(json!({ "from": "2026-11-01T01:00:00+01:00", "timeZone": "Europe/Rome" })).await, whole);
        let filtered = id(json!({ "listIds": lists, "countryCodes": ["IT", "FR"] })).await;
        assert_eq!(id(json!({ "listIds": [lists[1], lists[0]], "countryCodes": ["FR", "IT"] })).await, filtered);
        let others = [
            json!({ "to": "2026-11-19T00:00:00Z" }),
            json!({ "interval": "WEEK" }),
            json!({ "channel": "SMS" }),
            json!({ "actor": { "onBehalfOf": "Maria" } }),
            json!({ "listIds": [lists[0]] }),
        ];
        let mut seen = vec![whole, filtered];
        for other in others {
            let id = id(other.clone()).await;
            assert!(!seen.contains(&id), "{other}");
            seen.push(id);
        }
    }

    /// A repeated key says so, does nothing, and shows what it made as it is now (law B4).
    async fn a_repeated_key_is_replayed(server: Server) {
        let tenant = server.account("Shop").await;
        let package = package(&server, 1_000, 4_990, |_| {}).await;
        let twice = async |key: &str, name: &str, node: &str, mut input: Value| {
            let kind = format!("{}{}Input", name[..1].to_uppercase(), &name[1..]);
            let query = format!("mutation($input: {kind}!) {{ {name}(input: $input) {{
                {node} replayed userErrors {{ code message }} }} }}");
            input["idempotencyKey"] = json!(new_key());
            let mut answers = Vec::new();
            for replayed in [false, true] {
                let done = server.done(key, &query, input.clone()).await;
                assert_eq!(done["replayed"], replayed, "{name}");
                answers.push(done);
            }
            answers[1]["replayed"] = json!(false);
            assert_eq!(answers[0], answers[1], "{name}");
            answers.swap_remove(0)
        };
        let admin = server.admin_key();
        let balance = "balance { id available held }";
        let grant = json!({ "accountId": tenant.id, "credits": "100", "note": "start" });
        let lot = twice(admin, "grantCredits", &format!("lot {{ id remaining }} {balance}"), grant).await;
        let revoke = json!({ "accountId": tenant.id, "credits": "10", "note": "too many" });
        twice(admin, "revokeCredits", &format!("transaction {{ id }} {balance}"), revoke).await;
        let message = format!("message {{ id status credits }} {balance}");
        twice(&tenant.owner, "sendMessage", &message, to_italians(5)).await;
        let mut later = to_italians(20);
        later["sendAt"] = json!("2026-11-23T08:00:00Z");
        let scheduled = twice(&tenant.owner, "scheduleMessage", &message, later).await;
        let id = &scheduled["message"]["id"];
        let update = json!({ "messageId": id, "text": "Saldi" });
        twice(&tenant.owner, "updateMessage", &message, update).await;
        twice(&tenant.owner, "cancelMessage", &message, json!({ "messageId": id })).await;
        let purchase = json!({ "packageId": package });
        twice(&tenant.owner, "purchaseCredits", "purchase { id status }", purchase).await;

        // The lot of the grant as it is now.
        let read = "query($id: ID!) { node(id: $id) { ... on CreditLot { remaining } } }";
        let now = server.data(&tenant.owner, read, json!({ "id": lot["lot"]["id"] })).await;
        assert_eq!(now["node"]["remaining"], "85");
    }
}
