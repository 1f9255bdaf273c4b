//! `cargo xtask dist`: the artefact that operators install.
//!
//! Here: building the program, collecting what belongs to it, and packing it. Not here: the list of
//! components (`sbom`), and installing it, which docs/operations/install.md explains.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    packages, page,
    programs::{answer, on_path},
    root, sbom,
    steps::{Steps, cargo},
};

/// The program's name, and the beginning of the artefact's.
const NAME: &str = "message-credits";
/// What the artefact holds beside the program and its components, from the checkout's root.
const FILES: [&str; 5] = [
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "schema.graphql",
];
/// Folders that the artefact holds whole.
const FOLDERS: [&str; 2] = ["deploy", "docs"];
/// The list of checksums in the artefact.
const SUMS: &str = "SHA256SUMS";

/// Builds the release program with the page in it, and packs it. With `binary`, packs that program
/// instead, which must have been built from this checkout.
///
/// # Errors
/// If a step fails, or the packed artefact isn't whole.
pub fn dist(binary: Option<&Path>) -> Result<()> {
    let mut steps = Steps::default();
    let packed = made(&mut steps, binary);
    steps.print_times();
    println!("\n{}", packed?.display());
    Ok(())
}

fn made(steps: &mut Steps, binary: Option<&Path>) -> Result<PathBuf> {
    sbom::install(steps)?;
    let program = match binary {
        Some(binary) => binary.to_owned(),
        None => build(steps)?,
    };
    pack(steps, &program)
}

/// Builds the stripped release program.
fn build(steps: &mut Steps) -> Result<PathBuf> {
    if let Err(why) = packages::node() {
        bail!("the page can't be built, which belongs to the artefact: {why}");
    }
    page::build(steps)?;
    let mut command = cargo();
    command
        .args(["build", "--release", "--locked", "--bin", NAME])
        .env("CARGO_PROFILE_RELEASE_STRIP", "symbols")
        .env("MESSAGE_CREDITS_COMMIT", commit());
    steps.run("program", &mut command)?;
    Ok(root().join("target/release").join(NAME))
}

/// Packs a program with what belongs to it, and checks the result. Without cargo-cyclonedx the list
/// of components is left out, which is printed.
///
/// # Errors
/// If something is missing, or the packed artefact isn't whole.
pub fn pack(steps: &mut Steps, program: &Path) -> Result<PathBuf> {
    ensure!(
        program.is_file(),
        "there is no program at {}",
        program.display()
    );
    let name = format!("{NAME}-{}-{}", env!("CARGO_PKG_VERSION"), target()?);
    let folder = root().join("target/dist");
    let inside = folder.join(&name);
    if inside.exists() {
        fs::remove_dir_all(&inside).context("could not remove the old artefact")?;
    }
    fs::create_dir_all(&inside).with_context(|| format!("could not make {}", inside.display()))?;
    let components = inside.join(format!("{NAME}.cdx.json"));
    if !sbom::write(steps, &components, &time())? {
        println!("LEFT OUT: the list of components. cargo-cyclonedx isn't installed.");
    }
    let archive = folder.join(format!("{name}.tar.gz"));
    steps.act("pack", || {
        fs::copy(program, inside.join(NAME)).context("could not copy the program")?;
        for file in FILES {
            fs::copy(root().join(file), inside.join(file))
                .with_context(|| format!("could not copy {file}"))?;
        }
        for shared in FOLDERS {
            copy_folder(&root().join(shared), &inside.join(shared))?;
        }
        sums(&inside)?;
        // The same files give the same archive: sorted, of nobody, and at the commit's time.
        shell(
            &folder,
            "tar --create --sort=name --owner=0 --group=0 --numeric-owner --mtime=\"@$2\" \"$1\" |
             gzip --no-name > \"$1.tar.gz\" && sha256sum \"$1.tar.gz\" > \"$1.tar.gz.sha256\"",
            &[&name, &time()],
        )
    })?;
    steps.act("check the artefact", || check(&folder, &name))?;
    Ok(archive)
}

/// Writes the checksums of every file in a folder.
fn sums(folder: &Path) -> Result<()> {
    let script = format!(
        "find . -type f ! -name {SUMS} -printf '%P\\n' | LC_ALL=C sort | xargs -d '\\n' sha256sum > {SUMS}"
    );
    shell(folder, &script, &[])
}

/// Unpacks the archive elsewhere, compares every checksum, and runs the program.
fn check(folder: &Path, name: &str) -> Result<()> {
    let script = "set -e
        sha256sum --check --quiet \"$1.tar.gz.sha256\"
        rm -rf unpacked && mkdir unpacked
        tar --extract --gzip --file \"$1.tar.gz\" --directory unpacked
        cd \"unpacked/$1\" && sha256sum --check --quiet SHA256SUMS";
    shell(folder, script, &[name])?;
    let program = folder.join("unpacked").join(name).join(NAME);
    let version = answer(&program, &["--version"]).context("the packed program doesn't start")?;
    println!("{version}");
    ensure!(
        version.starts_with(&format!("{NAME} {}", env!("CARGO_PKG_VERSION"))),
        "the program is of another version: {version}"
    );
    fs::remove_dir_all(folder.join("unpacked")).context("could not remove what was unpacked")
}

/// Copies the files of a folder and of those in it that git knows or would add.
fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("could not make {}", to.display()))?;
    let entries = fs::read_dir(from).with_context(|| format!("no {}", from.display()))?;
    for entry in entries {
        let entry = entry?;
        let (source, copy) = (entry.path(), to.join(entry.file_name()));
        if entry.file_name() == "secrets" {
            // An operator's own, beside compose.yaml.
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy_folder(&source, &copy)?;
        } else {
            fs::copy(&source, &copy)
                .with_context(|| format!("could not copy {}", source.display()))?;
        }
    }
    Ok(())
}

fn shell(folder: &Path, script: &str, args: &[&str]) -> Result<()> {
    let status = Command::new("bash")
        .args(["-o", "pipefail", "-c", script, "dist"])
        .args(args)
        .current_dir(folder)
        .status()
        .context("could not start bash")?;
    ensure!(status.success(), "{status}: {script}");
    Ok(())
}

/// The target that the program is built for.
fn target() -> Result<String> {
    let told = answer(Path::new("rustc"), &["--version", "--verbose"]).context("no rustc")?;
    told.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .context("rustc doesn't say its host")
}

/// The commit of the checkout, with "-dirty" if files were changed; empty without git.
fn commit() -> String {
    let described = git(&[
        "describe",
        "--always",
        "--abbrev=40",
        "--dirty",
        "--exclude=*",
    ]);
    described.unwrap_or_default()
}

/// The time of the commit in seconds since 1970; 0 without git.
fn time() -> String {
    git(&["log", "-1", "--format=%ct"]).unwrap_or_else(|| "0".to_owned())
}

fn git(args: &[&str]) -> Option<String> {
    let git = on_path("git")?;
    let folder = root();
    let folder = folder.to_str()?;
    answer(&git, &[&["-C", folder], args].concat())
}
