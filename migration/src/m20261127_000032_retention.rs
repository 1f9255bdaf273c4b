//! Erasing texts and keys after a time: when a message was erased, the months that an account has
//! of its own, how far each account's messages were walked, the sweeps that one process does at a
//! time, and a trace of what was erased on request.

use sea_orm_migration::prelude::*;

use crate::{
    columns::{integer, integer_null, small_null, table, text, uuid, uuid_null},
    guards::keep_append_only,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in [
            ("messages", integer_null("erased_at")),
            ("accounts", small_null("retention_months")),
        ] {
            let add = Table::alter().table(table).add_column(column).to_owned();
            manager.alter_table(add).await?;
        }
        let marks = table(
            "retention_marks",
            [
                uuid("account_id"),
                integer("walked_to"),
                integer_null("waiting_from"),
            ],
            &["account_id"],
        );
        let tasks = table(
            "retention_tasks",
            [
                text("name"),
                integer("next_at"),
                integer_null("claimed_until"),
                text("position"),
            ],
            &["name"],
        );
        let erasures = table(
            "erasures",
            [
                uuid("account_id"),
                uuid("id"),
                integer("erased_at"),
                uuid_null("api_key_id"),
                integer("contacts"),
                integer("import_rows"),
                integer("messages"),
            ],
            &["account_id", "id"],
        );
        for table in [marks, tasks, erasures] {
            manager.create_table(table).await?;
        }
        keep_append_only(manager, "erasures").await?;
        let first = "INSERT INTO retention_tasks (name, next_at, position) \
             VALUES ('texts', 0, ''), ('keys', 0, '')";
        let connection = manager.get_connection();
        connection.execute_unprepared(first).await.map(drop)
    }
}
