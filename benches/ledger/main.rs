//! The cost of a spend: through the ledger, in plain SQL, and over HTTP; on PostgreSQL and SQLite,
//! with one hot account and with a thousand, and with histories of different lengths.
//!
//! `cargo xtask bench ledger [-- PART… --seconds S --rounds N --history N]`; the parts are the
//! names below. All figures of a table come from one run on one machine, in which the sides take
//! turns; each is the median of the rounds. Beside a durable figure is the cost of one `fdatasync`
//! at that time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a bench fails by panicking"
)]

mod accounts;
mod history;
mod http;
mod load;
mod ours;
mod plain_postgres;
mod plain_sqlite;
mod report;
mod same_rows;
mod zipf;

use std::time::Duration;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The length and the number of rounds.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How long each side runs in a round.
    pub time: Duration,
    /// The number of rounds.
    pub rounds: usize,
    /// Transactions of the longer history.
    pub history: u64,
}

const PARTS: [&str; 7] = [
    "postgres", "sqlite", "zipf", "accounts", "http", "chain", "history",
];

fn main() {
    let mut settings = Settings {
        time: Duration::from_secs(2),
        rounds: 3,
        history: 1_000_000,
    };
    let mut parts = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || -> u64 { arguments.next().unwrap().parse().unwrap() };
        match argument.as_str() {
            "--seconds" => settings.time = Duration::from_secs(number()),
            "--rounds" => settings.rounds = usize::try_from(number()).unwrap(),
            "--history" => settings.history = number(),
            // An argument that cargo adds.
            "--bench" => {}
            part => {
                assert!(PARTS.contains(&part), "the parts are {}", PARTS.join(", "));
                parts.push(part.to_owned());
            }
        }
    }
    let wants = |part: &str| parts.is_empty() || parts.iter().any(|wanted| wanted == part);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        if wants("postgres") {
            ours::hot_postgres(settings).await;
        }
        if wants("sqlite") {
            ours::hot_sqlite(settings).await;
        }
        if wants("zipf") {
            zipf::zipf(settings).await;
        }
        if wants("accounts") {
            accounts::accounts(settings).await;
        }
        if wants("http") {
            http::over_http(settings).await;
        }
        if wants("chain") {
            ours::chain(settings).await;
        }
        if wants("history") {
            history::history(settings).await;
        }
    });
}
