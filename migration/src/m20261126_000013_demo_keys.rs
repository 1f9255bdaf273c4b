//! Keys that a demo made are marked, so that they can be ended when the database is served as anything else.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let demo = Table::alter()
            .table("api_keys")
            .add_column(ColumnDef::new("demo").boolean().not_null().default(false))
            .to_owned();
        manager.alter_table(demo).await?;
        // Demos of earlier versions can be told by the names that they gave. One who chose such a name loses a key
        // that can be made again; a demo's key that goes on working opens everything.
        let connection = manager.get_connection();
        connection
            .execute_unprepared(
                "UPDATE api_keys SET demo = TRUE \
                 WHERE name IN ('Demo owner', 'Demo account manager', 'Demo administrator')",
            )
            .await
            .map(drop)
    }
}
