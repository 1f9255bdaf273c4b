//! The head of an account's books: the row that a batch locks.

use sea_orm::entity::prelude::*;

/// The head of an account's books.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "books")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// The sequence number of the last transaction; 0 before the first.
    pub sequence: i64,
    /// The hash of the last transaction; 32 zero bytes before the first.
    pub head_hash: Vec<u8>,
    /// The credits of open holds, in units of 1/10,000 credit.
    pub held_units: i64,
    /// The free credits of the unassigned pool, in units of 1/10,000 credit.
    pub unassigned_units: i64,
    /// When the last transaction was booked, in microseconds since the epoch.
    pub last_at: i64,
    /// Recent usage that is not in `usage_rollups` yet: a JSON array of sums.
    pub recent_usage: String,
    /// The credits that the account owes, in units of 1/10,000 credit: spent credits of payments
    /// that their provider took back.
    pub debt_units: i64,
    /// A recharge is due below this many available credits, in units of 1/10,000 credit; null if
    /// automatic recharge is off.
    pub recharge_below_units: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
