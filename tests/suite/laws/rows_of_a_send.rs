//! What a send writes: of a charge that drew from one lot, no postings, and of a key, a short
//! answer. A charge that drew from two lots has its postings as rows. The rows that each charge
//! changes are changed in place.

use entity::{idempotency_key, posting, posting_row, transaction};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseBackend, EntityTrait, QueryFilter, QueryOrder, Statement,
};
use serde_json::json;

use crate::support::{
    message::{send, to_italians},
    on_both_databases,
    sending::account,
};

/// The longest stored answer of a send, in bytes: two names, an id and a number.
const ANSWER: usize = 80;

/// What each charge changes of its account's rows, by table.
const CHANGED: [(&str, &[&str]); 3] = [
    (
        "books",
        &[
            "sequence",
            "head_hash",
            "unassigned_units",
            "last_at",
            "recent_usage",
        ],
    ),
    ("lots", &["remaining_units", "updated_at"]),
    ("pools", &["free_units"]),
];

on_both_databases! {
    async fn a_charge_from_one_lot_writes_no_postings(server: Server) {
        let tenant = server.account("Shop").await;
        for credits in ["10", "10"] {
            server.grant(&tenant, credits).await;
        }
        let reader = server.services().store.reader();
        let id = account(&tenant).uuid();
        // The first lot has ten credits: the third message drains it and takes from the second.
        for recipients in [4, 4, 4] {
            send(&server, &tenant, to_italians(recipients)).await;
        }
        let charges = transaction::Entity::find()
            .filter(transaction::Column::AccountId.eq(id))
            .filter(transaction::Column::MessageId.is_not_null())
            .order_by_asc(transaction::Column::Sequence)
            .all(reader)
            .await
            .unwrap();
        let mut counts = Vec::new();
        for charge in &charges {
            let rows = posting_row::Entity::find()
                .filter(posting_row::Column::AccountId.eq(id))
                .filter(posting_row::Column::Sequence.eq(charge.sequence))
                .all(reader)
                .await
                .unwrap();
            let all = posting::Entity::find()
                .filter(posting::Column::AccountId.eq(id))
                .filter(posting::Column::Sequence.eq(charge.sequence))
                .all(reader)
                .await
                .unwrap();
            assert_eq!(all.iter().map(|row| row.units).sum::<i64>(), 0, "{all:?}");
            counts.push((rows.len(), all.len()));
        }
        assert_eq!(json!(counts), json!([[0, 2], [0, 2], [3, 3]]));
        let keys = idempotency_key::Entity::find()
            .filter(idempotency_key::Column::AccountId.eq(id))
            .all(reader)
            .await
            .unwrap();
        let of_sends = keys.iter().filter(|key| key.answer.contains("\"m\""));
        let lengths: Vec<usize> = of_sends.map(|key| key.answer.len()).collect();
        assert_eq!(lengths.len(), 3, "{keys:?}");
        assert!(lengths.iter().all(|length| *length <= ANSWER), "{keys:?}");
    }

    /// PostgreSQL changes a row in place only if no index has a changed column, not even in its
    /// condition. Otherwise each charge writes an entry into every index of the table, past all
    /// versions of the row that an old snapshot keeps.
    async fn no_index_has_what_a_charge_changes(server: Server) {
        let store = &server.services().store;
        let texts = match store.backend() {
            DatabaseBackend::Postgres => "SELECT indexdef AS text FROM pg_indexes WHERE tablename = $1",
            _ => "SELECT COALESCE(sql, 'the primary key') AS text FROM sqlite_master WHERE type = 'index' AND tbl_name = $1",
        };
        for (table, columns) in CHANGED {
            let indexes = Statement::from_sql_and_values(store.backend(), texts, [table.into()]);
            let rows = store.reader().query_all_raw(indexes).await.unwrap();
            assert!(!rows.is_empty(), "{table}");
            for row in rows {
                let text: String = row.try_get("", "text").unwrap();
                let changed = columns.iter().find(|column| text.contains(**column));
                assert_eq!(changed, None, "{text}");
            }
        }
    }
}
