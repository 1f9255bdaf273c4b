//! Lists of purchases, and their conditions.
//!
//! Not here: reading their rows ([`crate::store`]).

use domain::id::AccountId;
use entity::purchase;

pub use crate::store::purchase::PurchaseSort;
use crate::{
    operations::{
        OperationError, ViewerReader,
        last_change::AskedLastChanges,
        reader::{Listing, Window},
    },
    store::purchase::PurchaseFilter,
};

/// The conditions of a list of purchases, and its order. `None` doesn't restrict the list.
#[derive(Debug, Default)]
pub struct AskedPurchases {
    /// Only purchases that last changed in this period.
    pub changed: AskedLastChanges,
    /// The order.
    pub sort: PurchaseSort,
}

impl ViewerReader {
    /// A page of those purchases of an account that meet the conditions, in their current states.
    ///
    /// # Errors
    /// `Invalid` if an instant can't be read.
    pub async fn purchases(
        &self,
        account: AccountId,
        asked: AskedPurchases,
        window: Window,
    ) -> Result<Listing<purchase::Model>, OperationError> {
        let filter = PurchaseFilter {
            account,
            changed: asked.changed.read()?,
            sort: asked.sort,
        };
        self.list(filter, window).await
    }
}
