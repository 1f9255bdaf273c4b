//! Usage reports, read and written as files.
//!
//! Here: reading a report's figures ([`usage`]) and its messages ([`messages`]), what its file holds
//! ([`file`]), how it is written as a workbook ([`workbook`]) or as comma-separated values ([`csv`]), and
//! how a file streams to a client while it is being written ([`stream`]). Not here: who may see it.

pub mod csv;
pub mod file;
mod local_time;
pub mod messages;
mod number_text;
mod sources;
pub mod stream;
pub mod usage;
pub mod workbook;
