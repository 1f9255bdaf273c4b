//! The GraphQL API: one file a noun, over [`crate::operations`].
//!
//! Types are newtypes over rows with explicit resolvers. Here: reading arguments and writing answers.
//! Not here: transport ([`crate::http`]), and any rule.

pub mod account;
pub mod allocation;
pub mod api_key;
pub mod auto_recharge;
pub mod balance;
pub mod balance_changed;
pub mod budget;
pub mod contact;
pub mod contact_import;
pub mod contact_list;
pub mod credit_package;
pub mod destination;
pub mod documents;
pub mod errors;
pub mod execution;
pub mod guard;
pub mod ids;
mod introspection;
pub mod limits;
pub mod loaders;
pub mod lot;
pub mod message;
pub mod money;
pub mod monthly_report;
pub mod node;
pub mod paging;
pub mod purchase;
pub mod quote;
pub mod rate_card;
pub mod request;
pub mod scalars;
pub mod schema;
pub mod segmentation;
pub mod statement;
pub mod text_warning;
mod tokens;
#[cfg(test)]
pub(crate) mod toy;
pub mod transaction;
pub mod uploads;
pub mod usage;
pub mod usage_report;
pub mod viewer;
mod weight;
