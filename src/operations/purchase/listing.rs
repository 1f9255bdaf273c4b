//! Lists of purchases, and their conditions.
//!
//! Not here: reading their rows ([`crate::store`]).

use domain::id::AccountId;
use entity::purchase;
use jiff::Timestamp;

pub use crate::store::purchase::PurchaseSort;
use crate::{
    operations::{
        OperationError, Path, ViewerReader, input,
        reader::{Listing, Window},
    },
    store::purchase::PurchaseFilter,
};

/// The conditions of a list of purchases, and its order. `None` doesn't restrict the list.
#[derive(Debug, Default)]
pub struct AskedPurchases {
    /// Only purchases whose last change was at or after this instant.
    pub updated_from: Option<String>,
    /// Only purchases whose last change was before this instant.
    pub updated_to: Option<String>,
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
        let path = Path::argument("filter");
        let instant = |text: Option<String>, name: &'static str| -> Result<_, OperationError> {
            let read = |text: String| input::instant(&text, &path.at(name));
            Ok(text.map(read).transpose()?)
        };
        let updated_from: Option<Timestamp> = instant(asked.updated_from, "updatedFrom")?;
        let filter = PurchaseFilter {
            account,
            updated_from,
            updated_to: instant(asked.updated_to, "updatedTo")?,
            sort: asked.sort,
        };
        self.list(filter, window).await
    }
}
