//! The rate card of an account from an instant on. Earlier rows stay, so past balances keep their
//! value.

use sea_orm::entity::prelude::*;

/// From an instant on, the newest version of a rate card prices an account's messages.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account_rate_cards")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// When the card takes effect, in microseconds since the epoch.
    #[sea_orm(primary_key, auto_increment = false)]
    pub effective_at: i64,
    /// The card's code, which all its versions share.
    pub rate_card_code: String,
}

impl ActiveModelBehavior for ActiveModel {}
