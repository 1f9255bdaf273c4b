//! Usage of lists by month, kept in the table that has it by day.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // What is there has days alone. All of it is added up again by the job that does so after a change of
        // zone; until then reports are read from the messages.
        let connection = manager.get_connection();
        connection
            .execute_unprepared("DELETE FROM usage_rollups")
            .await?;
        let anew = format!(
            "UPDATE accounts SET usage_rolled_from = {} WHERE usage_rolled_from < {}",
            i64::MAX,
            i64::MAX
        );
        connection.execute_unprepared(&anew).await.map(drop)
    }
}
