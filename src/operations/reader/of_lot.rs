//! Values of a lot of credits that are read for many lots at once: what became of its credits, the
//! note of a grant, the purchase.
//!
//! Here: the keys, and how several are read. Not here: the filter itself ([`super`]), and the lot's
//! own row ([`super::rows`]).

use std::collections::HashMap;

use domain::id::{AccountId, LotId};
use entity::purchase;
use sea_orm::DbErr;

use super::{Keyed, ViewerReader};
use crate::{
    operations::viewer::Visibility,
    store::{self, lot::Parts},
};

/// Declares keys of a lot and its account, with the function of the store that reads them.
macro_rules! of_lot {
    ($($(#[$said:meta])* $key:ident: $value:ty, $read:path $(, as $shown:expr)?;)*) => {$(
        $(#[$said])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub struct $key {
            /// The lot's account.
            pub account: AccountId,
            /// The lot.
            pub lot: LotId,
        }

        impl Keyed for $key {
            type Value = $value;

            fn visibility(&self, _: Option<&$value>) -> Option<Visibility> {
                Some(Visibility::Account(self.account))
            }

            async fn read(
                reader: &ViewerReader,
                keys: &[Self],
            ) -> Result<HashMap<Self, $value>, DbErr> {
                let lots: Vec<_> = keys.iter().map(|key| (key.account, key.lot)).collect();
                let found = $read(reader.services().store().reader(), &lots).await?;
                let found = keys
                    .iter()
                    .filter_map(|key| Some((*key, found.get(&key.lot)?.clone())));
                $(let found = found.map(|(key, value)| (key, $shown(reader, value)));)?
                Ok(found.collect())
            }
        }
    )*};
}

of_lot! {
    /// Asks what became of a lot's credits.
    LotPartsOf: Parts, store::lot::parts;
    /// Asks for the note with which a lot was granted.
    NoteOf: String, store::lot::notes;
    /// Asks for the purchase that bought a lot.
    PurchaseOf: purchase::Model, store::lot::purchases, as |reader: &ViewerReader, row| {
        let services = reader.services();
        services.purchase_as_of(row, services.clock().now())
    };
}
