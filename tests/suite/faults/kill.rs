//! kill -9 of the server under load.

use super::{assert_verified, below, load::Load, migrated_postgres, rounds};
use crate::support::process::Process;

async fn survives_kills(database_url: &str) {
    let start = || Process::start(&["--database-url", database_url]);
    let mut server = start();
    let load = Load::start(&[&server], 16).await;
    for _ in 0..rounds() {
        load.goes_on(20 + below(100)).await;
        server.kill();
        load.move_to(0, None);
        server = start();
        load.move_to(0, Some(&server));
    }
    load.goes_on(1).await;
    assert!(load.repeated() > 0, "no kill met a command in flight");
    load.ends_well(&server).await;
    assert_eq!(server.terminate(), Some(0));
    assert_verified(database_url);
}

/// Every acknowledged command is stored, none twice, on SQLite.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kill.db");
    survives_kills(&format!("sqlite://{}?mode=rwc", file.display())).await;
}

/// The same on PostgreSQL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_on_postgres() {
    if let Some(url) = migrated_postgres().await {
        survives_kills(&url).await;
    }
}
