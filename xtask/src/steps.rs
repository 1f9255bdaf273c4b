//! Steps of a command, run one after another. Each is announced and timed; a failed one is the
//! last.
//!
//! Here: running a command and printing its outcome. Not here: which commands are run.

use std::{
    ffi::{OsStr, OsString},
    os::unix::process::CommandExt,
    process::{Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::{guard::Guard, root};

/// Ends the processes left in a step's process group: with SIGTERM, and after ten seconds, which a
/// draining server may take, with SIGKILL.
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

/// The steps taken so far, and the environment of the next ones.
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
    /// Sets an environment variable for every later command.
    pub fn set(&mut self, name: &'static str, value: impl Into<OsString>) {
        self.environment.push((name, value.into()));
    }

    /// Runs a command in its own folder if it names one, or else in the checkout's root. Its output
    /// goes straight to the terminal.
    ///
    /// # Errors
    /// If it can't be started or doesn't exit with 0.
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

    /// Runs `action` as a step.
    ///
    /// # Errors
    /// The error of `action`, with the step's name as context.
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

    /// Prints each step with its duration and outcome.
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

/// Runs a command in a process group of its own, so that no process it starts outlives it or this
/// process.
fn wait_for(command: &mut Command) -> Result<ExitStatus> {
    let program = command.get_program().to_owned();
    // No standard input: a process group in the background is stopped if it reads the terminal.
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

/// The command line as somebody would type it.
fn written(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(OsStr::to_string_lossy)
        .collect::<Vec<_>>()
        .join(" ")
}

/// The cargo that runs this process.
pub fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}
