//! `cargo xtask run`: the server on a fresh database with demo data.
//!
//! Here: the steps before the server starts. Not here: its addresses and keys, which the server
//! prints.

use std::{ffi::OsString, fs, io::ErrorKind, os::unix::process::CommandExt};

use anyhow::{Context, Result, bail};

use crate::{
    packages, page, root,
    steps::{Steps, cargo},
};

/// Builds the page if Node.js is installed, and replaces this process by the server.
///
/// # Errors
/// If the page doesn't build, the old database can't be removed, or cargo doesn't start. Otherwise
/// it doesn't return: the server's exit code is this process's.
pub fn run(args: &[OsString]) -> Result<()> {
    let mut steps = Steps::default();
    match packages::node() {
        Ok(()) => page::build(&mut steps)?,
        Err(why) => println!(
            "The page at / and GraphiQL are not built: {why}. The API at /graphql runs without them."
        ),
    }
    let mut command = cargo();
    command.args(["run", "--locked", "--bin", "message-credits", "--", "demo"]);
    command.current_dir(root());
    if !args.iter().any(names_a_database) {
        command.arg("--database-url").arg(fresh_database()?);
    }
    // The server replaces this process, so it gets Ctrl-C itself and drains before the prompt
    // returns.
    let error = command.args(args).exec();
    bail!("could not start cargo: {error}")
}

fn names_a_database(arg: &OsString) -> bool {
    let arg = arg.to_string_lossy();
    arg == "--database-url" || arg.starts_with("--database-url=")
}

/// The URL of a new database: the demo refuses one that has data.
fn fresh_database() -> Result<String> {
    let folder = root().join("target/demo");
    fs::create_dir_all(&folder).with_context(|| format!("could not make {}", folder.display()))?;
    for ending in ["", "-wal", "-shm"] {
        let file = folder.join(format!("message-credits.db{ending}"));
        match fs::remove_file(&file) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("could not remove {}", file.display()));
            }
            _ => {}
        }
    }
    // Relative to the checkout's root, where the server starts, so that no character needs
    // escaping.
    Ok("sqlite://target/demo/message-credits.db?mode=rwc".to_owned())
}
