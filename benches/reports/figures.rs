//! `usageReport` over a year of a large account, and the time that column stores take to group the
//! raw rows.

use std::{path::Path, process::Command, time::Instant};

use domain::id::AccountId;

use crate::{Failure, Size, data::World, median, process::Server};

const ROUNDS: usize = 15;
const REPORT: &str = "query($input: UsageReportInput!) { usageReport(input: $input) {
    totals { messageCount recipientCount segmentCount credits cost { amount } }
    buckets { start usage { messageCount credits } }
    lists(first: 1000) { list { id } usage { messageCount recipientCount credits } } } }";
const TOTALS: &str =
    "query($input: UsageReportInput!) { usageReport(input: $input) { totals { credits } } }";

/// Times the report of the large account, and of one with a tenth of its messages in the same
/// buckets.
pub async fn measure(world: &World, server: &Server, size: Size) -> Result<(), Failure> {
    for (name, query) in [
        ("totals + 365 buckets + 200 lists", REPORT),
        ("totals alone", TOTALS),
    ] {
        for (account, rows) in [(world.large, size.rows), (world.small, size.rows / 10)] {
            let time = time(world, server, account, query).await?;
            println!(
                "usageReport over HTTP, {name}, {rows} messages: {:.1} ms",
                time * 1e3
            );
        }
    }
    Ok(())
}

async fn time(
    world: &World,
    server: &Server,
    account: AccountId,
    query: &str,
) -> Result<f64, Failure> {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        server.data(&world.key, query, World::year(account)).await?;
        times.push(begun.elapsed().as_secs_f64());
    }
    Ok(median(times))
}

/// DuckDB and ClickHouse, from PyPI, over as many raw rows.
pub fn peers(size: Size) -> Result<(), Failure> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let venv = root.join("target/bench-python");
    let python = venv.join("bin/python");
    if !python.is_file() {
        let made = Command::new("python3")
            .args(["-m", "venv"])
            .arg(&venv)
            .status();
        let installed = Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "duckdb", "chdb"])
            .status();
        if !(made.is_ok_and(|done| done.success()) && installed.is_ok_and(|done| done.success())) {
            println!(
                "SKIPPED: no python3 with duckdb and chdb could be set up in {}",
                venv.display()
            );
            return Ok(());
        }
    }
    let status = Command::new(python)
        .arg(root.join("benches/reports/peers.py"))
        .args([size.rows.to_string(), (size.rows + size.others).to_string()])
        .status()?;
    if !status.success() {
        println!("SKIPPED: the column stores failed");
    }
    Ok(())
}
