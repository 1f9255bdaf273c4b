//! Indexes by which accounts and lists are paged in the order of their names.

use sea_orm_migration::{prelude::*, sea_orm::DatabaseBackend};

use crate::live;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// PostgreSQL makes an index without a lock on the table only outside of a transaction.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let name = match manager.get_database_backend() {
            DatabaseBackend::Postgres => "lower(name COLLATE \"C\")",
            _ => "lower(name)",
        };
        let accounts = format!("({name}, id)");
        live::create_index(manager, "accounts_name", "accounts", &accounts).await?;
        let lists = format!("(account_id, {name}, id)");
        live::create_index(manager, "contact_lists_name", "contact_lists", &lists).await
    }
}
