//! The program: its allocator, its runtime and its exit code.
//!
//! Here: starting. Not here: the commands ([`message_credits::commands`]).

use std::{io::Write, process::ExitCode};

use message_credits::{
    commands,
    config::sources::{self, ReadError},
    telemetry,
};

// The largest gain for lists through GraphQL: responses consist of many small strings.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The exit code for wrong options and settings.
const USAGE: u8 = 2;
/// The stack of a thread that executes documents, in bytes. Each field within a field needs its
/// share of it. With tokio's 2 MiB a debug build aborts at a mutation of 10 fields within fields,
/// with 4 MiB at one of the same depth, and with 8 MiB it answers all 20 that are allowed
/// (`tests/clients/protocol/depth.test.mjs`). Four times as much leaves room for types that get
/// more fields. Unused stack is only address space.
const STACK: usize = 32 * 1024 * 1024;

fn main() -> ExitCode {
    let read = match sources::read(std::env::args_os()) {
        Ok(read) => read,
        Err(error) => return refused(&error),
    };
    telemetry::init_logs(&read.cli.logs.settings());
    telemetry::panics::log();
    let done = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK)
        .build()
    {
        Ok(runtime) => runtime.block_on(commands::run(read)),
        Err(cause) => Err(cause.into()),
    };
    telemetry::traces::end();
    match done {
        Ok(code) => code,
        Err(cause) => {
            telemetry::logs::report_failure(&cause);
            ExitCode::FAILURE
        }
    }
}

/// Prints why the settings are refused, or the help or version that was asked for. The exit code is
/// 2 for settings that are wrong, and 1 if the command was to check them.
fn refused(error: &ReadError) -> ExitCode {
    let code = match error {
        ReadError::Usage(usage) => {
            // The terminal may be closed; the exit code still says it.
            drop(usage.print());
            u8::try_from(usage.exit_code()).unwrap_or(USAGE)
        }
        ReadError::File(_) | ReadError::Secret(_) => {
            report(error);
            USAGE
        }
    };
    let is_check = std::env::args_os().skip(1).take(2).eq(["config", "check"]);
    ExitCode::from(if is_check { code.min(1) } else { code })
}

/// Prints an error. Standard error may be closed; the exit code still reports the failure.
fn report(error: &dyn std::fmt::Display) {
    drop(writeln!(std::io::stderr(), "message-credits: {error}"));
}
