//! Indexes for pages of the messages of an account and of a list, the newest first.

use sea_orm_migration::prelude::*;

use crate::columns::index;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for index in [
            index(
                "messages_send_at",
                "messages",
                &["account_id", "send_at", "id"],
                false,
            ),
            index(
                "messages_list_send_at",
                "messages",
                &["account_id", "list_id", "send_at", "id"],
                false,
            ),
        ] {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}
