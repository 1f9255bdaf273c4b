//! The Python programs that the suite runs: each folder of tests/clients with a requirements.txt.
//!
//! Here: running pip. A program lands beside its requirements, in python_modules, so that nothing
//! else on the machine changes. Not here: starting them, which the tests do.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use crate::{root, steps::Steps};

/// A copy of the requirements that python_modules was last installed from.
const STAMP: &str = ".installed-requirements.txt";

/// Installs every Python program of tests/clients. The tests need them: what can't be installed is
/// an error.
///
/// # Errors
/// If a step fails.
pub fn install_clients(steps: &mut Steps) -> Result<()> {
    let Ok(entries) = fs::read_dir(root().join("tests/clients")) else {
        return Ok(());
    };
    let mut folders: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|folder| folder.join("requirements.txt").is_file())
        .collect();
    folders.sort();
    folders.iter().try_for_each(|folder| install(steps, folder))
}

/// Runs pip if the requirements differ from those last installed.
fn install(steps: &mut Steps, folder: &Path) -> Result<()> {
    let file = folder.join("requirements.txt");
    let wanted = fs::read(&file).with_context(|| format!("no {}", file.display()))?;
    let modules = folder.join("python_modules");
    let stamp = modules.join(STAMP);
    if fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    if modules.exists() {
        fs::remove_dir_all(&modules)
            .with_context(|| format!("could not remove {}", modules.display()))?;
    }
    let top = root();
    let shown = folder.strip_prefix(&top).unwrap_or(folder).display();
    let mut command = Command::new("python3");
    command.current_dir(folder).args(["-m", "pip", "install"]);
    // A file with another hash is refused, and so is one that isn't listed.
    command.args(["--quiet", "--no-deps", "--require-hashes"]);
    command.args([
        "--disable-pip-version-check",
        "--root-user-action",
        "ignore",
    ]);
    command.args([
        "--target",
        "python_modules",
        "--requirement",
        "requirements.txt",
    ]);
    steps.run(&format!("{shown}: pip install"), &mut command)?;
    ensure!(modules.is_dir(), "pip made no {}", modules.display());
    fs::write(&stamp, wanted).with_context(|| format!("could not write {}", stamp.display()))
}
