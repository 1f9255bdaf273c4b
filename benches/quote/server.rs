//! The measured program: its database, its process, its memory.
//!
//! Here: starting it, sending it one request, observing it from outside. Not here: the requests.

use std::{
    fmt, fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::{Client, Request};
use sea_orm::{ConnectionTrait, Database as Connect};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::Outcome;

const KEY: &str = "bench-admin-key-0123456789-abcdefghijk";
const PROGRAM: &str = env!("CARGO_BIN_EXE_message-credits");
/// How often memory is read.
const LOOK: Duration = Duration::from_millis(2);

/// A fresh, migrated database.
pub enum Database {
    /// A file, which is deleted with its folder.
    Sqlite { folder: TempDir },
    /// A database on a server.
    Postgres { server: String, name: String },
}

impl Database {
    pub fn sqlite() -> Outcome<Self> {
        let folder = tempfile::tempdir_in(concat!(env!("CARGO_MANIFEST_DIR"), "/target"))?;
        let database = Self::Sqlite { folder };
        database.migrate()?;
        Ok(database)
    }

    pub async fn postgres(server: &str) -> Outcome<Self> {
        let name = format!("bench_quote_{}", std::process::id());
        let root = Connect::connect(server).await?;
        root.execute_unprepared(&format!("CREATE DATABASE {name}"))
            .await?;
        root.close().await?;
        let server = server.to_owned();
        let database = Self::Postgres { server, name };
        database.migrate()?;
        Ok(database)
    }

    /// Finishes the database's work after lists were filled, so that it isn't measured with what
    /// follows: PostgreSQL vacuums, and writes a checkpoint.
    pub async fn settle(&self) -> Outcome<()> {
        if matches!(self, Self::Postgres { .. }) {
            let connection = Connect::connect(self.url()).await?;
            for statement in ["VACUUM ANALYZE", "CHECKPOINT"] {
                connection.execute_unprepared(statement).await?;
            }
            connection.close().await?;
        }
        Ok(())
    }

    /// Drops a database on a server.
    pub async fn remove(self) -> Outcome<()> {
        if let Self::Postgres { server, name } = self {
            let root = Connect::connect(server).await?;
            let drop = format!("DROP DATABASE {name} WITH (FORCE)");
            root.execute_unprepared(&drop).await?;
        }
        Ok(())
    }

    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "SQLite",
            Self::Postgres { .. } => "PostgreSQL",
        }
    }

    pub fn url(&self) -> String {
        match self {
            Self::Sqlite { folder } => {
                format!(
                    "sqlite://{}?mode=rwc",
                    folder.path().join("bench.db").display()
                )
            }
            Self::Postgres { server, name } => {
                let (host, _) = server.rsplit_once('/').unwrap_or((server, ""));
                format!("{host}/{name}")
            }
        }
    }

    fn migrate(&self) -> Outcome<()> {
        let status = program(&self.url())
            .arg("migrate")
            .stdout(Stdio::null())
            .status()?;
        if !status.success() {
            return Err(format!("migrate: {status}").into());
        }
        Ok(())
    }
}

fn program(url: &str) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .env("DATABASE_URL", url)
        .env("ADMIN_API_KEY", KEY)
        .env("RUST_LOG", "warn")
        .env_remove("PUBLIC_URL")
        .stdin(Stdio::null());
    command
}

/// The program, serving. It is stopped on drop.
pub struct Server {
    child: Child,
    graphql: String,
    client: Client,
    /// The account that the lists belong to.
    pub account: String,
}

impl Server {
    pub async fn start(database: &Database) -> Outcome<Self> {
        let mut child = program(&database.url())
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().ok_or("no output")?;
        let mut lines = BufReader::new(output).lines();
        let graphql = loop {
            let line = lines.next().ok_or("the program ended before it served")??;
            if let Some(url) = line.trim().strip_prefix("GraphQL ") {
                break url.trim().to_owned();
            }
        };
        // Later output must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let client = Client::builder().no_proxy().build()?;
        let mut server = Self {
            child,
            graphql,
            client,
            account: String::new(),
        };
        let made = server
            .send(
                "mutation { createAccount(input: { name: \"Bench\" }) { account { id } userErrors { message } } }",
                json!({}),
            )
            .await?;
        server.account = text(&made, "/createAccount/account/id")?;
        Ok(server)
    }

    /// The request with this body.
    pub fn request(&self, body: &Value) -> Outcome<(Client, Request)> {
        let request = self.client.post(&self.graphql).bearer_auth(KEY);
        let request = request
            .header("accept", "application/json")
            .json(body)
            .build()?;
        Ok((self.client.clone(), request))
    }

    /// The answer's data, and its latency.
    pub async fn ask(&self, body: &Value) -> Outcome<(Value, Duration)> {
        let (client, request) = self.request(body)?;
        let begin = Instant::now();
        let answer = client.execute(request).await?.bytes().await?;
        let time = begin.elapsed();
        let mut answer: Value = serde_json::from_slice(&answer)?;
        if answer.get("errors").is_some() {
            return Err(format!("{}", answer["errors"]).into());
        }
        Ok((answer["data"].take(), time))
    }

    /// The data that answers a document.
    pub async fn send(&self, document: &str, variables: Value) -> Outcome<Value> {
        let body = json!({ "query": document, "variables": variables });
        Ok(self.ask(&body).await?.0)
    }

    /// Its current memory.
    pub fn memory(&self) -> Outcome<Memory> {
        Memory::of(self.child.id())
    }

    /// Reads its memory again and again.
    pub fn watch_memory(&self) -> Watch {
        let ended = Arc::new(AtomicBool::new(false));
        let peaks = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
        let (process, watched, most) = (self.child.id(), Arc::clone(&ended), Arc::clone(&peaks));
        let looking = tokio::task::spawn_blocking(move || {
            while !watched.load(Ordering::Relaxed) {
                if let Ok(now) = Memory::of(process) {
                    most[0].fetch_max(now.own_kb, Ordering::Relaxed);
                    most[1].fetch_max(now.mapped_kb, Ordering::Relaxed);
                }
                std::thread::sleep(LOOK);
            }
        });
        Watch {
            ended,
            peaks,
            looking,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing needs saving, and an error changes nothing.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A text in an answer.
pub fn text(answer: &Value, pointer: &str) -> Outcome<String> {
    let text = answer.pointer(pointer).and_then(Value::as_str);
    Ok(text
        .ok_or_else(|| format!("no {pointer} in {answer}"))?
        .to_owned())
}

/// Resident memory of a process.
pub struct Memory {
    /// Its private memory, which nothing else can use.
    own_kb: u64,
    /// Pages of files, which the system takes back as it likes.
    mapped_kb: u64,
}

impl Memory {
    fn of(process: u32) -> Outcome<Self> {
        let status = fs::read_to_string(format!("/proc/{process}/status"))?;
        let line = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            number.ok_or_else(|| format!("no {name} in the process's status"))
        };
        Ok(Self {
            own_kb: line("RssAnon:")?,
            mapped_kb: line("RssFile:")?,
        })
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (own, mapped) = (self.own_kb / 1024, self.mapped_kb / 1024);
        write!(out, "{own} MiB (and {mapped} MiB of mapped files)")
    }
}

/// A running observation of memory.
pub struct Watch {
    ended: Arc<AtomicBool>,
    peaks: Arc<[AtomicU64; 2]>,
    looking: tokio::task::JoinHandle<()>,
}

impl Watch {
    /// The most that was seen.
    pub async fn peak(self) -> Outcome<Memory> {
        self.ended.store(true, Ordering::Relaxed);
        self.looking.await?;
        let peak = |which: usize| self.peaks[which].load(Ordering::Relaxed);
        Ok(Memory {
            own_kb: peak(0),
            mapped_kb: peak(1),
        })
    }
}
