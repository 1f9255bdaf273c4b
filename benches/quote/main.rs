//! The latency of a quote over HTTP: the program itself, on each database, with a client on the
//! same machine.
//!
//! Here: what is measured, in which order, and the goals. Not here: starting the program
//! (`server`), filling lists (`lists`), and requests at a steady rate (`steady`).
//!
//! `cargo xtask bench quote [-- CONTACTS]`; CONTACTS is the size of the larger stored list, a
//! million by default.

mod lists;
mod server;
mod steady;

use std::{error::Error, fs, time::Duration};

use lists::{List, Text};
use server::{Database, Server};

/// The goals for the answers.
const STORED_GOAL: Duration = Duration::from_secs(2);
const STEADY_GOAL: Duration = Duration::from_millis(5);
/// Requests a second, and for how long.
const RATE: u32 = 500;
const STEADY_SECONDS: u32 = 20;
/// Quotes of each stored list. The first, with cold caches, is reported too.
const STORED_ROUNDS: usize = 5;
/// Quotes of each head-count, taking turns.
const HEAD_COUNT_ROUNDS: usize = 500;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Outcome<()> {
    message_credits::tls::install();
    let contacts = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok());
    let contacts: u32 = contacts.unwrap_or(1_000_000);
    let sqlite = Database::sqlite()?;
    measure(&sqlite, contacts).await?;
    match std::env::var("TEST_POSTGRES_URL") {
        Ok(url) => {
            let postgres = Database::postgres(&url).await?;
            let outcome = measure(&postgres, contacts).await;
            postgres.remove().await?;
            outcome
        }
        Err(_) => {
            println!("PostgreSQL was not measured: TEST_POSTGRES_URL is not set.");
            Ok(())
        }
    }
}

async fn measure(database: &Database, contacts: u32) -> Outcome<()> {
    println!("== {}; load average {}", database.name(), load());
    let server = Server::start(database).await?;
    let smaller = contacts / 10;
    for contacts in [smaller, contacts] {
        let list = List::stored(&server, database, contacts).await?;
        stored(&server, &list).await?;
    }
    database.settle().await?;
    head_counts(&server).await?;
    steady(&server).await?;
    println!("load average {}\n", load());
    Ok(())
}

/// Quotes of a list with a text for each contact.
async fn stored(server: &Server, list: &List) -> Outcome<()> {
    let expected = list.expected();
    let quote = list.quote(Text::Personal);
    let resting = server.memory()?;
    let watch = server.watch_memory();
    let mut times = Vec::new();
    for _ in 0..STORED_ROUNDS {
        let (answer, time) = server.ask(&quote).await?;
        lists::check(&answer, &expected)?;
        times.push(time);
    }
    let peak = watch.peak().await?;
    let first = times[0];
    times.sort();
    let (best, median) = (times[0], times[times.len() / 2]);
    println!(
        "{} stored contacts, two merge fields, exact: best {best:.0?}, median {median:.0?}, first {first:.0?}; \
         memory {resting} resting, {peak} at most",
        list.contacts()
    );
    println!(
        "    {} segments in all, as cutting each text by itself has it",
        expected.segments()
    );
    if list.contacts() >= 1_000_000 {
        println!(
            "    goal under {STORED_GOAL:?}: {}",
            met(median < STORED_GOAL)
        );
    }
    Ok(())
}

/// Quotes of lists without merge fields, whose sizes should make no difference.
async fn head_counts(server: &Server) -> Outcome<()> {
    let lists = [
        List::head_count(server, 1_000).await?,
        List::head_count(server, 10_000_000).await?,
    ];
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..HEAD_COUNT_ROUNDS {
        for (list, times) in lists.iter().zip(&mut times) {
            let (_, time) = server.ask(&list.quote(Text::Plain)).await?;
            times.push(time);
        }
    }
    for (list, times) in lists.iter().zip(&mut times) {
        times.sort();
        let at = |part: usize| times[(times.len() - 1) * part / 100];
        println!(
            "{} recipients as a head-count, one request after another: median {:.2?}, p99 {:.2?}",
            list.contacts(),
            at(50),
            at(99)
        );
    }
    Ok(())
}

/// Quotes of a list at a steady rate, however long each takes.
async fn steady(server: &Server) -> Outcome<()> {
    let list = List::head_count(server, 1_653).await?;
    let request = server.request(&list.quote(Text::Plain))?;
    let seen = steady::run(request, RATE, STEADY_SECONDS).await?;
    println!(
        "{RATE} requests a second for {STEADY_SECONDS} s, from the instant each was due: p50 {:.2?}, p99 {:.2?}, \
         p99.9 {:.2?}, max {:.2?}; {} answered, {} failed",
        seen.at(500),
        seen.at(990),
        seen.at(999),
        seen.at(1_000),
        seen.answered(),
        seen.failed
    );
    let reached = seen.failed == 0 && seen.at(990) < STEADY_GOAL;
    println!("    goal p99 under {STEADY_GOAL:?}: {}", met(reached));
    Ok(())
}

fn met(reached: bool) -> &'static str {
    if reached { "met" } else { "NOT MET" }
}

/// The machine's load averages.
fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace()
        .take(3)
        .collect::<Vec<_>>()
        .join(" ")
}
