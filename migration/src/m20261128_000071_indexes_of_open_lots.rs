//! The lots with credits left of an account, and those whose day comes next, found by a column that
//! a charge doesn't change.
//!
//! A program that doesn't know this step goes on serving: it reads all lots of an account, used up
//! or not.

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
        let open = "(account_id, id) WHERE is_open";
        live::create_index(manager, "open_lots", "lots", open).await?;
        let due = "(expires_at) WHERE is_open AND expires_at IS NOT NULL";
        live::create_index(manager, "open_lots_due", "lots", due).await?;
        live::drop_index(manager, "lots_open").await?;
        live::drop_index(manager, "lots_due").await
    }
}
