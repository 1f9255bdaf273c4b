//! When accounts, lists, packages, keys and schedules of reports last changed. Rows from before,
//! and those that earlier programs add, have none: the instant of their last state counts.

use sea_orm_migration::prelude::*;

use crate::columns::integer_null;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// On both databases, so that an interruption leaves nothing behind.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [
            "accounts",
            "contact_lists",
            "credit_packages",
            "api_keys",
            "monthly_report_schedules",
        ] {
            let add = Table::alter()
                .table(table)
                .add_column(integer_null("updated_at"))
                .to_owned();
            manager.alter_table(add).await?;
        }
        Ok(())
    }
}
