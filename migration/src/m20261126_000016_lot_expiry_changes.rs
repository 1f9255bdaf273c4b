//! Changes of the instants at which lots expire, made by changes of time zone: part of the ledger,
//! and append-only.

use sea_orm_migration::prelude::*;

use crate::{
    columns::{integer, table, uuid},
    guards::keep_append_only,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let changes = table(
            "lot_expiry_changes",
            [
                uuid("account_id"),
                integer("sequence"),
                uuid("lot_id"),
                integer("from_at"),
                integer("to_at"),
            ],
            &["account_id", "sequence", "lot_id"],
        );
        manager.create_table(changes).await?;
        keep_append_only(manager, "lot_expiry_changes").await
    }
}
