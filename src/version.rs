//! Which build this is: its version, its commit, and the schema that it brings.

use migration::{Migrator, MigratorTrait};

/// The version of the program.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The commit that the program was built from. `cargo xtask dist` and the container's build set it
/// at compile time; other builds say "unknown".
pub const COMMIT: &str = match option_env!("MESSAGE_CREDITS_COMMIT") {
    Some(commit) if !commit.is_empty() => commit,
    Some(_) | None => "unknown",
};

/// The name of the last migration: the schema that `migrate` brings a database to.
#[must_use]
pub fn schema_step() -> String {
    let steps = Migrator::migrations();
    steps
        .last()
        .map_or_else(|| "none".to_owned(), |step| step.name().to_owned())
}

/// All three on one line, as `--version` prints them.
#[must_use]
pub fn line() -> String {
    format!("{VERSION} (commit {COMMIT}, schema {})", schema_step())
}
