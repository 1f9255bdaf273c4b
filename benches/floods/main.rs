//! The effect of floods by strangers, and by one tenant, on a paying tenant beside them.
//!
//! Here: which floods, and the goals. Not here: how a flood is made (`flood`), and the paying
//! tenant (`tenant`).
//!
//! `cargo xtask bench floods [-- SECONDS]`; SECONDS is the length of each flood, 15 by default. It
//! needs some 10,000 open files.

mod flood;
mod tenant;

use std::{error::Error, time::Duration};

use flood::Flood;
use tenant::{Program, Seen};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The goals for the tenant's requests and the program's memory.
const P99_GOAL: Duration = Duration::from_millis(250);
const MEMORY_GOAL_MIB: u64 = 300;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Outcome<()> {
    message_credits::tls::install();
    let seconds = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok());
    let lasting = Duration::from_secs(seconds.unwrap_or(15));
    let files = flood::raise_files()?;
    println!("{files} files may be open");
    let mut missed = Vec::new();
    for flood in Flood::ALL {
        let program = Program::start().await?;
        let (_attack, standing) = flood.begin(&program).await?;
        let seen = program.pays_for(flood.beside(), lasting).await?;
        let peak = program.peak_mib()?;
        report(flood, standing, &seen, peak, &mut missed);
    }
    if missed.is_empty() {
        println!("every goal was met");
    } else {
        println!("missed: {}", missed.join("; "));
    }
    Ok(())
}

fn report(flood: Flood, standing: usize, seen: &Seen, peak: u64, missed: &mut Vec<String>) {
    let (p50, p99, worst) = (seen.at(50), seen.at(99), seen.at(100));
    let name = flood.name();
    println!(
        "{name:<34} {standing:>5} standing; tenant: {} requests, {} failed, p50 {p50:?}, p99 {p99:?}, worst {worst:?}; memory at most {peak} MiB",
        seen.times.len(),
        seen.failed.len(),
    );
    for failure in seen.failed.iter().take(3) {
        println!("    {failure}");
    }
    if !seen.failed.is_empty() {
        missed.push(format!("{name}: requests failed"));
    }
    if p99 > P99_GOAL {
        missed.push(format!("{name}: p99 above {P99_GOAL:?}"));
    }
    if peak > MEMORY_GOAL_MIB {
        missed.push(format!("{name}: memory above {MEMORY_GOAL_MIB} MiB"));
    }
}
