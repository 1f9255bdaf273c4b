//! Panics as log lines.
//!
//! Here: the hook that logs and counts every panic of the process. Not here: what becomes of the
//! panicked task, which its owner decides.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    panic::{self, PanicHookInfo},
};

use super::metrics::{PANICS, count};

/// Logs every panic from now on, in place of the standard library's text on standard error.
pub fn log() {
    panic::set_hook(Box::new(report));
}

fn report(info: &PanicHookInfo<'_>) {
    count(&PANICS, 1);
    let text = info.payload_as_str().unwrap_or("a panic without a text");
    let place = info
        .location()
        .map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        tracing::error!(thread, cause = text, %backtrace, "panicked at {place}");
    } else {
        tracing::error!(thread, cause = text, "panicked at {place}");
    }
}
