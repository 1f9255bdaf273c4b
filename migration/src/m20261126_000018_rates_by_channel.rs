//! Rates as rows by channel: the columns for SMS and MMS become a row for each channel that is
//! served. The areas that a card has rows for, and what their carriers do with an SMS, stay in a
//! table of their own. An area without any rate is closed, so it keeps its row there.

use sea_orm_migration::{prelude::*, sea_orm::DatabaseBackend};

use crate::columns::{integer, table, text, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        let run = async |statement: &str| connection.execute_unprepared(statement).await;
        run("ALTER TABLE rates RENAME TO rate_card_areas").await?;
        if manager.get_database_backend() == DatabaseBackend::Postgres {
            // PostgreSQL names the index of a primary key after its table once, and not again.
            run("ALTER INDEX rates_pkey RENAME TO rate_card_areas_pkey").await?;
        }
        let rates = table(
            "rates",
            [
                uuid("rate_card_id"),
                text("country_code"),
                text("channel"),
                integer("units"),
            ],
            &["rate_card_id", "country_code", "channel"],
        );
        manager.create_table(rates).await?;
        for (channel, column) in [("SMS", "sms_units"), ("MMS", "mms_units")] {
            run(&format!(
                "INSERT INTO rates (rate_card_id, country_code, channel, units) \
                 SELECT rate_card_id, country_code, '{channel}', {column} FROM rate_card_areas \
                 WHERE {column} IS NOT NULL"
            ))
            .await?;
            run(&format!("ALTER TABLE rate_card_areas DROP COLUMN {column}")).await?;
        }
        Ok(())
    }
}
