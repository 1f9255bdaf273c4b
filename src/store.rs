//! Queries, one file per noun, over a connection or a transaction that the caller holds.
//!
//! Here: reads and writes of our tables. Not here: connections and statements in general ([`sql`]),
//! authorization ([`crate::operations`]), and the ledger's own writes, which only [`crate::ledger`]
//! makes.
//!
//! Every query fails if the database does. `# Errors` lists only what else can go wrong.

pub mod account;
pub mod actor;
pub mod allocation;
pub mod api_key;
pub mod auto_recharge;
pub mod backlog;
pub mod balance;
pub mod book;
pub mod contact;
pub mod contact_fields;
pub mod contact_import;
pub mod contact_list;
pub mod credit_package;
pub mod due_recharge;
pub mod idempotency_key;
pub mod job_lease;
pub mod ledger_head;
pub mod lot;
pub mod message;
pub mod message_audience;
pub mod message_change;
pub mod message_line;
pub mod monthly_report;
pub mod payment_connection;
pub mod payment_reversal;
pub mod purchase;
pub mod rate_card;
pub mod retention;
pub mod scheduled_message;
pub mod server_secret;
pub mod setting_change;
pub mod sql;
pub mod statement;
pub mod subscription_fee;
pub mod transaction;
pub mod usage;
pub mod usage_rollup;
pub mod webhook_delivery;

pub use sql::cluster::missing_parts;
pub use sql::connection::Store;
pub use sql::version::{Standing, closed_tables, standing};
