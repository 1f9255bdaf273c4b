//! Lets only the owner read a SQLite database.
//!
//! Here: creating the file with that mode, and finding files that others may read. The database
//! holds contacts, and the secret that signs download links: whoever can read it can read
//! everything. SQLite creates files that everybody may read, and gives its log and the log's index
//! the mode of the database file. Not here: opening the database ([`super::connection`]).

use std::{
    ffi::OsString,
    fs::{self, OpenOptions},
    io,
    path::{Path, PathBuf},
    str::FromStr,
};

use sea_orm::sqlx::sqlite::SqliteConnectOptions;

/// The suffixes of a database's files: the database, its log, and the log's index.
const ENDINGS: [&str; 3] = ["", "-wal", "-shm"];

/// Creates the file of a new database so that only its owner can read it. Warns if others may read
/// an existing one, but doesn't change it, because its group may be meant to read it. SQLite
/// reports a file that can't be created.
pub(super) fn prepare(url: &str) {
    let Ok(options) = SqliteConnectOptions::from_str(url) else {
        return;
    };
    let file = options.get_filename();
    if is_created(url)
        && let Err(cause) = create(file)
        && cause.kind() != io::ErrorKind::AlreadyExists
    {
        tracing::debug!(%cause, "the database's file can't be created");
    }
    for file in readable_by_others(file) {
        tracing::warn!(
            file = %file.display(),
            "other users of this machine may read the database's file, and so every contact in it; run: chmod 600"
        );
    }
}

/// Whether the URL asks SQLite to create a missing database.
fn is_created(url: &str) -> bool {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    url::form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name == "mode")
        .last()
        .is_some_and(|(_, mode)| mode == "rwc")
}

fn create(file: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop)
}

/// The files of a database that users other than its owner may read or write.
fn readable_by_others(file: &Path) -> Vec<PathBuf> {
    let beside = |ending: &&str| {
        let mut name = OsString::from(file);
        name.push(ending);
        PathBuf::from(name)
    };
    ENDINGS
        .iter()
        .map(beside)
        .filter(|file| is_wide(file))
        .collect()
}

#[cfg(unix)]
fn is_wide(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(file).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_wide(_file: &Path) -> bool {
    false
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt, path::Path};

    use super::{is_created, prepare, readable_by_others};

    fn mode(file: &Path) -> u32 {
        fs::metadata(file).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn only_the_owner_can_read_a_new_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new ?.db");
        let url = format!("sqlite://{}/new%20%3F.db?mode=rwc", folder.path().display());
        prepare(&url);
        assert_eq!(mode(&file), 0o600);
        assert!(readable_by_others(&file).is_empty());
    }

    #[test]
    fn an_existing_file_keeps_its_mode_and_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("old.db");
        let log = folder.path().join("old.db-wal");
        for (file, bits) in [(&file, 0o640), (&log, 0o604)] {
            fs::write(file, "").unwrap();
            fs::set_permissions(file, fs::Permissions::from_mode(bits)).unwrap();
        }
        prepare(&format!("sqlite://{}?mode=rwc", file.display()));
        assert_eq!(mode(&file), 0o640);
        assert_eq!(readable_by_others(&file), [file, log]);
    }

    #[test]
    fn a_file_is_created_only_if_the_url_asks_for_it() {
        let check = |url: &str, created: bool| assert_eq!(is_created(url), created, "{url}");
        check("sqlite://x.db?mode=rwc", true);
        check("sqlite://x.db?cache=shared&mode=rwc", true);
        check("sqlite://x.db?mode=ro", false);
        check("sqlite://x.db", false);
        check("sqlite::memory:", false);
    }
}
