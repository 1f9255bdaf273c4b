//! A contact list: recipients who get the same messages.

use sea_orm::entity::prelude::*;

/// A contact list.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contact_lists")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// The list.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The name that people see.
    pub name: String,
    /// When it was created, in microseconds since the epoch.
    pub created_at: i64,
    /// When it was archived, in microseconds since the epoch; null if it is not archived.
    pub archived_at: Option<i64>,
    /// The number of stored contacts; 0 if the list is only a head-count.
    pub contacts: i64,
    /// How many batches of imports have changed its contacts so far.
    pub revision: i64,
    /// How many times contacts were removed from it.
    pub removals: i64,
    /// When it last changed, in microseconds since the epoch; null if no program recorded that.
    pub updated_at: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
