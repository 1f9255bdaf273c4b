//! Values of a row that are read for many rows at once: a list's head-count, a message's lines.
//!
//! Here: the keys, each with the account that it names, and how several are read. Not here: the
//! filter itself ([`super`]); values of accounts ([`super::of_account`]); what the values mean,
//! which their nouns say.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::id::{AccountId, ListId, MessageId};
use entity::{list_destination, message, message_line};
use sea_orm::DbErr;

use super::{Keyed, Owned, ViewerReader};
use crate::{
    operations::{allocation::ListAllocation, viewer::Visibility},
    store::{
        self,
        transaction::{LotSum, PostingSum},
    },
};

/// Asks for the head-count of a list by country, the largest first, then by country code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DestinationsOf {
    /// The list's account.
    pub account: AccountId,
    /// The list.
    pub list: ListId,
}

impl Keyed for DestinationsOf {
    type Value = Vec<list_destination::Model>;

    fn visibility(&self, _: Option<&Self::Value>) -> Option<Visibility> {
        Some(Visibility::Account(self.account))
    }

    async fn read(
        reader: &ViewerReader,
        keys: &[Self],
    ) -> Result<HashMap<Self, Self::Value>, DbErr> {
        let connection = reader.services().store().reader();
        let lists = keys.iter().map(|key| (key.account, key.list));
        let rows = store::contact_list::destinations(connection, lists).await?;
        let mut found: HashMap<Self, Self::Value> = HashMap::new();
        for row in rows {
            let key = Self {
                account: AccountId::new(row.account_id),
                list: ListId::new(row.list_id),
            };
            found.entry(key).or_default().push(row);
        }
        for rows in found.values_mut() {
            rows.sort_by(|a, b| {
                let most_first = b.recipients.cmp(&a.recipients);
                most_first.then_with(|| a.country_code.cmp(&b.country_code))
            });
        }
        Ok(found)
    }
}

/// Asks for the credits that a list can spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AllocationOf {
    /// The list's account.
    pub account: AccountId,
    /// The list.
    pub list: ListId,
}

impl Keyed for AllocationOf {
    type Value = ListAllocation;

    fn visibility(&self, _: Option<&ListAllocation>) -> Option<Visibility> {
        Some(Visibility::Account(self.account))
    }

    async fn read(
        reader: &ViewerReader,
        keys: &[Self],
    ) -> Result<HashMap<Self, ListAllocation>, DbErr> {
        let mut lists: BTreeMap<AccountId, BTreeSet<ListId>> = BTreeMap::new();
        for key in keys {
            lists.entry(key.account).or_default().insert(key.list);
        }
        let found = reader.services().allocations(&lists).await?;
        let found = keys
            .iter()
            .filter_map(|key| Some((*key, *found.get(&key.list)?)));
        Ok(found.collect())
    }
}

/// Asks for a message with its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::operations) struct WholeMessage(pub MessageId);

impl Keyed for WholeMessage {
    type Value = message::Model;

    // A text may have 160 kB; commands ask for one.
    const MAX_KEYS: usize = 1;

    fn visibility(&self, row: Option<&message::Model>) -> Option<Visibility> {
        row.map(Owned::visibility)
    }

    async fn read(
        reader: &ViewerReader,
        keys: &[Self],
    ) -> Result<HashMap<Self, message::Model>, DbErr> {
        let connection = reader.services().store().reader();
        let mut found = HashMap::new();
        for key in keys {
            if let Some(row) = store::message::find(connection, key.0).await? {
                found.insert(*key, row);
            }
        }
        Ok(found)
    }
}

/// Asks for the number of recipients of a message who have left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DepartedOf {
    /// The message's account.
    pub account: AccountId,
    /// The message.
    pub message: MessageId,
}

impl Keyed for DepartedOf {
    type Value = i64;

    fn visibility(&self, _: Option<&i64>) -> Option<Visibility> {
        Some(Visibility::Account(self.account))
    }

    async fn read(reader: &ViewerReader, keys: &[Self]) -> Result<HashMap<Self, i64>, DbErr> {
        let connection = reader.services().store().reader();
        let accounts: BTreeSet<AccountId> = keys.iter().map(|key| key.account).collect();
        let messages = keys.iter().map(|key| key.message);
        let sums = store::message_audience::departed(connection, accounts, messages).await?;
        let found = keys.iter();
        Ok(found
            .filter_map(|key| Some((*key, *sums.get(&key.message)?)))
            .collect())
    }
}

/// Asks for a message's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TextOf {
    /// The message's account.
    pub account: AccountId,
    /// The message.
    pub message: MessageId,
}

impl Keyed for TextOf {
    type Value = String;

    // What is read beyond the budget before it is noticed: 64 texts of 160 kB are 10 MB.
    const MAX_KEYS: usize = 64;

    fn bytes(text: &String) -> usize {
        text.len()
    }

    fn visibility(&self, _: Option<&String>) -> Option<Visibility> {
        Some(Visibility::Account(self.account))
    }

    async fn read(reader: &ViewerReader, keys: &[Self]) -> Result<HashMap<Self, String>, DbErr> {
        let connection = reader.services().store().reader();
        let accounts: BTreeSet<AccountId> = keys.iter().map(|key| key.account).collect();
        let messages = keys.iter().map(|key| key.message);
        let rows = store::message::texts(connection, accounts, messages).await?;
        let mut texts: HashMap<_, String> = rows.into_iter().collect();
        let found = keys.iter();
        Ok(found
            .filter_map(|key| Some((*key, texts.remove(&key.message.uuid())?)))
            .collect())
    }
}

/// Asks for a message's lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LinesOf {
    /// The message's account.
    pub account: AccountId,
    /// The message.
    pub message: MessageId,
}

impl Keyed for LinesOf {
    type Value = Vec<message_line::Model>;

    fn visibility(&self, _: Option<&Self::Value>) -> Option<Visibility> {
        Some(Visibility::Account(self.account))
    }

    async fn read(
        reader: &ViewerReader,
        keys: &[Self],
    ) -> Result<HashMap<Self, Self::Value>, DbErr> {
        let connection = reader.services().store().reader();
        // Nearly always one account, and always few beside its messages.
        let accounts: BTreeSet<AccountId> = keys.iter().map(|key| key.account).collect();
        let messages = keys.iter().map(|key| key.message);
        let rows = store::message::lines(connection, accounts, messages).await?;
        let mut found: HashMap<Self, Self::Value> = HashMap::new();
        for row in rows {
            let key = Self {
                account: AccountId::new(row.account_id),
                message: MessageId::new(row.message_id),
            };
            found.entry(key).or_default().push(row);
        }
        Ok(found)
    }
}

/// Asks for the postings of a transaction, summed by book and pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PostingsOf {
    /// The transaction's account.
    pub account: AccountId,
    /// The transaction's place in the account's chain.
    pub sequence: i64,
}

impl Keyed for PostingsOf {
    type Value = Vec<PostingSum>;

    fn visibility(&self, _: Option<&Self::Value>) -> Option<Visibility> {
        Some(Visibility::Account(self.account))
    }

    async fn read(
        reader: &ViewerReader,
        keys: &[Self],
    ) -> Result<HashMap<Self, Self::Value>, DbErr> {
        let connection = reader.services().store().reader();
        let of = keys.iter().map(|key| (key.account, key.sequence));
        let sums = store::transaction::postings(connection, of)
            .await?
            .into_iter();
        Ok(sums
            .map(|((account, sequence), sums)| (Self { account, sequence }, sums))
            .collect())
    }
}

/// Asks for the lots of a transaction's postings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PostedLotsOf {
    /// The transaction's account.
    pub account: AccountId,
    /// Its sequence number.
    pub sequence: i64,
}

impl Keyed for PostedLotsOf {
    type Value = Vec<LotSum>;

    fn visibility(&self, _: Option<&Self::Value>) -> Option<Visibility> {
        Some(Visibility::Account(self.account))
    }

    async fn read(
        reader: &ViewerReader,
        keys: &[Self],
    ) -> Result<HashMap<Self, Self::Value>, DbErr> {
        let connection = reader.services().store().reader();
        let of = keys.iter().map(|key| (key.account, key.sequence));
        let sums = store::transaction::lots(connection, of).await?.into_iter();
        let keyed = sums.map(|((account, sequence), sums)| (Self { account, sequence }, sums));
        Ok(keyed.collect())
    }
}
