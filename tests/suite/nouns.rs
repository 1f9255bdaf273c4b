//! The nouns of the API over HTTP, on both databases.
//!
//! Here: one file per noun, or per topic of a noun: what its operations do and what they refuse.
//! Not here: properties of random histories ([`crate::laws`]); crashes, floods and bounds
//! ([`crate::faults`]).

mod account;
mod actor;
mod allocation;
mod api_key;
mod auto_recharge;
mod balance;
mod big_counts;
mod cache;
mod channel;
mod checkout;
mod contact;
mod contact_editing;
mod contact_import;
mod contact_import_columns;
mod contact_import_files;
mod contact_import_preview;
mod contact_import_watch;
mod contact_list;
mod contact_plans;
mod credit_package;
mod departures;
mod destination_options;
mod download;
mod lot;
mod message;
mod message_update;
mod monthly_report;
mod names;
mod payment_connection;
mod personal;
mod phone_numbers;
mod purchase;
mod purchase_provider;
mod quote;
mod rate_card;
mod scheduled_messages;
mod search;
mod segmentation;
mod sender;
mod settlement;
mod shopify;
mod statement;
mod statement_file;
mod stripe;
mod texts;
mod time_zone;
mod transaction;
mod transfer;
mod usage_comparison;
mod usage_report;
mod usage_rollup;
mod webhook;
