//! The heads of accounts' hash chains, as their books record them.
//!
//! Here: those of some accounts. Not here: exporting all of them ([`crate::ledger`]).

use std::collections::HashMap;

use domain::id::AccountId;
use entity::book;
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, prelude::Uuid,
};

use crate::clock::whole_micros;

/// The head of one account's chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerHead {
    /// The number of its last transaction, and so of its transactions; 0 if it has none.
    pub transactions: i64,
    /// The hash of that transaction; 32 zero bytes if there is none.
    pub hash: Vec<u8>,
    /// When it was booked; `None` if there is none.
    pub at: Option<Timestamp>,
}

/// Reads the heads of several accounts.
pub async fn find_all(
    connection: &impl ConnectionTrait,
    accounts: impl IntoIterator<Item = AccountId>,
) -> Result<HashMap<AccountId, LedgerHead>, DbErr> {
    use book::Column;
    let rows: Vec<(Uuid, i64, Vec<u8>, i64)> = book::Entity::find()
        .select_only()
        .columns([
            Column::AccountId,
            Column::Sequence,
            Column::HeadHash,
            Column::LastAt,
        ])
        .filter(Column::AccountId.is_in(accounts.into_iter().map(AccountId::uuid)))
        .into_tuple()
        .all(connection)
        .await?;
    let head = |(id, transactions, hash, at)| {
        let head = LedgerHead {
            transactions,
            hash,
            at: (transactions > 0).then(|| whole_micros(at)),
        };
        (AccountId::new(id), head)
    };
    Ok(rows.into_iter().map(head).collect())
}
