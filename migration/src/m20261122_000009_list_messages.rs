//! Leaves messages without a list out of the indexes of a list's messages.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for statement in [
            "DROP INDEX messages_list_send_at",
            "DROP INDEX messages_list_sent_at",
            "CREATE INDEX messages_list_send_at ON messages (account_id, list_id, send_at, id) \
             WHERE list_id IS NOT NULL",
            "CREATE INDEX messages_list_sent_at ON messages (account_id, list_id, sent_at, id) \
             WHERE list_id IS NOT NULL",
        ] {
            connection.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
