//! Whether a lot has credits left, as a column of its own.
//!
//! The indexes of lots with credits left named `remaining_units` in their conditions, so that each
//! charge wrote entries of them, and on PostgreSQL a new one into every index of lots. This column
//! changes only when a lot is used up or gets credits back, so a charge changes the row alone. The
//! database keeps it right: programs that don't know this step need not write it.
//!
//! PostgreSQL writes the table anew for it, while charges wait (docs/operations/upgrade.md).

use sea_orm_migration::{prelude::*, sea_orm::DatabaseBackend};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// On both databases, so that an interruption leaves nothing behind.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        for statement in statements(manager.get_database_backend()) {
            connection.execute_unprepared(statement).await?;
        }
        Ok(())
    }
}

fn statements(backend: DatabaseBackend) -> &'static [&'static str] {
    if backend == DatabaseBackend::Postgres {
        return &["ALTER TABLE lots ADD COLUMN is_open BOOLEAN \
             GENERATED ALWAYS AS (remaining_units > 0) STORED"];
    }
    // SQLite writes an index if a generated column may have changed, and not if it has. Triggers
    // write the column only then.
    &[
        "ALTER TABLE lots ADD COLUMN is_open BOOLEAN NOT NULL DEFAULT TRUE",
        "UPDATE lots SET is_open = FALSE WHERE remaining_units <= 0",
        "CREATE TRIGGER lots_begin AFTER INSERT ON lots WHEN NEW.remaining_units <= 0 \
         BEGIN UPDATE lots SET is_open = FALSE WHERE account_id = NEW.account_id AND id = NEW.id; END",
        "CREATE TRIGGER lots_turn AFTER UPDATE OF remaining_units ON lots \
         WHEN (NEW.remaining_units > 0) <> NEW.is_open \
         BEGIN UPDATE lots SET is_open = NEW.remaining_units > 0 \
         WHERE account_id = NEW.account_id AND id = NEW.id; END",
    ]
}
