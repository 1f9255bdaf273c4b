//! The sandbox's approve page over HTTP: a purchase is credited once, and a decision is final.

use futures_util::future::join_all;
use reqwest::StatusCode;
use sea_orm::{EntityTrait, sea_query::Expr};
use serde_json::{Value, json};

use crate::support::{
    Server, Tenant, new_key, on_both_databases,
    purchase::{PURCHASE, begin, package},
};

const PURCHASE_MESSAGE: &str = "mutation($input: PurchaseCreditsInput!) {
    purchaseCredits(input: $input) { purchase { id } userErrors { field message } } }";

async fn decide(server: &Server, url: &str, decision: &str) -> StatusCode {
    let form = [("decision", decision)];
    let response = server.http().post(url).form(&form).send().await.unwrap();
    if response.status() == StatusCode::SEE_OTHER {
        // Relative to the page, and so the page itself.
        let location = response.headers()["location"].to_str().unwrap();
        let back = location.starts_with("https://shop.example/");
        assert!(
            back || response.url().join(location).unwrap().as_str() == url,
            "{location}"
        );
    }
    response.status()
}

async fn page(server: &Server, url: &str) -> (StatusCode, String) {
    let response = server.http().get(url).send().await.unwrap();
    (response.status(), response.text().await.unwrap())
}

/// The purchase's status, the lots and the balance.
async fn standing(server: &Server, tenant: &Tenant) -> (Value, Value, Value) {
    let query = "{ account { purchases { nodes { status } } balance { total }
        lots { nodes { source granted remaining expiresOn } } } }";
    let data = server.data(&tenant.owner, query, json!({})).await;
    let account = &data["account"];
    (
        account["purchases"]["nodes"][0]["status"].clone(),
        account["lots"]["nodes"].clone(),
        account["balance"]["total"].clone(),
    )
}

async fn waiting(server: &Server) -> (Tenant, String) {
    let tenant = server.account("Shop & <b>Sons</b>").await;
    let package = package(server, 1_000, 4_990, |row| row.validity_days = Some(365)).await;
    let purchase = begin(server, &tenant, &package).await;
    (
        tenant,
        purchase["confirmationUrl"].as_str().unwrap().to_owned(),
    )
}

on_both_databases! {
    /// However often and concurrently a purchase is approved, it is credited once (law R1).
    async fn a_purchase_is_credited_once(server: Server) {
        let (tenant, url) = waiting(&server).await;
        let statuses = join_all((0..20).map(|_| decide(&server, &url, "approve"))).await;
        assert!(statuses.iter().all(|status| *status == StatusCode::SEE_OTHER), "{statuses:?}");
        let lot = json!([{ "source": "PURCHASE", "granted": "1000", "remaining": "1000",
            "expiresOn": "2027-11-22" }]);
        assert_eq!(standing(&server, &tenant).await, (json!("PAID"), lot, json!("1000")));
        let (status, text) = page(&server, &url).await;
        assert_eq!(status, StatusCode::OK);
        assert!(text.contains("Paid") && !text.contains("<form"), "{text}");
    }

    /// The last day on which credits can be used, not the day at whose first instant they expire.
    async fn the_page_says_through_which_day_credits_can_be_used(server: Server) {
        let (tenant, url) = waiting(&server).await;
        let (_, text) = page(&server, &url).await;
        assert!(text.contains("21 Nov 2027, if approved today"), "{text}");
        // In Rome it is the next day.
        server.set_time("2026-11-22T23:30:00Z");
        let (_, text) = page(&server, &url).await;
        assert!(text.contains("22 Nov 2027, if approved today"), "{text}");
        decide(&server, &url, "approve").await;
        server.set_time("2026-12-24T08:00:00Z");
        let (_, text) = page(&server, &url).await;
        assert!(text.contains("Usable through</dt><dd>22 Nov 2027</dd>"), "{text}");
        let (_, lots, _) = standing(&server, &tenant).await;
        assert_eq!(lots[0]["expiresOn"], "2027-11-23");

        let package = package(&server, 500, 4_990, |_| ()).await;
        let purchase = begin(&server, &tenant, &package).await;
        let url = purchase["confirmationUrl"].as_str().unwrap();
        let (_, text) = page(&server, url).await;
        assert!(text.contains("Usable through</dt><dd>never expires"), "{text}");
        decide(&server, url, "decline").await;
        let (_, text) = page(&server, url).await;
        assert!(!text.contains("Usable through"), "{text}");
    }

    /// The first decision is final.
    async fn a_decision_is_final(server: Server) {
        let nothing = (json!("DECLINED"), json!([]), json!("0"));
        let (tenant, url) = waiting(&server).await;
        assert_eq!(decide(&server, &url, "decline").await, StatusCode::SEE_OTHER);
        assert_eq!(standing(&server, &tenant).await, nothing);
        assert_eq!(decide(&server, &url, "approve").await, StatusCode::SEE_OTHER);
        assert_eq!(standing(&server, &tenant).await, nothing);
        assert!(page(&server, &url).await.1.contains("Declined"));

        let (tenant, url) = waiting(&server).await;
        decide(&server, &url, "approve").await;
        assert_eq!(decide(&server, &url, "decline").await, StatusCode::SEE_OTHER);
        let (status, _, total) = standing(&server, &tenant).await;
        assert_eq!((status, total), (json!("PAID"), json!("1000")));
    }

    /// If some approve while others decline, the status and the credits agree.
    async fn racing_opposite_decisions_give_one_result(server: Server) {
        for _ in 0..5 {
            let (tenant, url) = waiting(&server).await;
            join_all((0..8).map(|turn| {
                decide(&server, &url, if turn % 2 == 0 { "approve" } else { "decline" })
            })).await;
            let (status, _, total) = standing(&server, &tenant).await;
            let paid = status == "PAID";
            assert!(paid || status == "DECLINED", "{status}");
            assert_eq!(total, if paid { "1000" } else { "0" });
        }
    }

    /// The page shows the purchase, loads nothing, and can be neither cached nor framed.
    async fn the_page_shows_the_purchase(server: Server) {
        let (_, url) = waiting(&server).await;
        let response = server.http().get(&url).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("content-type"), "text/html; charset=utf-8");
        assert_eq!(header("referrer-policy"), "same-origin");
        let policy = header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
        assert!(policy.contains("form-action 'self';"), "{policy}");
        let text = response.text().await.unwrap();
        for part in [
            "Starter &lt;pack&gt;", "Shop &amp; &lt;b&gt;Sons&lt;/b&gt;", "1000", "49.90 EUR",
            "value=\"approve\"", "value=\"decline\"", "lang=\"en\"", "<title>", "<h1>",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("<script") && !text.contains("http"), "{text}");
        let token = url.rsplit('/').next().unwrap();
        assert!(!text.contains(token));
    }

    /// The buyer returns to the page they came from, which is shown to them before.
    async fn the_buyer_can_return(server: Server) {
        let tenant = server.account("Shop").await;
        server.allow_return(&tenant, &["https://shop.example"]).await;
        let package = package(&server, 10, 100, |_| {}).await;
        let input = json!({ "packageId": package, "idempotencyKey": new_key(),
            "returnUrl": "https://shop.example/credits?tab=2#top" });
        let payload = server.done(&tenant.owner, PURCHASE, input).await;
        let url = payload["purchase"]["confirmationUrl"].as_str().unwrap();
        let before = server.http().get(url).send().await.unwrap();
        let policy = before.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.contains("form-action 'self' https://shop.example;"), "{policy}");
        let text = before.text().await.unwrap();
        assert!(text.contains("you continue to shop.example."), "{text}");
        let form = [("decision", "decline")];
        let decided = server.http().post(url).form(&form).send().await.unwrap();
        let id = payload["purchase"]["id"].as_str().unwrap();
        let next = format!("https://shop.example/credits?tab=2&purchase_id={id}#top");
        assert_eq!(decided.headers()["location"], next.as_str());
        let (_, text) = page(&server, url).await;
        let link = format!("href=\"{}\"", next.replace('&', "&amp;"));
        assert!(text.contains(&link) && text.contains("Continue to shop.example"), "{text}");

        // An address that the account no longer allows is neither shown nor followed.
        server.allow_return(&tenant, &["https://new.example"]).await;
        let (_, text) = page(&server, url).await;
        assert!(!text.contains("shop.example"), "{text}");
        let again = server.http().post(url).form(&form).send().await.unwrap();
        assert!(!again.headers()["location"].to_str().unwrap().contains("shop.example"));
    }

    /// A member can't send the owner to a page that the account doesn't allow. This server's own
    /// pages are always allowed, and so are this machine's while the server listens on it.
    async fn foreign_return_addresses_are_refused(server: Server) {
        let tenant = server.account("Shop").await;
        let member = server.key(&tenant, "MEMBER").await;
        let package = package(&server, 10, 100, |_| {}).await;
        let begin = async |key: &str, url: &str| {
            let input = json!({ "packageId": package, "returnUrl": url, "idempotencyKey": new_key() });
            let response = server.graphql(Some(key), PURCHASE_MESSAGE, json!({ "input": input })).await;
            response["data"]["purchaseCredits"].clone()
        };
        for url in ["https://evil.example/", "https://good.example@evil.example/", "http://192.0.2.1/"] {
            for key in [&member, &tenant.owner] {
                let refused = begin(key, url).await;
                assert_eq!(refused["purchase"], Value::Null, "{refused}");
                assert_eq!(refused["userErrors"][0]["field"], json!(["input", "returnUrl"]));
            }
        }
        let refused = begin(&member, "https://evil.example/pay").await;
        assert_eq!(
            refused["userErrors"][0]["message"],
            "Must be on an origin that the account allows; https://evil.example is not one. An owner adds it with \
             updateAccount(returnOrigins).",
        );
        for url in [&server.url("/page"), "http://localhost:3000/", "http://127.0.0.1:1/"] {
            let begun = begin(&member, url).await;
            assert_eq!(begun["userErrors"], json!([]), "{url}: {begun}");
        }
        // A member may not allow pages, and an owner may not allow the whole web.
        let update = "mutation($input: UpdateAccountInput!) {
            updateAccount(input: $input) { account { id } userErrors { field } } }";
        let input = json!({ "input": { "returnOrigins": ["https://evil.example"] } });
        let refused = server.graphql(Some(&member), update, input).await;
        assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN");
        let input = json!({ "input": { "returnOrigins": ["https://shop.example", "*"] } });
        let refused = server.graphql(Some(&tenant.owner), update, input).await;
        let refused = &refused["data"]["updateAccount"]["userErrors"][0]["field"];
        assert_eq!(refused, &json!(["input", "returnOrigins", "1"]));
    }

    /// A form of another site decides nothing, even with the right address.
    async fn cross_site_forms_are_refused(server: Server) {
        let (tenant, url) = waiting(&server).await;
        let own = server.url("");
        for (name, value) in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("origin", "https://127.0.0.1"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            let form = [("decision", "approve")];
            let request = server.http().post(&url).header(name, value).form(&form);
            let refused = request.send().await.unwrap();
            assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{name}: {value}");
            assert!(refused.text().await.unwrap().contains("Nothing was changed"));
        }
        assert_eq!(standing(&server, &tenant).await.0, "PENDING");
        let form = [("decision", "approve")];
        let request = server.http().post(&url).header("origin", own).header("sec-fetch-site", "same-origin");
        assert_eq!(request.form(&form).send().await.unwrap().status(), StatusCode::SEE_OTHER);
        assert_eq!(standing(&server, &tenant).await.0, "PAID");
    }

    /// The database has nothing that opens the page, and the owner gets its address whenever they
    /// ask.
    async fn the_checkout_address_is_not_stored(server: Server) {
        let (tenant, url) = waiting(&server).await;
        let token = url.rsplit('/').next().unwrap();
        let reader = server.services().store.reader();
        let row = entity::purchase::Entity::find().one(reader).await.unwrap().unwrap();
        assert!(!format!("{row:?}").contains(token), "{row:?}");
        assert_eq!(row.confirmation_url, None);
        let reference = row.provider_reference.unwrap();
        let page = page(&server, &server.url(&format!("/checkout/{reference}"))).await;
        assert_eq!(page.0, StatusCode::NOT_FOUND);
        let query = "{ account { purchases { nodes { confirmationUrl } } } }";
        let data = server.data(&tenant.owner, query, json!({})).await;
        assert_eq!(data["account"]["purchases"]["nodes"][0]["confirmationUrl"], json!(url));
        // Of the random tokens of earlier versions only the hash is stored.
        let hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
        entity::purchase::Entity::update_many()
            .col_expr(entity::purchase::Column::ProviderReference, Expr::value(hash))
            .exec(server.services().store.writer()).await.unwrap();
        assert_eq!(decide(&server, &server.url("/checkout/test"), "approve").await, StatusCode::SEE_OTHER);
        assert_eq!(standing(&server, &tenant).await.0, "PAID");
    }

    /// A token without a purchase is not found.
    async fn unknown_tokens_are_not_found(server: Server) {
        let (tenant, url) = waiting(&server).await;
        let token = url.rsplit('/').next().unwrap();
        for wrong in ["x".to_owned(), "x".repeat(128), "x".repeat(129), token.to_uppercase(), "%00".to_owned()] {
            let url = server.url(&format!("/checkout/{wrong}"));
            assert_eq!(page(&server, &url).await.0, StatusCode::NOT_FOUND, "{wrong}");
            assert_eq!(decide(&server, &url, "approve").await, StatusCode::NOT_FOUND, "{wrong}");
        }
        assert_eq!(standing(&server, &tenant).await.0, "PENDING");
    }

    /// Anything but one plain decision is refused with a page that explains it, and changes
    /// nothing.
    async fn bad_forms_are_refused(server: Server) {
        let (tenant, url) = waiting(&server).await;
        let (form, json) = ("application/x-www-form-urlencoded", "application/json");
        let long = format!("decision=approve&x={}", "y".repeat(5_000));
        for (content_type, body) in [
            (form, ""),
            (form, "decision="),
            (form, "decision=Approve"),
            (form, "decision=maybe"),
            (form, "decision=approve&decision=decline"),
            (form, "decisions=approve"),
            (form, long.as_str()),
            (json, "{\"decision\":\"approve\"}"),
            (json, "decision=approve"),
        ] {
            let request = server.http().post(&url).header("content-type", content_type);
            let response = request.body(body.to_owned()).send().await.unwrap();
            assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{body:.40}");
            let text = response.text().await.unwrap();
            assert!(text.contains("decision=approve or decision=decline"), "{text}");
        }
        let bare = server.http().post(&url).body("decision=approve").send().await.unwrap();
        assert_eq!(bare.status(), StatusCode::BAD_REQUEST);
        assert_eq!(standing(&server, &tenant).await.0, "PENDING");
    }
}
