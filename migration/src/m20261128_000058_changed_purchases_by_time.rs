//! The index by which subscriptions, and clients that fetch what is new, find an account's changed
//! purchases.

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
        let rest = "(account_id, updated_at) WHERE updated_at IS NOT NULL";
        live::create_index(manager, "purchases_updated", "purchases", rest).await
    }
}
