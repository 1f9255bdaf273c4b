//! The bytes that a message takes in a database and in its write-ahead log.
//!
//! Here: sending and measuring. Not here: the processes (`servers`).

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, Database, DatabaseBackend, DatabaseConnection, Statement};

use crate::{
    CONNECTIONS, Settings,
    client::{self, Connection},
    servers::Servers,
};

/// Messages before the measured ones, so that tables and indexes have their first pages.
const BEFORE: usize = 2_000;
/// Messages that are measured.
const MESSAGES: usize = 25_000;

/// Bytes of a table and of its indexes.
type Sizes = BTreeMap<String, (i64, i64)>;

/// Sends messages of 80 characters to two countries through each program, and prints how much each
/// takes. The write-ahead log is that of the whole server, which must be idle otherwise.
pub async fn print(settings: &Settings) {
    for program in &settings.programs {
        let servers = Servers::prepare(program, 1).await;
        measure(servers, &format!("{} on PostgreSQL", program.name)).await;
        let servers = Servers::prepare_on_sqlite(program, 1).await;
        measure(servers, &format!("{} on SQLite", program.name)).await;
    }
}

async fn measure(mut servers: Servers, name: &str) {
    servers.start();
    let database = Database::connect(servers.url()).await.unwrap();
    if database.get_database_backend() == DatabaseBackend::Postgres {
        // The first change of a page after a checkpoint logs the page as a whole.
        database.execute_unprepared("CHECKPOINT").await.unwrap();
    }
    send(&servers, BEFORE).await;
    let (before, log_before) = sizes(&database).await;
    send(&servers, MESSAGES).await;
    let (after, log_after) = sizes(&database).await;
    let each = |bytes: i64| bytes / MESSAGES as i64;
    let (mut all_rows, mut all_indexes) = (0, 0);
    println!("\n{name}: bytes of each of {MESSAGES} messages\n");
    for (table, (rows, indexes)) in after {
        let (rows_before, indexes_before) = before.get(&table).copied().unwrap_or_default();
        let (rows, indexes) = (rows - rows_before, indexes - indexes_before);
        all_rows += rows;
        all_indexes += indexes;
        if each(rows + indexes) > 0 {
            println!("  {table}: {} and {} of indexes", each(rows), each(indexes));
        }
    }
    println!("  all: {}", each(all_rows + all_indexes));
    if let (Some(before), Some(after)) = (log_before, log_after) {
        println!("  write-ahead log: {}", each(after - before));
    }
    database.close().await.unwrap();
    servers.remove().await;
}

/// Sends messages over all connections.
async fn send(servers: &Servers, messages: usize) {
    let account = &servers.accounts[0];
    let mut senders = tokio::task::JoinSet::new();
    for number in 0..CONNECTIONS {
        let mut connection = Connection::open(servers.address(number)).await;
        let own = messages / CONNECTIONS + usize::from(number < messages % CONNECTIONS);
        let account = account.clone();
        senders.spawn(async move {
            for _ in 0..own {
                connection.ask(&client::send_abroad(&account)).await;
            }
        });
    }
    senders.join_all().await;
}

/// The tables with their sizes, and the position in the write-ahead log. SQLite tells the size of
/// its file alone.
async fn sizes(database: &DatabaseConnection) -> (Sizes, Option<i64>) {
    const TABLES: &str = "SELECT relname::text AS name, pg_table_size(oid)::bigint AS own, \
                          pg_indexes_size(oid)::bigint AS indexes FROM pg_class \
                          WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace";
    const LOG: &str = "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint AS log";
    const FILE: &str = "SELECT 'the file' AS name, page_count * page_size AS own, 0 AS indexes \
                        FROM pragma_page_count(), pragma_page_size()";
    let backend = database.get_database_backend();
    let rows = async |sql| {
        let statement = Statement::from_string(backend, sql);
        database.query_all_raw(statement).await.unwrap()
    };
    let is_postgres = backend == DatabaseBackend::Postgres;
    let tables = rows(if is_postgres { TABLES } else { FILE }).await;
    let sizes = tables.iter().map(|row| {
        let number = |column| row.try_get("", column).unwrap();
        let name = row.try_get("", "name").unwrap();
        (name, (number("own"), number("indexes")))
    });
    let log = match is_postgres {
        true => Some(rows(LOG).await[0].try_get("", "log").unwrap()),
        false => None,
    };
    (sizes.collect(), log)
}
