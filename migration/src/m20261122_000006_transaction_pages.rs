//! Indexes for pages of an account's transactions by list and by kind.

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
            // Charges, the most frequent kind, are left out: a search for them finds some in any
            // part of the history.
            "CREATE INDEX transactions_kind ON transactions (account_id, kind, sequence) \
             WHERE kind <> 'SPEND'",
        ] {
            connection.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
