//! Reports and their files at size, on SQLite and PostgreSQL, over HTTP against the program itself,
//! each beside an alternative, in one run on one machine.
//!
//! `cargo bench --bench reports [-- --rows N] [--others N] [--seconds N] [--postings N]`: the
//! messages of the measured account, those of all others, the length of each round of sending, and
//! the postings of a statement's month; `--only reading|figures|exports|statements|upkeep` and `--on sqlite|postgres` leave the rest out. PostgreSQL is the
//! server that `TEST_POSTGRES_URL` names, as `cargo xtask bench reports` sets it.

mod data;
mod exports;
mod figures;
mod process;
mod reading;
mod statements;
mod upkeep;

use std::error::Error;

use data::World;
use process::Server;

/// Any error, which a bench only prints.
pub type Failure = Box<dyn Error + Send + Sync>;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Messages of the measured account.
    pub rows: u64,
    /// Messages of all others.
    pub others: u64,
    /// The length of a round of sending.
    pub seconds: u64,
    /// Postings of a statement's month.
    pub postings: u64,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    message_credits::tls::install();
    let argument = |name: &str, otherwise: u64| {
        let after = std::env::args().skip_while(|found| found != name).nth(1);
        after
            .and_then(|text| text.parse().ok())
            .unwrap_or(otherwise)
    };
    let size = Size {
        rows: argument("--rows", 200_000),
        others: argument("--others", 200_000),
        seconds: argument("--seconds", 3),
        postings: argument("--postings", 1_000_000),
    };
    say_load();
    println!("{size:?}");
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("reports.db");
    let sqlite = format!("sqlite://{}?mode=rwc", file.display());
    let mut urls: Vec<String> = is_on("sqlite").then_some(sqlite).into_iter().collect();
    match std::env::var("TEST_POSTGRES_URL") {
        _ if !is_on("postgres") => {}
        Ok(base) => urls.push(data::postgres_database(&base).await?),
        Err(_) => println!("SKIPPED on PostgreSQL: TEST_POSTGRES_URL is not set"),
    }
    let mut measured = Ok(());
    for url in &urls {
        println!("\n== {}", url.split(':').next().unwrap_or_default());
        measured = measure(url, size).await;
        if measured.is_err() {
            break;
        }
        say_load();
    }
    if let Ok(base) = std::env::var("TEST_POSTGRES_URL") {
        data::drop_postgres_database(&base).await?;
    }
    measured?;
    if is_asked("figures") {
        println!("\n== column stores, grouping the raw rows by list and day");
        figures::peers(size)?;
    }
    Ok(())
}

/// All measurements on one database.
async fn measure(url: &str, size: Size) -> Result<(), Failure> {
    let world = World::fill(url, size).await?;
    let mut reading = None;
    if is_asked("reading") {
        reading = Some(reading::measure(&world, size).await?);
    }
    let server = Server::start(url)?;
    if is_asked("figures") {
        figures::measure(&world, &server, size).await?;
    }
    if is_asked("exports") {
        exports::measure(&world, &server, (size, reading)).await?;
    }
    drop(server);
    if is_asked("statements") {
        statements::measure(&world, size.postings).await?;
    }
    if is_asked("upkeep") {
        upkeep::measure(&world, size).await?;
    }
    Ok(())
}

/// Whether a part is measured.
fn is_asked(part: &str) -> bool {
    is_among("--only", part)
}

/// Whether a database is measured on.
fn is_on(database: &str) -> bool {
    is_among("--on", database)
}

/// Whether an option has this value, or is absent.
fn is_among(option: &str, wanted: &str) -> bool {
    let named = std::env::args().skip_while(|found| found != option).nth(1);
    named.is_none_or(|named| named.split(',').any(|name| name == wanted))
}

/// The load of the machine.
fn say_load() {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load {}", load.trim());
}

/// The median.
pub fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}
