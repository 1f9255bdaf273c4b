//! The rules of prepaid message credits, as pure functions: no clock, no IO, no async.
//!
//! Here: everything that decides how much a message costs, which credits pay for it, and when they
//! expire. Not here: anything that reads a clock, a database or the network.

#![deny(clippy::disallowed_types, clippy::float_arithmetic, clippy::float_cmp)]
#![warn(clippy::wildcard_enum_match_arm)]

pub mod book;
pub mod calendar;
pub mod channel;
pub mod country;
pub mod credits;
pub mod currency;
mod decimal;
pub mod departures;
pub mod destination;
pub mod distribution;
pub mod ending;
pub mod fault;
pub mod forecast;
pub mod gsm7;
pub mod hold;
pub mod id;
pub mod lot;
pub mod merge;
pub mod money;
pub mod payment;
pub mod personal;
pub mod pool;
pub mod private;
pub mod proportion;
pub mod quote;
pub mod rate;
pub mod recharge;
pub mod segmentation;
pub mod smart_encoding;
pub mod statement;
pub mod usage;
