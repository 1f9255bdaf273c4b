//! Queries, one file a noun, over a connection or a transaction that the caller holds.
//!
//! Here: what is read and written, and how the database is reached. Not here: who may ask
//! ([`crate::operations`]) and the ledger's own writes, which only [`crate::ledger`] makes.

pub mod account;
pub mod allocation;
pub mod alone;
pub mod api_key;
pub mod balance;
pub mod book;
pub mod bulk;
pub mod connection;
pub mod contact;
pub mod contact_fields;
pub mod contact_import;
pub mod contact_list;
pub mod credit_package;
pub mod gather;
pub mod idempotency_key;
mod joined;
pub mod lot;
pub mod message;
pub mod message_audience;
pub mod monthly_report;
pub mod paging;
mod private_file;
pub mod purchase;
pub mod rate_card;
pub mod reader;
mod search;
pub mod server_secret;
pub mod set;
pub mod soundness;
pub mod table_rows;
mod threads;
pub mod transaction;
pub mod usage;
pub mod usage_rollup;
pub mod version;

pub use connection::Store;
pub use version::{applied_migrations, is_ready};
