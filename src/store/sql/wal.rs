//! Keeps SQLite's log small.
//!
//! Here: when the log is moved into the database file and emptied. SQLite itself moves it after
//! some thousand pages, but it can begin the log anew only while nobody reads from it: under
//! constant reads it grows, and it is never emptied. Not here: the pools ([`super::sqlite`]).

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    str::FromStr,
    time::{Duration, Instant, SystemTime},
};

use rusqlite::{Connection, OpenFlags};
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use tokio::task::JoinHandle;

/// Bytes of the log from which it is emptied under load: twice what SQLite moves at once, so that
/// writers are rarely held up for it.
pub(super) const LIMIT: u64 = 64 * 1024 * 1024;
/// How often the log is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How long the log must be unchanged before it is emptied.
const IDLE: Duration = Duration::from_secs(5);
/// How long writers may be held up by readers of the log while it is emptied.
const PATIENCE: Duration = Duration::from_millis(100);

/// The task that keeps the log small. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Keeper(JoinHandle<()>);

impl Keeper {
    /// Starts it for the file that a URL names; `None` if the database is in memory.
    pub(super) fn start(url: &str) -> Option<Self> {
        let file = file(url)?;
        let mut log = Log::of(file, LIMIT);
        Some(Self(tokio::spawn(async move {
            loop {
                tokio::time::sleep(LOOK).await;
                if !log.is_due(Instant::now()) {
                    continue;
                }
                let file = log.file.clone();
                if let Ok(Err(cause)) = tokio::task::spawn_blocking(move || empty(&file)).await {
                    tracing::debug!(%cause, "the database's log was not emptied");
                }
            }
        })))
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The file that a URL names; `None` if the database is in memory.
pub(super) fn file(url: &str) -> Option<PathBuf> {
    let options = SqliteConnectOptions::from_str(url).ok()?;
    let file = options.get_filename();
    let is_file = !url.contains(":memory:") && !file.as_os_str().is_empty();
    is_file.then(|| file.to_owned())
}

/// The log of a file, and when it was last seen to change.
#[derive(Debug)]
struct Log {
    file: PathBuf,
    path: PathBuf,
    limit: u64,
    seen: Option<(u64, SystemTime)>,
    changed: Option<Instant>,
}

impl Log {
    fn of(file: PathBuf, limit: u64) -> Self {
        let mut path = OsString::from(&file);
        path.push("-wal");
        Self {
            file,
            path: PathBuf::from(path),
            limit,
            seen: None,
            changed: None,
        }
    }

    /// Whether the log should be emptied: it is too long, or nobody has written for a while.
    fn is_due(&mut self, now: Instant) -> bool {
        let Some(found) = fs::metadata(&self.path)
            .ok()
            .and_then(|log| Some((log.len(), log.modified().ok()?)))
        else {
            return false;
        };
        if self.seen.replace(found) != Some(found) {
            self.changed = Some(now);
        }
        let since = |at: Instant| now.saturating_duration_since(at);
        let is_idle = self.changed.is_some_and(|at| since(at) >= IDLE);
        let (length, _) = found;
        length > self.limit || (length > 0 && is_idle)
    }
}

/// Moves the log into the database file and empties it, unless readers keep it in use.
fn empty(file: &Path) -> rusqlite::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(PATIENCE)?;
    // The first holds nobody up, and leaves little to do for the second.
    for how in ["PASSIVE", "TRUNCATE"] {
        connection.query_row(&format!("PRAGMA wal_checkpoint({how})"), [], |_| Ok(()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{fs, time::Instant};

    use rusqlite::Connection;

    use super::{IDLE, Log, empty, file};

    #[test]
    fn the_log_is_emptied_once_its_reader_has_left() {
        const LIMIT: u64 = 100_000;
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("kept.db");
        let mut log = Log::of(database.clone(), LIMIT);
        let start = Instant::now();
        assert!(!log.is_due(start), "there is none");
        let writer = Connection::open(&database).unwrap();
        writer
            .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE notes (text BLOB)")
            .unwrap();
        assert!(!log.is_due(start), "it is short and new");
        assert!(!log.is_due(start + IDLE / 2));
        assert!(log.is_due(start + IDLE), "nobody writes");
        let reader = Connection::open(&database).unwrap();
        reader
            .execute_batch("BEGIN; SELECT count(*) FROM notes")
            .unwrap();
        for _ in 0..20 {
            writer
                .execute("INSERT INTO notes VALUES (zeroblob(10000))", [])
                .unwrap();
        }
        assert!(log.is_due(start + IDLE), "it is long");
        let length = || {
            fs::metadata(folder.path().join("kept.db-wal"))
                .unwrap()
                .len()
        };
        let long = length();
        empty(&database).unwrap();
        assert_eq!(length(), long, "its reader needs it");
        reader.execute_batch("COMMIT").unwrap();
        empty(&database).unwrap();
        assert_eq!(length(), 0);
        assert!(!log.is_due(start + IDLE * 3), "it is empty");
    }

    #[test]
    fn databases_in_memory_have_no_file() {
        assert_eq!(file("sqlite::memory:"), None);
        let found = file("sqlite:///a/b.db?mode=rwc").unwrap();
        assert_eq!(found.to_str(), Some("/a/b.db"));
    }
}
