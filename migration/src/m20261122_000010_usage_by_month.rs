//! Sums of lists by month, stored in the table of the sums by day.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Existing sums are only by day. They are deleted, and the job that fills in sums after a
        // change of time zone makes them again; until then, reports read the messages.
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
