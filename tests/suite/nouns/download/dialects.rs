//! CSV files as spreadsheets open them: whatever the separator, no formula is executed.

use super::{Channel, Leg, Message, at, get, grant_at, json, november, send_all, sending};
use crate::support::on_both_databases;

const LINK: &str = "query($input: UsageReportInput!, $delimiter: CsvDelimiter!, $decimal: CsvDecimal!) {
    usageReportDownload(input: $input, format: CSV, csvDelimiter: $delimiter, csvDecimal: $decimal) { url } }";

on_both_databases! {
    /// For any text and any separator, no cell begins a formula.
    async fn no_formula_runs_in_any_csv_dialect(server: Server) {
        let tenant = server.account("Shop").await;
        grant_at(&server, &tenant, "2026-11-01T00:00:00Z", 1_000_000).await;
        let card = sending::card(&server, 10_000_000, "EUR").await;
        let texts = ["x;=1+1;y", "x;=cmd|'/C calc'!A0;y", "\u{FF1D}1+1", "\u{FF0B}1", "x\t=1+1", "a,-1", "x;\"@SUM(1)\""];
        let messages: Vec<_> = texts.iter().map(|text| Message {
            at: at("2026-11-03T00:00:00Z"),
            list: None,
            channel: Channel::Sms,
            text: (*text).to_owned(),
            card,
            legs: vec![Leg { country: "IT", segment_count: 1, recipients: 21, rate_units: Some(12_345) }],
        }).collect();
        send_all(&server, &tenant, &messages).await;
        for (delimiter, decimal, cut, credits) in [
            ("COMMA", "POINT", b',', "25.9245"),
            ("SEMICOLON", "COMMA", b';', "25,9245"),
            ("SEMICOLON", "POINT", b';', "25.9245"),
            ("TAB", "COMMA", b'\t', "25,9245"),
        ] {
            let variables = json!({ "input": november(), "delimiter": delimiter, "decimal": decimal });
            let data = server.data(&tenant.owner, LINK, variables).await;
            let url = data["usageReportDownload"]["url"].as_str().unwrap();
            let file = get(&server, url).await.text().await.unwrap();
            let file = file.trim_start_matches('\u{FEFF}');
            for delimiter in [b',', b';', b'\t', b'|'] {
                let mut reader = csv::ReaderBuilder::new()
                    .delimiter(delimiter).flexible(true).has_headers(false).from_reader(file.as_bytes());
                for cell in reader.records().flat_map(|record| record.unwrap().iter().map(str::to_owned).collect::<Vec<_>>()) {
                    assert!(!cell.starts_with(['=', '+', '-', '@', '\u{FF1D}', '\u{FF0B}']), "{cell:?} of {file}");
                }
            }
            let mut reader = csv::ReaderBuilder::new().delimiter(cut).from_reader(file.as_bytes());
            let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
            assert_eq!(rows.len(), texts.len());
            assert!(rows.iter().all(|row| row.len() == 12 && &row[8] == credits), "{rows:?}");
        }
        let variables = json!({ "input": november(), "delimiter": "COMMA", "decimal": "COMMA" });
        let response = server.graphql(Some(&tenant.owner), LINK, variables).await;
        assert_eq!(response["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{response}");
    }
}
