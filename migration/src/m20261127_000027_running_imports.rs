//! Finds the imports that run, of all accounts: each server looks for those whose server is gone.
//! The index has a few rows at any time, and none of its columns changes while an import runs.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let statement = "CREATE INDEX running_imports ON contact_imports (account_id) \
             WHERE status = 'RUNNING'";
        let connection = manager.get_connection();
        connection.execute_unprepared(statement).await.map(drop)
    }
}
