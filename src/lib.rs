//! A GraphQL server for prepaid message credits: it quotes messages, keeps and allocates credits, sells
//! packages, and reports usage.

pub mod clock;
pub mod entropy;
pub mod graphql;
pub mod http;
pub mod ledger;
pub mod operations;
pub mod store;

pub mod reports;
