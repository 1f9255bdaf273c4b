//! Monthly reports over HTTP: made once, on the first of the month in the account's zone, with the
//! month's numbers whenever they are opened.

use std::io::Cursor;

use calamine::{Reader, Xlsx};
use futures_util::future::join;
use serde_json::{Value, json};

use crate::support::{
    Server, Tenant,
    account::set_zone,
    on_both_databases,
    sending::{Message, grant_at, send_all, sms},
};

const UPDATE: &str =
    "mutation($input: UpdateMonthlyReportsInput!) { updateMonthlyReports(input: $input) {
    schedule { enabled format interval nextAt } userErrors { field code } } }";
const REPORTS: &str = "query($id: ID!) { account(id: $id) { monthlyReports {
    totalCount nodes { id month from to timeZone format interval generatedAt account { id }
        download { url fileName } } } } }";

async fn schedule(server: &Server, tenant: &Tenant, input: Value) -> Value {
    let mut input = input;
    input["accountId"] = json!(tenant.id);
    let mut payload = server.done(&tenant.owner, UPDATE, input).await;
    payload["schedule"].take()
}

async fn reports(server: &Server, tenant: &Tenant) -> Vec<Value> {
    let variables = json!({ "id": tenant.id });
    let data = server.data(&tenant.owner, REPORTS, variables).await;
    let reports = &data["account"]["monthlyReports"];
    let nodes = reports["nodes"].as_array().unwrap().clone();
    assert_eq!(reports["totalCount"], nodes.len());
    nodes
}

async fn months(server: &Server, tenant: &Tenant) -> Vec<String> {
    let reports = reports(server, tenant).await;
    let month = |report: &Value| report["month"].as_str().unwrap().to_owned();
    reports.iter().map(month).collect()
}

async fn send(server: &Server, tenant: &Tenant, sent: &[(&str, u64)]) {
    let messages: Vec<Message> = sent
        .iter()
        .map(|(at, recipients)| sms(None, at, *recipients))
        .collect();
    send_all(server, tenant, &messages).await;
}

on_both_databases! {
    /// November's report exists from the first instant of December in Rome, and not before; its
    /// file has all of November's messages.
    async fn a_monthly_report_is_made_on_the_first(server: Server) {
        let tenant = server.account("Shop").await;
        grant_at(&server, &tenant, "2026-10-01T00:00:00Z", 1_000).await;
        send(&server, &tenant, &[
            ("2026-10-31T22:59:59.999999Z", 1), ("2026-10-31T23:00:00Z", 2),
        ]).await;
        let found = schedule(&server, &tenant, json!({ "enabled": true })).await;
        assert_eq!(found, json!({ "enabled": true, "format": "XLSX", "interval": "DAY", "nextAt": "2026-11-30T23:00:00Z" }));
        server.set_time("2026-11-30T22:59:59.999999Z");
        send(&server, &tenant, &[("2026-11-30T22:59:59.999999Z", 4)]).await;
        server.run_workers().await;
        assert_eq!(reports(&server, &tenant).await, [json!(null); 0]);

        server.set_time("2026-11-30T23:00:00Z");
        send(&server, &tenant, &[("2026-11-30T23:00:00Z", 8)]).await;
        server.run_workers().await;
        server.run_workers().await;
        let found = reports(&server, &tenant).await;
        assert_eq!(found.len(), 1);
        let report = &found[0];
        assert_eq!(report["month"], "2026-11-01");
        assert_eq!((&report["from"], &report["to"]), (&json!("2026-10-31T23:00:00Z"), &json!("2026-11-30T23:00:00Z")));
        assert_eq!(report["generatedAt"], "2026-11-30T23:00:00Z");
        assert_eq!(report["timeZone"], "Europe/Rome");
        assert_eq!(report["account"]["id"], tenant.id);
        assert_eq!(report["download"]["fileName"], "usage-shop-2026-11-01-2026-12-01.xlsx");
        let url = report["download"]["url"].as_str().unwrap();
        let bytes = server.http().get(url).send().await.unwrap().bytes().await.unwrap();
        let mut book = Xlsx::new(Cursor::new(bytes.to_vec())).unwrap();
        let messages = book.worksheet_range("Messages").unwrap();
        let recipients: Vec<String> = messages.rows().skip(1).map(|row| row[6].to_string()).collect();
        assert_eq!(recipients, ["2", "4"]);

        // A link that was made expires; a new one is available at any time.
        server.set_time("2027-02-10T00:00:00Z");
        assert_eq!(server.http().get(url).send().await.unwrap().status(), 403);
        let again = reports(&server, &tenant).await;
        let url = again[0]["download"]["url"].as_str().unwrap();
        assert_eq!(server.http().get(url).send().await.unwrap().status(), 200);
        // Missed months are made later.
        server.run_workers().await;
        let mut found = months(&server, &tenant).await;
        found.sort();
        assert_eq!(found, ["2026-11-01", "2026-12-01", "2027-01-01"]);
    }

    /// Months are those of the account's zone, and a change of zone moves the first of the month.
    async fn months_follow_the_accounts_zone(server: Server) {
        let tenant = server.account("Shop").await;
        set_zone(&server, &tenant, "Asia/Kathmandu").await;
        let input = json!({ "enabled": true, "format": "CSV", "interval": "WEEK" });
        let found = schedule(&server, &tenant, input).await;
        assert_eq!(found, json!({ "enabled": true, "format": "CSV", "interval": "WEEK", "nextAt": "2026-11-30T18:15:00Z" }));
        set_zone(&server, &tenant, "America/New_York").await;
        for (at, expected) in [
            ("2026-11-30T18:15:00Z", vec![]),
            ("2026-12-01T04:59:59Z", vec![]),
            ("2026-12-01T05:00:00Z", vec!["2026-11-01"]),
        ] {
            server.set_time(at);
            server.run_workers().await;
            assert_eq!(months(&server, &tenant).await, expected, "{at}");
        }
        // Earlier, after a change eastwards: at once.
        server.set_time("2026-12-31T12:00:00Z");
        set_zone(&server, &tenant, "Pacific/Auckland").await;
        server.run_workers().await;
        assert_eq!(months(&server, &tenant).await, ["2026-12-01", "2026-11-01"]);
        let found = reports(&server, &tenant).await;
        assert_eq!(found[0]["timeZone"], "Pacific/Auckland");
        assert_eq!(found[0]["from"], "2026-11-30T11:00:00Z");
        assert_eq!(found[1]["timeZone"], "America/New_York");
        assert!(found[1]["download"]["fileName"].as_str().unwrap().ends_with("2026-11-01-2026-12-01.csv"));
    }

    /// After it is switched off no reports are made, and existing ones stay; after it is switched
    /// on again, it begins with the current month.
    async fn a_disabled_schedule_makes_no_reports(server: Server) {
        let tenant = server.account("Shop").await;
        let off = json!({ "enabled": false, "format": "XLSX", "interval": "DAY", "nextAt": null });
        let read = "query($id: ID!) { account(id: $id) { monthlyReportSchedule { enabled format interval nextAt } } }";
        let data = server.data(&tenant.owner, read, json!({ "id": tenant.id })).await;
        assert_eq!(data["account"]["monthlyReportSchedule"], off);
        schedule(&server, &tenant, json!({ "enabled": true })).await;
        server.set_time("2026-12-15T00:00:00Z");
        server.run_workers().await;
        assert_eq!(schedule(&server, &tenant, json!({ "enabled": false })).await, off);
        server.set_time("2027-03-15T00:00:00Z");
        server.run_workers().await;
        assert_eq!(months(&server, &tenant).await, ["2026-11-01"]);
        let found = schedule(&server, &tenant, json!({ "enabled": true })).await;
        assert_eq!(found["nextAt"], "2027-03-31T22:00:00Z");
        // Another spelling of the zone keeps the awaited month.
        server.set_time("2027-04-02T00:00:00Z");
        let found = schedule(&server, &tenant, json!({ "enabled": true, "interval": "MONTH" })).await;
        assert_eq!(found["nextAt"], "2027-03-31T22:00:00Z");
        server.run_workers().await;
        let found = reports(&server, &tenant).await;
        assert_eq!((&found[0]["month"], &found[0]["interval"]), (&json!("2027-03-01"), &json!("MONTH")));
    }

    /// Each setting can be changed alone, and null leaves it as it is too.
    async fn a_change_keeps_what_it_leaves_out(server: Server) {
        let tenant = server.account("Shop").await;
        let next_at = "2026-11-30T23:00:00Z";
        let on = |format: &str, interval: &str| {
            json!({ "enabled": true, "format": format, "interval": interval, "nextAt": next_at })
        };
        // An account that never had reports: a change without enabled doesn't turn them on.
        let found = schedule(&server, &tenant, json!({ "format": "CSV" })).await;
        assert_eq!(found, json!({ "enabled": false, "format": "CSV", "interval": "DAY", "nextAt": null }));
        assert_eq!(schedule(&server, &tenant, json!({ "enabled": true })).await, on("CSV", "DAY"));
        assert_eq!(schedule(&server, &tenant, json!({ "interval": "WEEK" })).await, on("CSV", "WEEK"));
        assert_eq!(schedule(&server, &tenant, json!({ "enabled": true })).await, on("CSV", "WEEK"));
        assert_eq!(schedule(&server, &tenant, json!({})).await, on("CSV", "WEEK"));
        let nulls = json!({ "enabled": null, "format": null, "interval": null });
        assert_eq!(schedule(&server, &tenant, nulls).await, on("CSV", "WEEK"));
        assert_eq!(schedule(&server, &tenant, json!({ "format": "XLSX" })).await, on("XLSX", "WEEK"));
        let off = json!({ "enabled": false, "format": "XLSX", "interval": "WEEK", "nextAt": null });
        assert_eq!(schedule(&server, &tenant, json!({ "enabled": false })).await, off);
        assert_eq!(schedule(&server, &tenant, json!({ "enabled": true })).await, on("XLSX", "WEEK"));
    }

    /// Changes of different settings at the same time both count.
    async fn changes_of_different_settings_do_not_undo_each_other(server: Server) {
        for round in 0..5 {
            let tenant = server.account(&format!("Shop {round}")).await;
            join(
                schedule(&server, &tenant, json!({ "enabled": true, "format": "CSV" })),
                schedule(&server, &tenant, json!({ "interval": "MONTH" })),
            )
            .await;
            let found = schedule(&server, &tenant, json!({})).await;
            assert_eq!(found, json!({
                "enabled": true, "format": "CSV", "interval": "MONTH", "nextAt": "2026-11-30T23:00:00Z",
            }));
        }
    }

    /// Roles without usage see no reports, nor does another account; a report is found by its id.
    async fn monthly_reports_are_visible_to_usage_readers(server: Server) {
        let tenant = server.account("Shop").await;
        schedule(&server, &tenant, json!({ "enabled": true })).await;
        server.set_time("2026-12-01T00:00:00Z");
        server.run_workers().await;
        let id = reports(&server, &tenant).await[0]["id"].clone();
        let node = "query($id: ID!) { node(id: $id) { ... on MonthlyReport { month } } }";
        let stranger = server.account("Stranger").await.owner;
        let sender = server.key(&tenant, "SENDER").await;
        let viewer = server.key(&tenant, "VIEWER").await;
        for (key, month) in [(&viewer, json!("2026-11-01")), (&sender, json!(null)), (&stranger, json!(null))] {
            let data = server.data(key, node, json!({ "id": id })).await;
            assert_eq!(data["node"]["month"], month);
        }
        let variables = json!({ "id": tenant.id });
        let response = server.graphql(Some(&sender), REPORTS, variables.clone()).await;
        assert_eq!(response["errors"][0]["extensions"]["code"], "FORBIDDEN", "{response}");
        let data = server.data(&stranger, REPORTS, variables).await;
        assert_eq!(data["account"], json!(null));
    }
}
