//! A posting that is stored as a row: every one but those of a charge that drew from one lot.
//!
//! Not here: all postings together, which are a view ([`crate::posting`]).

use sea_orm::entity::prelude::*;

use crate::sql_enums::BookName;

/// A stored posting. The database refuses to change or delete it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "posting_rows")]
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
