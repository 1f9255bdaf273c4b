//! Warnings of imports of contacts.

use sea_orm_migration::prelude::*;

use crate::columns::{integer, integer_null, table, text, text_null, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let warnings = table(
            "contact_import_warnings",
            [
                uuid("account_id"),
                uuid("import_id"),
                // The position in the order in which the file was read, from 0.
                integer("position"),
                // Null if it is about the whole file.
                integer_null("line"),
                // Null if it is not about a column.
                text_null("header"),
                text("reason"),
            ],
            &["account_id", "import_id", "position"],
        );
        manager.create_table(warnings).await?;
        let counted = Table::alter()
            .table("contact_imports")
            .add_column(integer("warnings").default(0))
            .to_owned();
        manager.alter_table(counted).await
    }
}
