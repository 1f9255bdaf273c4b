//! The program's commands, run as a user runs them.

use serde_json::json;

use crate::support::process::{self, ADMIN_KEY, Process};

fn text(output: &std::process::Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

fn sqlite(folder: &tempfile::TempDir) -> String {
    format!(
        "sqlite://{}?mode=rwc",
        folder.path().join("commands.db").display()
    )
}

#[test]
fn the_checked_in_schema_is_current() {
    let printed = process::output(&["schema"]);
    assert!(printed.status.success());
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/schema.graphql");
    let checked_in = std::fs::read_to_string(file).unwrap();
    assert!(
        String::from_utf8_lossy(&printed.stdout) == checked_in,
        "schema.graphql is not what the code prints; run: cargo run -- schema > schema.graphql"
    );
}

#[test]
fn a_new_database_is_migrated_and_holds_nothing_to_verify() {
    let folder = tempfile::tempdir().unwrap();
    let url = sqlite(&folder);
    assert!(
        process::output(&["migrate", "--database-url", &url])
            .status
            .success()
    );
    let verified = process::output(&["verify", "--database-url", &url]);
    assert_eq!(verified.status.code(), Some(1), "{}", text(&verified));
    assert!(
        text(&verified).contains("no accounts"),
        "{}",
        text(&verified)
    );
}

/// If it were taken for an option of serve, it would be ignored, and the command would use another
/// database.
#[test]
fn an_option_before_a_command_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = process::output(&["--database-url", &sqlite(&folder), "verify"]);
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused));
    assert!(text(&refused).contains("verify"), "{}", text(&refused));
    let of_environment = process::command(&["migrate"])
        .env("DATABASE_URL", sqlite(&folder))
        .env("LISTEN", "127.0.0.1:1")
        .output()
        .unwrap();
    assert!(of_environment.status.success(), "{}", text(&of_environment));
}

#[tokio::test]
async fn a_created_key_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let url = sqlite(&folder);
    let made = process::output(&[
        "key",
        "create",
        "--database-url",
        &url,
        "--role",
        "PLATFORM_ADMIN",
        "--name",
        "first",
    ]);
    assert!(made.status.success(), "{}", text(&made));
    let printed = String::from_utf8(made.stdout).unwrap();
    let secret = printed.lines().nth(1).unwrap();
    let server = Process::start(&["--database-url", &url]);
    let answer = server
        .graphql(secret, "{ viewer { role } }", json!({}))
        .await
        .unwrap();
    assert_eq!(
        answer["data"]["viewer"]["role"], "PLATFORM_ADMIN",
        "{answer}"
    );
    assert_eq!(server.terminate(), Some(0));
}

/// Two servers on one SQLite file would not see each other's batches. The other commands run beside
/// a server.
#[test]
fn one_server_serves_a_sqlite_file() {
    let folder = tempfile::tempdir().unwrap();
    let url = sqlite(&folder);
    let server = Process::start(&["--database-url", &url]);
    let second = process::output(&["--database-url", &url, "--listen", "127.0.0.1:0"]);
    assert!(!second.status.success());
    assert!(
        text(&second).contains("another server is running"),
        "{}",
        text(&second)
    );
    assert!(
        process::output(&["heads", "--database-url", &url])
            .status
            .success()
    );
    // A killed server leaves no lock behind.
    server.kill();
    let next = Process::start(&["--database-url", &url]);
    assert_eq!(next.terminate(), Some(0));
}

#[test]
fn impossible_commands_fail_with_a_message() {
    let folder = tempfile::tempdir().unwrap();
    let check = |args: &[&str], said: &str| {
        let output = process::output(args);
        assert!(!output.status.success(), "{args:?}");
        assert!(
            text(&output).contains(said),
            "{args:?} said {:?}",
            text(&output)
        );
    };
    check(
        &["verify", "--database-url", "sqlite:///no/such/folder/x.db"],
        "can't be used",
    );
    check(
        &["migrate", "--database-url", "mysql://localhost/x"],
        "can't be used",
    );
    let url = sqlite(&folder);
    check(
        &[
            "key",
            "create",
            "--database-url",
            &url,
            "--role",
            "OWNER",
            "--name",
            "nobody's",
        ],
        "account",
    );
    check(
        &["--database-url", &url, "--clock-start", "yesterday"],
        "--clock-start",
    );
    check(&["--database-url", &url, "--listen", "nowhere"], "--listen");
}

#[test]
fn a_read_only_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("read-only.db");
    let url = format!("sqlite://{}?mode=rwc", file.display());
    assert!(
        process::output(&["migrate", "--database-url", &url])
            .status
            .success()
    );
    let read_only = format!("sqlite://{}?mode=ro", file.display());
    let output = process::command(&["--database-url", &read_only, "--listen", "127.0.0.1:0"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(
        text(&output).contains("can't be written"),
        "{}",
        text(&output)
    );
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    use sea_orm::{ConnectionTrait, Database};
    let folder = tempfile::tempdir().unwrap();
    let url = sqlite(&folder);
    assert!(
        process::output(&["migrate", "--database-url", &url])
            .status
            .success()
    );
    let database = Database::connect(&url).await.unwrap();
    let newer =
        "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29990101_000001_later', 0)";
    database.execute_unprepared(newer).await.unwrap();
    // This program can serve after that step, until one removes what it needs.
    let migrated = process::output(&["migrate", "--database-url", &url]);
    assert!(migrated.status.success(), "{}", text(&migrated));
    let verified = text(&process::output(&["verify", "--database-url", &url]));
    assert!(verified.contains("has no accounts"), "{verified}");
    let contract = "INSERT INTO schema_contracts (step, needs) VALUES ('m29990101_000002_contract', \
        'm29990101_000001_later')";
    database.execute_unprepared(contract).await.unwrap();
    database.close().await.unwrap();
    for command in ["serve", "migrate", "verify"] {
        let output = process::output(&[command, "--database-url", &url]);
        assert!(!output.status.success(), "{command}");
        assert!(
            text(&output).contains("newer than this program"),
            "{command}: {}",
            text(&output)
        );
    }
}

#[tokio::test]
async fn postgres_with_an_old_schema_is_refused_with_the_command_to_run() {
    let Some(url) = crate::support::postgres_database().await else {
        return;
    };
    let output = process::output(&["serve", "--database-url", &url, "--listen", "127.0.0.1:0"]);
    assert!(!output.status.success());
    assert!(
        text(&output).contains("message-credits migrate"),
        "{}",
        text(&output)
    );
}

#[tokio::test]
async fn the_demo_fills_an_empty_database_only() {
    let folder = tempfile::tempdir().unwrap();
    let url = sqlite(&folder);
    let server = Process::start(&["demo", "--database-url", &url]);
    let read =
        "{ accounts { nodes { name timeZone balance { available held nextExpiry { credits } }
        lists { totalCount } messages { totalCount } } } creditPackages { totalCount } }";
    let answer = server.graphql(ADMIN_KEY, read, json!({})).await.unwrap();
    let accounts = answer["data"]["accounts"]["nodes"]
        .as_array()
        .unwrap_or_else(|| panic!("{answer}"));
    assert_eq!(accounts.len(), 3);
    for account in accounts {
        assert!(
            account["messages"]["totalCount"].as_i64().unwrap() > 300,
            "{account}"
        );
        assert_eq!(
            account["balance"]["nextExpiry"]["credits"], "300",
            "{account}"
        );
        assert_ne!(account["balance"]["held"], "0", "{account}");
    }
    assert_eq!(server.terminate(), Some(0));
    let verified = process::output(&["verify", "--database-url", &url]);
    assert!(verified.status.success(), "{}", text(&verified));
    let again = process::output(&["demo", "--database-url", &url, "--listen", "127.0.0.1:0"]);
    assert!(!again.status.success());
    assert!(text(&again).contains("empty database"), "{}", text(&again));
}

#[tokio::test]
async fn a_locked_database_is_reported() {
    use sea_orm::{ConnectionTrait, Database};
    let folder = tempfile::tempdir().unwrap();
    let url = sqlite(&folder);
    assert!(
        process::output(&["migrate", "--database-url", &url])
            .status
            .success()
    );
    let mut options = sea_orm::ConnectOptions::new(&url);
    options.max_connections(1);
    let database = Database::connect(options).await.unwrap();
    database
        .execute_unprepared("BEGIN IMMEDIATE")
        .await
        .unwrap();
    let output = tokio::task::spawn_blocking(move || {
        process::output(&["serve", "--database-url", &url, "--listen", "127.0.0.1:0"])
    });
    let output = output.await.unwrap();
    assert!(!output.status.success());
    assert!(text(&output).contains("locked"), "{}", text(&output));
}
