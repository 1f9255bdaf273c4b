//! A package of credits for sale.

use sea_orm::entity::prelude::*;

/// Credits for sale.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "credit_packages")]
pub struct Model {
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The package's code, unique among all packages, including archived ones.
    #[sea_orm(unique)]
    pub code: String,
    /// The name that people see.
    pub name: String,
    /// Units of 1/10,000 credit.
    pub credits_units: i64,
    /// The price in the currency's minor unit.
    pub price_minor: i64,
    /// The currency, an ISO 4217 code.
    pub currency_code: String,
    /// Days from the day of purchase to the expiration day; null if the credits never expire.
    pub validity_days: Option<i32>,
    /// When it was created, in microseconds since the epoch.
    pub created_at: i64,
    /// When it was archived, in microseconds since the epoch; null while it is for sale.
    pub archived_at: Option<i64>,
    /// Its place in the order that the platform chose, a negative number; null if it is newer than
    /// that order. Packages without a position follow, by their credits.
    pub position: Option<i64>,
    /// When it last changed, in microseconds since the epoch; null if no program recorded that.
    pub updated_at: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
