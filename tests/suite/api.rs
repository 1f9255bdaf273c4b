//! The API as a whole, and the program around it.
//!
//! Here: the schema and its prose, who may call what, clients and connections, the commands, and
//! the architecture of the code. Not here: what a single noun does ([`crate::nouns`]).

mod architecture;
mod audit;
pub mod authorization;
mod clients;
mod commands;
mod comments;
mod compose;
mod connections;
mod cors;
mod cursors;
mod database_settings;
mod demo;
mod deploy;
mod deployment;
mod descriptions;
mod edges;
mod errors;
mod event_streams;
mod federation;
mod languages;
mod log_lines;
mod logs;
mod metrics;
mod migrations;
mod persisted_documents;
mod prometheus;
mod prose;
mod providers;
mod readme;
mod request_id;
mod required_roles;
mod secret_keys;
mod settings;
mod statements;
mod stopping;
mod traces;
mod updates;
mod uploads;
