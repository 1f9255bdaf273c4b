//! Usage reports, read and written as files, and statements and the rejected rows of imports as
//! files.
//!
//! Here: reading a report's figures ([`usage`]) and its messages ([`messages`]), the contents of
//! its file ([`file`]) and of a statement's ([`statement`]), rejected rows ([`rejections`]), files
//! of all rows of a list ([`export`]), writing them as a workbook ([`workbook`]) or a report as
//! comma-separated values ([`csv`](mod@csv)), whose columns come from one table ([`columns`]), and
//! streaming a file to a client while it is being written ([`stream`]). Not here: who may see it.

pub mod actors;
mod columns;
pub mod csv;
pub mod export;
pub mod file;
mod local_time;
pub mod messages;
mod number_text;
pub mod rejections;
mod sources;
pub mod statement;
pub mod stream;
pub mod usage;
pub mod workbook;
