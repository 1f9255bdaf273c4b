//! Which build this is.
//!
//! Here: the version and the commit, for logs, metrics and traces. Not here: the schema's version,
//! which the migrations have.

/// The version of the package.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit that it was built from; `unknown` if the build didn't say.
pub const COMMIT: &str = match option_env!("MESSAGE_CREDITS_COMMIT") {
    Some(commit) => commit,
    None => "unknown",
};
