//! Who changed a setting: the journal of changes of accounts, lists, keys, packages and rate cards.

use sea_orm::entity::prelude::*;

use crate::sql_enums::SettingKind;

/// What one mutation, job or command changed of one object. The database refuses to change or
/// delete it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "setting_changes")]
pub struct Model {
    /// The account; the nil UUID for what belongs to the platform: its keys, packages and rate
    /// cards.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// The change.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// When it was made, in microseconds since the epoch.
    pub created_at: i64,
    /// What was changed.
    pub kind: SettingKind,
    /// The object; the account for settings that have no id of their own.
    pub node_id: Uuid,
    /// Who changed it, among the actors of the account.
    pub actor_id: i64,
    /// The fields with their values before and after, as JSON.
    pub changes: String,
}

impl ActiveModelBehavior for ActiveModel {}
