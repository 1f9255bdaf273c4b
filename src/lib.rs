//! A GraphQL server for prepaid message credits: it quotes messages, manages and allocates credits,
//! sells packages, and reports usage.

// First, so that `text!` is in scope everywhere.
#[macro_use]
pub mod localization;

pub mod app;
pub mod clock;
pub mod commands;
pub mod config;
pub mod demo;
pub mod entropy;
pub mod fair;
pub mod graphql;
pub mod http;
pub mod imports;
pub mod ledger;
pub mod lifecycle;
pub mod openid;
pub mod operations;
pub mod payments;
pub mod reports;
pub mod secret_file;
pub mod store;
pub mod telemetry;
pub mod tls;
pub mod tuning;
pub mod vault;
pub mod version;
pub mod worker;
