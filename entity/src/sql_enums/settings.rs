//! Enums of the journal of changes of settings that columns store as text.

use sea_orm::entity::prelude::*;

/// What a change of settings is of.
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
pub enum SettingKind {
    /// An account.
    #[sea_orm(string_value = "ACCOUNT")]
    Account,
    /// An account's automatic recharge.
    #[sea_orm(string_value = "AUTO_RECHARGE")]
    AutoRecharge,
    /// An account's monthly reports.
    #[sea_orm(string_value = "MONTHLY_REPORTS")]
    MonthlyReports,
    /// An account's connection to its payment provider.
    #[sea_orm(string_value = "PAYMENT_CONNECTION")]
    PaymentConnection,
    /// A contact list.
    #[sea_orm(string_value = "CONTACT_LIST")]
    ContactList,
    /// An API key.
    #[sea_orm(string_value = "API_KEY")]
    ApiKey,
    /// A credit package.
    #[sea_orm(string_value = "CREDIT_PACKAGE")]
    CreditPackage,
    /// A version of a rate card.
    #[sea_orm(string_value = "RATE_CARD")]
    RateCard,
}
