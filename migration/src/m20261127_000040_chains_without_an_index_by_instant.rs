//! The index of transactions by account and instant goes: instants only rise along an account's
//! chain, so that a search over sequence numbers, which the primary key has, finds them too. Every
//! charge wrote an entry of it.
//!
//! A program that doesn't know this step goes on serving: its balances at past instants take
//! longer.

use sea_orm_migration::prelude::*;

use crate::live;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// PostgreSQL drops an index without a lock on the table only outside of a transaction.
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        live::drop_index(manager, "transactions_created_at").await
    }
}
