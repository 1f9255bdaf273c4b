//! Which rate card an account has been charged by, and since when: past balances keep their value.

use sea_orm::entity::prelude::*;

/// From an instant on, an account is charged by the newest version of a card.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account_rate_cards")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// Microseconds since the epoch.
    #[sea_orm(primary_key, auto_increment = false)]
    pub effective_at: i64,
    /// The card's code, which all its versions share.
    pub rate_card_code: String,
}

impl ActiveModelBehavior for ActiveModel {}
