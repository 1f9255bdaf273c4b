//! The account managers' page in web/, and the clients that the suite drives.
//!
//! Here: running npm. Not here: the page's own dependencies and scripts, which are in its
//! package.json; embedding the built page, which the server's crate does.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use crate::{root, steps::Steps};

/// The folders of the clients that the suite drives.
const CLIENTS: [&str; 2] = ["tests/clients", "examples"];
/// A copy of the lock file that node_modules was last installed from.
const STAMP: &str = ".installed-package-lock.json";

/// Builds the page.
///
/// # Errors
/// If a step fails.
pub fn build(steps: &mut Steps) -> Result<()> {
    install(steps, &web())?;
    npm(steps, &web(), &["run", "build"])
}

/// Checks the page's types and style, and builds it.
///
/// # Errors
/// If a step fails.
pub fn check_and_build(steps: &mut Steps) -> Result<()> {
    install(steps, &web())?;
    npm(steps, &web(), &["run", "check"])?;
    npm(steps, &web(), &["run", "build"])
}

/// Installs the libraries of every client in tests/clients and examples.
///
/// # Errors
/// If a step fails.
pub fn install_clients(steps: &mut Steps) -> Result<()> {
    let mut folders: Vec<PathBuf> = CLIENTS
        .iter()
        .filter_map(|parent| fs::read_dir(root().join(parent)).ok())
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|folder| folder.join("package.json").is_file())
        .collect();
    folders.sort();
    folders.iter().try_for_each(|folder| install(steps, folder))
}

fn web() -> PathBuf {
    root().join("web")
}

/// Runs `npm ci` if package-lock.json differs from the one last installed.
fn install(steps: &mut Steps, folder: &Path) -> Result<()> {
    let lock_file = folder.join("package-lock.json");
    let lock = fs::read(&lock_file).with_context(|| format!("no {}", lock_file.display()))?;
    let stamp = folder.join("node_modules").join(STAMP);
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    // Install scripts of packages would run foreign code before anybody reviewed it, and none is
    // needed.
    npm(
        steps,
        folder,
        &["ci", "--ignore-scripts", "--no-audit", "--no-fund"],
    )?;
    let modules = folder.join("node_modules");
    ensure!(modules.is_dir(), "npm ci made no {}", modules.display());
    // npm ci begins by removing node_modules and the stamp in it, so a stamp that exists is
    // correct.
    fs::write(&stamp, lock).with_context(|| format!("could not write {}", stamp.display()))
}

fn npm(steps: &mut Steps, folder: &Path, args: &[&str]) -> Result<()> {
    let top = root();
    let shown = folder.strip_prefix(&top).unwrap_or(folder).display();
    let words: Vec<_> = args.iter().filter(|arg| !arg.starts_with("--")).collect();
    let words = words
        .iter()
        .map(|word| **word)
        .collect::<Vec<_>>()
        .join(" ");
    let mut command = Command::new("npm");
    command.args(args).current_dir(folder);
    steps.run(&format!("{shown}: npm {words}"), &mut command)
}
