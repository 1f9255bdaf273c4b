//! A connection to PostgreSQL that falls silent on its way back to its pool.

use std::time::{Duration, Instant};

use message_credits::store::{Store, sql::settings::Settings};
use sea_orm::ConnectionTrait;

use crate::support::{black_hole::BlackHole, own_postgres::OwnPostgres};

/// The pool waits for that connection until the kernel gives it up, a quarter of an hour later. The
/// next transaction of the ledger finds no place, and the one after it begins on a fresh pool.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_falls_silent_on_its_return_is_replaced() {
    let Some(postgres) = OwnPostgres::start() else {
        return;
    };
    let proxy = BlackHole::before(postgres.port()).await;
    let url = format!("postgres://postgres@127.0.0.1:{}/postgres", proxy.port());
    for acquire_timeout in [1, 60].map(Duration::from_secs) {
        let store = Store::open(&Settings {
            lock_timeout: Duration::from_secs(1),
            acquire_timeout,
            wait: Duration::from_secs(10),
            ..Settings::of(&url)
        })
        .await
        .unwrap();
        for round in 0..3 {
            let transaction = store.begin_for(Some(0)).await.unwrap();
            transaction.execute_unprepared("SELECT 1").await.unwrap();
            proxy.swallow();
            // The flows notice it.
            tokio::time::sleep(Duration::from_millis(100)).await;
            drop(transaction);
            let began = Instant::now();
            let failed = store.begin_for(Some(0)).await;
            assert!(failed.is_err(), "round {round}: its connection is silent");
            let transaction = store.begin_for(Some(0)).await.unwrap();
            transaction.execute_unprepared("SELECT 1").await.unwrap();
            transaction.commit().await.unwrap();
            let took = began.elapsed();
            assert!(took < Duration::from_secs(20), "it took {took:?}");
        }
    }
}
