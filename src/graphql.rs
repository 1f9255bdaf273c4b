//! The GraphQL API: one file per noun, over [`crate::operations`].
//!
//! Types are newtypes over rows with explicit resolvers. Here: reading arguments and writing
//! answers. Not here: how a document becomes an answer ([`engine`]), transport ([`crate::http`]),
//! and the rules of the domain.

pub mod access_token;
pub mod account;
pub mod actor;
pub mod allocation;
pub mod api_key;
pub mod auto_recharge;
pub mod balance;
pub mod balance_changed;
pub mod contact;
pub mod contact_import;
pub mod contact_list;
pub mod credit_package;
pub mod destination;
pub mod engine;
pub mod erasure;
pub mod error_codes;
pub mod export;
pub mod federation;
pub mod forecast;
pub mod last_change;
pub mod ledger_head;
pub mod lot;
pub mod message;
pub mod message_changed;
pub mod money;
pub mod monthly_report;
pub mod node;
pub mod payment_connection;
pub mod purchase;
pub mod purchase_changed;
pub mod quote;
pub mod rate_card;
pub mod scalars;
pub mod schema;
pub mod segmentation;
pub mod setting_change;
mod sorting;
pub mod statement;
pub mod text_warning;
pub mod transaction;
pub mod usage;
pub mod usage_report;
pub mod viewer;
