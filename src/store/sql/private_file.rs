//! Who may read a SQLite database: its owner alone.
//!
//! It holds contacts, and what download links are signed with: to read it is to read everything, for good. SQLite
//! makes files that everybody may read, and gives its log and its index of the log the mode of the database's file.
//! Here: making that file, and finding one that others may read. Not here: opening it ([`super::connection`]).

use std::{
    ffi::OsString,
    fs::{self, OpenOptions},
    io,
    path::{Path, PathBuf},
    str::FromStr,
};

use sea_orm::sqlx::sqlite::SqliteConnectOptions;

/// What SQLite keeps beside a database's file.
const ENDINGS: [&str; 3] = ["", "-wal", "-shm"];

/// Makes the file of a new database, for its owner alone, and warns if others may read one that is there already:
/// whether a group was meant to is not known here. What can't be made is SQLite's to report.
pub(super) fn prepare(url: &str) {
    let Ok(options) = SqliteConnectOptions::from_str(url) else {
        return;
    };
    let file = options.get_filename();
    if is_created(url)
        && let Err(cause) = create(file)
        && cause.kind() != io::ErrorKind::AlreadyExists
    {
        tracing::debug!(%cause, "the database's file can't be made");
    }
    for file in readable_by_others(file) {
        tracing::warn!(
            file = %file.display(),
            "other users of this machine may read the database's file, and so every contact in it; run: chmod 600"
        );
    }
}

/// Whether SQLite is asked to make a database that is missing.
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

/// The files of a database that others than its owner may read or write.
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
    fn a_new_file_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new ?.db");
        let url = format!("sqlite://{}/new%20%3F.db?mode=rwc", folder.path().display());
        prepare(&url);
        assert_eq!(mode(&file), 0o600);
        assert!(readable_by_others(&file).is_empty());
    }

    #[test]
    fn a_file_that_is_there_keeps_its_mode_and_is_found() {
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
    fn no_file_is_made_unless_it_is_asked_for() {
        let check = |url: &str, created: bool| assert_eq!(is_created(url), created, "{url}");
        check("sqlite://x.db?mode=rwc", true);
        check("sqlite://x.db?cache=shared&mode=rwc", true);
        check("sqlite://x.db?mode=ro", false);
        check("sqlite://x.db", false);
        check("sqlite::memory:", false);
    }
}
