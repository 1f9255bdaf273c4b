//! The cost of a message by destination is a column of its row, `lines`: one array for each
//! destination, with the country, the segments for each recipient, the recipients, the rate (null
//! if the country isn't served) and the units. `message_lines` becomes a view of the same columns
//! as the table that it replaces.

use sea_orm_migration::{prelude::*, sea_orm::DatabaseBackend};

use crate::{columns::text, live};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        live::contract(manager, self.name(), self.name()).await?;
        let column = Table::alter()
            .table("messages")
            .add_column(text("lines").default("[]"))
            .to_owned();
        manager.alter_table(column).await?;
        let (whole, line, array, elements) = match manager.get_database_backend() {
            DatabaseBackend::Postgres => (
                "CAST(json_agg({}) AS TEXT)",
                "json_build_array({})",
                "CAST(m.lines AS JSON)",
                "json_array_elements",
            ),
            _ => (
                "json_group_array({})",
                "json_array({})",
                "m.lines",
                "json_each",
            ),
        };
        let columns = "country_code, segment_count, recipients, units_per_segment, units";
        let line = line.replace("{}", columns);
        let whole = whole.replace(
            "{}",
            &format!("{line} ORDER BY country_code, segment_count"),
        );
        let moved = format!(
            "UPDATE messages SET lines = COALESCE((SELECT {whole} FROM message_lines l \
             WHERE l.account_id = messages.account_id AND l.message_id = messages.id), '[]')"
        );
        let view = format!(
            "CREATE VIEW message_lines AS SELECT m.account_id, m.id AS message_id, \
             l.value ->> 0 AS country_code, \
             CAST(l.value ->> 1 AS INTEGER) AS segment_count, \
             CAST(l.value ->> 2 AS BIGINT) AS recipients, \
             CAST(l.value ->> 3 AS BIGINT) AS units_per_segment, \
             CAST(l.value ->> 4 AS BIGINT) AS units \
             FROM messages m CROSS JOIN {elements}({array}) AS l"
        );
        let connection = manager.get_connection();
        for statement in [moved.as_str(), "DROP TABLE message_lines", &view] {
            connection.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
