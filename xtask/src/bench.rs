//! `cargo xtask bench`: the measurements in benches/.
//!
//! Here: choosing benches, and setting up the database and the npm libraries that they need. Not
//! here: what they measure.
//!
//! A bench is a target of the server's crate, or a crate of its own if it compares with libraries
//! that nothing else needs: those are then compiled only if it runs.

use std::{collections::BTreeSet, ffi::OsString, fs, path::PathBuf, process::Command};

use anyhow::{Context, Result, ensure};

use crate::{
    packages::{self, Need},
    postgres::{self, Postgres, Writes},
    root,
    steps::{Steps, cargo},
};

/// Runs the named benches, or all if no name is given.
///
/// # Errors
/// If a name is unknown, a bench fails, or the machine lacks something that it needs.
pub fn bench(names: &[String], args: &[OsString]) -> Result<()> {
    let known = known()?;
    for name in names {
        let list = known.iter().map(String::as_str).collect::<Vec<_>>();
        ensure!(
            known.contains(name),
            "no bench {name:?}; there are {}",
            list.join(", ")
        );
    }
    let chosen = if names.is_empty() {
        Vec::from_iter(known)
    } else {
        names.to_vec()
    };
    let mut steps = Steps::default();
    let outcome = measure(&mut steps, &chosen, args);
    steps.print_times();
    outcome
}

fn measure(steps: &mut Steps, names: &[String], args: &[OsString]) -> Result<()> {
    let (crates, targets): (Vec<_>, Vec<_>) = names.iter().partition(|name| is_crate(name));
    for name in crates {
        measure_crate(steps, name, args)?;
    }
    if targets.is_empty() {
        return Ok(());
    }
    packages::ensure(steps, &[Need::Postgres])?;
    let server = steps.act("PostgreSQL", || Postgres::start(Writes::Durable))?;
    steps.set(postgres::URL, server.url());
    // A bench's clients share one key and one address, and load the server fully: rate limits would
    // stop them. The bench of floods measures those limits, so it keeps them.
    for name in targets {
        let mut command = cargo();
        if name != "floods" {
            for owner in ["ADDRESS", "KEY", "ACCOUNT", "PLATFORM"] {
                command.env(format!("RATE_LIMIT_{owner}"), "0");
            }
            for owner in ["ADDRESS", "KEY"] {
                command.env(format!("COST_LIMIT_{owner}"), "0");
            }
        }
        // All benches share one feature set: another one would compile the server a second time.
        command.args(["bench", "--locked", "--workspace", "--features", "bench"]);
        command.args(["--bench", name]);
        if !args.is_empty() {
            command.arg("--").args(args);
        }
        steps.run(name, &mut command)?;
    }
    Ok(())
}

/// Runs a bench that is a crate of its own, with its npm libraries.
fn measure_crate(steps: &mut Steps, name: &str, args: &[OsString]) -> Result<()> {
    packages::ensure(steps, &[Need::Node])?;
    let scratch = root().join("target/bench").join(name);
    let npm = scratch.join("npm");
    steps.act("libraries of npm", || {
        fs::create_dir_all(&npm)?;
        for file in ["package.json", "package-lock.json"] {
            fs::copy(folder(name).join(file), npm.join(file))
                .with_context(|| format!("no {file} for the bench {name}"))?;
        }
        Ok(())
    })?;
    let install = ["ci", "--no-audit", "--no-fund", "--ignore-scripts"];
    steps.run("npm", Command::new("npm").args(install).current_dir(&npm))?;
    let mut command = cargo();
    command
        .args(["run", "--release", "--locked", "--manifest-path"])
        .arg(folder(name).join("Cargo.toml"))
        .arg("--target-dir")
        .arg(scratch.join("target"))
        .arg("--")
        .arg(&npm)
        .args(args);
    steps.run(name, &mut command)
}

fn folder(name: &str) -> PathBuf {
    root().join("benches").join(name)
}

fn is_crate(name: &str) -> bool {
    folder(name).join("Cargo.toml").is_file()
}

/// The names of all benches: files in benches/, and folders there with a main.rs or a Cargo.toml.
fn known() -> Result<BTreeSet<String>> {
    let folder = root().join("benches");
    let entries = fs::read_dir(&folder).with_context(|| format!("no {}", folder.display()))?;
    let benches = entries.filter_map(|entry| {
        let path = entry.ok()?.path();
        let is_bench = path.extension().is_some_and(|end| end == "rs")
            || path.join("main.rs").is_file()
            || path.join("Cargo.toml").is_file();
        is_bench.then(|| path.file_stem()?.to_str().map(str::to_owned))?
    });
    let benches: BTreeSet<_> = benches.collect();
    ensure!(!benches.is_empty(), "{} has no bench", folder.display());
    Ok(benches)
}
