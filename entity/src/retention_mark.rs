//! How far an account's messages were walked to erase the old ones.

use sea_orm::entity::prelude::*;

/// How far an account's messages were walked, in the order of their sending times.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "retention_marks")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// Messages with an earlier sending time were walked, in microseconds since the epoch.
    pub walked_to: i64,
    /// The earliest sending time of a message that the present walk met and that was still
    /// scheduled: the next walk begins there. Null if there was none.
    pub waiting_from: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
