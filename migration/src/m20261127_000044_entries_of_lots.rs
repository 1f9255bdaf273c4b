//! Finds the few entries of an account that say what became of its lots: how each came in, and what
//! of it expired or was taken back. Sends, holds and allocations never write to the index.

use sea_orm_migration::prelude::*;

use crate::live;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let rest = "(account_id, sequence) WHERE kind IN ('PURCHASE', 'RECHARGE', 'GRANT', \
             'REVOCATION', 'EXPIRY', 'CHARGEBACK')";
        live::create_index(manager, "transactions_of_lots", "transactions", rest).await
    }
}
