//! A Prometheus that scrapes the program: every expression of the alerts and of the dashboard is
//! answered.
//!
//! Here: tests that need `prometheus` or `promtool`; they say so if those are missing. Not here:
//! which metrics exist ([`super::metrics`]).

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};

use super::metrics::{alerts, panels};
use crate::support::{
    message::{SEND, to_italians},
    new_key,
    process::{Process, command},
};

/// A program of this machine; `None`, with a printed line, if it is missing.
fn found(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name));
    let found = found.into_iter().find(|program| program.is_file());
    if found.is_none() {
        eprintln!("SKIPPED: {name} is not in PATH; apt-get install prometheus brings it");
    }
    found
}

#[test]
fn promtool_accepts_the_alert_rules() {
    let Some(promtool) = found("promtool") else {
        return;
    };
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/prometheus-alerts.yml");
    let checked = Command::new(promtool)
        .args(["check", "rules"])
        .arg(rules)
        .output()
        .unwrap();
    assert!(checked.status.success(), "{checked:?}");
}

/// A Prometheus that is killed when the test ends.
struct Prometheus {
    child: Child,
    base: String,
    client: reqwest::Client,
}

impl Prometheus {
    fn start(program: &Path, folder: &Path, target: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/prometheus-alerts.yml");
        let config = format!(
            "global:\n  scrape_interval: 1s\nrule_files:\n  - {}\nscrape_configs:\n  - job_name: message-credits\n    \
             static_configs:\n      - targets: [\"{target}\"]\n",
            rules.display()
        );
        let file = folder.join("prometheus.yml");
        fs::write(&file, config).unwrap();
        let child = Command::new(program)
            .arg(format!("--config.file={}", file.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.join("data").display()
            ))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            child,
            base: format!("http://{address}"),
            client: reqwest::Client::new(),
        }
    }

    /// The answer to an expression; `None` if it isn't serving yet.
    async fn ask(&self, expression: &str) -> Option<Value> {
        let request = self.client.get(format!("{}/api/v1/query", self.base));
        let answer = request.query(&[("query", expression)]).send().await.ok()?;
        answer.json().await.ok()
    }

    /// Whether an expression has at least this value.
    async fn has(&self, expression: &str, least: f64) -> bool {
        let Some(answer) = self.ask(expression).await else {
            return false;
        };
        let value = answer["data"]["result"][0]["value"][1].as_str();
        value.is_some_and(|value| value.parse::<f64>().unwrap() >= least)
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_expression_is_answered() {
    let Some(program) = found("prometheus") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let url = format!(
        "sqlite://{}?mode=rwc",
        folder.path().join("demo.db").display()
    );
    let server = Process::run(&mut command(&["demo", "--database-url", &url]));
    let owner = server
        .welcome
        .lines()
        .find_map(|line| line.trim().strip_prefix("owner of "))
        .and_then(|line| line.split_whitespace().last())
        .unwrap()
        .to_owned();
    let target = server.base.strip_prefix("http://").unwrap();
    let prometheus = Prometheus::start(&program, folder.path(), target);
    // Some load, until the rates of five seconds have several samples.
    let mut rounds = 0;
    while !prometheus
        .has("count_over_time(up{job=\"message-credits\"}[20s])", 5.0)
        .await
    {
        let mut input = to_italians(1);
        input["idempotencyKey"] = json!(new_key());
        server
            .graphql(&owner, SEND, json!({ "input": input }))
            .await
            .unwrap();
        server
            .graphql(&owner, "{ viewer { role } }", json!({}))
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        rounds += 1;
        assert!(rounds < 600, "Prometheus has no samples");
    }
    for (panel, expression) in panels() {
        let asked = expression.replace("$__rate_interval", "20s");
        let answer = prometheus.ask(&asked).await.unwrap();
        assert_eq!(answer["status"], "success", "{panel}: {asked}: {answer}");
        let rows = answer["data"]["result"].as_array().unwrap();
        assert!(!rows.is_empty(), "{panel} is empty: {asked}");
    }
    for (alert, expression) in alerts() {
        let answer = prometheus.ask(&expression).await.unwrap();
        assert_eq!(
            answer["status"], "success",
            "{alert}: {expression}: {answer}"
        );
        // Nothing is wrong, so that nothing is raised.
        let rows = answer["data"]["result"].as_array().unwrap();
        let expected = alert == "MessageCreditsUnreportedMessages";
        assert!(
            rows.is_empty() || expected,
            "{alert} is raised: {expression}: {answer}"
        );
    }
    assert!(prometheus.has("sum(message_credits_graphql_requests_total{operation=\"sendMessage\",code=\"OK\"})", 1.0).await);
}
