//! Event streams of the program itself: what a stop does to them. The clients' view is in
//! `tests/clients/protocol`.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use serde_json::json;

use crate::support::process::{ADMIN_KEY, Process};

const BALANCE: &str =
    "subscription($id: ID!) { balanceChanged(accountId: $id) { account { id } } }";

/// A new account's id.
async fn account(server: &Process) -> String {
    let create = "mutation { createAccount(input: { name: \"A\" }) { account { id } } }";
    let created = server.graphql(ADMIN_KEY, create, json!({})).await.unwrap();
    let id = &created["data"]["createAccount"]["account"]["id"];
    id.as_str().unwrap().to_owned()
}

/// A stop ends streams as whole responses, and without an event that would say that nothing more
/// is to come: clients subscribe again.
#[tokio::test]
async fn a_stop_ends_streams_without_an_end_event() {
    if Command::new("curl").arg("--version").output().is_err() {
        eprintln!("SKIPPED: curl is not there; cargo xtask test installs it");
        return;
    }
    for protocol in ["--http1.1", "--http2-prior-knowledge"] {
        let folder = tempfile::tempdir().unwrap();
        let url = format!(
            "sqlite://{}?mode=rwc",
            folder.path().join("streams.db").display()
        );
        let server = Process::start(&["--database-url", &url, "--drain-time", "10m"]);
        let account = account(&server).await;
        let ask = json!({ "query": BALANCE, "variables": { "id": account } });
        let mut client = Command::new("curl")
            .args(["--silent", "--show-error", "--no-buffer", protocol])
            .args(["--header", &format!("Authorization: Bearer {ADMIN_KEY}")])
            .args(["--header", "Accept: text/event-stream"])
            .args(["--header", "Content-Type: application/json"])
            .args(["--data", &ask.to_string()])
            .arg(format!("{}/graphql", server.base))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(client.stdout.take().unwrap()).lines();
        let begun = lines.any(|line| line.unwrap() == "event: next");
        assert!(begun, "{protocol}");
        let data = lines.next().unwrap().unwrap();
        assert!(data.contains(&account), "{data}");
        server.ask_to_end();
        let rest: Vec<String> = lines.map(|line| line.unwrap()).collect();
        assert!(
            !rest.iter().any(|line| line.contains("complete")),
            "{rest:?}"
        );
        // A response that was cut off would be an error.
        assert!(client.wait().unwrap().success(), "{protocol}");
        assert_eq!(server.terminate(), Some(0), "{protocol}");
    }
}
