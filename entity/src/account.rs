//! An account: one customer of the platform.

use sea_orm::entity::prelude::*;

use crate::sql_enums::{ConsumptionOrder, Settlement};

/// One customer of the platform.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "accounts")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Shown to people.
    pub name: String,
    /// IANA name.
    pub time_zone: String,
    /// ISO 4217.
    pub currency_code: String,
    /// In which order lots are drawn.
    pub consumption_order: ConsumptionOrder,
    /// Who settles scheduled messages.
    pub settlement: Settlement,
    /// Microseconds since the epoch.
    pub created_at: i64,
    /// From which instant on every day of the time zone is added up in `usage_rollups`, in microseconds
    /// since the epoch: 0 where all are, the largest number where none is.
    pub usage_rolled_from: i64,
    /// Origins that buyers may be sent back to, with a space between two.
    pub return_origins: String,
}

impl ActiveModelBehavior for ActiveModel {}
