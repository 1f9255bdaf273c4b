//! The credits that the hold of a scheduled message drew from each lot. The rows are deleted when
//! the hold ends; its history is in the postings.

use sea_orm::entity::prelude::*;

/// One draw of an open hold.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "hold_draws")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// The scheduled message.
    #[sea_orm(primary_key, auto_increment = false)]
    pub message_id: Uuid,
    /// The order in which the lots were drawn, from 0.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    /// The list whose pool paid; null for the unassigned pool.
    pub pool_list_id: Option<Uuid>,
    /// The lot; null in the only row of a hold without credits.
    pub lot_id: Option<Uuid>,
    /// Units of 1/10,000 credit.
    pub units: i64,
    /// In the row with position 0, when the message last changed although its hold stayed, in
    /// microseconds since the epoch; null if it didn't since its hold was taken.
    pub changed_at: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
