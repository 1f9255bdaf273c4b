//! The GraphQL side that knows no transport: limits, errors and execution, generic over the schema.

pub mod documents;
pub mod errors;
pub mod execution;
pub mod limits;
mod tokens;
#[cfg(test)]
pub(crate) mod toy;
