//! An index to find archived lists whose contacts are still stored.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Nearly always empty: a list is in it from its archiving until its last contact is
        // removed.
        let text = "CREATE INDEX contact_lists_archived ON contact_lists (archived_at)
            WHERE archived_at IS NOT NULL AND contacts > 0";
        manager.get_connection().execute_unprepared(text).await?;
        Ok(())
    }
}
