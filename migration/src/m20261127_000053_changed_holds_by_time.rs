//! The index by which subscriptions find the scheduled messages that changed although their holds
//! stayed. It has only those: scheduling a message and moving its hold don't write it.

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
        let rest = "(account_id, changed_at) WHERE changed_at IS NOT NULL";
        live::create_index(manager, "hold_draws_changed", "hold_draws", rest).await
    }
}
