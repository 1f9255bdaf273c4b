//! The index by which an account's purchases are paged in the order of their last changes, those
//! from before changes were recorded too.

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
        let rest = "(account_id, COALESCE(updated_at, decided_at, created_at), id)";
        live::create_index(manager, "purchases_last_change", "purchases", rest).await
    }
}
