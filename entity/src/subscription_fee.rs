//! The platform's fee for an account, from a month on.

use sea_orm::entity::prelude::*;

/// The platform's fee for an account, from a month on.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "subscription_fees")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// The first month with this fee, as YYYY-MM.
    #[sea_orm(primary_key, auto_increment = false)]
    pub from_month: String,
    /// The fee of a month, in the minor unit of the account's currency.
    pub fee_minor: i64,
}

impl ActiveModelBehavior for ActiveModel {}
