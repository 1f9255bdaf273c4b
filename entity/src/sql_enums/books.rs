//! What the books say: lots, transactions and postings.

use sea_orm::entity::prelude::*;

/// In which order an account's lots are drawn.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    serde::Serialize,
    serde::Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum ConsumptionOrder {
    /// Lots that never expire first.
    #[sea_orm(string_value = "NON_EXPIRING_FIRST")]
    NonExpiringFirst,
    /// The soonest to expire first.
    #[sea_orm(string_value = "SOONEST_EXPIRY_FIRST")]
    SoonestExpiryFirst,
}

/// How a lot came in.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    serde::Serialize,
    serde::Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum LotSource {
    /// A package was paid for.
    #[sea_orm(string_value = "PURCHASE")]
    Purchase,
    /// The automatic recharge bought a package.
    #[sea_orm(string_value = "AUTO_RECHARGE")]
    AutoRecharge,
    /// It was given.
    #[sea_orm(string_value = "GRANT")]
    Grant,
}

/// Why credits moved.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    serde::Serialize,
    serde::Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum TransactionKind {
    /// A package was paid for.
    #[sea_orm(string_value = "PURCHASE")]
    Purchase,
    /// The automatic recharge bought a package.
    #[sea_orm(string_value = "RECHARGE")]
    Recharge,
    /// Credits were given.
    #[sea_orm(string_value = "GRANT")]
    Grant,
    /// A balance was corrected downward.
    #[sea_orm(string_value = "REVOCATION")]
    Revocation,
    /// Credits moved between pools.
    #[sea_orm(string_value = "ALLOCATION")]
    Allocation,
    /// Credits were set aside.
    #[sea_orm(string_value = "HOLD")]
    Hold,
    /// Credits came back from a hold.
    #[sea_orm(string_value = "RELEASE")]
    Release,
    /// A message was charged.
    #[sea_orm(string_value = "SPEND")]
    Spend,
    /// A lot's day came.
    #[sea_orm(string_value = "EXPIRY")]
    Expiry,
    /// The account's time zone changed, and lots expire at other instants.
    #[sea_orm(string_value = "TIME_ZONE_CHANGE")]
    TimeZoneChange,
}

/// Where a posting puts credits.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    serde::Serialize,
    serde::Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum BookName {
    /// What the account was given.
    #[sea_orm(string_value = "ISSUED")]
    Issued,
    /// What can be spent.
    #[sea_orm(string_value = "AVAILABLE")]
    Available,
    /// What is set aside.
    #[sea_orm(string_value = "HELD")]
    Held,
    /// What messages have cost.
    #[sea_orm(string_value = "SPENT")]
    Spent,
    /// What was left of lots on their day.
    #[sea_orm(string_value = "EXPIRED")]
    Expired,
    /// What was corrected downward.
    #[sea_orm(string_value = "REVOKED")]
    Revoked,
}
