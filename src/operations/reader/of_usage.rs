//! Usage of accounts and lists that is read for many of them at once.
//!
//! Here: the key. Not here: how reports are read together
//! ([`crate::operations::usage_report`]).

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use domain::{
    calendar::buckets::Interval,
    id::{AccountId, ListId},
};
use jiff::Timestamp;
use sea_orm::DbErr;

use super::{Keyed, ViewerReader};
use crate::{
    operations::{
        OperationError,
        usage_report::{Compared, Nested},
        viewer::Visibility,
    },
    store,
};

/// Asks for the usage report of an account, or of one of its lists: totals, and buckets of the
/// account's time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UsageOf {
    /// The account.
    pub account: AccountId,
    /// The list; `None` for the whole account.
    pub list: Option<ListId>,
    /// The first instant of the period.
    pub from: Timestamp,
    /// The first instant after it.
    pub to: Timestamp,
    /// The length of the buckets.
    pub interval: Interval,
    /// Whether buckets are asked for.
    pub buckets: bool,
}

impl Keyed for UsageOf {
    /// A refused period fails only the fields that ask for it.
    type Value = Result<Arc<Compared>, Arc<OperationError>>;

    fn visibility(&self, _: Option<&Self::Value>) -> Option<Visibility> {
        Some(Visibility::Account(self.account))
    }

    async fn read(
        reader: &ViewerReader,
        keys: &[Self],
    ) -> Result<HashMap<Self, Self::Value>, DbErr> {
        let accounts: BTreeSet<AccountId> = keys.iter().map(|key| key.account).collect();
        let connection = reader.services().store().reader();
        let accounts = store::account::find_all(connection, accounts).await?;
        // One of a group stands for it, and has its lists beside it.
        let mut groups: HashMap<Self, Vec<ListId>> = HashMap::new();
        for key in keys {
            let list = key.list.map(|_| ListId::new(sea_orm::prelude::Uuid::nil()));
            let group = groups.entry(Self { list, ..*key }).or_default();
            group.extend(key.list);
        }
        let mut asked = Vec::new();
        for (group, lists) in groups {
            let rows = accounts.iter();
            let mut row = rows.filter(|row| row.id == group.account.uuid());
            let Some(account) = row.next() else { continue };
            let nested = Nested {
                account: account.clone(),
                lists: group.list.map(|_| lists.clone()),
                period: (group.from, group.to),
                interval: group.interval,
                buckets: group.buckets,
            };
            asked.push((group, lists, nested));
        }
        let nested = asked.iter().map(|(_, _, nested)| nested.clone()).collect();
        let mut found = HashMap::new();
        // In a box: many frames are below it already.
        match Box::pin(reader.services().nested_usage(nested)).await {
            Ok(read) => {
                for ((group, lists, _), usage) in asked.into_iter().zip(read) {
                    let key = |list| Self { list, ..group };
                    match usage {
                        Ok(each) => {
                            let each = each.into_iter();
                            found.extend(each.map(|(list, usage)| (key(list), usage)));
                        }
                        Err(refused) => {
                            let refused = Arc::new(refused);
                            let lists = lists.into_iter().map(Some);
                            let whole = group.list.is_none().then_some(None);
                            let each = lists.chain(whole);
                            found.extend(each.map(|list| (key(list), Err(Arc::clone(&refused)))));
                        }
                    }
                }
            }
            Err(cause) => {
                let cause = Arc::new(cause);
                let failed = keys.iter().map(|key| (*key, Err(Arc::clone(&cause))));
                found.extend(failed);
            }
        }
        Ok(found)
    }
}
