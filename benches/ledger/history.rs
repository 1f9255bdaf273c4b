//! Whether a spend costs more in an account with a long history.

use domain::id::AccountId;
use sea_orm::ConnectionTrait;

use crate::{Settings, load, ours::Bed, report::Table};

/// Rows that one statement adds.
const STEP: u64 = 500_000;

pub async fn history(settings: Settings) {
    for backend in ["PostgreSQL", "SQLite"] {
        let mut beds = Vec::new();
        for transactions in [1_000, settings.history] {
            let bed = match backend {
                "PostgreSQL" => Bed::on_postgres(1).await,
                _ => Bed::on_sqlite(1).await,
            };
            grow(&bed, bed.accounts[0], transactions).await;
            beds.push((format!("{transactions} transactions of history"), bed));
        }
        for callers in [1, 64] {
            let mut table = Table::new(format!(
                "{backend}, the history's length, {callers} callers"
            ));
            for _ in 0..settings.rounds {
                for (name, bed) in &beds {
                    table.add(name, load::run(settings.time, bed.callers(callers)).await);
                }
            }
            table.goal("the long history", &beds[1].0, &beds[0].0, 0.9);
            table.print();
        }
    }
}

/// Adds transactions, postings, messages and keys of the past as row sets. They have no hashes: a
/// spend reads none of them.
async fn grow(bed: &Bed, account: AccountId, transactions: u64) {
    let id = match bed.store.backend() {
        sea_orm::DatabaseBackend::Postgres => format!("'{}'::uuid", account.uuid()),
        _ => format!("x'{}'", account.uuid().simple()),
    };
    let mut done = 0;
    while done < transactions {
        let (first, last) = (done + 2, (done + STEP).min(transactions) + 1);
        for sql in statements(bed.store.backend(), &id, first, last) {
            bed.store.writer().execute_unprepared(&sql).await.unwrap();
        }
        done = last - 1;
        eprintln!("  {done} of {transactions} transactions of history");
    }
    let sql = format!(
        "UPDATE books SET sequence = {} WHERE account_id = {id}",
        transactions + 1
    );
    bed.store.writer().execute_unprepared(&sql).await.unwrap();
    bed.store
        .writer()
        .execute_unprepared("ANALYZE")
        .await
        .unwrap();
}

fn statements(backend: sea_orm::DatabaseBackend, id: &str, first: u64, last: u64) -> Vec<String> {
    let (numbers, uuid) = match backend {
        sea_orm::DatabaseBackend::Postgres => (
            format!("generate_series({first}::bigint, {last}::bigint) AS n(n)"),
            "gen_random_uuid()",
        ),
        _ => (
            format!(
                "(WITH RECURSIVE n(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM n WHERE n < {last}) \
                 SELECT n FROM n) AS n"
            ),
            "randomblob(16)",
        ),
    };
    let hash = match backend {
        sea_orm::DatabaseBackend::Postgres => r"'\x00'::bytea",
        _ => "x'00'",
    };
    vec![
        format!(
            "INSERT INTO transactions (account_id, sequence, id, kind, created_at, available_change_units, \
             available_units, held_units, unassigned_units, hash) \
             SELECT {id}, n, {uuid}, 'SPEND', n, -10000, 0, 0, 0, {hash} FROM {numbers}"
        ),
        format!(
            "INSERT INTO posting_rows (account_id, sequence, position, book, units) \
             SELECT {id}, n, 0, 'AVAILABLE', -10000 FROM {numbers}"
        ),
        format!(
            "INSERT INTO posting_rows (account_id, sequence, position, book, units) \
             SELECT {id}, n, 1, 'SPENT', 10000 FROM {numbers}"
        ),
        format!(
            "INSERT INTO idempotency_keys (account_id, key, fingerprint, answer, created_at) \
             SELECT {id}, 'history ' || n, {hash}, '{{}}', n FROM {numbers}"
        ),
    ]
}
