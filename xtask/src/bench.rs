//! `cargo xtask bench`: the measurements in benches/.
//!
//! Here: which to run, and the database beside them. Not here: what they measure.

use std::{collections::BTreeSet, ffi::OsString, fs};

use anyhow::{Context, Result, ensure};

use crate::{
    packages::{self, Need},
    postgres::{self, Postgres},
    root,
    steps::{Steps, cargo},
};

/// Runs the benches named, or all of them.
///
/// # Errors
/// An unknown name, the bench that failed, or what the machine lacks.
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
    packages::ensure(steps, &[Need::Postgres])?;
    let server = steps.act("PostgreSQL", Postgres::start)?;
    steps.set(postgres::URL, server.url());
    for name in names {
        let mut command = cargo();
        command.args(["bench", "--locked", "--bench", name]);
        if !args.is_empty() {
            command.arg("--").args(args);
        }
        steps.run(name, &mut command)?;
    }
    Ok(())
}

/// A bench is a file in benches/, or a folder there with a main.rs.
fn known() -> Result<BTreeSet<String>> {
    let folder = root().join("benches");
    let entries = fs::read_dir(&folder).with_context(|| format!("no {}", folder.display()))?;
    let benches = entries.filter_map(|entry| {
        let path = entry.ok()?.path();
        let is_bench =
            path.extension().is_some_and(|end| end == "rs") || path.join("main.rs").is_file();
        is_bench.then(|| path.file_stem()?.to_str().map(str::to_owned))?
    });
    let benches: BTreeSet<_> = benches.collect();
    ensure!(!benches.is_empty(), "{} has no bench", folder.display());
    Ok(benches)
}
