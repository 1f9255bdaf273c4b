//! Stored contacts of lists with their fields, and the imports that added them.

use sea_orm_migration::prelude::*;

use crate::columns::{index, integer, integer_null, table, text, text_null, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables() {
            manager.create_table(table).await?;
        }
        for index in [
            index("contacts_id", "contacts", &["id"], true),
            // A number is in a list once, and imports find it by this index.
            index(
                "contacts_number",
                "contacts",
                &["account_id", "list_id", "number"],
                true,
            ),
            index("contact_imports_id", "contact_imports", &["id"], true),
            index(
                "contact_imports_list",
                "contact_imports",
                &["account_id", "list_id", "id"],
                false,
            ),
        ] {
            manager.create_index(index).await?;
        }
        let stored = Table::alter()
            .table("contact_lists")
            .add_column(integer("contacts").default(0))
            .to_owned();
        manager.alter_table(stored).await
    }
}

fn tables() -> [TableCreateStatement; 3] {
    [
        table(
            "contacts",
            [
                uuid("account_id"),
                uuid("list_id"),
                uuid("id"),
                // The digits of the E.164 number, at most fifteen.
                integer("number"),
                text("country_code"),
                // A JSON object of texts; null if the contact has no fields.
                text_null("fields"),
                integer("created_at"),
            ],
            &["account_id", "list_id", "id"],
        ),
        table(
            "contact_imports",
            [
                uuid("account_id"),
                uuid("id"),
                uuid("list_id"),
                text("file_name"),
                text("status"),
                text_null("reason"),
                integer("rows"),
                integer("imported"),
                integer("duplicates"),
                integer("rejected"),
                integer("created_at"),
                // When it last made progress: an import without progress was interrupted.
                integer("touched_at"),
                integer_null("ended_at"),
            ],
            &["account_id", "id"],
        ),
        table(
            "contact_import_rejections",
            [
                uuid("account_id"),
                uuid("import_id"),
                integer("line"),
                text("value"),
                text("reason"),
            ],
            &["account_id", "import_id", "line"],
        ),
    ]
}
