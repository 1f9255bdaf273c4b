//! The index by which a message's transactions are found: its holds, their changes and ends, and
//! charges that drew from several lots.
//!
//! A charge from one lot, as most are, has no entry and writes none. A message has at most one,
//! which is found without an index: it was booked at the instant of the message's charge, instants
//! only rise along an account's chain, and two dozen steps find an instant's place in it.

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
        let rest = "(account_id, message_id) WHERE message_id IS NOT NULL AND paid_lot_id IS NULL";
        live::create_index(manager, "transactions_message", "transactions", rest).await
    }
}
