//! The number of a list's recipients in a country.

use sea_orm::entity::prelude::*;

/// A list's head-count in one country.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "list_destinations")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// The list.
    #[sea_orm(primary_key, auto_increment = false)]
    pub list_id: Uuid,
    /// The country, ISO 3166-1 alpha-2.
    #[sea_orm(primary_key, auto_increment = false)]
    pub country_code: String,
    /// The number of recipients.
    pub recipients: i64,
}

impl ActiveModelBehavior for ActiveModel {}
