//! `cargo xtask run`: the main job, on a fresh database with demo data.
//!
//! Here: what comes before the server. Not here: its addresses and keys, which it prints itself.

use std::{ffi::OsString, fs, io::ErrorKind, os::unix::process::CommandExt};

use anyhow::{Context, Result, bail};

use crate::{
    packages, page, root,
    steps::{Steps, cargo},
};

/// Builds the page where that can be done, and becomes the server.
///
/// # Errors
/// When the page does not build, the old database can't be removed or cargo does not start.
/// Otherwise it does not return: the server's exit code is ours.
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
    // Nothing is left for us to do, so the server takes our place: it gets Ctrl-C itself, and
    // drains before the prompt is back.
    let error = command.args(args).exec();
    bail!("could not start cargo: {error}")
}

fn names_a_database(arg: &OsString) -> bool {
    let arg = arg.to_string_lossy();
    arg == "--database-url" || arg.starts_with("--database-url=")
}

/// The address of a database that isn't there yet. The demo fills an empty one only.
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
    // Relative to the checkout's root, where the server is started: no character of the path
    // to it needs escaping.
    Ok("sqlite://target/demo/message-credits.db?mode=rwc".to_owned())
}
