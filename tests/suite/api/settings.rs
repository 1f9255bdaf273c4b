//! Settings, as an operator gives them: the order of their sources, secrets in files, `config
//! check`, and the page that lists them.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use message_credits::{config::sources::described, version};
use serde_json::json;

use crate::support::process::{self, ADMIN_KEY, Process};

fn written(folder: &Path, name: &str, text: &str) -> String {
    let file = folder.join(name);
    fs::write(&file, text).unwrap();
    file.display().to_string()
}

fn said(output: &Output) -> String {
    [output.stdout.as_slice(), &output.stderr]
        .map(String::from_utf8_lossy)
        .concat()
}

/// The value and the source that `config check` prints for a setting.
fn row(said: &str, name: &str) -> (String, String) {
    let line = said
        .lines()
        .find(|line| line.split_whitespace().next() == Some(name))
        .unwrap_or_else(|| panic!("no {name} in\n{said}"));
    let rest = line.strip_prefix(name).unwrap().trim();
    let (value, source) = rest.split_once("  ").unwrap_or((rest, ""));
    (value.to_owned(), source.trim().to_owned())
}

#[test]
fn options_win_over_the_environment_and_the_environment_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let text = "rate-limit-key = 1\nrate-limit-account = 2\nrate-limit-platform = 3\n";
    let file = written(folder.path(), "settings.toml", text);
    let mut check = process::command(&["config", "check", "--rate-limit-key", "7"]);
    let check = check
        .env("CONFIG_FILE", &file)
        .env("RATE_LIMIT_KEY", "8")
        .env("RATE_LIMIT_ACCOUNT", "9");
    let output = check.output().unwrap();
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    let found = |name| row(&said, name);
    let expected = |value: &str, source: &str| (value.to_owned(), source.to_owned());
    assert_eq!(
        found("rate-limit-key"),
        expected("7", "option --rate-limit-key")
    );
    assert_eq!(
        found("rate-limit-account"),
        expected("9", "environment RATE_LIMIT_ACCOUNT")
    );
    assert_eq!(
        found("rate-limit-platform"),
        expected("3", &format!("file {file}"))
    );
    assert_eq!(found("rate-limit-address"), expected("100", "default"));
    assert_eq!(found("public-url"), expected("not set", ""));
    // An option names another file than the environment.
    let other = written(folder.path(), "other.toml", "rate-limit-platform = 4\n");
    let mut check = process::command(&["config", "check", "--config", &other]);
    let output = check.env("CONFIG_FILE", &file).output().unwrap();
    assert_eq!(row(&self::said(&output), "rate-limit-platform").0, "4");
}

#[test]
fn a_check_reports_everything_that_is_wrong_and_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let url = written(
        folder.path(),
        "url",
        "postgres://me:hidden-word@127.0.0.1/credits\n",
    );
    let key = written(folder.path(), "key", &format!("{ADMIN_KEY}\n"));
    let mut check = process::command(&["config", "check"]);
    let output = check
        .env("DATABASE_URL_FILE", &url)
        .env("ADMIN_API_KEY_FILE", &key)
        .output()
        .unwrap();
    let text = said(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert_eq!(row(&text, "database-url").0, "set");
    assert_eq!(row(&text, "admin-api-key").0, "set");
    assert_eq!(row(&text, "secret-keys").0, "not set");
    assert!(
        !text.contains("hidden-word") && !text.contains(ADMIN_KEY),
        "{text}"
    );

    let mut check = process::command(&["config", "check", "--cors-origins", "nowhere"]);
    check.env("REPORT_DATABASE_URL", "sqlite::memory:");
    let output = check
        .env("ADMIN_API_KEY", "aaaaaaaaaaaaaaaa")
        .env("SECRET_KEYS", "first:short")
        .env("STRIPE_SECRET_KEY", "sk_live_a")
        .output()
        .unwrap();
    let text = said(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for problem in [
        "--cors-origins",
        "--report-database-url",
        "16 characters",
        "key 1 for secrets",
        "STRIPE_WEBHOOK_SECRET",
    ] {
        assert!(text.contains(problem), "no {problem} in\n{text}");
    }
    assert!(
        !text.contains("aaaaaaaaaaaaaaaa") && !text.contains("sk_live_a"),
        "{text}"
    );
}

/// What can't be parsed is the same mistake from every source. The exit code is 2, and 1 for a
/// check.
#[test]
fn unusable_settings_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let file = written(
        folder.path(),
        "settings.toml",
        "lissten = \"127.0.0.1:0\"\n",
    );
    let refused = |set: &dyn Fn(&mut Command), words: &[&str]| {
        for (args, code) in [
            (["config", "check"].as_slice(), 1),
            (["serve"].as_slice(), 2),
        ] {
            let mut command = process::command(args);
            set(&mut command);
            let output = command.output().unwrap();
            let text = said(&output);
            assert_eq!(output.status.code(), Some(code), "{args:?}: {text}");
            for word in words {
                assert!(text.contains(word), "{args:?}: no {word} in {text}");
            }
        }
    };
    let unknown = |command: &mut Command| {
        command.env("CONFIG_FILE", &file);
    };
    refused(
        &unknown,
        &["settings.toml", "lissten", "did you mean listen?"],
    );
    let missing = |command: &mut Command| {
        command.args(["--config", "/no/such/file.toml"]);
    };
    refused(&missing, &["/no/such/file.toml", "can't be read"]);
    let address = |command: &mut Command| {
        command.env("LISTEN", "nowhere");
    };
    refused(&address, &["--listen", "nowhere"]);
    let twice = |command: &mut Command| {
        command
            .env("DATABASE_URL_FILE", &file)
            .env("DATABASE_URL", "sqlite::memory:");
    };
    refused(
        &twice,
        &["DATABASE_URL and --database-url-file (DATABASE_URL_FILE) are both set"],
    );
}

/// A server with nothing but a file, and the commands that share its file.
#[tokio::test]
async fn a_server_runs_from_its_file_alone() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("file.db");
    let url = written(
        folder.path(),
        "url",
        &format!("sqlite://{}?mode=rwc", database.display()),
    );
    let text = format!("database-url-file = {url:?}\ngraphiql = false\nmax_upload_mib = 1\n");
    let file = written(folder.path(), "settings.toml", &text);
    let migrated = process::output(&["migrate", "--config", &file]);
    assert!(migrated.status.success(), "{}", said(&migrated));
    let server = Process::run(&mut process::command(&["serve", "--config", &file]));
    assert!(!server.welcome.contains("GraphiQL"), "{}", server.welcome);
    let answer = server
        .graphql(ADMIN_KEY, "{ viewer { role } }", json!({}))
        .await
        .unwrap();
    assert_eq!(
        answer["data"]["viewer"]["role"], "PLATFORM_ADMIN",
        "{answer}"
    );
    assert!(database.is_file());
    // The server's own check, as a container's supervisor runs it.
    let address = server.base.strip_prefix("http://").unwrap().to_owned();
    for live in [[].as_slice(), ["--live"].as_slice()] {
        let args = [["healthcheck", "--listen", &address].as_slice(), live].concat();
        let output = process::output(&args);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    }
    assert_eq!(server.terminate(), Some(0));
    let output = process::output(&["healthcheck", "--listen", &address]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(
        said(&output).contains("does not answer"),
        "{}",
        said(&output)
    );
}

#[test]
fn the_version_names_commit_and_schema() {
    let output = process::output(&["--version"]);
    let said = said(&output);
    let step = version::schema_step();
    let expected = format!(
        "message-credits {} (commit {}, schema {step})",
        version::VERSION,
        version::COMMIT
    );
    assert_eq!(said.trim(), expected);
    assert!(step.starts_with("m20"), "{step}");
}

fn page() -> String {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operations/settings.md");
    fs::read_to_string(file).unwrap()
}

#[test]
fn the_page_lists_every_setting() {
    let output = process::output(&["config", "reference"]);
    let table = String::from_utf8(output.stdout).unwrap();
    let page = page();
    let printed: BTreeSet<&str> = table.lines().collect();
    let begin = page
        .find("| option | environment |")
        .expect("the page has the table");
    let on_page: BTreeSet<&str> = page[begin..]
        .lines()
        .take_while(|line| line.starts_with('|'))
        .collect();
    let missing: Vec<_> = printed.difference(&on_page).collect();
    let outdated: Vec<_> = on_page.difference(&printed).collect();
    assert!(
        missing.is_empty() && outdated.is_empty(),
        "docs/operations/settings.md must have what `message-credits config reference` prints.\n\
         missing: {missing:#?}\noutdated: {outdated:#?}"
    );
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

/// The names of environment variables that the code reads in another way than as a setting.
#[test]
fn the_page_lists_every_other_variable() {
    let mut files = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut files,
    );
    let page = page();
    let known: Vec<String> = described().into_iter().map(|one| one.variable).collect();
    let mut seen = 0;
    for file in files {
        let source = fs::read_to_string(&file).unwrap();
        for reading in ["env::var(\"", "env::var_os(\"", "from_env(\""] {
            for (at, _) in source.match_indices(reading) {
                let rest = &source[at + reading.len()..];
                let name = rest.split('"').next().unwrap();
                seen += 1;
                let is_listed =
                    known.iter().any(|one| one == name) || page.contains(&format!("`{name}`"));
                assert!(is_listed, "{}: {name} is not in the page", file.display());
            }
        }
    }
    assert!(seen > 0);
    for name in ["RUST_LOG", "TMPDIR", "PGPASSFILE"] {
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
}
