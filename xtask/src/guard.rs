//! Cleaning up after ourselves, however we end.
//!
//! Here: a small shell that waits for us and then does what it was told. Not here: what there is
//! to clean, which those who start something know.

use std::{
    ffi::OsStr,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result};

/// Runs a shell script once this value is dropped or this process is gone.
///
/// The shell waits on a pipe that only we hold open. The kernel closes it at any end of ours, so
/// that Ctrl-C, a kill -9 and a plain return all clean up by the same few lines; a signal handler
/// would miss the second. It lives in a process group of its own and ignores signals, because
/// Ctrl-C reaches everything in ours.
pub struct Guard {
    shell: Child,
}

impl Guard {
    /// Starts the shell. `script` sees `args` as `$1`, `$2`, …
    ///
    /// # Errors
    /// When there is no `sh` to start.
    pub fn start<I>(script: &str, args: I) -> Result<Self>
    where
        I: IntoIterator<Item: AsRef<OsStr>>,
    {
        let shell = Command::new("sh")
            .arg("-c")
            .arg(format!("trap '' INT TERM HUP; cat >/dev/null; {script}"))
            .arg("guard")
            .args(args)
            .stdin(Stdio::piped())
            .process_group(0)
            .spawn()
            .context("could not start sh")?;
        Ok(Self { shell })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        if let Err(error) = self.shell.wait() {
            eprintln!("could not wait for the clean-up: {error}");
        }
    }
}
