//! A database that is opened for reading alone: by an audit, also on a replica and on a file that
//! nobody may write.
//!
//! Here: opening it, and why it is refused. Nothing is created, migrated or written. Not here: the
//! pools of a server ([`super::connection`]).

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::{Duration, SystemTime},
};

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseBackend, DatabaseConnection, DbErr,
    Statement,
    sqlx::{self, sqlite::SqliteConnectOptions},
};

use super::{
    bounded::Connections,
    lost_connections::Losses,
    postgres::ReadOnlyPools,
    private_file,
    reach::Reach,
    reader::Reader,
    version::{Standing, known, schema},
};

/// Connections that are opened on demand: more than an audit uses at once.
const CONNECTIONS: u32 = 16;
/// PostgreSQL's timeout for a statement. An audit may read a replica that has nothing cached.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(600);
/// How long a reader waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);
/// The files that SQLite keeps beside a database that is in use.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// A database that can only be read.
#[derive(Debug)]
pub struct ReadOnly {
    reader: Reader,
    /// A SQLite file that is read as it lies there.
    still: Option<Still>,
}

/// Why a database can't be read, worded for the operator.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database can't be opened or read.
    #[error("the database can't be used: {0}")]
    Database(#[from] DbErr),
    /// The URL names a file that isn't there.
    #[error("the database can't be used: there is no file {}", .0.display())]
    Missing(PathBuf),
    /// The database has no tables of ours.
    #[error("the database is empty: it has no tables of message-credits; check the database's URL")]
    Empty,
    /// The database was written by a newer version.
    #[error("the database's schema is newer than this program ({0}); run the newer program")]
    Newer(String),
    /// The database was written by an older version.
    #[error(
        "the database lacks {pending} of this program's migrations; run the program that wrote it, \
         or run `message-credits migrate` on it first"
    )]
    Old {
        /// Migrations that are missing.
        pending: usize,
    },
    /// The latest changes are in a log that can't be read in its folder.
    #[error(
        "the latest changes are in {}, which SQLite can't read in a folder that it can't write; \
         copy both files into another folder", .0.display()
    )]
    LogUnreadable(PathBuf),
    /// A file was changed while it was read as if nobody wrote it.
    #[error("{} was changed while it was read, so the result means nothing; run the command again", .0.display())]
    Changed(PathBuf),
}

impl ReadOnly {
    /// Opens the database that `url` names, whatever mode the URL asks for.
    ///
    /// # Errors
    /// If it can't be opened, doesn't exist, is empty, or has the schema of another version.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        let (pool, still) = if url.starts_with("sqlite:") {
            let (pool, still) = open_file(url).await?;
            (Connections::unlimited(pool, None), still)
        } else {
            (open_postgres(url).await?, None)
        };
        check_schema(&pool).await?;
        Ok(Self {
            reader: Reader::new(pool.clone(), CONNECTIONS, pool),
            still,
        })
    }

    /// For reads, each in the order in which it was asked for.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Closes every connection.
    ///
    /// # Errors
    /// If a file was changed by somebody else while it was read as if nobody did.
    pub async fn close(self) -> Result<(), OpenError> {
        if let Err(cause) = self.reader.close().await {
            tracing::debug!(%cause, "a connection was closed already");
        }
        match self.still {
            Some(still) if still != Still::of(&still.file) => Err(OpenError::Changed(still.file)),
            _ => Ok(()),
        }
    }
}

/// The state of a file that nobody writes.
#[derive(Debug, PartialEq, Eq)]
struct Still {
    file: PathBuf,
    length: u64,
    modified: Option<SystemTime>,
    in_use: bool,
}

impl Still {
    fn of(file: &Path) -> Self {
        let found = fs::metadata(file).ok();
        Self {
            file: file.to_owned(),
            length: found.as_ref().map_or(0, fs::Metadata::len),
            modified: found.and_then(|found| found.modified().ok()),
            in_use: BESIDE.iter().any(|ending| beside(file, ending).exists()),
        }
    }
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(ending);
    PathBuf::from(name)
}

/// Opens a SQLite file.
///
/// SQLite creates files beside a database even if it only reads. If nobody has the database open,
/// they aren't needed: the file is read as it lies there, and [`ReadOnly::close`] checks that it
/// stayed so.
async fn open_file(url: &str) -> Result<(DatabaseConnection, Option<Still>), OpenError> {
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|cause| OpenError::Database(connection_error(cause)))?;
    let file = options.get_filename().to_owned();
    let found = fs::metadata(&file).map_err(|_| OpenError::Missing(file.clone()))?;
    if found.len() == 0 {
        return Err(OpenError::Empty);
    }
    private_file::prepare(url);
    let still = Still::of(&file);
    if !still.in_use {
        return Ok((connect_file(url, true).await?, Some(still)));
    }
    let log = beside(&file, "-wal");
    let waits = fs::metadata(&log).map_or(0, |log| log.len());
    match connect_file(url, false).await {
        Ok(pool) => Ok((pool, None)),
        Err(_) if waits == 0 => {
            let pool = connect_file(url, true).await?;
            Ok((pool, Some(still)))
        }
        Err(cause) if error_says(&cause, "unable to open") => Err(OpenError::LogUnreadable(log)),
        Err(cause) => Err(cause.into()),
    }
}

fn error_says(cause: &DbErr, text: &str) -> bool {
    cause.to_string().contains(text)
}

async fn connect_file(url: &str, immutable: bool) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(CONNECTIONS)
        .min_connections(0)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |options| {
            options
                .create_if_missing(false)
                .read_only(true)
                .immutable(immutable)
        });
    let pool = Database::connect(options).await?;
    // SQLite opens the file's log, and so finds out whether it can, with the first statement.
    pool.execute_unprepared("SELECT count(*) FROM sqlite_master")
        .await?;
    Ok(pool)
}

async fn open_postgres(url: &str) -> Result<Connections, OpenError> {
    let reach = Arc::new(Reach::of(url)?);
    // A pool would only report that it waited in vain. This also notes whether Citus is used.
    reach.wait(Duration::ZERO).await?;
    let pools = ReadOnlyPools {
        reach,
        purpose: "audit",
        measured: None,
        acquire_timeout: ACQUIRE_TIMEOUT,
        statement_timeout: STATEMENT_TIMEOUT,
        losses: Losses::default(),
    };
    Ok(pools.open(CONNECTIONS))
}

fn connection_error(cause: sqlx::Error) -> DbErr {
    DbErr::Conn(sea_orm::RuntimeErr::SqlxError(cause.into()))
}

/// Refuses a database without our tables, and one with the schema of another version.
async fn check_schema(connection: &impl ConnectionTrait) -> Result<(), OpenError> {
    let backend = connection.get_database_backend();
    let exists = match backend {
        DatabaseBackend::Postgres => {
            "SELECT 1 AS found FROM information_schema.tables \
             WHERE table_schema = current_schema() AND table_name = 'seaql_migrations'"
        }
        _ => {
            "SELECT 1 AS found FROM sqlite_master WHERE type = 'table' AND name = 'seaql_migrations'"
        }
    };
    let exists = Statement::from_string(backend, exists);
    if connection.query_one_raw(exists).await?.is_none() {
        return Err(OpenError::Empty);
    }
    let known = known();
    match schema(connection, &known).await? {
        // Later steps that an older program can serve after, it can also verify after.
        Standing::Current | Standing::Newer(_) | Standing::ReadOnly => Ok(()),
        Standing::Older(pending) if pending == known.len() => Err(OpenError::Empty),
        Standing::Older(pending) => Err(OpenError::Old { pending }),
        Standing::Outdated(step) => Err(OpenError::Newer(step)),
    }
}
