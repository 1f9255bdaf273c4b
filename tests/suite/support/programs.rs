//! Programs of this machine that some tests need.

use std::path::{Path, PathBuf};

/// A program, which may be in the administrators' folder; `None`, with a printed line, if it isn't
/// installed.
pub fn installed(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([Path::new("/usr/sbin").to_owned()]);
    let found = folders
        .map(|folder| folder.join(name))
        .find(|program| program.is_file());
    if found.is_none() {
        eprintln!("SKIPPED: {name} is not there; cargo xtask test installs it");
    }
    found
}
