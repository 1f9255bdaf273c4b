//! `cargo xtask test`: everything that must pass.
//!
//! Here: which checks, in which order. Not here: what they check.

use std::process::Stdio;

use anyhow::{Context, Result};

use crate::{
    dependencies,
    packages::{self, Need},
    page,
    postgres::{self, Postgres},
    steps::{Steps, cargo},
};

/// Runs every check, or with a filter only the tests that it names; stops at the first failure.
///
/// # Errors
/// The step that failed, or what the machine lacks.
pub fn test(filter: Option<&str>) -> Result<()> {
    let mut steps = Steps::default();
    let outcome = checks(&mut steps, filter);
    steps.print_times();
    outcome?;
    match filter {
        None => println!("\nEverything passed."),
        Some(filter) => println!("\nThe tests named {filter:?} passed; nothing else was checked."),
    }
    Ok(())
}

fn checks(steps: &mut Steps, filter: Option<&str>) -> Result<()> {
    packages::ensure(
        steps,
        &[Need::Postgres, Need::Chromium, Need::Node, Need::Shell],
    )?;
    packages::try_for(steps, &[Need::Spreadsheets]);
    // A set-up that fails is a step that failed, so that its reason stands in the same place.
    let server = steps.act("PostgreSQL", Postgres::start)?;
    steps.set(postgres::URL, server.url());
    let chromium = packages::chromium().context("no browser")?;
    steps.set("CHROMIUM", chromium);

    if filter.is_none() {
        steps.run("format", cargo().args(["fmt", "--all", "--check"]))?;
        // With the feature `bench`, so that every bench is compiled. The tests run without it, as the server
        // is released. That costs no second build: clippy shares no artifacts of the workspace with them.
        let clippy = ["clippy", "--workspace", "--all-targets", "--locked"];
        let features = ["--features", "bench", "--", "-D", "warnings"];
        steps.run("clippy", cargo().args(clippy).args(features))?;
        dependencies::check(steps)?;
        page::check_and_build(steps)?;
    } else {
        page::build(steps)?;
    }
    // The suite drives the built page and the installed clients.
    page::install_clients(steps)?;
    tests(steps, filter)
}

fn tests(steps: &mut Steps, filter: Option<&str>) -> Result<()> {
    if filter.is_none() && has_nextest() {
        // nextest runs no documentation tests. They come first, so that the suite's own count closes the run.
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
    steps.run("tests", &mut command)
}

fn has_nextest() -> bool {
    let mut command = cargo();
    command.args(["nextest", "--version"]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
