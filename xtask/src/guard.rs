//! Clean-up that runs however this process ends.
//!
//! Here: a shell that waits for the end of this process and then runs a script. Not here: the
//! scripts, which are with the code that starts something.

use std::{
    ffi::OsStr,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result};

/// Runs a shell script when this value is dropped or this process ends.
///
/// The shell waits on a pipe that only this process holds open. The kernel closes the pipe however
/// the process ends, so the same few lines clean up after Ctrl-C, a kill -9 and a plain return; a
/// signal handler would miss kill -9. The shell is in a process group of its own and ignores
/// signals, because Ctrl-C reaches every process of our group.
pub struct Guard {
    shell: Child,
}

impl Guard {
    /// Starts the shell. In `script`, `args` are `$1`, `$2`, …
    ///
    /// # Errors
    /// If `sh` can't be started.
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
