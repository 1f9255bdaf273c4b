//! A lot: credits that were acquired together.

use sea_orm::entity::prelude::*;

use crate::sql_enums::LotSource;

/// A lot. It is drawn down, never deleted.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "lots")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// The lot.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// How its credits were acquired.
    pub source: LotSource,
    /// The credits it started with, in units of 1/10,000 credit.
    pub granted_units: i64,
    /// The credits left, in units of 1/10,000 credit.
    pub remaining_units: i64,
    /// The expiration day, ISO 8601; null if the credits never expire.
    pub expires_on: Option<String>,
    /// The first instant of the expiration day, in microseconds since the epoch.
    pub expires_at: Option<i64>,
    /// When it was created, in microseconds since the epoch.
    pub created_at: i64,
    /// Whether its payment was taken back, so that credits returning to it pay the account's debt.
    pub taken_back: bool,
    /// When it last changed, in microseconds since the epoch; null if that was before it was
    /// recorded.
    pub updated_at: Option<i64>,
    /// Whether credits are left. The database sets it; the indexes of lots with credits left have
    /// it.
    pub is_open: bool,
}

impl ActiveModelBehavior for ActiveModel {}
