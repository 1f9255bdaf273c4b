//! Makes sure that one server at a time serves a SQLite file.
//!
//! Here: the lock that a server holds while it runs. Not here: the code that relies on it. A past
//! balance waits in memory for the batches of its own process ([`crate::operations`]), and doesn't
//! see those of another process.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::PathBuf,
};

use sea_orm::sqlx::sqlite::SqliteConnectOptions;

/// The suffix of the lock file's name. The database file itself can't be used: SQLite locks it, and
/// its locks are lost when other code in the process closes the file.
const SUFFIX: &str = "-server";

/// The lock on a database file. It is released when the process ends, even by a crash.
#[derive(Debug)]
pub struct ServerLock {
    _file: Option<File>,
}

/// Another server holds the lock.
#[derive(Debug, thiserror::Error)]
#[error(
    "another server is running on this database file ({0} is locked); stop it first, or use PostgreSQL, which several servers can share"
)]
pub struct Taken(String);

/// Locks a database file. Does nothing on PostgreSQL, which any number of servers can share.
///
/// # Errors
/// If another server holds the lock.
pub fn acquire(url: &str) -> Result<ServerLock, Taken> {
    let Some(path) = lock_file(url) else {
        return Ok(ServerLock { _file: None });
    };
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    // If no lock file can be created here, the database can't be written either, and opening it
    // reports why.
    let file = match options.open(&path) {
        Ok(file) => file,
        Err(cause) => {
            tracing::debug!(%cause, "the lock file can't be created");
            return Ok(ServerLock { _file: None });
        }
    };
    match file.try_lock() {
        Ok(()) => Ok(ServerLock { _file: Some(file) }),
        Err(TryLockError::WouldBlock) => Err(Taken(path.display().to_string())),
        Err(TryLockError::Error(cause)) => {
            tracing::warn!(%cause, "this file system doesn't support locks: run only one server on the database");
            Ok(ServerLock { _file: None })
        }
    }
}

fn lock_file(url: &str) -> Option<PathBuf> {
    if !url.starts_with("sqlite:") || url.contains(":memory:") {
        return None;
    }
    let options: SqliteConnectOptions = url.parse().ok()?;
    let mut name = options.get_filename().as_os_str().to_owned();
    name.push(SUFFIX);
    Some(PathBuf::from(name))
}
