//! A client that leaves while a workbook's figures are still being read.

use std::time::Duration;

use message_credits::http::downloads::MAX_PER_ACCOUNT;
use reqwest::StatusCode;

use super::{fetched, get, link, whole_year};
use crate::support::{Server, table_lock::TableLock, usage::history};

/// Less than PostgreSQL's lock timeout: the figures don't come before.
const PATIENCE: Duration = Duration::from_secs(5);

/// The first bytes are sent before the figures are read, and a client that leaves meanwhile frees
/// its place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_leaves_early_frees_its_place() {
    let Some(server) = Server::on_postgres().await else {
        return;
    };
    let tenant = history(&server).await.tenant;
    let link = link(&server, &tenant, &whole_year(), "XLSX").await;
    let url = link["url"].as_str().unwrap();
    // The lists' names are read with the figures, and nothing else here reads lists.
    let store = &server.services().store;
    let lists = TableLock::take(store, "contact_lists", "ACCESS EXCLUSIVE").await;
    for _ in 0..=MAX_PER_ACCOUNT {
        let begun = async {
            loop {
                let response = get(&server, url).await;
                if response.status() != StatusCode::TOO_MANY_REQUESTS {
                    break response;
                }
                tokio::task::yield_now().await;
            }
        };
        let begun = tokio::time::timeout(PATIENCE, begun).await;
        let mut response = begun.expect("whoever left made room");
        assert_eq!(response.status(), StatusCode::OK);
        let first = tokio::time::timeout(PATIENCE, response.chunk()).await;
        let first = first.expect("the first bytes wait for no figures");
        assert!(first.unwrap().unwrap().starts_with(b"PK"));
        lists.keeps_somebody_waiting().await;
    }
    lists.release().await;
    let whole = fetched(&server, &tenant, &whole_year(), "XLSX").await;
    assert!(whole.starts_with(b"PK"));
}
