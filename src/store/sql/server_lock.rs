//! That one server at a time serves a SQLite file.
//!
//! Here: the lock that a server holds while it runs. Not here: what relies on it: a past balance waits in memory for
//! the batches of its own process ([`crate::operations`]), and sees none of another's.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::PathBuf,
};

use sea_orm::sqlx::sqlite::SqliteConnectOptions;

/// What is appended to the database file's name. The database itself is locked by SQLite, whose locks are lost when
/// anybody else in the process closes the file.
const SUFFIX: &str = "-server";

/// The right to serve a database file. It ends with the process, however that ends.
#[derive(Debug)]
pub struct Alone {
    _file: Option<File>,
}

/// Another server serves the file.
#[derive(Debug, thiserror::Error)]
#[error(
    "another server is running on this database file ({0} is locked); stop it first, or use PostgreSQL, which several servers can share"
)]
pub struct Taken(String);

/// Takes the right to serve a database. On PostgreSQL any number of servers may.
///
/// # Errors
/// If another server has it.
pub fn claim(url: &str) -> Result<Alone, Taken> {
    let Some(path) = lock_file(url) else {
        return Ok(Alone { _file: None });
    };
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    // What can't be made here, the database can't be written either, and opening it says why.
    let file = match options.open(&path) {
        Ok(file) => file,
        Err(cause) => {
            tracing::debug!(%cause, "the lock file can't be made");
            return Ok(Alone { _file: None });
        }
    };
    match file.try_lock() {
        Ok(()) => Ok(Alone { _file: Some(file) }),
        Err(TryLockError::WouldBlock) => Err(Taken(path.display().to_string())),
        Err(TryLockError::Error(cause)) => {
            tracing::warn!(%cause, "this file system knows no locks: run one server alone on the database");
            Ok(Alone { _file: None })
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
