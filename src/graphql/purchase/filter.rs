//! The conditions of a list of purchases.

use async_graphql::InputObject;

use crate::{
    graphql::{scalars::DateTime, sorting::PurchaseSortKey},
    operations::purchase::listing::AskedPurchases,
};

/// The conditions that listed purchases meet. A condition that is left out doesn't restrict the
/// list.
#[derive(Debug, Default, InputObject)]
#[graphql(name = "PurchaseFilter")]
pub struct PurchaseFilterInput {
    /// Returns only purchases with an updatedAt at or after this instant. To fetch what changed
    /// since the last time, give the latest updatedAt known less one minute: a change gets its
    /// instant before it can be seen, and the clocks of servers may differ.
    updated_from: Option<DateTime>,
    /// Returns only purchases with an updatedAt before this instant.
    updated_to: Option<DateTime>,
}

impl PurchaseFilterInput {
    /// Reads the conditions of a list in an order.
    pub(super) fn read(self, sort: PurchaseSortKey) -> AskedPurchases {
        AskedPurchases {
            updated_from: self.updated_from.map(|at| at.0),
            updated_to: self.updated_to.map(|at| at.0),
            sort: sort.into(),
        }
    }
}
