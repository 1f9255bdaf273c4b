//! Lots over HTTP: granting credits, taking them back, and expiry.

use serde_json::{Value, json};

use crate::support::{Server, Tenant, message, new_key, on_both_databases, purchase};

const GRANT: &str = "mutation($input: GrantCreditsInput!) {
    grantCredits(input: $input) {
        lot { id source granted remaining expiresOn expiresAt state createdAt }
        balance { total available unassigned nextExpiry { credits expiresOn expiresAt } }
        userErrors { field code } } }";
const REVOKE: &str = "mutation($input: RevokeCreditsInput!) {
    revokeCredits(input: $input) {
        transaction { id kind credits note }
        balance { available }
        userErrors { field code } } }";
const LOTS: &str = "query($id: ID, $state: CreditLotState) {
    account(id: $id) { lots(state: $state) { totalCount nodes { granted remaining state } } } }";

/// Grants credits; returns the lot's id.
async fn lot(server: &Server, tenant: &Tenant, credits: &str, expires_on: Option<&str>) -> String {
    let input = json!({ "accountId": tenant.id, "credits": credits, "expiresOn": expires_on,
        "note": "for a test", "idempotencyKey": new_key() });
    let payload = server.done(server.admin_key(), GRANT, input).await;
    payload["lot"]["id"].as_str().unwrap().to_owned()
}

fn revocation(tenant: &Tenant, lot: Option<&str>, credits: &str) -> Value {
    json!({ "accountId": tenant.id, "lotId": lot, "credits": credits, "note": "a mistake",
        "idempotencyKey": new_key() })
}

/// The only refusal of a mutation.
async fn refusal(server: &Server, query: &str, input: &Value) -> (Value, Value) {
    let response = server
        .graphql(Some(server.admin_key()), query, json!({ "input": input }))
        .await;
    let payload = response["data"]
        .as_object()
        .unwrap()
        .values()
        .next()
        .unwrap();
    assert_eq!(
        payload["userErrors"].as_array().unwrap().len(),
        1,
        "{response:#}"
    );
    assert_eq!(payload["balance"], Value::Null, "{response:#}");
    let error = &payload["userErrors"][0];
    (error["field"].clone(), error["code"].clone())
}

async fn lots(server: &Server, tenant: &Tenant, state: Option<&str>) -> Value {
    let variables = json!({ "id": tenant.id, "state": state });
    let mut data = server.data(&tenant.owner, LOTS, variables).await;
    data["account"]["lots"].take()
}

/// What became of each lot of an account, the newest first.
async fn parts(server: &Server, key: &str) -> Value {
    let query = "{ account { lots { nodes {
        granted remaining held used expired revoked state note purchase { status } account { name } } } } }";
    let mut data = server.data(key, query, Value::Null).await;
    data["account"]["lots"]["nodes"].take()
}

on_both_databases! {
    /// The parts of a lot add up to what was granted, and a lot that was used up before its day is
    /// no loss: it shows as used up, and never as expired.
    async fn a_lot_says_what_became_of_its_credits(server: Server) {
        let tenant = server.account("Shop").await;
        let lapses = lot(&server, &tenant, "10", Some("2026-12-01")).await;
        server.set_time("2026-11-22T09:00:00Z");
        lot(&server, &tenant, "5", Some("2026-12-02")).await;
        server.set_time("2026-11-22T10:00:00Z");
        let package = purchase::package(&server, 100, 4_990, |_| {}).await;
        let at = "2026-11-22T10:00:00Z".parse().unwrap();
        purchase::paid_at(&server, &tenant, (&package, 100, 4_990), false, at).await;
        let revoked = revocation(&tenant, Some(&lapses), "1");
        server.done(server.admin_key(), REVOKE, revoked).await;
        // The bought credits never expire, so they are drawn first: 100, then 3 of the 10.
        let to = |recipients: i32| json!({ "text": "Ciao", "audience": {
            "destinations": [{ "countryCode": "IT", "recipientCount": recipients }] } });
        message::send(&server, &tenant, to(101)).await;
        message::schedule(&server, &tenant, "2026-12-10T08:00:00Z", to(2)).await;
        let lot = |parts: [&str; 6], state: &str, bought: bool| {
            let [granted, remaining, held, used, expired, revoked] = parts;
            json!({ "granted": granted, "remaining": remaining, "held": held, "used": used,
                "expired": expired, "revoked": revoked, "state": state,
                "note": if bought { Value::Null } else { json!("for a test") },
                "purchase": if bought { json!({ "status": "PAID" }) } else { Value::Null },
                "account": { "name": "Shop" } })
        };
        let bought = lot(["100", "0", "0", "100", "0", "0"], "EXHAUSTED", true);
        assert_eq!(parts(&server, &tenant.owner).await, json!([
            bought,
            lot(["5", "5", "0", "0", "0", "0"], "ACTIVE", false),
            lot(["10", "6", "2", "1", "0", "1"], "ACTIVE", false),
        ]));
        // On the first lot's day, whether or not its expiry is booked yet; then all of the second
        // is used on its last day.
        server.set_time("2026-12-01T08:00:00Z");
        let lapsed = lot(["10", "0", "2", "1", "6", "1"], "EXPIRED", false);
        assert_eq!(parts(&server, &tenant.owner).await[2], lapsed);
        message::send(&server, &tenant, to(5)).await;
        let used = lot(["5", "0", "0", "5", "0", "0"], "EXHAUSTED", false);
        assert_eq!(parts(&server, &tenant.owner).await, json!([bought, used, lapsed]));
        server.set_time("2026-12-05T08:00:00Z");
        assert_eq!(parts(&server, &tenant.owner).await, json!([bought, used, lapsed]));
        let of = async |state| lots(&server, &tenant, Some(state)).await["totalCount"].clone();
        assert_eq!([of("ACTIVE").await, of("EXHAUSTED").await, of("EXPIRED").await], [0, 2, 1]);
        // What comes back from the hold has expired too.
        let cancel = "mutation($id: ID!) { cancelMessage(input: { messageId: $id, idempotencyKey: \"c\" }) {
            userErrors { code } } }";
        let scheduled = "{ account { messages(first: 10) { nodes { id status } } } }";
        let data = server.data(&tenant.owner, scheduled, Value::Null).await;
        let nodes = data["account"]["messages"]["nodes"].as_array().unwrap();
        let held = nodes.iter().find(|one| one["status"] == "SCHEDULED").unwrap();
        server.data(&tenant.owner, cancel, json!({ "id": held["id"] })).await;
        let lapsed = lot(["10", "0", "0", "1", "8", "1"], "EXPIRED", false);
        assert_eq!(parts(&server, &tenant.owner).await, json!([bought, used, lapsed]));
    }

    /// A grant becomes a lot that is valid until the first instant of its day in the account's
    /// zone.
    async fn a_grant_becomes_a_lot(server: Server) {
        let tenant = server.account("Shop").await;
        let input = json!({ "accountId": tenant.id, "credits": "21.4890", "expiresOn": "2026-11-23",
            "note": "welcome", "idempotencyKey": new_key() });
        let mut payload = server.done(server.admin_key(), GRANT, input).await;
        let id = payload["lot"]["id"].take();
        assert_eq!(payload, json!({
            "lot": { "id": null, "source": "GRANT", "granted": "21.489", "remaining": "21.489",
                "expiresOn": "2026-11-23", "expiresAt": "2026-11-22T23:00:00Z", "state": "ACTIVE",
                "createdAt": "2026-11-22T08:00:00Z" },
            "balance": { "total": "21.489", "available": "21.489", "unassigned": "21.489",
                "nextExpiry": { "credits": "21.489", "expiresOn": "2026-11-23",
                    "expiresAt": "2026-11-22T23:00:00Z" } },
            "userErrors": [],
        }));
        let node = "query($id: ID!) { node(id: $id) { ... on CreditLot { granted } } }";
        let own = server.data(&tenant.owner, node, json!({ "id": id })).await;
        assert_eq!(own["node"]["granted"], "21.489");
        let other = server.account("Other").await;
        let foreign = server.data(&other.owner, node, json!({ "id": id })).await;
        assert_eq!(foreign["node"], Value::Null);
    }

    /// The same key returns its first answer, whatever was spent and however late it is.
    async fn a_repeated_grant_returns_its_lot_as_it_is_now(server: Server) {
        let tenant = server.account("Shop").await;
        let mut input = json!({ "accountId": tenant.id, "credits": "10", "expiresOn": "2026-11-23",
            "note": "welcome", "idempotencyKey": "once" });
        let first = server.done(server.admin_key(), GRANT, input.clone()).await;
        server.done(server.admin_key(), REVOKE, revocation(&tenant, None, "4")).await;
        server.set_time("2027-03-01T00:00:00Z");
        let again = server.done(server.admin_key(), GRANT, input.clone()).await;
        assert_eq!(again["lot"]["id"], first["lot"]["id"]);
        assert_eq!(again["lot"]["remaining"], "0");
        assert_eq!(again["balance"]["total"], "0");
        assert_eq!(lots(&server, &tenant, None).await["totalCount"], 1);

        input["credits"] = json!("11");
        let reused = refusal(&server, GRANT, &input).await;
        assert_eq!(reused, (json!(["input", "idempotencyKey"]), json!("IDEMPOTENCY_KEY_REUSED")));
        let other_operation = json!({ "accountId": tenant.id, "credits": "10", "note": "welcome",
            "idempotencyKey": "once" });
        let reused = refusal(&server, REVOKE, &other_operation).await;
        assert_eq!(reused.1, "IDEMPOTENCY_KEY_REUSED");
    }

    /// A lot expires at the very instant of its day, whether or not a job has booked it.
    async fn a_lot_expires_on_its_day(server: Server) {
        let tenant = server.account("Shop").await;
        lot(&server, &tenant, "5", Some("2026-12-01")).await;
        server.set_time("2026-11-22T09:00:00Z");
        lot(&server, &tenant, "7", None).await;
        let check = async |at: &str, active: Value, expired: Value| {
            server.set_time(at);
            assert_eq!(lots(&server, &tenant, Some("ACTIVE")).await["nodes"], active, "{at}");
            assert_eq!(lots(&server, &tenant, Some("EXPIRED")).await["nodes"], expired, "{at}");
            assert_eq!(lots(&server, &tenant, Some("EXHAUSTED")).await["totalCount"], 0, "{at}");
            assert_eq!(lots(&server, &tenant, None).await["totalCount"], 2, "{at}");
        };
        let kept = json!({ "granted": "7", "remaining": "7", "state": "ACTIVE" });
        let good = json!({ "granted": "5", "remaining": "5", "state": "ACTIVE" });
        let over = json!({ "granted": "5", "remaining": "0", "state": "EXPIRED" });
        check("2026-11-30T22:59:59.999999Z", json!([kept, good]), json!([])).await;
        check("2026-11-30T23:00:00Z", json!([kept]), json!([over])).await;
        // Any command books it.
        server.grant(&tenant, "1").await;
        let expired = lots(&server, &tenant, Some("EXPIRED")).await;
        assert_eq!(expired, json!({ "totalCount": 1, "nodes": [over] }));
    }

    /// A revocation from a named lot takes from that lot and no other.
    async fn a_revocation_takes_from_the_named_lot_only(server: Server) {
        let tenant = server.account("Shop").await;
        let named = lot(&server, &tenant, "5", Some("2026-12-01")).await;
        server.set_time("2026-11-22T09:00:00Z");
        lot(&server, &tenant, "100", None).await;

        let insufficient = (json!(["input", "credits"]), json!("INSUFFICIENT_CREDITS"));
        let more = revocation(&tenant, Some(&named), "5.0001");
        assert_eq!(refusal(&server, REVOKE, &more).await, insufficient);

        let input = revocation(&tenant, Some(&named), "2");
        let payload = server.done(server.admin_key(), REVOKE, input.clone()).await;
        assert_eq!(payload["transaction"]["kind"], "REVOCATION");
        assert_eq!(payload["transaction"]["credits"], "-2");
        assert_eq!(payload["transaction"]["note"], "a mistake");
        assert_eq!(payload["balance"]["available"], "103");
        // A repetition takes nothing more.
        assert_eq!(server.done(server.admin_key(), REVOKE, input).await, payload);
        assert_eq!(lots(&server, &tenant, None).await["nodes"], json!([
            { "granted": "100", "remaining": "100", "state": "ACTIVE" },
            { "granted": "5", "remaining": "3", "state": "ACTIVE" },
        ]));

        server.done(server.admin_key(), REVOKE, revocation(&tenant, Some(&named), "3")).await;
        assert_eq!(lots(&server, &tenant, Some("EXHAUSTED")).await["nodes"], json!([
            { "granted": "5", "remaining": "0", "state": "EXHAUSTED" },
        ]));
        // An empty lot and an expired one have nothing to take; the other lot stays whole.
        let empty = revocation(&tenant, Some(&named), "1");
        assert_eq!(refusal(&server, REVOKE, &empty).await, insufficient);
        let late = lot(&server, &tenant, "9", Some("2026-12-01")).await;
        server.set_time("2026-12-01T00:00:00Z");
        let past = revocation(&tenant, Some(&late), "1");
        assert_eq!(refusal(&server, REVOKE, &past).await, insufficient);
        let all = revocation(&tenant, None, "100.0001");
        assert_eq!(refusal(&server, REVOKE, &all).await, insufficient);
        let payload = server.done(server.admin_key(), REVOKE, revocation(&tenant, None, "100")).await;
        assert_eq!(payload["balance"]["available"], "0");
    }

    /// Another account's lot is not found, and neither is an id of another kind.
    async fn foreign_lots_are_not_found(server: Server) {
        let (tenant, other) = (server.account("Shop").await, server.account("Other").await);
        let foreign = lot(&server, &other, "5", None).await;
        for id in [foreign.as_str(), tenant.id.as_str(), "lot_00000000000000000000000009", ""] {
            let input = revocation(&tenant, Some(id), "1");
            let refused = refusal(&server, REVOKE, &input).await;
            assert_eq!(refused, (json!(["input", "lotId"]), json!("NOT_FOUND")), "{id:?}");
        }
        assert_eq!(lots(&server, &other, None).await["nodes"][0]["remaining"], "5");
    }

    /// Each invalid input is named, and nothing is granted.
    async fn bad_grants_are_refused(server: Server) {
        let tenant = server.account("Shop").await;
        let good = json!({ "accountId": tenant.id, "credits": "1", "note": "n", "idempotencyKey": "k" });
        for (field, value, code) in [
            ("credits", json!("0"), "INVALID"),
            ("credits", json!("1.23456"), "INVALID"),
            ("credits", json!("1e3"), "INVALID"),
            ("credits", json!("-1"), "INVALID"),
            ("credits", json!("NaN"), "INVALID"),
            ("credits", json!("9".repeat(30)), "INVALID"),
            ("note", json!(" "), "INVALID"),
            ("note", json!("x".repeat(10_000)), "INVALID"),
            ("expiresOn", json!("2026-11-22"), "INVALID"),
            ("expiresOn", json!("2026-11-21"), "INVALID"),
            ("expiresOn", json!("2027-02-29"), "INVALID"),
            ("expiresOn", json!("soon"), "INVALID"),
            ("idempotencyKey", json!(""), "INVALID"),
            ("idempotencyKey", json!("k".repeat(256)), "INVALID"),
            ("accountId", json!("account_00000000000000000000000009"), "NOT_FOUND"),
            ("accountId", json!("nobody"), "NOT_FOUND"),
            ("accountId", Value::Null, "INVALID"),
        ] {
            let mut input = good.clone();
            input[field] = value;
            let refused = refusal(&server, GRANT, &input).await;
            assert_eq!(refused, (json!(["input", field]), json!(code)), "{input}");
        }
        assert_eq!(lots(&server, &tenant, None).await["totalCount"], 0);
        // An hour before midnight in UTC it is tomorrow in Rome already.
        server.set_time("2026-11-22T23:00:00Z");
        let mut input = good.clone();
        input["expiresOn"] = json!("2026-11-23");
        assert_eq!(refusal(&server, GRANT, &input).await.0, json!(["input", "expiresOn"]));
    }

    /// An account can't grant credits to itself.
    async fn only_the_platform_gives_credits(server: Server) {
        let tenant = server.account("Shop").await;
        let input = json!({ "credits": "1", "note": "n", "idempotencyKey": "k" });
        for query in [GRANT, REVOKE] {
            let response = server.graphql(Some(&tenant.owner), query, json!({ "input": input })).await;
            assert_eq!(response["errors"][0]["extensions"]["code"], "FORBIDDEN", "{response}");
        }
        assert_eq!(lots(&server, &tenant, None).await["totalCount"], 0);
    }
}
