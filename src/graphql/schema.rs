//! The schema: every noun's root fields, put together.

use async_graphql::{EmptySubscription, MergedObject, Schema as AnySchema};

use super::{
    account::{AccountMutation, AccountQuery},
    auto_recharge::AutoRechargeMutation,
    lot::LotMutation,
    node::NodeQuery,
    purchase::PurchaseMutation,
};

/// What can be read.
#[derive(Debug, Default, MergedObject)]
pub struct Query(NodeQuery, AccountQuery);

/// What can be done. Refusals that the caller can mend are in `userErrors`.
#[derive(Debug, Default, MergedObject)]
pub struct Mutation(
    AccountMutation,
    AutoRechargeMutation,
    LotMutation,
    PurchaseMutation,
);

/// The schema of this server.
pub type Schema = AnySchema<Query, Mutation, EmptySubscription>;

/// The schema without anything behind it: enough to print it.
#[must_use]
pub fn schema() -> Schema {
    Schema::build(Query::default(), Mutation::default(), EmptySubscription).finish()
}
