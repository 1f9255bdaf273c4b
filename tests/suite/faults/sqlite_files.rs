//! A SQLite database as files: after a clean stop, and copied while it is in use.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    time::{Duration, Instant},
};

use sea_orm::{ConnectionTrait, Database, Statement};

use super::{assert_verified, load::Load};
use crate::support::process::{self, Process};

fn url(file: &Path) -> String {
    format!("sqlite://{}?mode=rwc", file.display())
}

async fn transactions(file: &Path) -> usize {
    let database = Database::connect(url(file)).await.unwrap();
    let count = "SELECT count(*) AS found FROM transactions";
    let count = Statement::from_string(database.get_database_backend(), count);
    let row = database.query_one_raw(count).await.unwrap().unwrap();
    database.close().await.unwrap();
    usize::try_from(row.try_get::<i64>("", "found").unwrap()).unwrap()
}

/// After a clean stop the file alone holds everything that was acknowledged, and its log is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clean_stop_leaves_one_whole_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stopped.db");
    let server = Process::start(&["--database-url", &url(&file)]);
    let load = Load::start(&[&server], 4).await;
    load.goes_on(50).await;
    load.ends_well(&server).await;
    let log = folder.path().join("stopped.db-wal");
    assert!(fs::metadata(&log).unwrap().len() > 0);
    assert_eq!(server.terminate(), Some(0));
    assert!(!log.exists(), "the log is in the file");
    let alone = folder.path().join("alone.db");
    fs::copy(&file, &alone).unwrap();
    assert_eq!(transactions(&alone).await, transactions(&file).await);
    assert!(transactions(&alone).await > 50);
    assert_verified(&url(&alone));
}

/// A backup ends while sends go on. It is private, whole, and holds what was acknowledged before
/// it began.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_ends_under_load() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("busy.db");
    let server = Process::start(&["--database-url", &url(&file)]);
    let load = Load::start(&[&server], 8).await;
    for round in 0..3 {
        load.goes_on(50).await;
        let before = load.acknowledged();
        let copy = folder.path().join(format!("copy{round}.db"));
        let began = Instant::now();
        let to = copy.to_str().unwrap();
        let backup = ["backup", "--database-url", &url(&file), "--to", to];
        let done = process::output(&backup);
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{said}");
        assert!(began.elapsed() < Duration::from_secs(60));
        let mode = fs::metadata(&copy).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        assert!(transactions(&copy).await >= before);
        assert_verified(&url(&copy));
        let again = process::output(&backup);
        let said = String::from_utf8_lossy(&again.stderr);
        assert!(said.contains("exists"), "{said}");
    }
    load.ends_well(&server).await;
    assert_eq!(server.terminate(), Some(0));
}
