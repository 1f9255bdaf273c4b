//! An account's connection to its payment provider: its shop or customer there.

use sea_orm::entity::prelude::*;

use crate::sql_enums::ConnectionStatus;

/// An account's connection to a payment provider.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "payment_connections")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// The payment provider.
    #[sea_orm(primary_key, auto_increment = false)]
    pub provider: String,
    /// The shop or customer at the provider.
    pub merchant: String,
    /// Whether it can be used, as the provider last said.
    pub status: ConnectionStatus,
    /// The key that the secrets are encrypted with; null without secrets.
    pub secret_key_id: Option<String>,
    /// The provider's credentials, encrypted.
    pub secrets: Option<Vec<u8>>,
    /// Until when a process renews the credentials, in microseconds since the epoch.
    pub renewing_until: Option<i64>,
    /// The permission to charge without the buyer, as the provider last reported it: JSON.
    pub mandate: Option<String>,
    /// When it was connected, in microseconds since the epoch.
    pub connected_at: i64,
    /// When it last changed, in microseconds since the epoch.
    pub updated_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
