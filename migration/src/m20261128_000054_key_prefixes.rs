//! The first characters of a key's secret, by which people tell keys apart. Keys from before have
//! none: only the hash of their secret is known.
//!
//! Earlier programs neither read nor write the column.

use sea_orm_migration::prelude::*;

use crate::columns::text_null;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let add = Table::alter()
            .table("api_keys")
            .add_column(text_null("prefix"))
            .to_owned();
        manager.alter_table(add).await
    }
}
