//! What providers took back of payments, and when they said so: the refunds of a month.

use sea_orm_migration::prelude::*;

use crate::columns::{integer, table, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(table(
                "payment_reversals",
                [
                    uuid("account_id"),
                    uuid("purchase_id"),
                    integer("minor"),
                    integer("reported_at"),
                ],
                &["account_id", "purchase_id", "minor"],
            ))
            .await
    }
}
