//! The automatic recharge of an account: its settings.

use sea_orm::entity::prelude::*;

/// The automatic recharge of an account.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "auto_recharges")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// Whether it is on.
    pub enabled: bool,
    /// A recharge is due below this many credits, in units of 1/10,000 credit.
    pub threshold_units: Option<i64>,
    /// The package that it buys.
    pub package_id: Option<Uuid>,
    /// The most that a month's recharges may cost, in the currency's minor unit; null for no limit.
    pub monthly_limit_minor: Option<i64>,
    /// Why the last decision bought nothing or less than the gap; null if nothing was held back.
    pub held_back: Option<String>,
    /// When the owner last changed it, in microseconds since the epoch; earlier declines don't
    /// count.
    pub updated_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
