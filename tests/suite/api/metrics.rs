//! Metrics: all of them are there from the start, they count what happened, and the documentation,
//! the alerts and the dashboard name those that exist.
//!
//! Here: the scrape of one server, and the files that name metrics. Not here: a Prometheus that
//! evaluates them ([`super::prometheus`]).

use std::{collections::BTreeSet, fs, path::PathBuf};

use message_credits::telemetry::metrics::{ALL, Kind};
use serde_json::{Value, json};

use crate::support::{
    Server,
    account::set_settlement,
    message::{self, SEND},
    new_key, on_both_databases,
};

/// A server's metrics.
pub async fn scraped(server: &Server) -> String {
    let response = server
        .http()
        .get(server.url("/metrics"))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    response.text().await.unwrap()
}

/// The value of a series.
#[track_caller]
pub fn value(text: &str, series: &str) -> f64 {
    let found = text
        .lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    let found = found.unwrap_or_else(|| panic!("no {series} in\n{text}"));
    found.parse().unwrap()
}

on_both_databases! {
    async fn every_metric_is_there_from_the_start(server: Server) {
        server.run_workers().await;
        let text = scraped(&server).await;
        for metric in ALL {
            let kind = match metric.kind {
                Kind::Counter => "counter",
                Kind::Gauge => "gauge",
                Kind::Histogram(_) => "histogram",
            };
            let kind = format!("# TYPE {} {kind}", metric.name);
            assert!(text.lines().any(|line| line == kind), "{kind} is missing in\n{text}");
            let help = format!("# HELP {} ", metric.name);
            assert!(text.lines().any(|line| line.starts_with(&help)), "{help} is missing");
        }
        // A label of each kind, at 0.
        for series in [
            "message_credits_graphql_requests_total{operation=\"sendMessage\",code=\"INTERNAL_SERVER_ERROR\"}",
            "message_credits_ledger_refusals_total{reason=\"insufficient_credits\"}",
            "message_credits_job_failures_total{task=\"settlement\"}",
            "message_credits_due{work=\"settlements\"}",
        ] {
            assert!(value(&text, series).abs() < f64::EPSILON, "{series}");
        }
        assert!((value(&text, "message_credits_database_up") - 1.0).abs() < f64::EPSILON);
    }

    async fn metrics_count_what_happened(server: Server) {
        let shop = server.account("Shop").await;
        server.grant(&shop, "100").await;
        let mut input = message::to_italians(5);
        input["idempotencyKey"] = json!(new_key());
        server.done(&shop.owner, SEND, input.clone()).await;
        // Again with its key, and once more than there are credits for.
        server.done(&shop.owner, SEND, input).await;
        let many = message::to_italians(1_000_000);
        let refused = message::refusals(&server, &shop, SEND, many).await;
        assert_eq!(refused[0]["code"], "INSUFFICIENT_CREDITS", "{refused}");
        server.graphql(Some("mc_no_such_key"), "{ viewer { role } }", json!({})).await;
        server.graphql(None, "{ nothing }", json!({})).await;

        let text = scraped(&server).await;
        for (series, expected) in [
            ("message_credits_graphql_requests_total{operation=\"sendMessage\",code=\"OK\"}", 2.0),
            ("message_credits_graphql_requests_total{operation=\"sendMessage\",code=\"REFUSED\"}", 1.0),
            ("message_credits_graphql_requests_total{operation=\"none\",code=\"GRAPHQL_VALIDATION_FAILED\"}", 1.0),
            ("message_credits_graphql_request_seconds_count{operation=\"sendMessage\"}", 3.0),
            ("message_credits_graphql_refusals_total{code=\"INSUFFICIENT_CREDITS\"}", 1.0),
            ("message_credits_http_responses_total{status=\"401\"}", 1.0),
            ("message_credits_wrong_api_keys_total", 1.0),
            ("message_credits_ledger_replays_total", 1.0),
            ("message_credits_ledger_commands_total{outcome=\"refused\"}", 1.0),
            ("message_credits_ledger_waiting_commands", 0.0),
            ("message_credits_ledger_lanes", 0.0),
        ] {
            let found = value(&text, series);
            assert!((found - expected).abs() < f64::EPSILON, "{series}: {found} in\n{text}");
        }
        for (series, least) in [
            ("message_credits_ledger_phase_seconds_count{phase=\"commit\"}", 3.0),
            ("message_credits_ledger_batch_commands_sum", 4.0),
            ("message_credits_ledger_wait_seconds_count", 4.0),
            ("message_credits_database_wait_seconds_count{pool=\"writer\"}", 1.0),
            ("message_credits_database_wait_seconds_count{pool=\"reader\"}", 1.0),
            ("message_credits_database_wait_seconds_count{pool=\"lookups\"}", 1.0),
            ("message_credits_database_wait_seconds_count{pool=\"jobs\"}", 1.0),
            ("message_credits_database_connections{pool=\"writer\",state=\"idle\"}", 0.0),
            ("message_credits_database_connections_limit{pool=\"reader\"}", 1.0),
            ("message_credits_http_connections", 1.0),
        ] {
            let found = value(&text, series);
            assert!(found >= least, "{series}: {found} in\n{text}");
        }
    }

    async fn work_that_is_due_is_counted_with_its_age(server: Server) {
        let shop = server.account("Shop").await;
        server.grant(&shop, "100").await;
        set_settlement(&server, &shop, "AUTOMATIC").await;
        message::schedule(&server, &shop, "2026-11-22T09:00:00Z", message::to_italians(5)).await;
        // An hour later nobody has settled it.
        server.set_time("2026-11-22T10:00:00Z");
        let text = scraped(&server).await;
        for (series, expected) in [
            ("message_credits_due{work=\"settlements\"}", 1.0),
            ("message_credits_due_lag_seconds{work=\"settlements\"}", 3_600.0),
            ("message_credits_due{work=\"unreported_messages\"}", 0.0),
            ("message_credits_scheduled_messages", 1.0),
        ] {
            let found = value(&text, series);
            assert!((found - expected).abs() < f64::EPSILON, "{series}: {found}");
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn file(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// The table of metrics, as the documentation must have it.
fn table() -> String {
    let mut table = "| metric | kind | labels | meaning |\n| --- | --- | --- | --- |\n".to_owned();
    for metric in ALL {
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram(_) => "histogram",
        };
        let labels: Vec<String> = (metric.labels.iter())
            .map(|label| format!("`{}`: {}", label.name, label.values))
            .collect();
        let (name, labels, help) = (metric.name, labels.join("; "), metric.help);
        table.push_str(&format!("| `{name}` | {kind} | {labels} | {help} |\n"));
    }
    table
}

#[test]
fn the_documentation_lists_every_metric() {
    let expected = table();
    if !file("docs/operations/observe.md").contains(&expected) {
        let path = root().join("target/metrics-table.md");
        fs::write(&path, expected).unwrap();
        panic!(
            "docs/operations/observe.md needs the table in {}",
            path.display()
        );
    }
}

/// The expressions of the alert rules, with their alerts' names. One expression is one line.
pub fn alerts() -> Vec<(String, String)> {
    let text = file("deploy/prometheus-alerts.yml");
    let mut name = String::new();
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(alert) = line.strip_prefix("- alert: ") {
            alert.clone_into(&mut name);
        }
        if let Some(expression) = line.strip_prefix("expr: ") {
            found.push((name.clone(), expression.to_owned()));
        }
    }
    assert!(found.len() >= 15, "{found:?}");
    found
}

/// The expressions of the dashboard, with their panels' titles.
pub fn panels() -> Vec<(String, String)> {
    let dashboard: Value = serde_json::from_str(&file("deploy/grafana-dashboard.json")).unwrap();
    let mut found = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        let title = panel["title"].as_str().unwrap();
        for target in panel["targets"].as_array().into_iter().flatten() {
            let expression = target["expr"].as_str().unwrap();
            found.push((title.to_owned(), expression.to_owned()));
        }
    }
    assert!(found.len() >= 20, "{found:?}");
    found
}

/// The names of metrics in an expression: words that are neither functions, nor keywords, nor labels
/// within braces or parentheses of a grouping.
fn names(expression: &str) -> BTreeSet<String> {
    let mut plain = String::new();
    let mut depth = 0_u32;
    for letter in expression.chars() {
        match letter {
            '{' | '[' => depth += 1,
            '}' | ']' => {
                depth -= 1;
                plain.push(' ');
            }
            _ if depth == 0 => plain.push(letter),
            _ => {}
        }
    }
    for grouping in [
        "by",
        "without",
        "on",
        "ignoring",
        "group_left",
        "group_right",
    ] {
        while let Some(start) = plain.find(&format!(" {grouping} (")) {
            let end = plain[start..].find(')').unwrap() + start;
            plain.replace_range(start..=end, " ");
        }
    }
    const KEYWORDS: [&str; 5] = ["and", "or", "unless", "bool", "offset"];
    let is_of_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut found = BTreeSet::new();
    let mut rest = plain.as_str();
    while let Some(start) = rest.find(is_of_word) {
        rest = &rest[start..];
        let end = rest
            .find(|letter| !is_of_word(letter))
            .unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        let is_function = after.trim_start().starts_with('(');
        let is_number = word.starts_with(|letter: char| letter.is_ascii_digit());
        if !is_function && !is_number && !KEYWORDS.contains(&word) {
            found.insert(word.to_owned());
        }
    }
    found
}

/// The names of all series that the server has.
fn known() -> BTreeSet<String> {
    let mut known = BTreeSet::from(["up".to_owned()]);
    for metric in ALL {
        match metric.kind {
            Kind::Counter | Kind::Gauge => drop(known.insert(metric.name.to_owned())),
            Kind::Histogram(_) => {
                for suffix in ["bucket", "sum", "count"] {
                    known.insert(format!("{}_{suffix}", metric.name));
                }
            }
        }
    }
    known
}

#[test]
fn alerts_and_dashboard_name_metrics_that_exist() {
    let known = known();
    for (of, expression) in alerts().into_iter().chain(panels()) {
        let names = names(&expression);
        assert!(!names.is_empty(), "{of}: no metric in {expression}");
        let unknown: Vec<_> = names.difference(&known).collect();
        assert!(unknown.is_empty(), "{of}: {unknown:?} in {expression}");
    }
}

#[test]
fn names_are_found_in_expressions() {
    let check = |expression: &str, expected: &[&str]| {
        let found: Vec<_> = names(expression).into_iter().collect();
        assert_eq!(found, expected, "{expression}");
    };
    check("up == 0", &["up"]);
    check(
        "sum by (job) (rate(a_total{code!=\"OK\"}[5m])) / 2 > b",
        &["a_total", "b"],
    );
    check("time() - max(c{d=\"e\"}) > 1e3 and on (x) f", &["c", "f"]);
    check(
        "histogram_quantile(0.99, sum by (le) (rate(g_bucket[5m])))",
        &["g_bucket"],
    );
}

#[test]
fn every_alert_says_what_to_do() {
    let guide = file("docs/operations/observe.md");
    for (alert, _) in alerts() {
        let row = guide
            .lines()
            .find(|line| line.starts_with(&format!("| `{alert}` |")));
        let row = row.unwrap_or_else(|| panic!("docs/operations/observe.md has no row of {alert}"));
        assert!(
            row.split('|')
                .nth(3)
                .is_some_and(|what| what.trim().len() > 20),
            "{row}"
        );
    }
    // Nobody looks up an alert that isn't raised.
    let names: BTreeSet<String> = alerts().into_iter().map(|(name, _)| name).collect();
    for line in guide
        .lines()
        .filter(|line| line.starts_with("| `MessageCredits"))
    {
        let name = line.split('`').nth(1).unwrap();
        assert!(names.contains(name), "{name} is no alert");
    }
}

/// Nothing but the catalogue spells a metric's name.
#[test]
fn names_are_spelled_in_one_place() {
    let mut pending = vec![root().join("src")];
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                pending.push(path);
                continue;
            }
            let text = fs::read_to_string(&path).unwrap_or_default();
            let macros = [
                "metrics::counter!",
                "metrics::gauge!",
                "metrics::histogram!",
            ];
            let used = macros.iter().find(|name| text.contains(**name));
            assert_eq!(used, None, "{}", path.display());
            if !path.starts_with(root().join("src/telemetry")) {
                let spelled = ALL
                    .iter()
                    .find(|metric| text.contains(&format!("\"{}\"", metric.name)));
                assert!(spelled.is_none(), "{} spells {spelled:?}", path.display());
            }
        }
    }
}
