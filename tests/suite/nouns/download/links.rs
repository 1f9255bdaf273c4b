//! How long links live: no longer than their key, than fifteen minutes, and than the server's
//! secret.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use message_credits::{operations::server_secret, store};
use reqwest::StatusCode;
use sha2::Sha256;

use super::{LINK, Server, Value, get, json, link, november};
use crate::support::on_both_databases;

/// A link forged with the server's secret and another link's claims: it lasts until `expires_at`.
async fn forged(server: &Server, url: &str, expires_at: &str) -> String {
    let mut parts: Vec<&str> = url.rsplitn(3, '/').collect();
    let name = percent_encoding::percent_decode_str(parts[0])
        .decode_utf8()
        .unwrap();
    let (claims, _) = parts[1].split_once('.').unwrap();
    let mut claims: Value =
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    let expires_at: jiff::Timestamp = expires_at.parse().unwrap();
    claims["expires_at"] = json!(expires_at.as_microsecond());
    let claims = claims.to_string();
    let writer = server.services().store.writer();
    let secret = store::server_secret::find_or_insert(writer, "downloads", b"")
        .await
        .unwrap();
    let mut signature: Hmac<Sha256> = Hmac::new_from_slice(&secret).unwrap();
    for part in [claims.as_bytes(), name.as_bytes()] {
        signature.update(&(part.len() as u64).to_be_bytes());
        signature.update(part);
    }
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let token = format!(
        "{}.{}",
        encode(claims.as_bytes()),
        encode(&signature.finalize().into_bytes())
    );
    parts[1] = &token;
    parts.reverse();
    parts.join("/")
}

on_both_databases! {
    /// A link dies at once with the key that made it, and other keys' links don't.
    async fn a_link_dies_with_its_key(server: Server) {
        let tenant = server.account("Shop").await;
        let create = "mutation($input: CreateApiKeyInput!) {
            createApiKey(input: $input) { id secret userErrors { field message } } }";
        let input = json!({ "role": "VIEWER", "name": "Reports", "expiresAt": "2026-11-22T08:10:00Z" });
        let key = server.done(&tenant.owner, create, input.clone()).await;
        let variables = json!({ "input": november(), "format": "CSV" });
        let made = server.data(key["secret"].as_str().unwrap(), LINK, variables.clone()).await;
        let url = made["usageReportDownload"]["url"].as_str().unwrap();
        let owners = link(&server, &tenant, &november(), "CSV").await;
        let revoke = "mutation($input: RevokeApiKeyInput!) {
            revokeApiKey(input: $input) { id userErrors { field message } } }";
        assert_eq!(get(&server, url).await.status(), StatusCode::OK);
        server.done(&tenant.owner, revoke, json!({ "id": key["id"] })).await;
        let dead = get(&server, url).await;
        assert_eq!(dead.status(), StatusCode::FORBIDDEN);
        assert_eq!(dead.text().await.unwrap(), "The API key that made this link is no longer valid.\n");
        assert_eq!(get(&server, owners["url"].as_str().unwrap()).await.status(), StatusCode::OK);

        let key = server.done(&tenant.owner, create, input).await;
        let made = server.data(key["secret"].as_str().unwrap(), LINK, variables).await;
        let url = made["usageReportDownload"]["url"].as_str().unwrap();
        assert_eq!(get(&server, url).await.status(), StatusCode::OK);
        server.set_time("2026-11-22T08:10:00Z");
        assert_eq!(get(&server, url).await.status(), StatusCode::FORBIDDEN);
    }

    /// The link of a monthly report dies in the same way.
    async fn a_monthly_reports_link_dies_with_its_key(server: Server) {
        let tenant = server.account("Shop").await;
        let enable = "mutation($input: UpdateMonthlyReportsInput!) {
            updateMonthlyReports(input: $input) { userErrors { field message } } }";
        server.done(&tenant.owner, enable, json!({ "enabled": true })).await;
        server.set_time("2026-12-02T08:00:00Z");
        server.run_workers().await;
        let key = server.key(&tenant, "OWNER").await;
        let query = "{ account { monthlyReports { nodes { download { url } } } } }";
        let data = server.data(&key, query, json!({})).await;
        let url = data["account"]["monthlyReports"]["nodes"][0]["download"]["url"].as_str().unwrap();
        assert_eq!(get(&server, url).await.status(), StatusCode::OK);
        let others = "mutation($input: RevokeOtherApiKeysInput!) {
            revokeOtherApiKeys(input: $input) { revokedCount userErrors { field message } } }";
        server.done(&tenant.owner, others, json!({})).await;
        assert_eq!(get(&server, url).await.status(), StatusCode::FORBIDDEN);
    }

    /// A signed link with a longer life than links have is refused.
    async fn links_never_outlive_fifteen_minutes(server: Server) {
        let tenant = server.account("Shop").await;
        let made = link(&server, &tenant, &november(), "CSV").await;
        let url = made["url"].as_str().unwrap();
        for (expires_at, status) in [
            ("2026-11-22T08:14:00Z", StatusCode::OK),
            // A process with a fast clock makes such links.
            ("2026-11-22T08:16:00Z", StatusCode::OK),
            ("2026-11-22T08:16:00.000001Z", StatusCode::NOT_FOUND),
            ("2036-11-22T08:00:00Z", StatusCode::NOT_FOUND),
            ("9999-12-30T22:00:00Z", StatusCode::NOT_FOUND),
            ("2026-11-22T07:59:00Z", StatusCode::FORBIDDEN),
        ] {
            let forged = forged(&server, url, expires_at).await;
            assert_eq!(get(&server, &forged).await.status(), status, "{expires_at}");
        }
    }

    /// After the secret is renewed, old links and approve pages don't work; new ones do, and no
    /// process needs a restart.
    async fn a_renewed_secret_ends_signed_links(server: Server) {
        let tenant = server.account("Shop").await;
        let package = crate::support::purchase::package(&server, 10, 100, |_| {}).await;
        let purchase = crate::support::purchase::begin(&server, &tenant, &package).await;
        let page = purchase["confirmationUrl"].as_str().unwrap();
        let made = link(&server, &tenant, &november(), "CSV").await;
        let url = made["url"].as_str().unwrap();
        assert_eq!(get(&server, url).await.status(), StatusCode::OK);
        assert_eq!(get(&server, page).await.status(), StatusCode::OK);
        server_secret::renew(&server.services().store).await.unwrap();
        assert_eq!(get(&server, url).await.status(), StatusCode::NOT_FOUND);
        assert_eq!(get(&server, page).await.status(), StatusCode::NOT_FOUND);
        let made = link(&server, &tenant, &november(), "CSV").await;
        assert_eq!(get(&server, made["url"].as_str().unwrap()).await.status(), StatusCode::OK);
        // The purchase still waits, at a new address.
        let query = "{ account { purchases { nodes { status confirmationUrl } } } }";
        let data = server.data(&tenant.owner, query, json!({})).await;
        let waiting = &data["account"]["purchases"]["nodes"][0];
        assert_eq!(waiting["status"], "PENDING");
        assert_ne!(waiting["confirmationUrl"].as_str().unwrap(), page);
        let form = [("decision", "approve")];
        let address = waiting["confirmationUrl"].as_str().unwrap();
        let decided = server.http().post(address).form(&form).send().await.unwrap();
        assert_eq!(decided.status(), StatusCode::SEE_OTHER);
        let data = server.data(&tenant.owner, query, json!({})).await;
        assert_eq!(data["account"]["purchases"]["nodes"][0]["status"], "PAID");
    }
}
