//! Sums of usage by day, list and country, and the schedules and reports of months.

use sea_orm_migration::prelude::*;

use crate::columns::{boolean, index, integer, table, text, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let is_sqlite = manager.get_database_backend() == sea_orm::DatabaseBackend::Sqlite;
        let mut rollups = rollups();
        // Reports read the rows in the order of the key. SQLite stores them in that order.
        // PostgreSQL leaves room on each page, so that rows are updated in place.
        rollups.extra(if is_sqlite {
            "WITHOUT ROWID"
        } else {
            "WITH (fillfactor = 80)"
        });
        manager.create_table(rollups).await?;
        for table in scheduled() {
            manager.create_table(table).await?;
        }
        for index in [
            index("monthly_reports_id", "monthly_reports", &["id"], true),
            index(
                "monthly_reports_generated_at",
                "monthly_reports",
                &["account_id", "generated_at", "id"],
                false,
            ),
            index(
                "monthly_report_schedules_due",
                "monthly_report_schedules",
                &["due_at"],
                false,
            ),
        ] {
            manager.create_index(index).await?;
        }
        // Existing accounts have no sums yet.
        let rolled_from = Table::alter()
            .table("accounts")
            .add_column(integer("usage_rolled_from").default(i64::MAX))
            .to_owned();
        manager.alter_table(rolled_from).await?;
        // The accounts whose sums a job still has to fill in: usually none.
        let partial =
            "CREATE INDEX accounts_usage_to_roll ON accounts (id) WHERE usage_rolled_from > 0";
        manager
            .get_connection()
            .execute_unprepared(partial)
            .await
            .map(drop)
    }
}

fn rollups() -> TableCreateStatement {
    table(
        "usage_rollups",
        [
            uuid("account_id"),
            // What the sums are of: ALL, LIST or COUNTRY.
            text("kind"),
            // The first instant of a day of the account's time zone.
            integer("day_start"),
            // LIST: the list's sixteen bytes, or empty for messages without a list. COUNTRY: its
            // two letters. ALL: empty.
            crate::columns::bytes("key"),
            text("channel"),
            uuid("rate_card_id"),
            integer("messages"),
            integer("recipients"),
            integer("segments"),
            integer("units"),
        ],
        &[
            "account_id",
            "kind",
            "day_start",
            "key",
            "channel",
            "rate_card_id",
        ],
    )
}

fn scheduled() -> [TableCreateStatement; 2] {
    [
        table(
            "monthly_report_schedules",
            [
                uuid("account_id"),
                boolean("enabled"),
                text("format"),
                text("interval"),
                // The first day of the month of the next report.
                text("month"),
                // The end of that month.
                integer("due_at"),
            ],
            &["account_id"],
        ),
        table(
            "monthly_reports",
            [
                uuid("account_id"),
                // The first day of the month.
                text("month"),
                uuid("id"),
                // The time zone of the month: the account's at that time.
                text("time_zone"),
                text("format"),
                text("interval"),
                integer("generated_at"),
            ],
            // Each month has one report.
            &["account_id", "month"],
        ),
    ]
}
