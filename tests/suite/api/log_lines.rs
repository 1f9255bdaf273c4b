//! What the log says, and how: starts and stops, requests, refused keys, outages; and its form.
//!
//! Here: the program's standard error. Not here: what must never be in it ([`super::logs`]).

use std::process::Command;

use serde_json::{Value, json};

use crate::support::{
    own_postgres::OwnPostgres,
    process::{ADMIN_KEY, Process, command, output},
};

fn serving(folder: &tempfile::TempDir) -> Command {
    let url = format!(
        "sqlite://{}?mode=rwc",
        folder.path().join("lines.db").display()
    );
    command(&["serve", "--database-url", &url])
}

/// The lines with a text.
fn with<'a>(log: &'a str, text: &str) -> Vec<&'a str> {
    log.lines().filter(|line| line.contains(text)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_usual_log_says_what_an_operator_asks() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = serving(&folder);
    let server = Process::run(program.env_remove("RUST_LOG"));
    let (client, base) = server.door();
    for _ in 0..5 {
        let request = client
            .post(format!("{base}/graphql"))
            .bearer_auth("mc_wrong");
        let request = request.header("x-request-id", "with-a-wrong-key");
        let answer = request
            .json(&json!({ "query": "{ viewer { role } }" }))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 401);
    }
    let log = server.terminated_log();
    let started = with(&log, "serving");
    assert_eq!(started.len(), 1, "{log}");
    for part in [
        "version=",
        "commit=",
        "address=127.0.0.1:",
        "Sqlite",
        "schema=\"m2",
    ] {
        assert!(started[0].contains(part), "{part}: {started:?}");
    }
    assert_eq!(with(&log, "stopping").len(), 1, "{log}");
    assert_eq!(with(&log, "stopped").len(), 1, "{log}");
    // One line of many, in the request's span.
    let refused = with(&log, "an API key was refused");
    assert_eq!(refused.len(), 1, "{log}");
    for part in ["WARN", "with-a-wrong-key", "127.0.0.1"] {
        assert!(refused[0].contains(part), "{part}: {refused:?}");
    }
    assert!(!log.contains('\u{1b}'), "colours in a file: {log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_json_if_asked() {
    let folder = tempfile::tempdir().unwrap();
    // It says where it serves in JSON too, so that its address is taken here.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let mut program = serving(&folder);
    let mut child = program
        .env("LOG_FORMAT", "json")
        .env("RUST_LOG", "debug")
        .env("ACCESS_LOG", "true")
        .env("ADMIN_API_KEY", ADMIN_KEY)
        .args(["--listen", &address.to_string()])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let client = reqwest::Client::new();
    let base = format!("http://{address}");
    let mut tries = 0;
    while client.get(format!("{base}/healthz")).send().await.is_err() {
        tries += 1;
        assert!(tries < 600, "it doesn't serve");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let refused = json!({ "query": "mutation { createAccount(input: { name: \"\" }) { userErrors { code } } }" });
    let request = client
        .post(format!("{base}/graphql"))
        .bearer_auth(ADMIN_KEY);
    let request = request.header("x-request-id", "refused-1").json(&refused);
    let answer: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(
        answer["data"]["createAccount"]["userErrors"][0]["code"], "INVALID",
        "{answer}"
    );
    let ended = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status();
    assert!(ended.unwrap().success());
    let pipes = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let read = |pipe: &mut dyn std::io::Read| {
        let mut text = String::new();
        pipe.read_to_string(&mut text).unwrap();
        text
    };
    let (mut out, mut err) = pipes;
    let (out, err) = (read(&mut out), read(&mut err));
    child.wait().unwrap();
    let parse = |text: &str| -> Vec<Value> {
        let lines = text.lines().filter(|line| !line.is_empty());
        lines
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
            .collect()
    };
    let welcome = parse(&out);
    assert!(
        welcome[0]["announcement"].to_string().contains("/graphql"),
        "{out}"
    );
    let lines = parse(&err);
    let of = |message: &str| -> Vec<&Value> {
        lines
            .iter()
            .filter(|line| line["fields"]["message"] == message)
            .collect()
    };
    assert_eq!(of("serving").len(), 1, "{err}");
    // The refusal and the answer of one request share its id.
    let refusal = of("a mutation was refused");
    assert_eq!(refusal.len(), 1, "{err}");
    assert_eq!(refusal[0]["fields"]["code"], "INVALID");
    let expected = json!({
        "request_id": "refused-1", "method": "POST", "route": "/graphql", "operation": "createAccount",
    });
    assert_eq!(refusal[0]["request"], expected);
    let answers = of("answered");
    let of_request = answers
        .iter()
        .find(|line| line["request"]["request_id"] == "refused-1");
    assert_eq!(of_request.unwrap()["fields"]["status"], 200, "{err}");
}

#[test]
fn a_failed_command_is_json_if_asked() {
    let failed = command(&["serve", "--database-url", "sqlite:///nowhere/none.db"])
        .env("LISTEN", "127.0.0.1:0")
        .env("LOG_FORMAT", "json")
        .output()
        .unwrap();
    assert_eq!(failed.status.code(), Some(1));
    let text = String::from_utf8(failed.stderr).unwrap();
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(last["level"], "ERROR", "{text}");
    assert_eq!(last["fields"]["message"], "the command failed", "{text}");
}

/// A database that is away for a while, with jobs, probes and requests that notice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_has_one_line_at_its_start_and_one_at_its_end() {
    let Some(postgres) = OwnPostgres::start() else {
        return;
    };
    let url = postgres.url();
    assert!(
        output(&["migrate", "--database-url", &url])
            .status
            .success()
    );
    let mut program = command(&["serve", "--database-url", &url]);
    let server = Process::run(program.env_remove("RUST_LOG"));
    let (client, base) = server.door();
    let ready = async || {
        let answer = client.get(format!("{base}/readyz")).send().await.unwrap();
        answer.status() == 200
    };
    assert!(ready().await);
    postgres.cut_the_power();
    // The last answer is kept for a second.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    for _ in 0..2 {
        assert!(!ready().await);
        let asked = server
            .graphql("mc_any", "{ viewer { role } }", json!({}))
            .await
            .unwrap();
        assert_eq!(
            asked["errors"][0]["extensions"]["code"], "UNAVAILABLE",
            "{asked}"
        );
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    postgres.up();
    let mut tries = 0;
    while !ready().await {
        tries += 1;
        assert!(tries < 100, "it doesn't recover");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    // The outage counts as over after some calm seconds.
    tokio::time::sleep(std::time::Duration::from_secs(8)).await;
    let log = server.terminated_log();
    assert_eq!(with(&log, "an outage began").len(), 1, "{log}");
    assert_eq!(with(&log, "an outage is over").len(), 1, "{log}");
    let errors = log.lines().filter(|line| line.contains(" ERROR ")).count();
    // A commit may have been in flight as well.
    assert!(errors <= 3, "{errors} errors in {log}");
}
