//! Laws of imports, over HTTP with random files: imported + duplicates + rejected = rows, and the
//! head-count is that of the distinct numbers.

use std::collections::BTreeSet;

use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::json;

use crate::support::on_both_databases;

/// Files that are tried, each imported on top of those before it.
const FILES: usize = 16;

#[derive(Debug, Clone)]
enum Row {
    Italian(u32),
    French(u32),
    /// In national form, where numbers without a prefix are Italian.
    National(u32),
    Bad(&'static str),
    Blank,
}

impl Row {
    fn text(&self) -> String {
        match self {
            Self::Italian(number) => format!("+39 340 {number:07},Anna"),
            Self::French(number) => format!("+336{number:08},\"B,\"\"ea\""),
            Self::National(number) => format!("340-{number:07},"),
            Self::Bad(text) => format!("{text},x"),
            Self::Blank => ",".to_owned(),
        }
    }

    fn number(&self) -> Option<(&'static str, u32)> {
        match self {
            Self::Italian(number) | Self::National(number) => Some(("IT", *number)),
            Self::French(number) => Some(("FR", *number)),
            Self::Bad(_) | Self::Blank => None,
        }
    }
}

fn row() -> impl Strategy<Value = Row> {
    prop_oneof![
        4 => (0_u32..60).prop_map(Row::Italian),
        2 => (12_345_600_u32..12_345_640).prop_map(Row::French),
        2 => (0_u32..60).prop_map(Row::National),
        1 => prop::sample::select(vec!["hello", "123", "+39", "+80012345678", "\"\""]).prop_map(Row::Bad),
        1 => Just(Row::Blank),
    ]
}

on_both_databases! {
    /// Whatever the file, every row is counted in exactly one of the three, and no number is
    /// counted twice.
    async fn every_row_is_accounted_for(server: Server) {
        let shop = server.account("Shop").await;
        let list = server.list(&shop, "Newsletter", json!([])).await;
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let mut known: BTreeSet<(&str, u32)> = BTreeSet::new();
        for file in 0..FILES {
            let rows = prop::collection::vec(row(), 0..80).new_tree(&mut runner).unwrap().current();
            let lines: Vec<String> = rows.iter().map(Row::text).collect();
            let text = format!("phone,name\n{}", lines.join("\n"));
            let variables = json!({ "list": list, "country": "IT", "update": file % 2 == 1 });
            let payload = server.import_with(&shop.owner, variables, ("a.csv", &text)).await;
            let before = known.len();
            known.extend(rows.iter().filter_map(Row::number));
            let bad = rows.iter().filter(|row| matches!(row, Row::Bad(_))).count();
            let read = rows.iter().filter(|row| !matches!(row, Row::Blank)).count();
            let imported = known.len() - before;
            let import = &payload["import"];
            assert_eq!(
                (&import["rowCount"], &import["importedCount"], &import["duplicateCount"], &import["rejectedCount"]),
                (&json!(read), &json!(imported), &json!(read - bad - imported), &json!(bad)),
                "{text}"
            );
            assert_eq!(payload["rejected"].as_array().unwrap().len(), bad, "{text}");
            let of = |country: &str| known.iter().filter(|(code, _)| *code == country).count();
            for country in ["IT", "FR"] {
                let counted = payload["list"]["destinations"].as_array().unwrap().iter()
                    .find(|row| row["countryCode"] == country)
                    .map_or(0, |row| row["recipientCount"].as_u64().unwrap());
                assert_eq!(counted, of(country) as u64, "{text}");
            }
        }
    }
}
