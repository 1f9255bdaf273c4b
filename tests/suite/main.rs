//! The suite: one binary, so that it links once; one module a noun.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its own functions too"
)]

mod account;
mod allocation;
mod api_key;
mod architecture;
mod authorization;
mod balance;
mod big_counts;
mod budget;
mod channels;
mod checkout;
mod clients;
mod commands;
mod connections;
mod contact;
mod contact_import;
mod contact_import_columns;
mod contact_import_files;
mod contact_import_laws;
mod contact_import_preview;
mod contact_list;
mod contract;
mod cors;
mod credit_package;
mod demo;
mod departures;
mod deployment;
mod destination_options;
mod documents;
mod download;
mod edges;
mod ending;
mod faults;
mod floods;
mod law_book;
mod laws;
mod ledger;
mod ledger_door;
mod logs;
mod lot;
mod message;
mod monthly_report;
mod names;
mod personal;
mod phone_numbers;
mod prose;
mod purchase;
mod purchase_provider;
mod quotas;
mod quote;
mod quote_laws;
mod rate_card;
mod readme;
mod request_id;
mod search;
mod segmentation;
mod sender;
mod settlement;
mod shadow;
mod shares;
mod statement;
mod support;
mod texts;
mod threats;
mod time_zone;
mod transaction;
mod uploads;
mod usage_comparison;
mod usage_laws;
mod usage_report;
mod usage_rollup;
mod verify;
