//! Lists of which viewers read pages: who sees each, its order, its pages and its count.
//!
//! Here: one statement for each list. Not here: the filter itself ([`super`]); what arguments mean,
//! which their nouns check.

use domain::id::{AccountId, ImportId, ListId};
use entity::{
    account, api_key, contact_import, contact_list, credit_package, lot, message, monthly_report,
    purchase, rate_card, transaction,
};
use sea_orm::DbErr;

use super::{Listed, Page, Pages, Place, Window};
use crate::{
    operations::{Services, lot::LotAt, viewer::Visibility},
    store::{
        self,
        account::{AccountFilter, charged::ChargedBy},
        api_key::ApiKeyFilter,
        contact::{Contact, ContactFilter},
        contact_import::{RejectedRow, warnings::ImportWarning},
        contact_list::{ListFilter, SharedLists},
        credit_package::PackageFilter,
        lot::LotFilter,
        message::MessageFilter,
        purchase::{PurchaseFilter, changes::updated_at},
        scheduled_message::ScheduledFilter,
        sql::last_change::LastChanges,
        transaction::TransactionFilter,
    },
};

/// The contacts of a list, with the number of them that is kept with the list: nobody counts a
/// million rows.
#[derive(Debug, Clone)]
pub(in crate::operations) struct Contacts {
    /// Which contacts.
    pub filter: ContactFilter,
    /// The stored contacts; `None` for an archived list, whose contacts are being removed.
    pub stored: Option<u64>,
}

/// The imports of a list of an account.
#[derive(Debug, Clone, Copy)]
pub(in crate::operations) struct Imports {
    /// The account.
    pub account: AccountId,
    /// The list.
    pub list: ListId,
    /// Only imports that last changed in this period.
    pub changed: LastChanges,
}

/// A kind of rows that an import keeps, with their number, which is kept with the import.
#[derive(Debug, Clone, Copy)]
pub(in crate::operations) struct Kept<R> {
    account: AccountId,
    import: ImportId,
    count: u64,
    kind: std::marker::PhantomData<fn() -> R>,
}

/// The monthly reports of an account.
#[derive(Debug, Clone, Copy)]
pub(in crate::operations) struct MonthlyReports(pub AccountId);

/// All versions of all rate cards.
#[derive(Debug, Clone, Copy)]
pub struct AllRateCards;

impl<R> Kept<R> {
    /// The rows that an import of an account keeps.
    pub(in crate::operations) fn of(import: &contact_import::Model, count: i64) -> Self {
        Self {
            account: AccountId::new(import.account_id),
            import: ImportId::new(import.id),
            count: count.unsigned_abs(),
            kind: std::marker::PhantomData,
        }
    }
}

/// Lists as the database keeps them: each with its row, the key that orders it before the id, who
/// sees it, and how a page is read and the whole is counted.
macro_rules! lists {
    (|$list:ident, $row:ident, $connection:ident, $window:ident| $(
        $of:ty: $entity:ident by $key:expr, $visibility:expr, $page:expr, $count:expr;
    )*) => {$(
        impl Listed for $of {
            type Row = $entity::Model;

            fn visibility(&self) -> Visibility {
                let $list = self;
                let _ = $list;
                $visibility
            }

            fn place(&self, $row: &$entity::Model) -> Place {
                let $list = self;
                let _ = $list;
                Place { key: $key, id: $row.id }
            }

            async fn page(
                &self,
                _: &Services,
                $connection: &Pages,
                $window: Window,
            ) -> Result<Page<$entity::Model>, DbErr> {
                let $list = self;
                let _ = $list;
                $page.await
            }

            async fn count(&self, $connection: &Pages) -> Result<u64, DbErr> {
                let $list = self;
                let _ = $list;
                $count.await
            }
        }
    )*};
}

lists! {
    |list, row, connection, window|

    AccountFilter: account by list.sort.key(row),
        list.only.map_or(Visibility::Platform, Visibility::Account),
        store::account::list(connection, list, window),
        store::account::count(connection, list);

    ChargedBy: account by row.created_at,
        Visibility::Platform,
        store::account::charged::list(connection, list, window),
        store::account::charged::count(connection, list);

    ApiKeyFilter: api_key by list.sort.key(row),
        list.account.map_or(Visibility::Administrators, Visibility::Account),
        store::api_key::list(connection, list, window),
        store::api_key::count(connection, list);

    ListFilter: contact_list by list.sort.key(row),
        Visibility::Account(list.account),
        store::contact_list::list(connection, list, window),
        store::contact_list::count(connection, list);

    SharedLists: contact_list by row.created_at,
        Visibility::Account(list.0),
        store::contact_list::list_shared(connection, list.0, window),
        store::contact_list::count_shared(connection, list.0);

    MessageFilter: message by list.sort.key(row),
        Visibility::Account(list.account),
        store::message::list(connection, list, window),
        store::message::count(connection, list);

    ScheduledFilter: message by row.send_at,
        Visibility::Account(list.account),
        store::scheduled_message::list(connection, list, window),
        store::scheduled_message::count(connection, list);

    MonthlyReports: monthly_report by row.generated_at,
        Visibility::Account(list.0),
        store::monthly_report::list(connection, list.0, window),
        store::monthly_report::count(connection, list.0);

    PackageFilter: credit_package by list.sort.key(row),
        Visibility::Everyone,
        store::credit_package::list(connection, list, window),
        store::credit_package::count(connection, list);

    AllRateCards: rate_card by row.published_at,
        Visibility::Everyone,
        store::rate_card::list(connection, window),
        store::rate_card::count(connection);

    TransactionFilter: transaction by row.sequence,
        Visibility::Account(list.account),
        store::transaction::list(connection, list, window),
        store::transaction::count(connection, list);
}

impl Listed for Contacts {
    type Row = Contact;

    fn visibility(&self) -> Visibility {
        Visibility::Account(self.filter.account)
    }

    fn place(&self, row: &Contact) -> Place {
        row.place()
    }

    async fn page(
        &self,
        _: &Services,
        pages: &Pages,
        window: Window,
    ) -> Result<Page<Contact>, DbErr> {
        match self.stored {
            Some(_) => store::contact::list(pages, &self.filter, window).await,
            None => Ok(Page::of(Vec::new(), window)),
        }
    }

    async fn count(&self, pages: &Pages) -> Result<u64, DbErr> {
        match self.stored {
            None | Some(0) => Ok(0),
            Some(stored) if self.filter.is_whole() => Ok(stored),
            Some(_) => store::contact::count(pages, &self.filter).await,
        }
    }
}

impl Listed for Imports {
    type Row = contact_import::Model;

    fn visibility(&self) -> Visibility {
        Visibility::Account(self.account)
    }

    fn place(&self, row: &contact_import::Model) -> Place {
        Place {
            key: row.created_at,
            id: row.id,
        }
    }

    async fn page(
        &self,
        services: &Services,
        pages: &Pages,
        window: Window,
    ) -> Result<Page<contact_import::Model>, DbErr> {
        let of = (self.account, self.list);
        let page = store::contact_import::list(pages, of, self.changed, window).await?;
        Ok(page.map(|row| services.import_as_of_now(row)))
    }

    async fn count(&self, pages: &Pages) -> Result<u64, DbErr> {
        let of = (self.account, self.list);
        store::contact_import::count(pages, of, self.changed).await
    }
}

/// Rows that an import keeps, listed in the file's order.
macro_rules! kept_by_an_import {
    ($($row:ident: $list:path;)*) => {$(
        impl Listed for Kept<$row> {
            type Row = $row;

            fn visibility(&self) -> Visibility {
                Visibility::Account(self.account)
            }

            fn place(&self, row: &$row) -> Place {
                row.place()
            }

            async fn page(&self, _: &Services, pages: &Pages, window: Window) -> Result<Page<$row>, DbErr> {
                $list(pages, (self.account, self.import), window).await
            }

            async fn count(&self, _: &Pages) -> Result<u64, DbErr> {
                Ok(self.count)
            }
        }
    )*};
}

kept_by_an_import! {
    RejectedRow: store::contact_import::rejections;
    ImportWarning: store::contact_import::warnings::list;
}

impl Listed for LotFilter {
    type Row = LotAt;

    fn visibility(&self) -> Visibility {
        Visibility::Account(self.account)
    }

    fn place(&self, lot: &LotAt) -> Place {
        Place {
            key: self.sort.key(&lot.row),
            id: lot.row.id,
        }
    }

    async fn page(
        &self,
        _: &Services,
        pages: &Pages,
        window: Window,
    ) -> Result<Page<LotAt>, DbErr> {
        let page = store::lot::list(pages, self, window).await?;
        Ok(page.map(|row: lot::Model| LotAt { row, at: self.at }))
    }

    async fn count(&self, pages: &Pages) -> Result<u64, DbErr> {
        store::lot::count(pages, self).await
    }
}

impl Listed for PurchaseFilter {
    type Row = purchase::Model;

    fn visibility(&self) -> Visibility {
        Visibility::Account(self.account)
    }

    fn place(&self, row: &purchase::Model) -> Place {
        Place {
            key: self.sort.key(row),
            id: row.id,
        }
    }

    /// Each as it is by now.
    async fn page(
        &self,
        services: &Services,
        pages: &Pages,
        window: Window,
    ) -> Result<Page<purchase::Model>, DbErr> {
        let now = services.clock().now();
        let page = store::purchase::list(pages, self, window).await?;
        Ok(page.map(|row| {
            // Its place is by what is stored, whatever it is by now.
            let updated_at = Some(updated_at(&row));
            let row = services.purchase_as_of(row, now);
            purchase::Model { updated_at, ..row }
        }))
    }

    async fn count(&self, pages: &Pages) -> Result<u64, DbErr> {
        store::purchase::count(pages, self).await
    }
}
