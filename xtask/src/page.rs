//! The account managers' page in web/, and the client libraries that the suite drives.
//!
//! Here: npm. Not here: what the page is made of, which its own package.json says, and how it gets
//! into the server, which embeds what was built.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use crate::{root, steps::Steps};

/// A copy of the lock file that node_modules was last made from.
const STAMP: &str = ".installed-package-lock.json";

/// Builds the page.
///
/// # Errors
/// When a step fails.
pub fn build(steps: &mut Steps) -> Result<()> {
    install(steps, &web())?;
    npm(steps, &web(), &["run", "build"])
}

/// Checks the page's types and style, and builds it.
///
/// # Errors
/// When a step fails.
pub fn check_and_build(steps: &mut Steps) -> Result<()> {
    install(steps, &web())?;
    npm(steps, &web(), &["run", "check"])?;
    npm(steps, &web(), &["run", "build"])
}

/// Installs every client library in tests/clients.
///
/// # Errors
/// When a step fails.
pub fn install_clients(steps: &mut Steps) -> Result<()> {
    let Ok(entries) = fs::read_dir(root().join("tests/clients")) else {
        return Ok(());
    };
    let mut folders: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|folder| folder.join("package.json").is_file())
        .collect();
    folders.sort();
    folders.iter().try_for_each(|folder| install(steps, folder))
}

fn web() -> PathBuf {
    root().join("web")
}

/// `npm ci`, where package-lock.json is another than the one last installed.
fn install(steps: &mut Steps, folder: &Path) -> Result<()> {
    let lock_file = folder.join("package-lock.json");
    let lock = fs::read(&lock_file).with_context(|| format!("no {}", lock_file.display()))?;
    let stamp = folder.join("node_modules").join(STAMP);
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    // Packages' own install scripts are programs of strangers that run before anybody looked; none is needed.
    npm(
        steps,
        folder,
        &["ci", "--ignore-scripts", "--no-audit", "--no-fund"],
    )?;
    let modules = folder.join("node_modules");
    ensure!(modules.is_dir(), "npm ci made no {}", modules.display());
    // npm ci begins by removing node_modules, and the stamp with it: one that is there is true.
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
