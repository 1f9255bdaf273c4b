//! The indexes by which messages are paged in the order of their last changes. They leave out the
//! messages that were charged when they were made and have not changed since: those are found by
//! the instant of their charge, so that a charge writes no entry. What was changed by programs that
//! don't know this step is in them by its last state, so nothing has to be filled in.

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
        for (name, rest) in [
            (
                "messages_last_change",
                "(account_id, COALESCE(updated_at, sent_at, created_at), id) \
                 WHERE updated_at IS NOT NULL OR sent_at IS DISTINCT FROM send_at",
            ),
            (
                "messages_list_last_change",
                "(account_id, list_id, COALESCE(updated_at, sent_at, created_at), id) \
                 WHERE list_id IS NOT NULL \
                 AND (updated_at IS NOT NULL OR sent_at IS DISTINCT FROM send_at)",
            ),
        ] {
            live::create_index(manager, name, "messages", rest).await?;
        }
        Ok(())
    }
}
