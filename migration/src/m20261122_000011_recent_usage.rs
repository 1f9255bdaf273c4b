//! Keeps recent usage in the account's book until it is added to the sums by day.

use sea_orm_migration::prelude::*;

use crate::columns::text;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let recent = Table::alter()
            .table("books")
            .add_column(text("recent_usage").default("[]"))
            .to_owned();
        manager.alter_table(recent).await
    }
}
