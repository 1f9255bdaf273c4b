//! The order of packages that the platform chooses. Packages from before, and new ones, have no
//! position, and come after those that have one.

use sea_orm_migration::prelude::*;

use crate::columns::integer_null;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let add = Table::alter()
            .table("credit_packages")
            .add_column(integer_null("position"))
            .to_owned();
        manager.alter_table(add).await
    }
}
