//! The indexes by which accounts and lists are paged in the order of their last changes.

use sea_orm_migration::prelude::*;

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
        let accounts = "(COALESCE(updated_at, created_at), id)";
        live::create_index(manager, "accounts_last_change", "accounts", accounts).await?;
        let lists = "(account_id, COALESCE(updated_at, archived_at, created_at), id)";
        live::create_index(manager, "contact_lists_last_change", "contact_lists", lists).await
    }
}
