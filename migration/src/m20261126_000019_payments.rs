//! Payments that a job carries on with: what was asked of the provider and when to ask again, what
//! it took back, automatic recharges, connections to providers, and deliveries of webhooks.

use sea_orm_migration::prelude::*;

use crate::columns::{
    boolean, index, integer, integer_null, small, table, text, text_null, uuid, uuid_null,
};

/// How long a purchase waited for its buyer before this step, in microseconds.
const PATIENCE: i64 = 48 * 3_600 * 1_000_000;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in columns() {
            let column = Table::alter().table(table).add_column(column).to_owned();
            manager.alter_table(column).await?;
        }
        for table in tables() {
            manager.create_table(table).await?;
        }
        manager
            .create_index(index(
                "payment_connections_by_merchant",
                "payment_connections",
                &["provider", "merchant"],
                false,
            ))
            .await?;
        manager
            .create_index(index(
                "webhook_deliveries_by_received_at",
                "webhook_deliveries",
                &["received_at"],
                false,
            ))
            .await?;
        let run = async |statement: &str| {
            let connection = manager.get_connection();
            connection.execute_unprepared(statement).await.map(drop)
        };
        for (name, table) in [
            ("purchases_by_next_at", "purchases"),
            ("due_recharges_by_next_at", "due_recharges"),
            ("webhook_deliveries_by_next_at", "webhook_deliveries"),
        ] {
            run(&format!(
                "CREATE INDEX {name} ON {table} (next_at) WHERE next_at IS NOT NULL"
            ))
            .await?;
        }
        // A job ends what waits for its buyer.
        run(&format!(
            "UPDATE purchases SET next_at = created_at + {PATIENCE} WHERE status = 'PENDING'"
        ))
        .await?;
        // The lot of a payment was booked at the instant of the payment.
        run("UPDATE purchases SET lot_id = (SELECT l.id FROM lots l \
             WHERE l.account_id = purchases.account_id AND l.created_at = purchases.decided_at \
             AND l.granted_units = purchases.credits_units AND l.source <> 'GRANT' \
             ORDER BY l.id LIMIT 1) WHERE status = 'PAID'")
        .await
    }
}

fn columns() -> Vec<(&'static str, ColumnDef)> {
    let purchases = [
        small("package_count").default(1).take(),
        text_null("reason"),
        integer_null("called_at"),
        integer_null("next_at"),
        integer_null("claimed_until"),
        small("attempts").default(0).take(),
        uuid_null("lot_id"),
        integer("reversed_minor").default(0).take(),
        integer("reversed_units").default(0).take(),
        text_null("confirmed_with"),
    ];
    let others = [
        ("books", integer("debt_units").default(0).take()),
        ("books", integer_null("recharge_below_units")),
        ("lots", boolean("taken_back").default(false).take()),
    ];
    let purchases = purchases.into_iter().map(|column| ("purchases", column));
    purchases.chain(others).collect()
}

fn tables() -> [TableCreateStatement; 5] {
    [
        table(
            "auto_recharges",
            [
                uuid("account_id"),
                boolean("enabled"),
                integer_null("threshold_units"),
                uuid_null("package_id"),
                integer_null("monthly_limit_minor"),
                text_null("held_back"),
                integer("updated_at"),
            ],
            &["account_id"],
        ),
        table(
            "due_recharges",
            [
                uuid("account_id"),
                integer("due_at"),
                integer_null("next_at"),
                integer_null("claimed_until"),
            ],
            &["account_id"],
        ),
        table(
            "payment_connections",
            [
                uuid("account_id"),
                text("provider"),
                text("merchant"),
                text("status"),
                text_null("secret_key_id"),
                ColumnDef::new("secrets").blob().take(),
                integer_null("renewing_until"),
                text_null("mandate"),
                integer("connected_at"),
                integer("updated_at"),
            ],
            &["account_id", "provider"],
        ),
        table(
            "webhook_deliveries",
            [
                text("provider"),
                text("delivery"),
                text("topic"),
                text_null("merchant"),
                text_null("reference"),
                uuid_null("purchase_id"),
                integer("received_at"),
                integer_null("next_at"),
                small("attempts"),
            ],
            &["provider", "delivery"],
        ),
        table(
            "subscription_fees",
            [uuid("account_id"), text("from_month"), integer("fee_minor")],
            &["account_id", "from_month"],
        ),
    ]
}
