//! A change of the instant at which a lot expires, because the account's time zone changed.

use sea_orm::entity::prelude::*;

/// The change of one lot's `expires_at` by one transaction. The database refuses to change or
/// delete it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "lot_expiry_changes")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// The transaction's sequence number in the account's chain.
    #[sea_orm(primary_key, auto_increment = false)]
    pub sequence: i64,
    /// The lot.
    #[sea_orm(primary_key, auto_increment = false)]
    pub lot_id: Uuid,
    /// The first instant of its expiration day in the previous zone, in microseconds since the
    /// epoch.
    pub from_at: i64,
    /// The first instant of its expiration day in the new zone, in microseconds since the epoch.
    pub to_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
