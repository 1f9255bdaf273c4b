//! When a scheduled message last changed although its hold stayed: subscriptions find such changes
//! here, and all others by the ledger's transactions.
//!
//! Earlier programs neither read nor write the column.

use sea_orm_migration::prelude::*;

use crate::columns::integer_null;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let add = Table::alter()
            .table("hold_draws")
            .add_column(integer_null("changed_at"))
            .to_owned();
        manager.alter_table(add).await
    }
}
