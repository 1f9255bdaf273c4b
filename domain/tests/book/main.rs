//! The book's laws over random histories of commands.
//!
//! Here: the histories, the laws that every step keeps, partly loaded books, and a second, slow
//! book that must agree. Not here: examples of single rules, which are beside their code.
//! `docs/laws.md` says which test checks which law.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, in its own functions too"
)]

mod chargebacks;
mod edges;
mod faults;
mod history;
mod laws;
mod partial;
mod shadow;
