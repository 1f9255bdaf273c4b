//! The order of the sources. The environment is tested with a program of its own
//! (`tests/suite/api/settings.rs`): a test can't change this process's.

use std::{ffi::OsString, path::Path};

use super::{InForce, Read, ReadError, command, described, is_secret, read};
use crate::config::logs::LogFormat;

fn read_words(words: &[&str]) -> Result<Read, ReadError> {
    let words = ["message-credits"].iter().chain(words);
    read(words.map(OsString::from))
}

fn row<'a>(read: &'a Read, name: &str) -> &'a InForce {
    read.in_force.iter().find(|row| row.name == name).unwrap()
}

fn written(folder: &Path, name: &str, text: &str) -> String {
    let file = folder.join(name);
    std::fs::write(&file, text).unwrap();
    file.display().to_string()
}

#[test]
fn the_definition_is_valid() {
    command().debug_assert();
    assert!(is_secret("admin-api-key", &command()));
    assert!(!is_secret("database-url", &command()));
}

#[test]
fn an_option_wins_over_the_file_and_the_file_over_the_default() {
    let folder = tempfile::tempdir().unwrap();
    let text =
        "rate-limit-key = 7\nrate-limit-account = 8\ncors-origins = [\"https://a.example\"]\n";
    let file = written(folder.path(), "settings.toml", text);
    let found = read_words(&["serve", "--config", &file, "--rate-limit-key", "9"]).unwrap();
    let check = |name: &str, value: &str, source: &str| {
        let row = row(&found, name);
        assert_eq!(
            (row.value.as_str(), row.source.as_str()),
            (value, source),
            "{name}"
        );
    };
    check("rate-limit-key", "9", "option --rate-limit-key");
    check("rate-limit-account", "8", &format!("file {file}"));
    check("cors-origins", "https://a.example", &format!("file {file}"));
    check("rate-limit-address", "100", "default");
    check("public-url", "not set", "");
    // Settings that a command doesn't have are no error: one file serves all commands.
    assert!(read_words(&["verify", &format!("--config={file}")]).is_ok());
}

#[test]
fn the_database_url_may_be_in_a_file_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let url = "postgres://user:hidden@127.0.0.1/credits";
    let secret = written(folder.path(), "url", &format!("{url}\n"));
    let found = read_words(&["migrate", "--database-url-file", &secret]).unwrap();
    let Some(crate::config::Command::Migrate(args)) = &found.cli.command else {
        panic!("{:?}", found.cli);
    };
    assert_eq!(args.database.database_url, url);
    assert_eq!(row(&found, "database-url").value, "set");
    assert_eq!(
        row(&found, "database-url").source,
        "file of --database-url-file"
    );
    assert!(!format!("{:?}", found.in_force).contains("hidden"));
    let both = [
        "migrate",
        "--database-url-file",
        &secret,
        "--database-url",
        url,
    ];
    let error = read_words(&both).unwrap_err().to_string();
    assert!(
        error.contains("DATABASE_URL and --database-url-file (DATABASE_URL_FILE)"),
        "{error}"
    );
    // The same through a file of settings.
    let named = written(
        folder.path(),
        "a.toml",
        &format!("database-url-file = {secret:?}\n"),
    );
    let found = read_words(&["--config", &named]).unwrap();
    assert_eq!(found.cli.serve.database.database_url, url);
}

#[test]
fn every_setting_is_described() {
    let found = described();
    assert!(found.len() > 40, "{}", found.len());
    for one in &found {
        assert!(one.help.split_whitespace().count() > 2, "{one:?}");
        assert!(!one.variable.is_empty(), "{one:?}");
    }
    let has = |variable: &str| found.iter().any(|one| one.variable == variable);
    for variable in [
        "DATABASE_URL",
        "DATABASE_URL_FILE",
        "CONFIG_FILE",
        "ADMIN_API_KEY",
        "STOP_DELAY",
    ] {
        assert!(has(variable), "{variable}");
    }
}

#[test]
fn settings_of_every_command_are_reported_with_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let file = written(folder.path(), "a.toml", "log-format = \"json\"\naccess-log = true\n");
    for words in [vec!["config", "check"], vec!["verify"], vec![]] {
        let words: Vec<&str> = words.into_iter().chain(["--config", file.as_str()]).collect();
        let found = read_words(&words).unwrap();
        assert_eq!(found.cli.logs.log_format, LogFormat::Json, "{words:?}");
        assert!(found.cli.logs.access_log, "{words:?}");
        let format = row(&found, "log-format");
        assert_eq!(format.value, "json", "{words:?}");
        assert!(format.source.starts_with("file "), "{format:?}");
        assert_eq!(row(&found, "traces-endpoint").value, "not set", "{words:?}");
    }
}
