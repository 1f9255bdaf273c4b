//! The book's laws over random histories of commands.
//!
//! Here: the histories, the laws that every step keeps, books that are loaded in part, and a second,
//! slow book that has to agree. Not here: examples of single rules, which stand beside their code.
//! `docs/ledger.md` says which test tells which law.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, in its own functions too"
)]

mod edges;
mod faults;
mod history;
mod laws;
mod partial;
mod shadow;
