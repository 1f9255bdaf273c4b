//! Which process runs the jobs for all of them. It matters on several servers, where each job asks
//! every one of them.

use sea_orm_migration::prelude::*;

use crate::columns::{integer, table, text, uuid};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(table(
                "job_leases",
                [text("name"), uuid("holder"), integer("until")],
                &["name"],
            ))
            .await
    }
}
