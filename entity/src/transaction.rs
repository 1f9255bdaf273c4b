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
    /// Its sequence number in the account's chain, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence: i64,
    /// The id that clients see.
    #[sea_orm(unique)]
    pub id: Uuid,
    /// The reason for which credits moved.
    pub kind: TransactionKind,
    /// When it was booked, in microseconds since the epoch.
    pub created_at: i64,
    /// The list of the message, or the only list of an allocation.
    pub list_id: Option<Uuid>,
    /// The message.
    pub message_id: Option<Uuid>,
    /// The reason that the caller gave, as free text.
    pub note: Option<String>,
    /// The change of the available credits, in units of 1/10,000 credit.
    pub available_change_units: i64,
    /// The available credits after this transaction, in units of 1/10,000 credit.
    pub available_units: i64,
    /// The held credits after this transaction, in units of 1/10,000 credit.
    pub held_units: i64,
    /// The unassigned credits after this transaction, in units of 1/10,000 credit.
    pub unassigned_units: i64,
    /// The credits that expire next after this transaction; null if none do.
    pub next_expiry_units: Option<i64>,
    /// When those credits expire, in microseconds since the epoch.
    pub next_expiry_at: Option<i64>,
    /// The expiration day of those credits, ISO 8601.
    pub next_expiry_on: Option<String>,
    /// SHA-256 over the previous hash and this entry.
    pub hash: Vec<u8>,
    /// The lot that a charge drew from, if it was one. Then its postings have no rows: they follow
    /// from this one.
    pub paid_lot_id: Option<Uuid>,
    /// Whether such a charge drew from its list's own credits; null for every other transaction.
    pub paid_by_list: Option<bool>,
    /// The actor who did it; null for transactions from before actors were recorded.
    pub actor_id: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
