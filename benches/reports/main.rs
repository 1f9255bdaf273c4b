//! Reports and their files at size, on SQLite and PostgreSQL, over HTTP against the program itself, each beside
//! what else could do it, in one run on one machine.
//!
//! `cargo bench --bench reports [-- --rows N] [--others N] [--seconds N]`: the messages of the account that is
//! looked at, those of all others, and how long each round of sending takes. PostgreSQL is the server that
//! `TEST_POSTGRES_URL` names, as `cargo xtask bench reports` sets it.

mod data;
mod exports;
mod figures;
mod process;
mod reading;
mod upkeep;

use std::error::Error;

use data::World;
use process::Server;

/// Whatever went wrong; a bench only says it.
pub type Failure = Box<dyn Error + Send + Sync>;

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Messages of the account that is looked at.
    pub rows: u64,
    /// Messages of all others.
    pub others: u64,
    /// How long a round of sending takes.
    pub seconds: u64,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
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
    };
    say_load();
    println!("{size:?}");
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("reports.db");
    let mut urls = vec![format!("sqlite://{}?mode=rwc", file.display())];
    match std::env::var("TEST_POSTGRES_URL") {
        Ok(base) => urls.push(data::postgres_database(&base).await?),
        Err(_) => println!("SKIPPED on PostgreSQL: TEST_POSTGRES_URL is not set"),
    }
    for url in &urls {
        println!("\n== {}", url.split(':').next().unwrap_or_default());
        let world = World::fill(url, size).await?;
        reading::measure(&world, size).await?;
        let server = Server::start(url)?;
        figures::measure(&world, &server, size).await?;
        exports::measure(&world, &server, size).await?;
        drop(server);
        upkeep::measure(&world, size).await?;
        say_load();
    }
    println!("\n== column stores, grouping the raw rows by list and day");
    figures::peers(size)
}

/// What else the machine was doing.
fn say_load() {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load {}", load.trim());
}

/// The middle one.
pub fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}
