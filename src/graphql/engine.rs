//! What runs a GraphQL document, whichever nouns the schema has.
//!
//! Here: limits, budgets, execution, errors, ids, paging, loaders, and what a resolver finds in its
//! context. Not here: the types of the API, which are the files beside this folder.

pub mod allowance;
pub mod budget;
pub mod documents;
pub mod errors;
pub mod execution;
pub mod guard;
pub mod ids;
mod integers;
mod introspection;
mod language;
pub mod limits;
pub mod loaders;
pub mod measured;
pub mod new_edges;
pub mod paging;
pub mod persisted;
pub mod request;
#[cfg(test)]
pub(crate) mod test_schema;
mod tokens;
pub mod uploads;
mod weight;
