//! Usage reports as files.
//!
//! Here: what a report's file holds ([`file`]), how it is written as a workbook ([`workbook`]) or as
//! comma-separated values ([`csv`]), and how a file streams to a client while it is being written
//! ([`stream`]). Not here: where the figures come from, and who may see them.

pub mod csv;
pub mod file;
mod local_time;
mod number_text;
pub mod stream;
pub mod workbook;
