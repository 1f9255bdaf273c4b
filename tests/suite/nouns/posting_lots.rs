//! The lots of a transaction's postings over HTTP: which, in which order, and how many.

use domain::{credits::Credits, id::LotId};
use jiff::Timestamp;
use message_credits::{clock::id_at, ledger::RequestKind};
use serde_json::{Value, json};

use crate::support::{
    Server, Tenant,
    message::{schedule, send, to_italians},
    on_both_databases, sending,
};

const NEWEST: &str = "query($first: Int!) { account { transactions(first: $first) { nodes {
    id kind postings { book credits lotCount lots { credits lot { note remaining } } } } } } }";
const GRANT: &str = "mutation($input: GrantCreditsInput!) { grantCredits(input: $input) {
    lot { id } userErrors { field message } } }";

/// A lot with a name.
async fn grant(server: &Server, tenant: &Tenant, note: &str, credits: &str, on: Option<&str>) {
    let input = json!({ "accountId": tenant.id, "credits": credits, "note": note,
        "expiresOn": on, "idempotencyKey": note });
    server.done(server.admin_key(), GRANT, input).await;
}

/// The newest transactions of an account.
async fn newest(server: &Server, tenant: &Tenant, first: u32) -> Vec<Value> {
    let variables = json!({ "first": first });
    let mut data = server.data(&tenant.owner, NEWEST, variables).await;
    let nodes = data["account"]["transactions"]["nodes"].take();
    serde_json::from_value(nodes).unwrap()
}

/// A posting's lots by their notes.
fn lots<'a>(transaction: &'a Value, book: &str) -> Vec<(&'a str, &'a str)> {
    let postings = transaction["postings"].as_array().unwrap();
    let posting = postings.iter().find(|posting| posting["book"] == book);
    let lots = posting.unwrap()["lots"].as_array().unwrap();
    let lot = |lot: &'a Value| {
        (
            lot["lot"]["note"].as_str().unwrap(),
            lot["credits"].as_str().unwrap(),
        )
    };
    lots.iter().map(lot).collect()
}

on_both_databases! {
    /// A charge names the lots that it drew from in their order, be it one or several; a grant names
    /// its own.
    async fn a_charge_names_the_lots_that_it_drew_from(server: Server) {
        let tenant = server.account("Shop").await;
        grant(&server, &tenant, "later", "50", Some("2027-01-01")).await;
        grant(&server, &tenant, "soon", "10", Some("2026-12-01")).await;
        send(&server, &tenant, to_italians(4)).await;
        send(&server, &tenant, to_italians(20)).await;
        let found = newest(&server, &tenant, 3).await;
        assert_eq!(lots(&found[2], "ISSUED"), [("soon", "-10")]);
        assert_eq!(lots(&found[2], "AVAILABLE"), [("soon", "10")]);
        assert_eq!(lots(&found[1], "AVAILABLE"), [("soon", "-4")]);
        assert_eq!(lots(&found[1], "SPENT"), []);
        assert_eq!(lots(&found[0], "AVAILABLE"), [("soon", "-6"), ("later", "-14")]);
        // The lot is as it is now.
        assert_eq!(found[2]["postings"][0]["lots"][0]["lot"]["remaining"], "0");
        assert_eq!((&found[0]["postings"][0]["book"], &found[0]["postings"][0]["lotCount"]),
            (&json!("AVAILABLE"), &json!(2)));
    }

    /// Held credits are those of their lots, and a change of limits moves no lot's.
    async fn holds_name_their_lots_and_allocations_none(server: Server) {
        let tenant = server.account("Shop").await;
        grant(&server, &tenant, "only", "50", None).await;
        let list = server.list(&tenant, "Winter", json!([])).await;
        let limit = "mutation($input: AllocateCreditsInput!) { allocateCredits(input: $input) {
            userErrors { field message } } }";
        let input = json!({ "allocations": [{ "listId": list, "mode": "LIMITED", "assigned": "30" }] });
        server.done(&tenant.owner, limit, input).await;
        schedule(&server, &tenant, "2026-11-23T08:00:00Z", to_italians(7)).await;
        let found = newest(&server, &tenant, 2).await;
        assert_eq!((&found[0]["kind"], &found[1]["kind"]), (&json!("HOLD"), &json!("ALLOCATION")));
        assert_eq!(lots(&found[0], "AVAILABLE"), [("only", "-7")]);
        assert_eq!(lots(&found[0], "HELD"), [("only", "7")]);
        for posting in found[1]["postings"].as_array().unwrap() {
            assert_eq!((&posting["lots"], &posting["lotCount"]), (&json!([]), &json!(0)));
        }
        server.set_time("2026-11-23T08:00:00Z");
        server.run_workers().await;
        let found = newest(&server, &tenant, 1).await;
        assert_eq!(found[0]["kind"], "SPEND");
        assert_eq!(lots(&found[0], "HELD"), [("only", "-7")]);
    }

    /// A charge of more than a hundred lots shows the first hundred, and counts all.
    async fn many_lots_are_counted_and_bounded(server: Server) {
        let tenant = server.account("Shop").await;
        let now: Timestamp = server.services().clock.now();
        for _ in 0..120 {
            let kind = RequestKind::Grant {
                lot: LotId::new(id_at(now)),
                credits: Credits::whole(1),
                expires_on: None,
                note: "one of many".to_owned(),
            };
            sending::submit(&server, &tenant, now, kind).await;
        }
        send(&server, &tenant, to_italians(120)).await;
        let found = newest(&server, &tenant, 1).await;
        let posting = &found[0]["postings"][0];
        assert_eq!((&posting["book"], &posting["credits"]), (&json!("AVAILABLE"), &json!("-120")));
        assert_eq!(posting["lotCount"], 120);
        assert_eq!(posting["lots"].as_array().unwrap().len(), 100);
    }

    /// Another account's entry is as if it didn't exist, lots and all.
    async fn lots_of_other_accounts_are_not_shown(server: Server) {
        let (one, other) = (server.account("One").await, server.account("Other").await);
        grant(&server, &one, "secret", "50", None).await;
        let found = newest(&server, &one, 1).await;
        let read = "query($id: ID!) { node(id: $id) { ... on Transaction {
            postings { lots { lot { note } } } } } }";
        let id = json!({ "id": found[0]["id"] });
        let own = server.data(&one.owner, read, id.clone()).await;
        assert_eq!(own["node"]["postings"][0]["lots"][0]["lot"]["note"], "secret");
        let foreign = server.data(&other.owner, read, id).await;
        assert_eq!(foreign["node"], Value::Null);
    }
}
