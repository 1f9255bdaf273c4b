//! Recipients that are addressed together.

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
    /// Shown to people.
    pub name: String,
    /// Microseconds since the epoch.
    pub created_at: i64,
    /// When it was archived; null while it is in use.
    pub archived_at: Option<i64>,
    /// Stored contacts; 0 where the list is a head-count of contacts that are kept elsewhere.
    pub contacts: i64,
    /// How many parts of imports have changed its contacts.
    pub revision: i64,
    /// How often contacts were removed from it.
    pub removals: i64,
}

impl ActiveModelBehavior for ActiveModel {}
