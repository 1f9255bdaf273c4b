//! When a purchase last changed, and whether it was canceled: subscriptions find changed purchases
//! by the instant. Rows from before, and those of earlier programs, have none.
//!
//! A canceled purchase is stored as DECLINED, which earlier programs know.

use sea_orm_migration::prelude::*;

use crate::columns::integer_null;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in ["updated_at", "canceled_at"] {
            let add = Table::alter()
                .table("purchases")
                .add_column(integer_null(column))
                .to_owned();
            manager.alter_table(add).await?;
        }
        Ok(())
    }
}
