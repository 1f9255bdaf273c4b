//! What a page shows of an import: how much of the file was read, its columns, and whether somebody
//! cancelled it; and of a rejected row the kind of its fault and its cells.
//!
//! Earlier programs neither read nor write these columns. A cancelled import is FAILED for them.

use sea_orm_migration::prelude::*;

use crate::columns::{integer, integer_null, text_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in [
            ("contact_imports", integer("byte_count").default(0).take()),
            ("contact_imports", integer("bytes_read").default(0).take()),
            // A JSON array of the file's columns; null if it was erased, or of earlier imports.
            ("contact_imports", text_null("columns")),
            ("contact_imports", integer_null("canceled_at")),
            // Null for rows of earlier imports.
            ("contact_import_rejections", text_null("code")),
            // A JSON array of texts; null if the row is too long to be kept.
            ("contact_import_rejections", text_null("cells")),
        ] {
            let add = Table::alter().table(table).add_column(column).to_owned();
            manager.alter_table(add).await?;
        }
        Ok(())
    }
}
