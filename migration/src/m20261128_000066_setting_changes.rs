//! Who changed a setting: a row for each object that a mutation, a job or a command changes.

use sea_orm_migration::prelude::*;

use crate::{
    columns::{index, integer, table, text, uuid},
    guards::keep_append_only,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// On both databases, so that an interruption leaves nothing behind.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let name = "setting_changes";
        let changes = table(
            name,
            [
                uuid("account_id"),
                uuid("id"),
                integer("created_at"),
                text("kind"),
                uuid("node_id"),
                integer("actor_id"),
                text("changes"),
            ],
            &["account_id", "id"],
        );
        manager.create_table(changes).await?;
        let of_account = ["account_id", "created_at", "id"];
        let by_time = index("setting_changes_by_time", name, &of_account, false);
        manager.create_index(by_time).await?;
        let by_id = index("setting_changes_id", name, &["id"], true);
        manager.create_index(by_id).await?;
        keep_append_only(manager, name).await
    }
}
