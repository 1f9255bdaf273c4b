//! The components of the program, as CycloneDX lists them: every crate that is compiled into it,
//! with version, licence, checksum and origin.
//!
//! Here: getting cargo-cyclonedx and running it. Not here: the packages of the page's scripts,
//! which web/package-lock.json pins.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use crate::{
    programs::on_path,
    root,
    steps::{Steps, cargo},
};

/// The version that is installed if there is none.
const VERSION: &str = "0.5.9";
/// The name of the file that it writes beside each Cargo.toml of the workspace, without its ending.
const WRITTEN: &str = "message-credits.components";

/// Installs cargo-cyclonedx under target/, unless it is there already; that takes minutes.
///
/// # Errors
/// If it can't be installed.
pub fn install(steps: &mut Steps) -> Result<()> {
    if program().is_some() {
        return Ok(());
    }
    let install = ["install", "cargo-cyclonedx", "--locked"];
    let mut command = cargo();
    command.args(install).args(["--version", VERSION, "--root"]);
    steps.run("install cargo-cyclonedx", command.arg(folder()))?;
    ensure!(program().is_some(), "cargo install made no cargo-cyclonedx");
    Ok(())
}

/// Writes the components to a file. Returns false if cargo-cyclonedx isn't installed.
///
/// # Errors
/// If cargo-cyclonedx fails.
pub fn write(steps: &mut Steps, to: &Path, time: &str) -> Result<bool> {
    let Some(program) = program() else {
        return Ok(false);
    };
    let mut command = Command::new(program);
    command.args(["cyclonedx", "--format", "json", "--spec-version", "1.5"]);
    command.args(["--no-build-deps", "--override-filename", WRITTEN]);
    // The same checkout gives the same file.
    steps.run("components", command.env("SOURCE_DATE_EPOCH", time))?;
    let name = format!("{WRITTEN}.json");
    let written = root().join(&name);
    let text = fs::read_to_string(&written).with_context(|| format!("no {}", written.display()))?;
    // The folder of this machine is nobody's business.
    let text = text.replace(&format!("file://{}", root().display()), "file://.");
    fs::write(to, text).with_context(|| format!("could not write {}", to.display()))?;
    // It describes the other crates of the workspace too.
    for entry in fs::read_dir(root())? {
        let beside = entry?.path().join(&name);
        if beside.is_file() {
            fs::remove_file(beside)?;
        }
    }
    fs::remove_file(written)?;
    Ok(true)
}

/// The path of cargo-cyclonedx: the one in PATH, or else the one under target/.
fn program() -> Option<PathBuf> {
    let own = folder().join("bin/cargo-cyclonedx");
    on_path("cargo-cyclonedx").or_else(|| own.is_file().then_some(own))
}

fn folder() -> PathBuf {
    root()
        .join("target/tools")
        .join(format!("cargo-cyclonedx-{VERSION}"))
}
