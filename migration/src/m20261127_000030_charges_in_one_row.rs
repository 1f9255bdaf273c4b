//! A charge that drew from one lot, which most do, says so in its own row, and its two postings
//! follow from it. All postings together are the view `postings`; the rows of the table that had
//! that name stay as they are, in `posting_rows`.

use sea_orm_migration::{prelude::*, sea_orm::DatabaseBackend};

use crate::{columns::uuid_null, guards, live};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        live::contract(manager, self.name(), self.name()).await?;
        let by_list = ColumnDef::new("paid_by_list").boolean().take();
        for column in [uuid_null("paid_lot_id"), by_list] {
            let add = Table::alter()
                .table("transactions")
                .add_column(column)
                .to_owned();
            manager.alter_table(add).await?;
        }
        let rename = Table::rename().table("postings", "posting_rows").to_owned();
        manager.rename_table(rename).await?;
        let connection = manager.get_connection();
        let (old_triggers, positions): (&[&str], &str) = match manager.get_database_backend() {
            DatabaseBackend::Postgres => (
                &[
                    "DROP TRIGGER postings_append_only ON posting_rows",
                    "DROP FUNCTION postings_append_only",
                ],
                "(VALUES (0), (1)) AS p (position)",
            ),
            _ => (
                &[
                    "DROP TRIGGER postings_no_update",
                    "DROP TRIGGER postings_no_delete",
                ],
                "(SELECT 0 AS position UNION ALL SELECT 1) AS p",
            ),
        };
        for statement in old_triggers {
            connection.execute_unprepared(statement).await?;
        }
        guards::keep_append_only(manager, "posting_rows").await?;
        let view = format!(
            "CREATE VIEW postings AS \
             SELECT account_id, sequence, position, book, list_id, lot_id, units FROM posting_rows \
             UNION ALL \
             SELECT t.account_id, t.sequence, p.position, \
               CASE p.position WHEN 0 THEN 'AVAILABLE' ELSE 'SPENT' END AS book, \
               CASE WHEN t.paid_by_list THEN t.list_id END AS list_id, \
               CASE p.position WHEN 0 THEN t.paid_lot_id END AS lot_id, \
               CASE p.position WHEN 0 THEN 1 ELSE -1 END * t.available_change_units AS units \
             FROM transactions t CROSS JOIN {positions} WHERE t.paid_lot_id IS NOT NULL"
        );
        connection.execute_unprepared(&view).await.map(drop)
    }
}
