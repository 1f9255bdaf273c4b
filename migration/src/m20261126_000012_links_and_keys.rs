//! Adds the last use and the expiry of keys, and the origins that an account's buyers may be sent
//! back to. Removes the tokens of the sandbox's approve pages: tokens are now derived from a
//! secret, and of those made before, only hashes are kept.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, prelude::Uuid},
};
use sha2::{Digest, Sha256};

use crate::columns::{index, integer_null, text};

/// Purchases to read at a time.
const CHUNK: u64 = 500;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in [
            ("api_keys", integer_null("last_used_at")),
            ("api_keys", integer_null("expires_at")),
            ("accounts", text("return_origins").default("").take()),
        ] {
            let added = Table::alter().table(table).add_column(column).to_owned();
            manager.alter_table(added).await?;
        }
        let columns = ["account_id", "created_at", "id"];
        let keys = index("api_keys_account", "api_keys", &columns, false);
        manager.create_index(keys).await?;
        keep_hashes_of_tokens(manager).await
    }
}

/// Replaces tokens by their hashes. The token was the sandbox's reference, and part of its address.
async fn keep_hashes_of_tokens(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let mut after = Uuid::nil();
    loop {
        let chunk = Query::select()
            .columns(["id", "provider_reference"])
            .from("purchases")
            .and_where(Expr::col("provider").eq("sandbox"))
            .and_where(Expr::col("provider_reference").is_not_null())
            .and_where(Expr::col("id").gt(after))
            .order_by("id", Order::Asc)
            .limit(CHUNK)
            .to_owned();
        let rows = connection.query_all(&chunk).await?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after = last.try_get("", "id")?;
        for row in rows {
            let (id, token): (Uuid, String) = (
                row.try_get("", "id")?,
                row.try_get("", "provider_reference")?,
            );
            let hash = Sha256::digest(token);
            let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            let update = Query::update()
                .table("purchases")
                .value("provider_reference", hash)
                .value("confirmation_url", Option::<String>::None)
                .and_where(Expr::col("id").eq(id))
                .to_owned();
            connection.execute(&update).await?;
        }
    }
}
