//! A second wall around law R2: the database keeps an account from having two automatic purchases
//! in flight.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let statement = "CREATE UNIQUE INDEX one_recharge_in_flight ON purchases (account_id) \
             WHERE automatic AND status IN ('PENDING', 'UNKNOWN')";
        let connection = manager.get_connection();
        connection.execute_unprepared(statement).await.map(drop)
    }
}
