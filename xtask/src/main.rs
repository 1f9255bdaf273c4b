//! The project's own commands: `cargo xtask run`, `cargo xtask test`, `cargo xtask bench`,
//! `cargo xtask dist`.
//!
//! Here: the command line and the exit code. Not here: the commands, one module each (`run`,
//! `test`, `bench`, `dist`), and the set-up they share (`dependencies`, `packages`, `page`,
//! `postgres`, `programs`, `python`, `sbom`, `steps`). Nothing of the server is here: this crate
//! builds in seconds and depends on none of our others.

mod bench;
mod dependencies;
mod dist;
mod guard;
mod packages;
mod page;
mod postgres;
mod programs;
mod python;
mod run;
mod sbom;
mod steps;
mod test;

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

/// Runs, tests and measures message-credits.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Builds the page and starts the server on a fresh database with demo data
    Run {
        /// Passed to the server, after `--`
        #[arg(last = true)]
        args: Vec<OsString>,
    },
    /// Sets up and passes every test
    Test {
        /// Runs only the tests whose name contains this, without the other checks
        filter: Option<String>,
    },
    /// Builds the release artefact: target/dist/message-credits-<version>-<target>.tar.gz
    Dist {
        /// Packs this program, built from this checkout, instead of building one
        #[arg(long, value_name = "FILE")]
        binary: Option<PathBuf>,
    },
    /// Measures: every bench, or those named
    Bench {
        /// Names of files in benches/
        names: Vec<String>,
        /// Passed to each bench, after `--`
        #[arg(last = true)]
        args: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    let (name, outcome) = match Cli::parse().task {
        Task::Run { args } => ("run", run::run(&args)),
        Task::Test { filter } => ("test", test::test(filter.as_deref())),
        Task::Dist { binary } => ("dist", dist::dist(binary.as_deref())),
        Task::Bench { names, args } => ("bench", bench::bench(&names, &args)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cargo xtask {name}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The checkout's root.
///
/// Cargo sets this crate's folder at run time. The folder at compile time is wrong if the target
/// folder was copied from another checkout.
fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.parent().map_or(here.clone(), PathBuf::from)
}
