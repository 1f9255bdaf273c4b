//! Pages of an account's transactions by list and by kind, without a walk through all of them.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for statement in [
            "CREATE INDEX transactions_list ON transactions (account_id, list_id, kind, sequence) \
             WHERE list_id IS NOT NULL",
            // Charges are most of a history and cost no entry here: whoever looks for them finds them on any
            // stretch of it.
            "CREATE INDEX transactions_kind ON transactions (account_id, kind, sequence) \
             WHERE kind <> 'SPEND'",
        ] {
            connection.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
