//! When a lot and a contact last changed. Null if that was before it was recorded, or by a program
//! that doesn't know this step; then its creation stands for it.
//!
//! No index: an account has few lots, and a million contacts that are imported would write it.

use sea_orm_migration::prelude::*;

use crate::columns::integer_null;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["lots", "contacts"] {
            let add = Table::alter()
                .table(table)
                .add_column(integer_null("updated_at"))
                .to_owned();
            manager.alter_table(add).await?;
        }
        Ok(())
    }
}
