//! Reports from a streaming replica: they are read there and say as of when, and come from the
//! primary once the replica is too far behind or gone. Audits read the replica too.
//!
//! Here: a real replica, made by pg_basebackup; what it says isn't run if that is missing. Not here:
//! what is in a report ([`crate::nouns`]).

use std::time::Duration;

use jiff::Timestamp;
use message_credits::store::sql::replica::Replica;
use sea_orm::{ConnectionTrait, Database};
use serde_json::{Value, json};

use crate::support::{
    Server, Tenant,
    own_postgres::OwnPostgres,
    process,
    sending::{at, grant_at, send_all, sms},
};

const REPORT: &str = "query($input: UsageReportInput!) { usageReport(input: $input) {
    asOf totals { messageCount recipientCount } buckets { usage { messageCount } }
    } xlsx: usageReportDownload(input: $input, format: XLSX) { url }
    csv: usageReportDownload(input: $input, format: CSV) { url } }";
const STATEMENT: &str = "query($id: ID!, $month: Date!, $at: DateTime!) { account(id: $id) {
    statement(month: $month) { asOf credits { granted spent closing } }
    balance(at: $at) { available } } }";
/// How long a replica may take to apply what its primary wrote. It takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(60);

async fn report(server: &Server, tenant: &Tenant) -> Value {
    let input = json!({ "from": "2026-10-01T00:00:00Z", "to": "2026-12-01T00:00:00Z", "interval": "MONTH" });
    let mut data = server
        .data(&tenant.owner, REPORT, json!({ "input": input }))
        .await;
    let (xlsx, csv) = (data["xlsx"].take(), data["csv"].take());
    let mut report = data["usageReport"].take();
    report["xlsx"] = xlsx;
    report["csv"] = csv;
    report
}

fn as_of(report: &Value) -> Timestamp {
    report["asOf"].as_str().unwrap().parse().unwrap()
}

/// Reads reports until one has this many messages.
async fn report_of(server: &Server, tenant: &Tenant, messages: u64) -> Value {
    let until = async {
        loop {
            let report = report(server, tenant).await;
            if report["totals"]["messageCount"] == messages {
                return report;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, until)
        .await
        .unwrap_or_else(|_| panic!("no report has {messages} messages"))
}

/// The lines of a file of all messages.
async fn exported_lines(server: &Server, tenant: &Tenant) -> usize {
    let export = "mutation($input: ExportMessagesInput!) { exportMessages(input: $input) {
        download { url } userErrors { field message } } }";
    let input = json!({ "format": "JSONL" });
    let payload = server.done(&tenant.owner, export, input).await;
    let url = payload["download"]["url"].as_str().unwrap();
    let response = server.http().get(url).send().await.unwrap();
    assert!(response.status().is_success());
    response.text().await.unwrap().lines().count()
}

/// The lines of a report's CSV file.
async fn csv_lines(server: &Server, report: &Value) -> usize {
    let url = report["csv"]["url"].as_str().unwrap();
    let response = server.http().get(url).send().await.unwrap();
    assert!(response.status().is_success());
    response.text().await.unwrap().lines().count()
}

async fn execute(url: &str, statement: &str) {
    let database = Database::connect(url).await.unwrap();
    database.execute_unprepared(statement).await.unwrap();
    database.close().await.unwrap();
}

async fn server(primary: &OwnPostgres, replica: &OwnPostgres, max_lag: Duration) -> Server {
    let replica = Replica::new(&replica.url(), max_lag).unwrap();
    Server::on_postgres_at(&primary.url(), |settings| settings.replica = Some(replica)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_are_read_from_a_fresh_replica() {
    let Some(primary) = OwnPostgres::start() else {
        return;
    };
    let Some(replica) = primary.replica() else {
        return;
    };
    // The first takes a replica however old it is, the second one only if it is fresh.
    let patient = server(&primary, &replica, Duration::from_secs(3_600)).await;
    let hasty = server(&primary, &replica, Duration::from_secs(2)).await;
    let tenant = patient.account("Shop").await;
    grant_at(&patient, &tenant, "2026-10-01T00:00:00Z", 1_000).await;
    let sent = |instant: &str, recipients| [sms(None, instant, recipients)];
    send_all(&patient, &tenant, &sent("2026-10-10T00:00:00Z", 10)).await;
    send_all(&patient, &tenant, &sent("2026-11-01T00:00:00Z", 20)).await;
    let now = patient.services().clock.now();
    for server in [&patient, &hasty] {
        let report = report_of(server, &tenant, 2).await;
        assert!(as_of(&report) <= now);
        assert_eq!(report["buckets"][0]["usage"]["messageCount"], 1);
        assert_eq!(csv_lines(server, &report).await, 3);
    }

    // From here on, the replica applies nothing.
    execute(&replica.url(), "SELECT pg_wal_replay_pause()").await;
    send_all(&patient, &tenant, &sent("2026-11-02T00:00:00Z", 30)).await;
    let stale = report(&patient, &tenant).await;
    assert_eq!(stale["totals"]["messageCount"], 2, "it is the replica's");
    assert!(as_of(&stale) < now, "{stale}");
    // The file is the same state: its figures and its rows are one snapshot (law T4).
    assert_eq!(csv_lines(&patient, &stale).await, 3);
    let workbook = patient.http().get(stale["xlsx"]["url"].as_str().unwrap());
    let workbook = workbook.send().await.unwrap();
    assert!(workbook.status().is_success());
    check_workbook(&workbook.bytes().await.unwrap(), 2);
    // Files of rows are read there too.
    assert_eq!(exported_lines(&patient, &tenant).await, 2);

    // A statement of a month that has ended is read there too, and a past balance if it is final.
    let ended = json!({ "id": tenant.id, "month": "2026-10-01", "at": "2026-10-15T00:00:00Z" });
    let data = patient.data(&tenant.owner, STATEMENT, ended.clone()).await;
    let statement = &data["account"]["statement"];
    assert!(as_of(statement) < now, "{statement}");
    assert_eq!(
        statement["credits"],
        json!({ "granted": "1000", "spent": "10", "closing": "990" })
    );
    assert_eq!(data["account"]["balance"]["available"], "990");
    // What the replica can't know yet is read from the primary.
    let present = json!({ "id": tenant.id, "month": "2026-11-01", "at": "2026-11-03T00:00:00Z" });
    let data = patient.data(&tenant.owner, STATEMENT, present).await;
    assert_eq!(as_of(&data["account"]["statement"]), now);
    assert_eq!(data["account"]["statement"]["credits"]["spent"], "50");
    assert_eq!(data["account"]["balance"]["available"], "940");

    // Too far behind for the hasty one.
    let fresh = report_of(&hasty, &tenant, 3).await;
    assert_eq!(as_of(&fresh), now);
    assert_eq!(csv_lines(&hasty, &fresh).await, 4);
    assert_eq!(exported_lines(&hasty, &tenant).await, 3);

    execute(&replica.url(), "SELECT pg_wal_replay_resume()").await;
    report_of(&patient, &tenant, 3).await;
    assert_eq!(
        patient.data(&tenant.owner, STATEMENT, ended).await["account"]["balance"]["available"],
        "990"
    );

    // An audit needs no more than the replica.
    for command in ["verify", "heads"] {
        let output = process::output(&[command, "--database-url", &replica.url()]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command}: {text}");
        assert!(text.contains("1 account,"), "{command}: {text}");
    }

    // Without the replica, nothing is missing.
    replica.cut_the_power();
    let report = report(&patient, &tenant).await;
    assert_eq!(report["totals"]["messageCount"], 3, "{report}");
    assert_eq!(as_of(&report), now);
    assert_eq!(csv_lines(&patient, &report).await, 4);
}

/// Another database's figures are never taken for this one's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_replica_of_this_database_is_not_read() {
    let Some(primary) = OwnPostgres::start() else {
        return;
    };
    let Some(other) = OwnPostgres::start() else {
        return;
    };
    let elsewhere = Server::on_postgres_at(&other.url(), |_| {}).await;
    elsewhere.account("Elsewhere").await;
    let server = server(&primary, &other, Duration::from_secs(3_600)).await;
    let tenant = server.account("Shop").await;
    grant_at(&server, &tenant, "2026-10-01T00:00:00Z", 1_000).await;
    send_all(&server, &tenant, &[sms(None, "2026-10-10T00:00:00Z", 10)]).await;
    let report = report(&server, &tenant).await;
    assert_eq!(report["totals"]["messageCount"], 1, "{report}");
    assert_eq!(as_of(&report), at("2026-11-22T08:00:00Z"));
    for url in ["sqlite://reports.db", "postgres://u@one,two/credits"] {
        let refused = Replica::new(url, Duration::from_secs(1)).unwrap_err();
        assert!(
            refused.to_string().contains("one PostgreSQL server"),
            "{url}: {refused}"
        );
    }
}

/// That a workbook's totals and its messages are the same number.
fn check_workbook(bytes: &[u8], messages: usize) {
    use calamine::{Data, Reader, Xlsx};
    let mut book: Xlsx<_> = Xlsx::new(std::io::Cursor::new(bytes.to_vec())).unwrap();
    let summary = book.worksheet_range("Summary").unwrap();
    let row = |label: &str| {
        let mut rows = summary.rows();
        let found = rows.find(|row| row[0] == Data::String(label.to_owned()));
        found.unwrap_or_else(|| panic!("{label}"))[1].clone()
    };
    assert_eq!(row("Total").to_string(), messages.to_string());
    assert_ne!(row("As of"), Data::Empty);
    let rows = book.worksheet_range("Messages").unwrap().height();
    assert_eq!(rows, messages + 1);
}
