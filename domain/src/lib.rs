//! The rules of prepaid message credits, pure: no clock, no IO, no async, nothing of the server's.
//!
//! What belongs here: everything that decides how much a message costs, which credits pay for it
//! and when they expire. What does not: anything that reads a clock, a database or the network.

pub mod credits;
pub mod gsm7;
pub mod id;
pub mod segmentation;
pub mod smart_encoding;
