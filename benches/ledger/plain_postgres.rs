//! Plain SQL on PostgreSQL: a table of balances, one of entries and one of keys, and one
//! transaction for each spend. Its clients have a connection each and keep no state between spends.

use sea_orm::sqlx::{
    self, AssertSqlSafe, Connection, Executor, PgConnection, Postgres, Row, Transaction,
};
use uuid::Uuid;

use crate::load::{Dice, Zipf};

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS plain_accounts (id INT PRIMARY KEY, units BIGINT NOT NULL);
    CREATE TABLE IF NOT EXISTS plain_entries (
        account_id INT NOT NULL, id UUID NOT NULL, units BIGINT NOT NULL, balance BIGINT NOT NULL,
        PRIMARY KEY (account_id, id));
    CREATE TABLE IF NOT EXISTS plain_keys (
        account_id INT NOT NULL, key TEXT NOT NULL, entry_id UUID NOT NULL, PRIMARY KEY (account_id, key));
    INSERT INTO plain_accounts SELECT n, 1000000000000 FROM generate_series(1, 1000) n ON CONFLICT DO NOTHING";

/// How a spend is written.
#[derive(Debug, Clone, Copy)]
pub enum How {
    /// A transaction of five statements.
    Transaction,
    /// One statement.
    OneStatement,
    /// A transaction of this many spends, as row sets.
    Batch(usize),
}

pub async fn prepare(url: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    connection.execute(AssertSqlSafe(TABLES)).await.unwrap();
}

/// Clients that spend from one account, or from many.
pub async fn clients(
    url: &str,
    count: usize,
    how: How,
    accounts: Option<&Zipf>,
) -> Vec<impl FnMut() -> std::pin::Pin<Box<dyn Future<Output = u64> + Send>> + Send + use<>> {
    let mut clients = Vec::new();
    for number in 0..count {
        let connection = PgConnection::connect(url).await.unwrap();
        let connection = std::sync::Arc::new(tokio::sync::Mutex::new(connection));
        let (accounts, mut dice) = (accounts.cloned(), Dice::new(number as u64 + 1));
        clients.push(move || {
            let account = accounts.as_ref().map_or(0, |zipf| zipf.choose(&mut dice));
            let account = i32::try_from(account).unwrap() + 1;
            let connection = connection.clone();
            let spent = async move {
                let mut connection = connection.lock().await;
                match how {
                    How::Transaction => spend(&mut connection, account).await,
                    How::OneStatement => spend_at_once(&mut connection, account).await,
                    How::Batch(size) => spend_batch(&mut connection, account, size).await,
                }
            };
            Box::pin(spent) as std::pin::Pin<Box<dyn Future<Output = u64> + Send>>
        });
    }
    clients
}

async fn lock(transaction: &mut Transaction<'_, Postgres>, account: i32) -> i64 {
    sqlx::query("SELECT units FROM plain_accounts WHERE id = $1 FOR UPDATE")
        .bind(account)
        .fetch_one(&mut **transaction)
        .await
        .unwrap()
        .get(0)
}

async fn update(transaction: &mut Transaction<'_, Postgres>, account: i32, units: i64) {
    sqlx::query("UPDATE plain_accounts SET units = $2 WHERE id = $1")
        .bind(account)
        .bind(units)
        .execute(&mut **transaction)
        .await
        .unwrap();
}

async fn spend(connection: &mut PgConnection, account: i32) -> u64 {
    let (id, key) = (new_id(), new_id().to_string());
    let mut transaction = connection.begin().await.unwrap();
    let units = lock(&mut transaction, account).await;
    let used = sqlx::query("SELECT entry_id FROM plain_keys WHERE account_id = $1 AND key = $2")
        .bind(account)
        .bind(&key)
        .fetch_optional(&mut *transaction)
        .await
        .unwrap();
    assert!(used.is_none() && units >= 1);
    update(&mut transaction, account, units - 1).await;
    sqlx::query("INSERT INTO plain_entries VALUES ($1, $2, -1, $3)")
        .bind(account)
        .bind(id)
        .bind(units - 1)
        .execute(&mut *transaction)
        .await
        .unwrap();
    sqlx::query("INSERT INTO plain_keys VALUES ($1, $2, $3)")
        .bind(account)
        .bind(key)
        .bind(id)
        .execute(&mut *transaction)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    1
}

async fn spend_at_once(connection: &mut PgConnection, account: i32) -> u64 {
    let (id, key) = (new_id(), new_id().to_string());
    let done = sqlx::query(
        "WITH spent AS (UPDATE plain_accounts SET units = units - 1 WHERE id = $1 AND units >= 1 RETURNING units),
         entry AS (INSERT INTO plain_entries SELECT $1, $2, -1, units FROM spent)
         INSERT INTO plain_keys SELECT $1, $3, $2 FROM spent",
    )
    .bind(account)
    .bind(id)
    .bind(key)
    .execute(&mut *connection)
    .await
    .unwrap();
    done.rows_affected()
}

async fn spend_batch(connection: &mut PgConnection, account: i32, size: usize) -> u64 {
    let ids: Vec<Uuid> = (0..size).map(|_| new_id()).collect();
    let keys: Vec<String> = (0..size).map(|_| new_id().to_string()).collect();
    let mut transaction = connection.begin().await.unwrap();
    let units = lock(&mut transaction, account).await;
    let count = i64::try_from(size).unwrap();
    let balances: Vec<i64> = (1..=count).map(|place| units - place).collect();
    update(&mut transaction, account, units - count).await;
    sqlx::query("INSERT INTO plain_entries SELECT $1, id, -1, left_over FROM unnest($2, $3) AS t(id, left_over)")
        .bind(account)
        .bind(&ids)
        .bind(&balances)
        .execute(&mut *transaction)
        .await
        .unwrap();
    sqlx::query("INSERT INTO plain_keys SELECT $1, key, id FROM unnest($2, $3) AS t(key, id)")
        .bind(account)
        .bind(&keys)
        .bind(&ids)
        .execute(&mut *transaction)
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    size as u64
}

fn new_id() -> Uuid {
    message_credits::clock::Clock::system().new_id()
}
