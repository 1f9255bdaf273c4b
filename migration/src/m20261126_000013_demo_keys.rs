//! Marks the keys that a demo made, so that they can be revoked when the database is no longer
//! served as a demo.

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
        // Keys from demos of earlier versions are recognized by their names. A user with a key of
        // the same name has to make a new one, but a demo's key that kept working would give access
        // to everything.
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
