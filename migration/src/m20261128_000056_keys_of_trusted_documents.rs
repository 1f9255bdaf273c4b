//! Whether a key runs the operator's trusted documents only. Earlier keys run any.
//!
//! Earlier programs neither read nor write the column: while one of them serves, such a key runs
//! any document there.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut column = ColumnDef::new("trusted_documents_only");
        column.boolean().not_null().default(false);
        let add = Table::alter()
            .table("api_keys")
            .add_column(column)
            .to_owned();
        manager.alter_table(add).await
    }
}
