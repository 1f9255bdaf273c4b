//! Steps: what is done one after another, each announced, timed, and the last if it fails.
//!
//! Here: how a command is run and what is said about it. Not here: which commands.

use std::{
    ffi::{OsStr, OsString},
    os::unix::process::CommandExt,
    process::{Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::{guard::Guard, root};

/// Ends whatever is left in the step's process group: politely, and for certain after ten seconds,
/// which is what a server that drains may take.
const END_THE_GROUP: &str = r#"
kill -s TERM -- "-$1" 2>/dev/null || exit 0
left=100
while [ "$left" -gt 0 ]; do
    kill -s 0 -- "-$1" 2>/dev/null || exit 0
    sleep 0.1
    left=$((left - 1))
done
kill -s KILL -- "-$1" 2>/dev/null
"#;

/// The steps taken so far, and what the next ones find in their environment.
#[derive(Default)]
pub struct Steps {
    taken: Vec<Taken>,
    environment: Vec<(&'static str, OsString)>,
}

struct Taken {
    name: String,
    time: Duration,
    passed: bool,
}

impl Steps {
    /// Sets a variable for every command from here on.
    pub fn set(&mut self, name: &'static str, value: impl Into<OsString>) {
        self.environment.push((name, value.into()));
    }

    /// Runs a command in the checkout's root, or in the folder it names itself; its output goes
    /// straight to the terminal.
    ///
    /// # Errors
    /// When it can't be started or does not exit with 0.
    pub fn run(&mut self, name: &str, command: &mut Command) -> Result<()> {
        if command.get_current_dir().is_none() {
            command.current_dir(root());
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let line = written(command);
        self.act(name, || {
            println!("$ {line}");
            let status = wait_for(command)?;
            if !status.success() {
                bail!("{status}");
            }
            Ok(())
        })
    }

    /// Does something that is not one command, as a step.
    ///
    /// # Errors
    /// What `action` answers, with the step's name before it.
    pub fn act<T>(&mut self, name: &str, action: impl FnOnce() -> Result<T>) -> Result<T> {
        println!("\n== {name}");
        let start = Instant::now();
        let outcome = action();
        self.taken.push(Taken {
            name: name.to_owned(),
            time: start.elapsed(),
            passed: outcome.is_ok(),
        });
        outcome.with_context(|| format!("FAILED at \"{name}\""))
    }

    /// Prints what was done and how long it took.
    pub fn print_times(&self) {
        let width = self.taken.iter().map(|step| step.name.len()).max();
        let width = width.unwrap_or_default();
        println!();
        for Taken { name, time, passed } in &self.taken {
            let seconds = time.as_secs_f64();
            let word = if *passed { "ok" } else { "FAILED" };
            println!("{name:width$}  {seconds:>8.1} s  {word}");
        }
    }
}

/// Runs a command in a process group of its own, so that nothing it started outlives it or us.
fn wait_for(command: &mut Command) -> Result<ExitStatus> {
    let program = command.get_program().to_owned();
    // No standard input: a group in the background is stopped when it reads the terminal.
    let mut child = command
        .stdin(Stdio::null())
        .process_group(0)
        .spawn()
        .with_context(|| format!("could not start {}", program.display()))?;
    let guard = Guard::start(END_THE_GROUP, [child.id().to_string()]);
    if guard.is_err() {
        child.kill().context("could not end the step")?;
    }
    let status = child.wait().context("could not wait for the step")?;
    drop(guard?);
    Ok(status)
}

/// The command as one would type it.
fn written(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

/// The cargo that runs us.
pub fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}
