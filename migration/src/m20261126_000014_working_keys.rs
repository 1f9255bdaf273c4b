//! An index to count the keys of an account that are not revoked.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let text = "CREATE INDEX api_keys_working ON api_keys (account_id)
            WHERE revoked_at IS NULL";
        manager.get_connection().execute_unprepared(text).await?;
        Ok(())
    }
}
