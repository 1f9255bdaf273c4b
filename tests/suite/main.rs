//! The suite: one binary, so that it links once.
//!
//! Here: its four shelves ([`nouns`], [`laws`], [`faults`], [`api`]) and their helpers
//! ([`support`]).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its own functions too"
)]

mod api;
mod faults;
mod laws;
mod nouns;
mod support;
