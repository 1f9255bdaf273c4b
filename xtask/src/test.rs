//! `cargo xtask test`: all checks that a change must pass.
//!
//! Here: which checks run, and in which order. Not here: the checks themselves.

use std::{env, fs, process::Stdio};

use anyhow::{Context, Result};

use crate::{
    dependencies, dist,
    packages::{self, Need},
    page,
    postgres::{self, Postgres, Writes},
    python, root,
    steps::{Steps, cargo},
};

/// The variable with the address of a Citus coordinator, on whose cluster the tests run instead of
/// on one PostgreSQL server.
const CITUS: &str = "TEST_CITUS_URL";

/// The reason why deploy/compose.yaml was not built and run, which its test writes: the output of a
/// test that passes isn't shown.
const COMPOSE_LEFT_OUT: &str = "target/tmp/compose-not-run";

/// Runs every check, or with a filter only the tests whose names contain it; stops at the first
/// failure.
///
/// # Errors
/// If a step fails, or the machine lacks something that it needs.
pub fn test(filter: Option<&str>) -> Result<()> {
    let mut steps = Steps::default();
    let compose = root().join(COMPOSE_LEFT_OUT);
    // Of an earlier run; usually there is none.
    drop(fs::remove_file(&compose));
    let outcome = checks(&mut steps, filter);
    steps.print_times();
    outcome?;
    match env::var(CITUS) {
        Ok(_) => println!("\nThe tests on PostgreSQL ran on Citus: {CITUS} is set."),
        Err(_) => println!("\nNOT TESTED on Citus: {CITUS} is not set."),
    }
    if let Ok(reason) = fs::read_to_string(compose) {
        println!("\nNOT RUN: compose.yaml: {reason}");
    }
    match filter {
        None => println!("\nEverything passed."),
        Some(filter) => println!("\nThe tests named {filter:?} passed; nothing else was checked."),
    }
    Ok(())
}

fn checks(steps: &mut Steps, filter: Option<&str>) -> Result<()> {
    packages::ensure(
        steps,
        &[
            Need::Postgres,
            Need::Chromium,
            Need::Node,
            Need::Python,
            Need::Shell,
        ],
    )?;
    packages::try_for(
        steps,
        &[Need::Spreadsheets, Need::Proxies, Need::Prometheus],
    );
    // The set-up is a step too, so that a failure of it is reported like any other.
    let server = steps.act("PostgreSQL", || Postgres::start(Writes::Buffered))?;
    steps.set(postgres::URL, server.url());
    let chromium = packages::chromium().context("no browser")?;
    steps.set("CHROMIUM", chromium);

    if filter.is_none() {
        steps.run("format", cargo().args(["fmt", "--all", "--check"]))?;
        // The feature `bench` makes clippy check every bench. The tests run without it, like the
        // released server. This costs no second build: clippy and the tests share no artifacts of
        // the workspace.
        let clippy = ["clippy", "--workspace", "--all-targets", "--locked"];
        let features = ["--features", "bench", "--", "-D", "warnings"];
        steps.run("clippy", cargo().args(clippy).args(features))?;
        dependencies::check(steps)?;
        page::check_and_build(steps)?;
    } else {
        page::build(steps)?;
    }
    // The suite drives the built page and the installed client libraries.
    page::install_clients(steps)?;
    python::install_clients(steps)?;
    tests(steps, filter)
}

fn tests(steps: &mut Steps, filter: Option<&str>) -> Result<()> {
    if filter.is_none() && has_nextest() {
        // nextest doesn't run documentation tests. They run first, so that the output ends with the
        // suite's count.
        let doc_tests = ["test", "--doc", "--workspace", "--locked"];
        steps.run("documentation tests", cargo().args(doc_tests))?;
    }
    let mut command = cargo();
    if has_nextest() {
        command.args(["nextest", "run"]);
    } else {
        command.arg("test");
    }
    command.args(["--workspace", "--locked"]).args(filter);
    steps.run("tests", &mut command)?;
    if filter.is_none() {
        // The program that the tests ran: a release takes minutes to build.
        dist::pack(steps, &root().join("target/debug/message-credits"))?;
    }
    Ok(())
}

fn has_nextest() -> bool {
    let mut command = cargo();
    command.args(["nextest", "--version"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
