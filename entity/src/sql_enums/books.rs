//! Enums of the books that columns store as text: of lots, transactions and postings.

use sea_orm::entity::prelude::*;

/// The order in which an account's lots are drawn.
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

/// How the credits of a lot were acquired.
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
    /// The platform granted it.
    #[sea_orm(string_value = "GRANT")]
    Grant,
}

/// The reason for which credits moved.
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
    /// The platform granted credits.
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
    /// A lot expired.
    #[sea_orm(string_value = "EXPIRY")]
    Expiry,
    /// The account's time zone changed, and lots expire at other instants.
    #[sea_orm(string_value = "TIME_ZONE_CHANGE")]
    TimeZoneChange,
    /// A payment was taken back, and its credits with it.
    #[sea_orm(string_value = "CHARGEBACK")]
    Chargeback,
    /// Credits paid what the account owed.
    #[sea_orm(string_value = "DEBT_PAYMENT")]
    DebtPayment,
}

/// The book of a posting.
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
    /// Credits that the account acquired, as a negative amount.
    #[sea_orm(string_value = "ISSUED")]
    Issued,
    /// Credits that can be spent.
    #[sea_orm(string_value = "AVAILABLE")]
    Available,
    /// Credits that are held for scheduled messages.
    #[sea_orm(string_value = "HELD")]
    Held,
    /// Credits that messages cost.
    #[sea_orm(string_value = "SPENT")]
    Spent,
    /// Credits that expired.
    #[sea_orm(string_value = "EXPIRED")]
    Expired,
    /// Credits that were revoked, or taken back with their payment.
    #[sea_orm(string_value = "REVOKED")]
    Revoked,
    /// Credits that the account owes, as a negative amount.
    #[sea_orm(string_value = "DEBT")]
    Debt,
}
