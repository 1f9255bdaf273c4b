//! One posting of a transaction.
//!
//! This is a view. A charge that drew from one lot has two postings that follow from its row in
//! `transactions`; all others are rows of `posting_rows`.

use sea_orm::entity::prelude::*;

use crate::sql_enums::BookName;

/// Credits put into a book or taken out of it. It can't be changed or deleted.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "postings")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// The transaction's sequence number in the account's chain.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence: i64,
    /// Its position in the transaction, from 0.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    /// The book.
    pub book: BookName,
    /// The list whose pool it is; null for the unassigned pool.
    pub list_id: Option<Uuid>,
    /// The lot; null if it belongs to none.
    pub lot_id: Option<Uuid>,
    /// The change of the book, in units of 1/10,000 credit, with a sign.
    pub units: i64,
}

impl ActiveModelBehavior for ActiveModel {}
