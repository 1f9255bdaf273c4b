//! The places of single rows in the lists that they belong to, for answers that have a row and no
//! page.
//!
//! Here: which list that is, in its default order. Not here: the lists ([`super::lists`]), and
//! cursors of the API ([`crate::graphql::engine`]).

use domain::id::{AccountId, ListId};
use entity::{
    account, api_key, contact_import, contact_list, credit_package, message, purchase, rate_card,
};

use super::{AllRateCards, Imports, Listed, Place};
use crate::{
    operations::lot::LotAt,
    store::{
        account::AccountFilter,
        api_key::{ApiKeyFilter, ApiKeySort},
        contact::Contact,
        contact_list::{ListFilter, ListSort},
        credit_package::PackageFilter,
        lot::{LotFilter, LotSort},
        message::MessageFilter,
        purchase::{PurchaseFilter, PurchaseSort},
        sql::last_change::LastChanges,
    },
};

/// A row that has a place in a list.
pub trait Placed {
    /// Its place in the default order of the list, as pages of the list have it.
    fn place(&self) -> Place;
}

impl Placed for Contact {
    fn place(&self) -> Place {
        self.place()
    }
}

macro_rules! placed {
    (|$row:ident| $($of:ty: $list:expr;)*) => {$(
        impl Placed for $of {
            fn place(&self) -> Place {
                let $row = self;
                let list = $list;
                list.place($row)
            }
        }
    )*};
}

placed! {
    |row|

    account::Model: AccountFilter::default();
    api_key::Model: ApiKeyFilter {
        account: row.account_id.map(AccountId::new),
        changed: LastChanges::default(),
        sort: ApiKeySort::default(),
    };
    contact_list::Model: ListFilter {
        account: AccountId::new(row.account_id),
        archived: row.archived_at.is_some(),
        search: None,
        changed: LastChanges::default(),
        sort: ListSort::default(),
    };
    contact_import::Model: Imports {
        account: AccountId::new(row.account_id),
        list: ListId::new(row.list_id),
        changed: LastChanges::default(),
    };
    credit_package::Model: PackageFilter::default();
    // Scheduled messages have the same key in their own list.
    message::Model: MessageFilter::of(AccountId::new(row.account_id));
    purchase::Model: PurchaseFilter {
        account: AccountId::new(row.account_id),
        changed: LastChanges::default(),
        sort: PurchaseSort::default(),
    };
    rate_card::Model: AllRateCards;
    LotAt: LotFilter {
        account: AccountId::new(row.row.account_id),
        state: None,
        at: row.at,
        changed: LastChanges::default(),
        sort: LotSort::default(),
    };
}
