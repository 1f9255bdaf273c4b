//! Which later steps removed something, and the step that a program must know to go on serving
//! after them. Older programs look here for the steps that they don't know ([`crate::live`]).

use sea_orm_migration::prelude::*;

use crate::columns::{table, text};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(table(
                "schema_contracts",
                [text("step"), text("needs")],
                &["step"],
            ))
            .await
    }
}
