//! Plain SQL on SQLite: the same three tables, one transaction for each spend, over rusqlite, with
//! WAL and synchronous=FULL like the server.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use message_credits::clock::Clock;
use rusqlite::{Connection, Statement, params};

use crate::{
    load::{Dice, Zipf},
    report::{Measured, sync_probe},
};

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS plain_accounts (id INTEGER PRIMARY KEY, units INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS plain_entries (
        account_id INTEGER NOT NULL, id BLOB NOT NULL, units INTEGER NOT NULL, balance INTEGER NOT NULL,
        PRIMARY KEY (account_id, id)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS plain_keys (
        account_id INTEGER NOT NULL, key TEXT NOT NULL, entry_id BLOB NOT NULL,
        PRIMARY KEY (account_id, key)) WITHOUT ROWID;
    WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1000)
    INSERT OR IGNORE INTO plain_accounts SELECT n, 1000000000000 FROM n";

fn open(file: &Path) -> Connection {
    let connection = Connection::open(file).unwrap();
    connection.busy_timeout(Duration::from_secs(30)).unwrap();
    connection
        .pragma_update(None, "journal_mode", "WAL")
        .unwrap();
    connection
        .pragma_update(None, "synchronous", "FULL")
        .unwrap();
    connection
}

/// Threads that spend, one spend at a time or in batches of `batch`.
pub fn run(
    file: &Path,
    time: Duration,
    threads: usize,
    batch: usize,
    accounts: Option<&Zipf>,
) -> Measured {
    open(file).execute_batch(TABLES).unwrap();
    let sync = sync_probe();
    let began = Instant::now();
    let threads: Vec<_> = (0..threads)
        .map(|number| {
            let (file, accounts) = (file.to_owned(), accounts.cloned());
            std::thread::spawn(move || {
                let connection = open(&file);
                let mut client = Client::new(&connection);
                let mut dice = Dice::new(number as u64 + 1);
                let mut latencies = Vec::new();
                while began.elapsed() < time {
                    let started = Instant::now();
                    let account = accounts.as_ref().map_or(0, |zipf| zipf.choose(&mut dice));
                    client.spend(i64::try_from(account).unwrap() + 1, batch);
                    latencies.push(started.elapsed());
                }
                latencies
            })
        })
        .collect();
    let latencies: Vec<Duration> = threads
        .into_iter()
        .flat_map(|thread| thread.join().unwrap())
        .collect();
    Measured {
        done: (latencies.len() * batch) as u64,
        took: began.elapsed(),
        latencies,
        sync: (sync + sync_probe()) / 2,
    }
}

/// A client with its statements prepared.
struct Client<'a> {
    connection: &'a Connection,
    read: Statement<'a>,
    used: Statement<'a>,
    entry: Statement<'a>,
    key: Statement<'a>,
    update: Statement<'a>,
}

impl<'a> Client<'a> {
    fn new(connection: &'a Connection) -> Self {
        let prepare = |sql| connection.prepare(sql).unwrap();
        Self {
            connection,
            read: prepare("SELECT units FROM plain_accounts WHERE id = ?"),
            used: prepare("SELECT entry_id FROM plain_keys WHERE account_id = ? AND key = ?"),
            entry: prepare("INSERT INTO plain_entries VALUES (?, ?, -1, ?)"),
            key: prepare("INSERT INTO plain_keys VALUES (?, ?, ?)"),
            update: prepare("UPDATE plain_accounts SET units = ? WHERE id = ?"),
        }
    }

    fn spend(&mut self, account: i64, batch: usize) {
        self.connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        let mut units: i64 = self.read.query_row([account], |row| row.get(0)).unwrap();
        for _ in 0..batch {
            let id = Clock::system().new_id();
            let key = Clock::system().new_id().to_string();
            assert!(!self.used.exists(params![account, key]).unwrap() && units >= 1);
            units -= 1;
            self.entry
                .execute(params![account, id.as_bytes(), units])
                .unwrap();
            self.key
                .execute(params![account, key, id.as_bytes()])
                .unwrap();
        }
        self.update.execute(params![units, account]).unwrap();
        self.connection.execute_batch("COMMIT").unwrap();
    }
}
