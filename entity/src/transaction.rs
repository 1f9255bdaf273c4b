//! One entry of the append-only ledger.

use sea_orm::entity::prelude::*;

use crate::sql_enums::TransactionKind;

/// One entry of the ledger. The database refuses to change or delete it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "transactions")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// Its place in the account's chain, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence: i64,
    /// What clients know it by.
    #[sea_orm(unique)]
    pub id: Uuid,
    /// Why credits moved.
    pub kind: TransactionKind,
    /// As of when, in microseconds since the epoch.
    pub created_at: i64,
    /// The list of the message, or the only list of an allocation.
    pub list_id: Option<Uuid>,
    /// The message.
    pub message_id: Option<Uuid>,
    /// Why, in somebody's words.
    pub note: Option<String>,
    /// What it did to the available credits, in units of 1/10,000 credit.
    pub available_change_units: i64,
    /// The available credits after it.
    pub available_units: i64,
    /// The held credits after it.
    pub held_units: i64,
    /// The unassigned credits after it.
    pub unassigned_units: i64,
    /// The credits that were to expire next after it.
    pub next_expiry_units: Option<i64>,
    /// When they were to expire, in microseconds since the epoch.
    pub next_expiry_at: Option<i64>,
    /// On which day they were to expire, ISO 8601.
    pub next_expiry_on: Option<String>,
    /// SHA-256 over the previous hash and this entry.
    pub hash: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
