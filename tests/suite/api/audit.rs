//! The commands for auditors, run as an auditor runs them: they only read, say why a database can't
//! be verified, and find a history that was shortened.
//!
//! Here: exit codes, what is printed, and what stays untouched. Not here: what is found in books
//! ([`crate::laws`]).

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Command, Output},
};

use sea_orm::{ConnectionTrait, Database};
use serde_json::json;

use crate::support::{
    new_key, postgres_database,
    process::{self, ADMIN_KEY, Process},
};

fn text(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

fn run(args: &[&str]) -> (Option<i32>, String) {
    let output = process::output(args);
    (output.status.code(), text(&output))
}

fn verify(url: &str) -> (Option<i32>, String) {
    run(&["verify", "--database-url", url])
}

fn url(file: &Path) -> String {
    format!("sqlite://{}?mode=rwc", file.display())
}

/// The names and contents of a folder's files.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(folder).unwrap().map(Result::unwrap);
    files
        .map(|file| {
            let name = file.file_name().into_string().unwrap();
            (name, fs::read(file.path()).unwrap())
        })
        .collect()
}

/// An account with a grant, made through a server that has ended since.
async fn fill(url: &str) {
    assert_eq!(run(&["migrate", "--database-url", url]).0, Some(0));
    let server = Process::start(&["--database-url", url]);
    let create = "mutation { createAccount(input: { name: \"Shop\" }) { account { id } } }";
    let made = server.graphql(ADMIN_KEY, create, json!({})).await.unwrap();
    let id = made["data"]["createAccount"]["account"]["id"].clone();
    let grant =
        "mutation($input: GrantCreditsInput!) { grantCredits(input: $input) { lot { id } } }";
    for _ in 0..3 {
        let input = json!({ "accountId": id, "credits": "10", "note": "a gift", "idempotencyKey": new_key() });
        let granted = server
            .graphql(ADMIN_KEY, grant, json!({ "input": input }))
            .await
            .unwrap();
        assert!(
            granted["data"]["grantCredits"]["lot"]["id"].is_string(),
            "{granted}"
        );
    }
    assert_eq!(server.terminate(), Some(0));
}

#[tokio::test]
async fn a_database_that_is_not_there_or_empty_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.db");
    let check = |url: &str, said: &str| {
        for command in ["verify", "heads"] {
            let (code, text) = run(&[command, "--database-url", url]);
            assert_eq!(code, Some(1), "{command} {url}: {text}");
            assert!(text.contains(said), "{command} {url}: {text}");
        }
    };
    check(&url(&missing), "there is no file");
    assert!(!missing.exists(), "nothing was created");
    let empty = folder.path().join("empty.db");
    fs::write(&empty, "").unwrap();
    check(&url(&empty), "the database is empty");
    let other = folder.path().join("other.db");
    let database = Database::connect(url(&other)).await.unwrap();
    database
        .execute_unprepared("CREATE TABLE notes (text TEXT)")
        .await
        .unwrap();
    database.close().await.unwrap();
    check(&url(&other), "the database is empty");
    fs::write(
        &other,
        "this is a text, and no database at all, whatever its name may say",
    )
    .unwrap();
    check(&url(&other), "not a database");
    let old = folder.path().join("old.db");
    assert_eq!(run(&["migrate", "--database-url", &url(&old)]).0, Some(0));
    let database = Database::connect(url(&old)).await.unwrap();
    let last =
        "DELETE FROM seaql_migrations WHERE version = (SELECT MAX(version) FROM seaql_migrations)";
    database.execute_unprepared(last).await.unwrap();
    database.close().await.unwrap();
    check(&url(&old), "of this program's migrations");

    let Some(postgres) = postgres_database().await else {
        return;
    };
    check(&postgres, "the database is empty");
    check(&format!("{postgres}_not_there"), "does not exist");
    let database = Database::connect(&postgres).await.unwrap();
    let count = "SELECT count(*) AS n FROM information_schema.tables WHERE table_schema = 'public'";
    let count = sea_orm::Statement::from_string(database.get_database_backend(), count);
    let row = database.query_one_raw(count).await.unwrap().unwrap();
    assert_eq!(
        row.try_get::<i64>("", "n").unwrap(),
        0,
        "nothing was created"
    );
}

#[tokio::test]
async fn a_file_is_verified_as_it_lies_there() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("inside");
    fs::create_dir(&inside).unwrap();
    let file = inside.join("books.db");
    fill(&url(&file)).await;
    // Everything is in the file alone once nobody has it open.
    let database = Database::connect(url(&file)).await.unwrap();
    let merge = "PRAGMA wal_checkpoint(TRUNCATE)";
    database.execute_unprepared(merge).await.unwrap();
    database.close().await.unwrap();
    for name in ["books.db-wal", "books.db-shm", "books.db-server"] {
        drop(fs::remove_file(inside.join(name)));
    }
    let before = contents(&inside);
    let (code, said) = verify(&url(&file));
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("1 account, 3 transactions, the last one at 20"),
        "{said}"
    );
    assert!(
        before == contents(&inside),
        "the folder is as it was before"
    );

    // The same in a folder and on a file that the reader can't write.
    let Some(mut reader) = as_nobody(&file) else {
        return;
    };
    let output = reader.output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    assert!(
        before == contents(&inside),
        "the folder is as it was before"
    );
}

/// `verify` as a user who may read the file, and write neither it nor its folder. `None`, with a
/// printed line, if the test can't do so.
fn as_nobody(file: &Path) -> Option<Command> {
    use std::os::unix::fs::PermissionsExt;
    const NOBODY: &str = "65534";
    if !crate::support::own_postgres::is_root() {
        eprintln!("SKIPPED: only root can run a command as another user");
        return None;
    }
    let mode =
        |path: &Path, bits| fs::set_permissions(path, fs::Permissions::from_mode(bits)).unwrap();
    let folder = file.parent().unwrap();
    mode(folder.parent().unwrap(), 0o755);
    mode(folder, 0o555);
    mode(file, 0o444);
    // The program may lie where nobody else can go.
    let program = folder.parent().unwrap().join("message-credits");
    fs::copy(env!("CARGO_BIN_EXE_message-credits"), &program).unwrap();
    mode(&program, 0o755);
    let mut command = Command::new("setpriv");
    process::quiet(&mut command);
    command
        .args([
            &format!("--reuid={NOBODY}"),
            &format!("--regid={NOBODY}"),
            "--clear-groups",
        ])
        .arg(program)
        .args(["verify", "--database-url", &url(file)])
        .current_dir("/");
    Some(command)
}

/// What a server wrote last lies in the log beside the file, and belongs to it.
#[tokio::test]
async fn the_log_beside_a_file_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("books.db");
    fill(&url(&file)).await;
    let server = Process::start(&["--database-url", &url(&file)]);
    let create = "mutation { createAccount(input: { name: \"Second\" }) { account { id } } }";
    server.graphql(ADMIN_KEY, create, json!({})).await.unwrap();
    let (code, said) = verify(&url(&file));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("2 accounts"), "{said}");
    server.kill();
    let (code, said) = verify(&url(&file));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("2 accounts"), "{said}");
}

#[tokio::test]
async fn heads_are_exported_signed_and_compared_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    check_heads(&url(&folder.path().join("books.db")), folder.path()).await;
}

#[tokio::test]
async fn heads_are_exported_signed_and_compared_on_postgres() {
    let Some(url) = postgres_database().await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    check_heads(&url, folder.path()).await;
}

async fn check_heads(url: &str, folder: &Path) {
    fill(url).await;
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let openssl = |args: &[&str]| {
        let output = Command::new("openssl").args(args).output().ok()?;
        assert!(output.status.success(), "{args:?}: {}", text(&output));
        Some(output)
    };
    let (key, public, heads) = (path("heads.key"), path("heads.pub"), path("heads.json"));
    let made = openssl(&["genpkey", "-algorithm", "ed25519", "-out", &key])
        .and_then(|_| openssl(&["pkey", "-in", &key, "-pubout", "-out", &public]));
    if made.is_none() {
        eprintln!("SKIPPED: openssl, which makes the keys, isn't there");
        return;
    }
    let export = [
        "heads",
        "--database-url",
        url,
        "--out",
        &heads,
        "--signing-key",
        &key,
    ];
    let (code, said) = run(&export);
    assert_eq!(
        (code, said.contains("head of 1 account, signed")),
        (Some(0), true),
        "{said}"
    );
    // An export is never replaced.
    let (code, said) = run(&export);
    assert_eq!(
        (code, said.contains("can't be written")),
        (Some(1), true),
        "{said}"
    );

    let against = |heads: &str, public: &str| {
        run(&[
            "verify",
            "--database-url",
            url,
            "--against",
            heads,
            "--public-key",
            public,
        ])
    };
    let (code, said) = against(&heads, &public);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("Compared with the head of 1 account as of 20"),
        "{said}"
    );

    // openssl alone can check the signature, as docs/operations/audit.md says.
    let written = fs::read_to_string(&heads).unwrap();
    let last: serde_json::Value = serde_json::from_str(written.lines().last().unwrap()).unwrap();
    fs::write(path("digest"), last["sha256"].as_str().unwrap()).unwrap();
    fs::write(
        path("signature.base64"),
        last["signature"].as_str().unwrap(),
    )
    .unwrap();
    openssl(&[
        "base64",
        "-d",
        "-A",
        "-in",
        &path("signature.base64"),
        "-out",
        &path("signature"),
    ]);
    openssl(&[
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        &public,
        "-rawin",
        "-in",
        &path("digest"),
        "-sigfile",
        &path("signature"),
    ]);

    // A file that was changed, and the head of a longer history than the database has.
    let changed = written.replace("\"transactions\":3", "\"transactions\":2");
    assert_ne!(changed, written);
    fs::write(path("changed.json"), changed).unwrap();
    let (code, said) = against(&path("changed.json"), &public);
    assert_eq!(
        (code, said.contains("was changed")),
        (Some(1), true),
        "{said}"
    );
    openssl(&[
        "genpkey",
        "-algorithm",
        "ed25519",
        "-out",
        &path("other.key"),
    ]);
    openssl(&[
        "pkey",
        "-in",
        &path("other.key"),
        "-pubout",
        "-out",
        &path("other.pub"),
    ]);
    let (code, said) = against(&heads, &path("other.pub"));
    assert_eq!(
        (code, said.contains("doesn't match")),
        (Some(1), true),
        "{said}"
    );
    let (code, said) = against(&heads, &path("digest"));
    assert_eq!((code, said.contains("digest")), (Some(1), true), "{said}");

    let unsigned = process::output(&["heads", "--database-url", url]);
    fs::write(path("unsigned.json"), &unsigned.stdout).unwrap();
    let (code, said) = against(&path("unsigned.json"), &public);
    assert_eq!(
        (code, said.contains("isn't signed")),
        (Some(1), true),
        "{said}"
    );
    let longer = String::from_utf8(unsigned.stdout).unwrap();
    assert_eq!(longer.lines().count(), 3);
}
