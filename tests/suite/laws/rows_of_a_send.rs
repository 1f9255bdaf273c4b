//! How many rows a send writes: of a charge that drew from one lot, no postings, and of a key, a
//! short answer. A charge that drew from two lots has its postings as rows.

use entity::{idempotency_key, posting, posting_row, transaction};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::json;

use crate::support::{
    message::{send, to_italians},
    on_both_databases,
    sending::account,
};

/// The longest stored answer of a send, in bytes: two names, an id and a number.
const ANSWER: usize = 80;

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
}
