//! The free credits of a list with its own limit. A list without a row shares the unassigned pool.

use sea_orm::entity::prelude::*;

/// A limited list's pool.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pools")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// The list.
    #[sea_orm(primary_key, auto_increment = false)]
    pub list_id: Uuid,
    /// Units of 1/10,000 credit.
    pub free_units: i64,
}

impl ActiveModelBehavior for ActiveModel {}
