//! Who asked for a person's erasure, as an actor. Rows from before have the API key alone.

use sea_orm_migration::prelude::*;

use crate::columns::integer_null;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let add = Table::alter()
            .table("erasures")
            .add_column(integer_null("actor_id"))
            .to_owned();
        manager.alter_table(add).await
    }
}
