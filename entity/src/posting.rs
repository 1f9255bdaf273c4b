//! One posting of a transaction.

use sea_orm::entity::prelude::*;

use crate::sql_enums::BookName;

/// Credits put into a book or taken out of it. The database refuses to change or delete it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "postings")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// The transaction's place in the account's chain.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence: i64,
    /// Its place in the transaction, from 0.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    /// The book.
    pub book: BookName,
    /// The limited list whose pool it concerns; null for the unassigned pool.
    pub list_id: Option<Uuid>,
    /// The lot it concerns.
    pub lot_id: Option<Uuid>,
    /// Units of 1/10,000 credit, signed.
    pub units: i64,
}

impl ActiveModelBehavior for ActiveModel {}
