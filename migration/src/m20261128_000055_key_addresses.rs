//! The networks from which a key works, separated by commas; null for a key that works from
//! everywhere, as all earlier ones do.
//!
//! Earlier programs neither read nor write the column: while one of them serves, it accepts a bound
//! key from everywhere.

use sea_orm_migration::prelude::*;

use crate::columns::text_null;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let add = Table::alter()
            .table("api_keys")
            .add_column(text_null("allowed_addresses"))
            .to_owned();
        manager.alter_table(add).await
    }
}
