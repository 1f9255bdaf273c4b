//! Copies of a SQLite database while it is in use.
//!
//! Here: writing a whole copy of one state. Copying the file with other programs is no backup: the
//! newest commits are in the log beside it, and SQLite's own online backup begins anew with each
//! commit. Not here: PostgreSQL, which has its own programs for that.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags};

use super::wal;

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database is not a SQLite file.
    #[error(
        "only a SQLite file is copied by this command; back PostgreSQL up with pg_dump or pg_basebackup"
    )]
    NotSqlite,
    /// A file of that name exists already.
    #[error("{0} exists; a backup never replaces a file")]
    Exists(String),
    /// The copy can't be stored.
    #[error("the copy can't be written to {0}: {1}")]
    Unwritable(String, io::Error),
    /// SQLite's error.
    #[error("the database can't be copied: {0}")]
    Database(#[from] rusqlite::Error),
}

/// Writes a copy of the database to a new file that only its owner can read, and returns its size
/// in bytes. Servers may be using the database: the copy holds what was committed when it began.
///
/// # Errors
/// If the database isn't a SQLite file, or can't be copied there. Then there is no new file.
pub fn backup(url: &str, to: &Path) -> Result<u64, BackupError> {
    if !url.starts_with("sqlite:") {
        return Err(BackupError::NotSqlite);
    }
    let from = wal::file(url).ok_or(BackupError::NotSqlite)?;
    let shown = to.display().to_string();
    if to.exists() {
        return Err(BackupError::Exists(shown));
    }
    // Whoever finds a file of the final name finds a whole copy.
    let part = beside(to, ".part");
    let unwritable = |cause| BackupError::Unwritable(shown.clone(), cause);
    new_file(&part).map_err(|cause| match cause.kind() {
        io::ErrorKind::AlreadyExists => BackupError::Exists(part.display().to_string()),
        _ => unwritable(cause),
    })?;
    let written = copy(&from, &part).and_then(|()| {
        let stored = || {
            File::open(&part)?.sync_all()?;
            // A link fails if the name was taken meanwhile; a rename would replace the file.
            fs::hard_link(&part, to)?;
            fs::metadata(to).map(|file| file.len())
        };
        stored().map_err(unwritable)
    });
    // The copy has its final name, or it failed and the disk may be full.
    if let Err(cause) = fs::remove_file(&part) {
        tracing::warn!(%cause, file = %part.display(), "a temporary file was left behind");
    }
    written
}

fn copy(from: &Path, to: &Path) -> Result<(), BackupError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(from, flags)?;
    connection.execute("VACUUM INTO ?1", [to.to_string_lossy()])?;
    Ok(())
}

fn new_file(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rusqlite::Connection;

    use super::{BackupError, backup};

    #[test]
    fn a_copy_never_replaces_a_file_and_leaves_no_parts() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("from.db");
        let url = format!("sqlite://{}", from.display());
        let to = folder.path().join("to.db");
        assert!(matches!(backup(&url, &to), Err(BackupError::Database(_))));
        assert!(!to.exists());
        Connection::open(&from)
            .unwrap()
            .execute_batch("CREATE TABLE notes (n); INSERT INTO notes VALUES (7)")
            .unwrap();
        let bytes = backup(&url, &to).unwrap();
        assert_eq!(fs::metadata(&to).unwrap().len(), bytes);
        let read: i64 = Connection::open(&to)
            .unwrap()
            .query_row("SELECT n FROM notes", [], |row| row.get(0))
            .unwrap();
        assert_eq!(read, 7);
        assert!(matches!(backup(&url, &to), Err(BackupError::Exists(_))));
        let nowhere = folder.path().join("no/such/folder.db");
        assert!(matches!(
            backup(&url, &nowhere),
            Err(BackupError::Unwritable(..))
        ));
        assert!(matches!(
            backup("postgres://localhost/x", &to),
            Err(BackupError::NotSqlite)
        ));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
