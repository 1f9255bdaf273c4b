//! The suite: one binary, so that it links once; one module a noun.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its own functions too"
)]

mod account;
mod architecture;
mod checkout;
mod clients;
mod commands;
mod faults;
mod lot;
mod purchase;
mod statement;
mod support;
mod transaction;
mod usage_report;
