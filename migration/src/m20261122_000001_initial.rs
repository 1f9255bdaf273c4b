//! The first schema: accounts, purchases, messages and the ledger.

use sea_orm_migration::prelude::*;

use crate::{
    columns::{
        boolean, bytes, index, integer, integer_null, small, small_null, table, text, text_null,
        uuid, uuid_null,
    },
    guards::keep_append_only,
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in catalog_tables()
            .into_iter()
            .chain(account_tables())
            .chain(ledger_tables())
        {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        partial_indexes(manager).await?;
        for table in ["transactions", "postings"] {
            keep_append_only(manager, table).await?;
        }
        Ok(())
    }
}

/// The tables that belong to the platform rather than to an account.
fn catalog_tables() -> Vec<TableCreateStatement> {
    vec![
        table(
            "rate_cards",
            [
                uuid("id"),
                text("code"),
                small("version"),
                integer("published_at"),
                integer("credit_value_nano"),
                text("currency_code"),
            ],
            &["id"],
        ),
        table(
            "rates",
            [
                uuid("rate_card_id"),
                text("country_code"),
                integer_null("sms_units"),
                integer_null("mms_units"),
            ],
            &["rate_card_id", "country_code"],
        ),
        table(
            "credit_packages",
            [
                uuid("id"),
                text("code"),
                text("name"),
                integer("credits_units"),
                integer("price_minor"),
                text("currency_code"),
                small_null("validity_days"),
                integer("created_at"),
                integer_null("archived_at"),
            ],
            &["id"],
        ),
        table(
            "api_keys",
            [
                uuid("id"),
                uuid_null("account_id"),
                text("role"),
                text("name"),
                bytes("secret_hash"),
                integer("created_at"),
                integer_null("revoked_at"),
            ],
            &["id"],
        ),
        table("server_secrets", [text("name"), bytes("value")], &["name"]),
    ]
}

/// The tables that belong to an account, except the ledger.
fn account_tables() -> Vec<TableCreateStatement> {
    vec![
        table(
            "accounts",
            [
                uuid("id"),
                text("name"),
                text("time_zone"),
                text("currency_code"),
                text("consumption_order"),
                text("settlement"),
                integer("created_at"),
            ],
            &["id"],
        ),
        table(
            "account_rate_cards",
            [
                uuid("account_id"),
                integer("effective_at"),
                text("rate_card_code"),
            ],
            &["account_id", "effective_at"],
        ),
        table(
            "contact_lists",
            [
                uuid("account_id"),
                uuid("id"),
                text("name"),
                integer("created_at"),
                integer_null("archived_at"),
            ],
            &["account_id", "id"],
        ),
        table(
            "list_destinations",
            [
                uuid("account_id"),
                uuid("list_id"),
                text("country_code"),
                integer("recipients"),
            ],
            &["account_id", "list_id", "country_code"],
        ),
        table(
            "messages",
            [
                uuid("account_id"),
                uuid("id"),
                uuid_null("list_id"),
                text_null("name"),
                text("text"),
                text("channel"),
                text_null("encoding"),
                small("segment_count"),
                integer("recipients"),
                integer("units"),
                text("status"),
                uuid("rate_card_id"),
                integer("send_at"),
                integer_null("sent_at"),
                integer("created_at"),
            ],
            &["account_id", "id"],
        ),
        table(
            "message_lines",
            [
                uuid("account_id"),
                uuid("message_id"),
                text("country_code"),
                small("segment_count"),
                integer("recipients"),
                integer_null("units_per_segment"),
                integer("units"),
            ],
            &["account_id", "message_id", "country_code", "segment_count"],
        ),
        table(
            "purchases",
            [
                uuid("account_id"),
                uuid("id"),
                text("status"),
                uuid("package_id"),
                integer("credits_units"),
                integer("price_minor"),
                text("currency_code"),
                small_null("validity_days"),
                boolean("automatic"),
                text("provider"),
                text_null("provider_reference"),
                text_null("confirmation_url"),
                text_null("return_url"),
                integer("created_at"),
                integer_null("decided_at"),
            ],
            &["account_id", "id"],
        ),
    ]
}

fn ledger_tables() -> Vec<TableCreateStatement> {
    vec![
        table(
            "books",
            [
                uuid("account_id"),
                integer("sequence"),
                bytes("head_hash"),
                integer("held_units"),
                integer("unassigned_units"),
                integer("last_at"),
            ],
            &["account_id"],
        ),
        table(
            "pools",
            [uuid("account_id"), uuid("list_id"), integer("free_units")],
            &["account_id", "list_id"],
        ),
        table(
            "lots",
            [
                uuid("account_id"),
                uuid("id"),
                text("source"),
                integer("granted_units"),
                integer("remaining_units"),
                text_null("expires_on"),
                integer_null("expires_at"),
                integer("created_at"),
            ],
            &["account_id", "id"],
        ),
        table(
            "hold_draws",
            [
                uuid("account_id"),
                uuid("message_id"),
                small("position"),
                uuid_null("pool_list_id"),
                uuid_null("lot_id"),
                integer("units"),
            ],
            &["account_id", "message_id", "position"],
        ),
        table(
            "transactions",
            [
                uuid("account_id"),
                integer("sequence"),
                uuid("id"),
                text("kind"),
                integer("created_at"),
                uuid_null("list_id"),
                uuid_null("message_id"),
                text_null("note"),
                integer("available_change_units"),
                integer("available_units"),
                integer("held_units"),
                integer("unassigned_units"),
                integer_null("next_expiry_units"),
                integer_null("next_expiry_at"),
                text_null("next_expiry_on"),
                bytes("hash"),
            ],
            &["account_id", "sequence"],
        ),
        table(
            "postings",
            [
                uuid("account_id"),
                integer("sequence"),
                small("position"),
                text("book"),
                uuid_null("list_id"),
                uuid_null("lot_id"),
                integer("units"),
            ],
            &["account_id", "sequence", "position"],
        ),
        table(
            "idempotency_keys",
            [
                uuid("account_id"),
                text("key"),
                bytes("fingerprint"),
                text("answer"),
                integer("created_at"),
            ],
            &["account_id", "key"],
        ),
    ]
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        index(
            "rate_cards_code_version",
            "rate_cards",
            &["code", "version"],
            true,
        ),
        index("credit_packages_code", "credit_packages", &["code"], true),
        index("api_keys_secret_hash", "api_keys", &["secret_hash"], true),
        // For lookups of objects that clients name only by id.
        index("contact_lists_id", "contact_lists", &["id"], true),
        index("messages_id", "messages", &["id"], true),
        index("lots_id", "lots", &["id"], true),
        index("purchases_id", "purchases", &["id"], true),
        index("transactions_id", "transactions", &["id"], true),
        index(
            "purchases_provider_reference",
            "purchases",
            &["provider_reference"],
            true,
        ),
        // For reports and pages, which read an account's messages and transactions by time.
        index(
            "messages_sent_at",
            "messages",
            &["account_id", "sent_at", "id"],
            false,
        ),
        index(
            "messages_list_sent_at",
            "messages",
            &["account_id", "list_id", "sent_at", "id"],
            false,
        ),
        index(
            "transactions_created_at",
            "transactions",
            &["account_id", "created_at", "sequence"],
            false,
        ),
    ]
}

/// Partial indexes on the rows that jobs and batches look for: lots with credits left, and
/// scheduled messages. They stay small when the history grows.
async fn partial_indexes(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    for statement in [
        "CREATE INDEX lots_open ON lots (account_id, id) WHERE remaining_units > 0",
        "CREATE INDEX lots_due ON lots (expires_at) WHERE remaining_units > 0 AND expires_at IS NOT NULL",
        // For transactions that moved a list's own credits.
        "CREATE INDEX postings_list ON postings (account_id, list_id, sequence) WHERE list_id IS NOT NULL",
        "CREATE INDEX messages_due ON messages (send_at) WHERE status = 'SCHEDULED'",
    ] {
        connection.execute_unprepared(statement).await?;
    }
    Ok(())
}
