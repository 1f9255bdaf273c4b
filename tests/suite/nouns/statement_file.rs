//! The file of a statement: a workbook that agrees with the API, behind a link.

use std::io::Cursor;

use calamine::{Data, DataType, Range, Reader, Xlsx};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::statement::{full_november, whole};
use crate::support::{Server, Tenant, on_both_databases};

const LINK: &str = "query($id: ID, $month: Date!) { account(id: $id) { statement(month: $month) {
    download { url fileName expiresAt } } } }";

async fn link(server: &Server, key: &str, tenant: &Tenant, month: &str) -> Value {
    let variables = json!({ "id": tenant.id, "month": month });
    let mut data = server.data(key, LINK, variables).await;
    data["account"]["statement"]["download"].take()
}

async fn status(server: &Server, link: &Value) -> StatusCode {
    let response = server.http().get(link["url"].as_str().unwrap()).send();
    response.await.unwrap().status()
}

/// A sheet's rows, each as its first cell's text and all of its cells.
fn rows(sheet: &Range<Data>) -> Vec<(String, Vec<Data>)> {
    sheet
        .rows()
        .map(|row| (row[0].as_string().unwrap_or_default(), row.to_vec()))
        .collect()
}

/// A cell's moment, which must be a real one.
fn moment(cell: &Data) -> String {
    let Data::DateTime(moment) = cell else {
        panic!("{cell:?} is no moment");
    };
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// The number beside a label.
fn number(rows: &[(String, Vec<Data>)], label: &str) -> f64 {
    let row = rows.iter().find(|(first, _)| first == label);
    let Data::Float(number) = row.unwrap().1[1] else {
        panic!("{label} has no number: {rows:?}");
    };
    number
}

fn of(value: &Value) -> f64 {
    value.as_str().unwrap().parse().unwrap()
}

on_both_databases! {
    /// The workbook agrees with the API, its columns add up, and its names are texts.
    async fn a_statements_file_agrees_with_the_api(server: Server) {
        let tenant = full_november(&server).await;
        let november = whole(&server, &tenant, "2026-11-01").await;
        let link = link(&server, &tenant.owner, &tenant, "2026-11-15").await;
        assert_eq!(link["fileName"], "statement-shop-figli-2026-11.xlsx");
        assert_eq!(link["expiresAt"], "2026-12-01T08:15:00Z");
        let response = server.http().get(link["url"].as_str().unwrap()).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let headers = response.headers();
        let content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
        assert_eq!(headers["content-type"], content_type);
        assert_eq!(headers["cache-control"], "private, no-store");
        let disposition = headers["content-disposition"].to_str().unwrap();
        assert!(disposition.contains("filename=\"statement-shop-figli-2026-11.xlsx\""), "{disposition}");
        let bytes = response.bytes().await.unwrap().to_vec();
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
        assert_eq!(book.sheet_names(), ["Summary", "Payments", "Credits"]);
        for sheet in book.sheet_names() {
            let formulas = book.worksheet_formula(&sheet).unwrap();
            assert!(formulas.cells().all(|(_, _, formula)| formula.is_empty()), "{sheet}");
        }

        let summary = rows(&book.worksheet_range("Summary").unwrap());
        assert_eq!(summary[1].0, "=Shop & Figli");
        let moments = ["Month", "From", "To (exclusive)", "Created", "As of"].map(|label| {
            let row = summary.iter().find(|(first, _)| first == label).unwrap();
            moment(&row.1[1])
        });
        assert_eq!(moments, [
            "2026-11-01 00:00:00", "2026-11-01 00:00:00", "2026-12-01 00:00:00", "2026-12-01 09:00:00",
            "2026-12-01 09:00:00",
        ]);
        for (label, field, sign) in [
            ("One-time payments", "oneTimePayments", 1.0),
            ("Automatic recharges", "recharges", 1.0),
            ("Subscription fee", "subscriptionFee", 1.0),
            ("Refunds and chargebacks", "refunds", -1.0),
            ("Total", "total", 1.0),
        ] {
            assert_eq!(number(&summary, label), sign * of(&november[field]["amount"]), "{label}");
        }

        let credits = rows(&book.worksheet_range("Credits").unwrap());
        let month = &november["credits"];
        for (label, field, sign) in [
            ("Opening balance", "opening", 1.0),
            ("Purchased", "purchased", 1.0),
            ("Recharged automatically", "recharged", 1.0),
            ("Granted", "granted", 1.0),
            ("Spent", "spent", -1.0),
            ("Expired", "expired", -1.0),
            ("Revoked", "revoked", -1.0),
            ("Charged back", "chargedBack", -1.0),
            ("Paid for debt", "debtPaid", -1.0),
            ("Closing balance", "closing", 1.0),
        ] {
            assert_eq!(number(&credits, label), sign * of(&month[field]), "{label}");
        }

        let payments = book.worksheet_range("Payments").unwrap();
        let heads: Vec<String> = payments.rows().next().unwrap().iter()
            .map(|cell| cell.as_string().unwrap_or_default()).collect();
        let expected = ["Date (Europe/Rome)", "Type", "Package", "Purchase", "Credits", "Amount (EUR)"];
        assert_eq!(heads, expected);
        let lines: Vec<Vec<String>> = payments.rows().skip(1).map(|row| {
            let purchase = row[3].as_string().unwrap_or_default();
            assert!(purchase.is_empty() || purchase.starts_with("purchase_"), "{purchase}");
            let amount = row[5].as_f64().unwrap();
            let paid_at = moment(&row[0]);
            [paid_at, row[1].to_string(), row[2].to_string(), row[4].to_string(), format!("{amount:.2}")].into()
        }).collect();
        assert_eq!(lines, [
            ["2026-11-01 00:00:00", "Subscription fee", "", "", "29.00"],
            ["2026-11-05 09:00:00", "One-time payment", "Starter <pack>", "10", "12.34"],
            ["2026-11-06 09:00:00", "Automatic recharge", "Starter <pack>", "25", "20.00"],
            ["2026-11-15 09:00:00", "Refund or chargeback", "Starter <pack>", "", "-1.00"],
            ["2026-11-16 09:00:00", "Refund or chargeback", "Starter <pack>", "", "-1.34"],
        ]);
    }

    /// A month without anything and one that has not begun have files, too.
    async fn empty_months_have_files(server: Server) {
        let tenant = server.account("Shop").await;
        for (month, label) in [("2026-10-01", "Closing balance"), ("2027-02-01", "The month has not begun.")] {
            let link = link(&server, server.admin_key(), &tenant, month).await;
            let response = server.http().get(link["url"].as_str().unwrap()).send().await.unwrap();
            let bytes = response.bytes().await.unwrap().to_vec();
            let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
            let credits = rows(&book.worksheet_range("Credits").unwrap());
            assert_eq!(credits.last().unwrap().0, label);
            assert_eq!(book.worksheet_range("Payments").unwrap().height(), 1);
        }
    }

    /// Links of statements live no longer than those of reports: 15 minutes, and their key.
    async fn a_statements_link_dies_with_its_key(server: Server) {
        let tenant = server.account("Shop").await;
        let viewer = server.key(&tenant, "VIEWER").await;
        let viewers = link(&server, &viewer, &tenant, "2026-11-01").await;
        assert_eq!(status(&server, &viewers).await, StatusCode::OK);
        let others = "mutation($input: RevokeOtherApiKeysInput!) {
            revokeOtherApiKeys(input: $input) { revokedCount userErrors { field message } } }";
        server.done(&tenant.owner, others, json!({})).await;
        assert_eq!(status(&server, &viewers).await, StatusCode::FORBIDDEN);
        let owners = link(&server, &tenant.owner, &tenant, "2026-11-01").await;
        assert_eq!(status(&server, &owners).await, StatusCode::OK);
        let url = owners["url"].as_str().unwrap();
        for changed in [
            url.replace("2026-11.xlsx", "2026-10.xlsx"),
            url.replacen("/downloads/e", "/downloads/f", 1),
        ] {
            assert_eq!(status(&server, &json!({ "url": changed })).await, StatusCode::NOT_FOUND, "{changed}");
        }
        server.set_time("2026-11-22T08:15:00Z");
        assert_eq!(status(&server, &owners).await, StatusCode::FORBIDDEN);

        let sender = server.key(&tenant, "SENDER").await;
        let variables = json!({ "id": tenant.id, "month": "2026-11-01" });
        let response = server.graphql(Some(&sender), LINK, variables).await;
        assert_eq!(response["errors"][0]["extensions"]["code"], "FORBIDDEN");
    }
}
