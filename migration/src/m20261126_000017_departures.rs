//! Who has left a list since a message was scheduled for its contacts: the point of the list's history that each
//! message was priced at, and how many have left since, by what they were to cost.

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
            // Raised with each part of an import, so that contacts are older or younger than a message.
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
                // 0 where it is not known.
                small("segment_count"),
                integer("recipients"),
            ],
            &["account_id", "message_id", "country_code", "segment_count"],
        ),
    ]
}
