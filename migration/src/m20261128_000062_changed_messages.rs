//! When a message last changed. Null for a message that was charged when it was made and has not
//! changed since: its charge is its last change, and no charge writes one. Null too for what was
//! made or changed last by programs that don't know this step; such a message has the instant of
//! its charge or, without one, of its creation.
//!
//! And the media of a message, as JSON: null for an SMS, and for an MMS from before.

use sea_orm_migration::prelude::*;

use crate::columns::{integer_null, text_null};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [integer_null("updated_at"), text_null("media")] {
            let add = Table::alter()
                .table("messages")
                .add_column(column)
                .to_owned();
            manager.alter_table(add).await?;
        }
        Ok(())
    }
}
