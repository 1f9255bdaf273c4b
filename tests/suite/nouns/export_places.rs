//! Exports as downloads: how many at once, and clients that leave in the middle of one.
//!
//! Not here: reports' files, which have the same places ([`super::download`]); what exports contain
//! ([`super::export`]).

use std::time::Duration;

use futures_util::future::join_all;
use message_credits::http::downloads::{MAX_PER_ACCOUNT, MAX_WAITING_PER_ACCOUNT};
use reqwest::{Response, StatusCode};
use serde_json::json;

use super::download::long_messages::many_long_messages;
use crate::support::{Server, Tenant, on_both_databases};

const EXPORT: &str = "mutation($input: ExportMessagesInput!) { exportMessages(input: $input) {
    download { url } userErrors { field code } } }";
const REPORT: &str =
    "query($input: UsageReportInput!) { usageReportDownload(input: $input, format: CSV) { url } }";
/// How long a place takes to become free once its client is gone; a slow client is only judged
/// after three seconds.
const SOON: Duration = Duration::from_secs(2);
/// How long it takes until slow clients have given way to waiting ones, and longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A link to all messages of an account.
async fn export(server: &Server, tenant: &Tenant, format: &str) -> String {
    let payload = server
        .done(&tenant.owner, EXPORT, json!({ "format": format }))
        .await;
    payload["download"]["url"].as_str().unwrap().to_owned()
}

async fn get(server: &Server, url: &str) -> Response {
    server.http().get(url).send().await.unwrap()
}

/// Begins to read a file, which is longer than what lies on the way.
async fn begun(server: &Server, url: &str) -> Response {
    let mut response = get(server, url).await;
    assert_eq!(response.status(), StatusCode::OK);
    response.chunk().await.unwrap().unwrap();
    response
}

on_both_databases! {
    /// Exports have the places of an account's downloads, with its reports' files: more get a retry
    /// time, and slow ones give way to those that wait.
    async fn an_accounts_exports_are_bounded(server: Server) {
        let (tenant, other) = (server.account("A").await, server.account("B").await);
        many_long_messages(&server, &tenant).await;
        let url = export(&server, &tenant, "JSONL").await;
        let november = json!({ "input": { "from": "2026-11-01T00:00:00Z", "to": "2026-11-21T00:00:00Z" } });
        let report = server.data(&tenant.owner, REPORT, november).await;
        let mut open = vec![begun(&server, report["usageReportDownload"]["url"].as_str().unwrap()).await];
        while open.len() < MAX_PER_ACCOUNT {
            open.push(begun(&server, &url).await);
        }
        let others = export(&server, &other, "JSONL").await;
        let more = join_all((0..=MAX_WAITING_PER_ACCOUNT).map(|_| async {
            let response = get(&server, &url).await;
            if response.status() == StatusCode::TOO_MANY_REQUESTS {
                assert_eq!(response.headers()["retry-after"], "10");
            }
            let status = response.status();
            // To the end, so that the next one has its place.
            if status == StatusCode::OK {
                assert!(response.bytes().await.unwrap().len() > 500 * 39_000);
            }
            status
        }));
        // Another account has places of its own.
        let (statuses, others) = tokio::join!(more, get(&server, &others));
        assert_eq!(others.status(), StatusCode::OK);
        let count = |status| statuses.iter().filter(|found| **found == status).count();
        let expected = (1, MAX_WAITING_PER_ACCOUNT);
        assert_eq!((count(StatusCode::TOO_MANY_REQUESTS), count(StatusCode::OK)), expected, "{statuses:?}");
        let mut cut = 0;
        for response in open {
            cut += usize::from(response.bytes().await.is_err());
        }
        assert!(cut > 0, "nobody gave way");
    }

    /// Whoever leaves in the middle of a file, in any format, frees its place at once.
    async fn a_client_that_leaves_an_export_frees_its_place(server: Server) {
        let tenant = server.account("A").await;
        many_long_messages(&server, &tenant).await;
        for format in ["JSONL", "CSV", "XLSX"] {
            let url = export(&server, &tenant, format).await;
            for _ in 0..3 {
                let all = async { join_all((0..MAX_PER_ACCOUNT).map(|_| begun(&server, &url))).await };
                let open = tokio::time::timeout(SOON, all).await;
                drop(open.expect("whoever left made room"));
            }
        }
        // Nothing of it is left: the next file is whole.
        let url = export(&server, &tenant, "CSV").await;
        let whole = async { get(&server, &url).await.bytes().await.unwrap().len() };
        let length = tokio::time::timeout(PATIENCE, whole).await.unwrap();
        assert!(length > 500 * 39_000, "{length}");
    }
}
