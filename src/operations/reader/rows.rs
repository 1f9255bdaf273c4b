//! Rows that are read by their ids: who sees each, and how several are read.
//!
//! Here: one statement for each table. Not here: the filter itself ([`super`]).

use std::collections::{HashMap, HashSet};

use domain::id::{
    AccountId, ApiKeyId, ContactId, ImportId, ListId, LotId, MessageId, PackageId, PurchaseId,
    RateCardId, ReportId, TransactionId,
};
use entity::{
    account, api_key, contact_import, contact_list, credit_package, lot, message, monthly_report,
    purchase, rate_card, transaction,
};
use sea_orm::DbErr;

use super::{Keyed, Owned, ViewerReader};
use crate::{
    operations::{lot::LotAt, viewer::Visibility},
    store::{self, contact::Contact},
};

/// Rows with the column `account_id`: the account's keys and the platform's see them.
macro_rules! rows_of_an_account {
    ($($entity:ident),*) => {$(
        impl Owned for $entity::Model {
            fn visibility(&self) -> Visibility {
                Visibility::Account(AccountId::new(self.account_id))
            }
        }
    )*};
}

rows_of_an_account!(
    contact_import,
    contact_list,
    lot,
    message,
    monthly_report,
    purchase,
    transaction
);

impl Owned for account::Model {
    fn visibility(&self) -> Visibility {
        Visibility::Account(AccountId::new(self.id))
    }
}

impl Owned for api_key::Model {
    /// Whoever holds the platform's keys can do everything: only its administrators see them.
    fn visibility(&self) -> Visibility {
        self.account_id.map_or(Visibility::Administrators, |id| {
            Visibility::Account(AccountId::new(id))
        })
    }
}

impl Owned for Contact {
    fn visibility(&self) -> Visibility {
        Visibility::Account(self.account)
    }
}

impl Owned for credit_package::Model {
    fn visibility(&self) -> Visibility {
        Visibility::Everyone
    }
}

impl Owned for rate_card::Model {
    fn visibility(&self) -> Visibility {
        Visibility::Everyone
    }
}

impl Owned for LotAt {
    fn visibility(&self) -> Visibility {
        self.row.visibility()
    }
}

/// Rows that are read by their ids alone, and shown as they are stored or as they are by now.
macro_rules! read_by_id {
    ($($id:ident: $entity:ident $(, as $shown:expr)?;)*) => {$(
        impl Keyed for $id {
            type Value = $entity::Model;

            fn visibility(&self, row: Option<&$entity::Model>) -> Option<Visibility> {
                row.map(Owned::visibility)
            }

            async fn read(
                reader: &ViewerReader,
                ids: &[$id],
            ) -> Result<HashMap<$id, $entity::Model>, DbErr> {
                let connection = reader.services().store().reader();
                let rows = store::$entity::find_all(connection, ids.iter().copied()).await?;
                $(let rows = rows.into_iter().map(|row| $shown(reader, row));)?
                Ok(rows.into_iter().map(|row| ($id::new(row.id), row)).collect())
            }
        }
    )*};
}

read_by_id! {
    ApiKeyId: api_key;
    ImportId: contact_import, as |reader: &ViewerReader, row| reader.services().import_as_of_now(row);
    // Archived ones too: what was sent to them still leads there.
    ListId: contact_list;
    // Archived ones too: what was bought still leads there.
    PackageId: credit_package;
    // Without their texts, which are read by a key of their own.
    MessageId: message;
    PurchaseId: purchase, as |reader: &ViewerReader, row| {
        let services = reader.services();
        services.purchase_as_of(row, services.clock().now())
    };
    RateCardId: rate_card;
    ReportId: monthly_report;
    TransactionId: transaction;
}

impl Keyed for AccountId {
    type Value = account::Model;

    fn visibility(&self, _: Option<&account::Model>) -> Option<Visibility> {
        Some(Visibility::Account(*self))
    }

    async fn read(
        reader: &ViewerReader,
        ids: &[AccountId],
    ) -> Result<HashMap<AccountId, account::Model>, DbErr> {
        let connection = reader.services().store().reader();
        let rows = store::account::find_all(connection, ids.iter().copied()).await?;
        let rows = rows.into_iter().map(|row| (AccountId::new(row.id), row));
        Ok(rows.collect())
    }
}

impl Keyed for LotId {
    type Value = LotAt;

    fn visibility(&self, lot: Option<&LotAt>) -> Option<Visibility> {
        lot.map(Owned::visibility)
    }

    async fn read(reader: &ViewerReader, ids: &[LotId]) -> Result<HashMap<LotId, LotAt>, DbErr> {
        let at = reader.services().clock().now();
        let connection = reader.services().store().reader();
        let rows = store::lot::find_all(connection, ids.iter().copied()).await?;
        let rows = rows
            .into_iter()
            .map(|row| (LotId::new(row.id), LotAt { row, at }));
        Ok(rows.collect())
    }
}

impl Keyed for ContactId {
    type Value = Contact;

    fn bytes(contact: &Contact) -> usize {
        contact.field_bytes()
    }

    fn visibility(&self, contact: Option<&Contact>) -> Option<Visibility> {
        contact.map(Owned::visibility)
    }

    /// Loads only contacts of lists that aren't archived, because the contacts of archived lists
    /// are being deleted.
    async fn read(
        reader: &ViewerReader,
        ids: &[ContactId],
    ) -> Result<HashMap<ContactId, Contact>, DbErr> {
        let connection = reader.services().store().reader();
        let mut rows = store::contact::find_all(connection, ids.iter().copied()).await?;
        // Before their lists are read: a key of somebody else's contacts asks nothing of the
        // database.
        rows.retain(|row| reader.sees(row));
        let lists: HashSet<ListId> = rows.iter().map(|row| row.list).collect();
        let lists = store::contact_list::find_all(connection, lists).await?;
        let in_use: HashSet<_> = lists
            .into_iter()
            .filter(|list| list.archived_at.is_none())
            .map(|list| ListId::new(list.id))
            .collect();
        let rows = rows.into_iter().filter(|row| in_use.contains(&row.list));
        Ok(rows.map(|row| (row.id, row)).collect())
    }
}
