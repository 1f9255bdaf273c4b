//! The indexes of messages by sending time keep those alone that were not charged at that time. The
//! others, most of all messages, are found by the instant of their charge, whose indexes reports
//! need too. A message that is sent at once writes two index entries less.
//!
//! A program that doesn't know this step goes on serving: its pages of messages take longer.

use sea_orm_migration::prelude::*;

use crate::live;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// PostgreSQL makes and drops an index without a lock on the table only outside of a
    /// transaction.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (name, rest) in [
            (
                "messages_planned",
                "(account_id, send_at, id) WHERE sent_at IS DISTINCT FROM send_at",
            ),
            (
                "messages_list_planned",
                "(account_id, list_id, send_at, id) \
                 WHERE list_id IS NOT NULL AND sent_at IS DISTINCT FROM send_at",
            ),
        ] {
            live::create_index(manager, name, "messages", rest).await?;
        }
        live::drop_index(manager, "messages_send_at").await?;
        live::drop_index(manager, "messages_list_send_at").await
    }
}
