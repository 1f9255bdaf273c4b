//! The program as processes on a database of its own.
//!
//! Here: starting and stopping them, and the accounts that they serve. Not here: the load.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::Duration,
};

use message_credits::clock::Clock;
use sea_orm::{ConnectionTrait, Database, DatabaseTransaction, IsolationLevel, TransactionTrait};
use serde_json::json;

use crate::client::{Connection, KEY};

/// A build of the program.
pub struct Program {
    pub name: String,
    path: String,
}

impl Program {
    /// The one that was built with the bench.
    pub fn own() -> Self {
        Self {
            name: "this".to_owned(),
            path: env!("CARGO_BIN_EXE_message-credits").to_owned(),
        }
    }

    /// One that is given as `NAME=PATH`.
    pub fn named(text: &str) -> Self {
        let (name, path) = text.split_once('=').expect("NAME=PATH");
        Self {
            name: name.to_owned(),
            path: path.to_owned(),
        }
    }
}

/// Where the processes keep their books.
enum Books {
    /// A database of their own on a server.
    Postgres { server: String, name: String },
    /// A file, for one process.
    Sqlite(tempfile::TempDir),
}

/// Processes of one program. They are killed on drop.
pub struct Servers {
    path: String,
    books: Books,
    running: Vec<(Child, SocketAddr)>,
    /// The accounts' ids.
    pub accounts: Vec<String>,
}

impl Servers {
    /// A database on PostgreSQL with accounts whose credits never run out; no process runs yet.
    pub async fn prepare(program: &Program, accounts: usize) -> Self {
        let server =
            std::env::var("TEST_POSTGRES_URL").expect("cargo xtask bench starts PostgreSQL");
        let name = format!("bench_{}", Clock::system().new_id().simple());
        let connection = Database::connect(&server).await.unwrap();
        let create = format!("CREATE DATABASE {name}");
        connection.execute_unprepared(&create).await.unwrap();
        Self::prepare_on(Books::Postgres { server, name }, program, accounts).await
    }

    /// The same on SQLite.
    pub async fn prepare_on_sqlite(program: &Program, accounts: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::prepare_on(Books::Sqlite(folder), program, accounts).await
    }

    async fn prepare_on(books: Books, program: &Program, accounts: usize) -> Self {
        let mut servers = Self {
            path: program.path.clone(),
            books,
            running: Vec::new(),
            accounts: Vec::new(),
        };
        let migrated = servers
            .program()
            .arg("migrate")
            .stdout(Stdio::null())
            .status();
        assert!(migrated.unwrap().success());
        servers.start();
        let mut connection = Connection::open(servers.address(0)).await;
        for number in 0..accounts {
            servers
                .accounts
                .push(account(&mut connection, number).await);
        }
        servers.stop();
        servers
    }

    /// Starts one process more.
    pub fn start(&mut self) {
        let mut child = self
            .program()
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = loop {
            let line = lines.next().expect("the program serves").unwrap();
            if let Some(url) = line.trim().strip_prefix("GraphQL ") {
                let url: url::Url = url.trim().parse().unwrap();
                break url.socket_addrs(|| None).unwrap()[0];
            }
        };
        // Later output must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        self.running.push((child, address));
    }

    /// Kills the processes.
    pub fn stop(&mut self) {
        for (mut child, _) in self.running.drain(..) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// The address of the process that serves this connection.
    pub fn address(&self, connection: usize) -> SocketAddr {
        self.running[connection % self.running.len()].1
    }

    /// CPU time so far: of the processes, and of their connections' processes in PostgreSQL.
    pub fn cpu(&self) -> [Duration; 2] {
        let own = self.running.iter().map(|(child, _)| cpu(child.id()));
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let serves = |id: &u32| match &self.books {
            Books::Postgres { name, .. } => {
                let title = fs::read_to_string(format!("/proc/{id}/cmdline")).unwrap_or_default();
                title.starts_with("postgres:") && title.contains(name)
            }
            Books::Sqlite(_) => false,
        };
        [own.sum(), ids.filter(serves).map(cpu).sum()]
    }

    /// A snapshot that is held until it is rolled back.
    pub async fn snapshot(&self) -> DatabaseTransaction {
        let connection = Database::connect(self.url()).await.unwrap();
        let level = IsolationLevel::RepeatableRead;
        let transaction = connection
            .begin_with_config(Some(level), None)
            .await
            .unwrap();
        let first = "SELECT count(*) FROM books";
        transaction.execute_unprepared(first).await.unwrap();
        transaction
    }

    /// Stops the processes and drops the database.
    pub async fn remove(mut self) {
        self.stop();
        if let Books::Postgres { server, name } = &self.books {
            let server = Database::connect(server).await.unwrap();
            let drop = format!("DROP DATABASE {name} WITH (FORCE)");
            server.execute_unprepared(&drop).await.unwrap();
        }
    }

    /// The database's address.
    pub fn url(&self) -> String {
        match &self.books {
            Books::Postgres { server, name } => {
                let mut url = url::Url::parse(server).unwrap();
                url.set_path(name);
                url.to_string()
            }
            Books::Sqlite(folder) => {
                format!("sqlite://{}/books.db?mode=rwc", folder.path().display())
            }
        }
    }

    fn program(&self) -> Command {
        let mut command = Command::new(&self.path);
        command
            .env("DATABASE_URL", self.url())
            .env("ADMIN_API_KEY", KEY)
            .env("RUST_LOG", "warn")
            .env_remove("PUBLIC_URL")
            .stdin(Stdio::null());
        for owner in ["ADDRESS", "KEY", "ACCOUNT", "PLATFORM"] {
            command.env(format!("RATE_LIMIT_{owner}"), "0");
        }
        for owner in ["ADDRESS", "KEY"] {
            command.env(format!("COST_LIMIT_{owner}"), "0");
        }
        command
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A process's CPU time so far; none if it has ended.
fn cpu(process: u32) -> Duration {
    const TICKS_A_SECOND: u64 = 100;
    let text = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields = text.rsplit(") ").next().unwrap_or_default().split(' ');
    let ticks = fields
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok());
    Duration::from_millis(ticks.sum::<u64>() * 1_000 / TICKS_A_SECOND)
}

/// Makes a list with a head-count.
pub async fn list(connection: &mut Connection, account: &str) -> String {
    const CREATE: &str = "mutation($input: CreateContactListInput!) { createContactList(input: \
                          $input) { list { id } userErrors { code } } }";
    let input = json!({ "accountId": account, "name": "All",
        "destinations": [{ "countryCode": "IT", "recipientCount": 1_653 }] });
    let body = json!({ "query": CREATE, "variables": { "input": input } });
    let made = connection.ask(&body.to_string()).await;
    let id = made.pointer("/data/createContactList/list/id");
    let id = id.and_then(serde_json::Value::as_str);
    id.expect("an id").to_owned()
}

/// Makes a key of an account's owner.
pub async fn key(connection: &mut Connection, account: &str) -> String {
    const CREATE: &str = "mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { \
                          secret userErrors { code } } }";
    let input = json!({ "accountId": account, "name": "Idle", "role": "OWNER" });
    let body = json!({ "query": CREATE, "variables": { "input": input } });
    let made = connection.ask(&body.to_string()).await;
    let secret = made.pointer("/data/createApiKey/secret");
    let secret = secret.and_then(serde_json::Value::as_str);
    secret.expect("a key").to_owned()
}

async fn account(connection: &mut Connection, number: usize) -> String {
    const CREATE: &str = "mutation($input: CreateAccountInput!) { \
                          createAccount(input: $input) { account { id } userErrors { code } } }";
    const GRANT: &str = "mutation($input: GrantCreditsInput!) { \
                         grantCredits(input: $input) { userErrors { code } } }";
    let input = json!({ "name": format!("Bench {number}") });
    let body = json!({ "query": CREATE, "variables": { "input": input } });
    let made = connection.ask(&body.to_string()).await;
    let id = made.pointer("/data/createAccount/account/id");
    let id = id
        .and_then(serde_json::Value::as_str)
        .expect("an id")
        .to_owned();
    let input = json!({ "accountId": id, "credits": "1000000000", "note": "for the bench",
        "idempotencyKey": format!("grant-{number}") });
    let body = json!({ "query": GRANT, "variables": { "input": input } });
    connection.ask(&body.to_string()).await;
    id
}
