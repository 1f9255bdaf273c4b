//! Who did what: the actors of each account, and the actor of a transaction, message, purchase or
//! import. Rows from before have none.

use sea_orm_migration::prelude::*;

use crate::{
    columns::{integer, integer_null, table, text, text_null, uuid, uuid_null},
    guards::keep_append_only,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let actors = table(
            "actors",
            [
                uuid("account_id"),
                integer("id"),
                text("kind"),
                uuid_null("api_key_id"),
                text_null("name"),
                text_null("on_behalf_of"),
            ],
            &["account_id", "id"],
        );
        manager.create_table(actors).await?;
        keep_append_only(manager, "actors").await?;
        for table in ["transactions", "messages", "purchases", "contact_imports"] {
            let mut column = integer_null("actor_id");
            let add = Table::alter()
                .table(table)
                .add_column(&mut column)
                .to_owned();
            manager.alter_table(add).await?;
        }
        Ok(())
    }
}
