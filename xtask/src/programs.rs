//! Programs of this machine.
//!
//! Here: finding a program and asking it something. Not here: which programs a command needs
//! (`packages`).

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The first program of that name in PATH.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

/// The trimmed standard output of a program; `None` if it doesn't start or doesn't exit with 0.
pub fn answer(program: &Path, args: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether this process runs as root, which may install packages and may not run PostgreSQL.
pub fn is_root() -> bool {
    answer(Path::new("id"), &["-u"]).as_deref() == Some("0")
}
