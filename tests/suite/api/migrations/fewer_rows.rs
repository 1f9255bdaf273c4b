//! Postings and destinations that had rows of their own stay readable, unchanged, after the steps
//! that store them in fewer rows.

use entity::{message, message_line, posting};
use message_credits::store::{Store, message_line as lines};
use migration::{Migrator, MigratorTrait};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, Statement, Value,
    prelude::Uuid,
};

use super::before;
use crate::support::postgres_database;

async fn insert(store: &Store, sql: &str, values: Vec<Value>) {
    let statement = Statement::from_sql_and_values(store.backend(), sql, values);
    store.writer().execute_raw(statement).await.unwrap();
}

async fn rows_from_before_are_read(url: &str) {
    let store = before(url, "_charges_in_one_row").await;
    let account = Uuid::from_u128(1);
    let [list, lot] = [2, 3].map(Uuid::from_u128);
    for (message, texts) in [(10, "first"), (11, "nobody")] {
        insert(
            &store,
            "INSERT INTO messages (account_id, id, text, channel, segment_count, recipients, units, status, \
             rate_card_id, send_at, created_at) VALUES ($1, $2, $3, 'SMS', 1, 7, 70000, 'SENT', $1, 5, 5)",
            vec![
                account.into(),
                Uuid::from_u128(message).into(),
                texts.into(),
            ],
        )
        .await;
    }
    let message = Uuid::from_u128(10);
    // Out of order, and one destination that isn't served.
    let written = [
        ("IT", 2, 4_i64, Some(10_000_i64), 80_000_i64),
        ("CH", 1, 1, None, 0),
        ("IT", 1, 3, Some(7_500), 22_500),
    ];
    for (country, segments, recipients, rate, units) in written {
        insert(
            &store,
            "INSERT INTO message_lines (account_id, message_id, country_code, segment_count, recipients, \
             units_per_segment, units) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            vec![
                account.into(),
                message.into(),
                country.into(),
                segments.into(),
                recipients.into(),
                rate.into(),
                units.into(),
            ],
        )
        .await;
    }
    let moved = [
        ("AVAILABLE", Some(list), Some(lot), -70_000_i64),
        ("SPENT", Some(list), None, 70_000),
    ];
    for (position, (book, list, lot, units)) in (0_i32..).zip(moved) {
        insert(
            &store,
            "INSERT INTO postings (account_id, sequence, position, book, list_id, lot_id, units) \
             VALUES ($1, 1, $2, $3, $4, $5, $6)",
            vec![
                account.into(),
                position.into(),
                book.into(),
                list.into(),
                lot.into(),
                units.into(),
            ],
        )
        .await;
    }
    Migrator::up(&*store.writer().unbounded(), None)
        .await
        .unwrap();
    let postings = posting::Entity::find()
        .order_by_asc(posting::Column::Position)
        .all(store.reader())
        .await
        .unwrap();
    let read: Vec<_> = postings
        .iter()
        .map(|row| (row.list_id, row.lot_id, row.units))
        .collect();
    assert_eq!(
        read,
        moved.map(|(_, list, lot, units)| (list, lot, units)),
        "{postings:?}"
    );
    let expected: Vec<message_line::Model> = [1, 2, 0]
        .map(|place: usize| written[place])
        .into_iter()
        .map(
            |(country, segment_count, recipients, units_per_segment, units)| message_line::Model {
                account_id: account,
                message_id: message,
                country_code: country.to_owned(),
                segment_count,
                recipients,
                units_per_segment,
                units,
            },
        )
        .collect();
    let view = message_line::Entity::find()
        .filter(message_line::Column::MessageId.eq(message))
        .order_by_asc(message_line::Column::CountryCode)
        .order_by_asc(message_line::Column::SegmentCount)
        .all(store.reader())
        .await
        .unwrap();
    assert_eq!(view, expected);
    let rows = message::Entity::find()
        .order_by_asc(message::Column::Id)
        .all(store.reader())
        .await
        .unwrap();
    assert_eq!(lines::of(&rows[0]).unwrap(), expected);
    assert_eq!(rows[1].lines, "[]");
    store.close().await;
}

/// On SQLite.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_from_before_are_read_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("before.db");
    rows_from_before_are_read(&format!("sqlite://{}?mode=rwc", file.display())).await;
}

/// On PostgreSQL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_from_before_are_read_on_postgres() {
    if let Some(url) = postgres_database().await {
        rows_from_before_are_read(&url).await;
    }
}
