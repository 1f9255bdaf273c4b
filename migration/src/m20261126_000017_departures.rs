//! Audiences of scheduled messages, and departures from them: the list's revision at which each
//! message was priced, and the number of contacts who left since, by country and segments.

use sea_orm_migration::prelude::*;

use crate::columns::{boolean, integer, integer_null, small, table, text, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables() {
            manager.create_table(table).await?;
        }
        for (table, column) in [
            // Raised with each batch of an import, so contacts can be compared with a message's
            // revision.
            ("contact_lists", integer("revision").default(0).take()),
            ("contact_lists", integer("removals").default(0).take()),
            ("contacts", integer("revision").default(0).take()),
            ("contacts", integer_null("changed_revision")),
        ] {
            let column = Table::alter().table(table).add_column(column).to_owned();
            manager.alter_table(column).await?;
        }
        Ok(())
    }
}

fn tables() -> [TableCreateStatement; 2] {
    [
        table(
            "message_audiences",
            [
                uuid("account_id"),
                uuid("list_id"),
                uuid("message_id"),
                integer("revision"),
                integer("send_at"),
                boolean("personal"),
                boolean("smart_encoding"),
                boolean("strip_accents"),
            ],
            &["account_id", "list_id", "message_id"],
        ),
        table(
            "message_departures",
            [
                uuid("account_id"),
                uuid("message_id"),
                text("country_code"),
                // 0 if it is not known.
                small("segment_count"),
                integer("recipients"),
            ],
            &["account_id", "message_id", "country_code", "segment_count"],
        ),
    ]
}
