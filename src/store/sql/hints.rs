//! Messages between the processes on one PostgreSQL, by LISTEN and NOTIFY.
//!
//! Here: sending and receiving texts. A message may be lost, so it can only be a hint. Not here:
//! what the texts mean ([`crate::operations`]).

use std::time::Duration;

use sea_orm::{
    DatabaseBackend, DbErr, RuntimeErr,
    sqlx::{
        self, ConnectOptions, PgPool,
        postgres::{PgListener, PgPoolOptions},
    },
};

use super::{super::Store, settings::HINTS};

/// The channel of every process on a database.
const CHANNEL: &str = "message_credits_hints";
/// The most bytes of a message; PostgreSQL takes 7,999.
pub const MAX_BYTES: usize = 7_000;
/// How long sending may take before the connection counts as lost.
const PATIENCE: Duration = Duration::from_secs(5);

/// Receives the messages of every process, those of this one included.
#[derive(Debug)]
pub struct Inbox(PgListener);

/// Sends messages to every process.
#[derive(Debug)]
pub struct Outbox(PgPool);

impl Store {
    /// Begins to listen. Returns `None` on SQLite, whose file one server serves.
    pub async fn hints(&self) -> Result<Option<(Inbox, Outbox)>, DbErr> {
        if self.backend() != DatabaseBackend::Postgres {
            return Ok(None);
        }
        let writer = self.writer().unbounded();
        let options = writer.get_postgres_connection_pool().connect_options();
        let options = options.as_ref().clone();
        // A name of the operator's own is kept.
        let own = options.get_application_name();
        let own = own.and_then(|name| name.strip_suffix(" writes"));
        let options = match own.map(|process| format!("{process} hints")) {
            Some(name) => options.application_name(&name),
            None => options,
        };
        let pool = PgPoolOptions::new()
            .max_connections(HINTS)
            .min_connections(0)
            .acquire_timeout(PATIENCE)
            .connect_lazy_with(options.disable_statement_logging());
        let mut listener = PgListener::connect_with(&pool).await.map_err(failed)?;
        // A lost connection is an error: messages were lost with it.
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await.map_err(failed)?;
        Ok(Some((Inbox(listener), Outbox(pool))))
    }
}

impl Inbox {
    /// Waits for the next message.
    ///
    /// # Errors
    /// If the connection was lost, and messages with it.
    pub async fn next(&mut self) -> Result<String, DbErr> {
        match self.0.try_recv().await.map_err(failed)? {
            Some(message) => Ok(message.payload().to_owned()),
            None => Err(DbErr::Custom("the connection was lost".to_owned())),
        }
    }
}

impl Outbox {
    /// Sends a message of at most [`MAX_BYTES`].
    ///
    /// It is a transaction of its own that writes nothing: PostgreSQL lets one notifying
    /// transaction commit at a time, and a charge must not wait for that.
    pub async fn send(&self, message: &str) -> Result<(), DbErr> {
        let sent = sqlx::query("SELECT pg_notify($1, $2)")
            .bind(CHANNEL)
            .bind(message)
            .execute(&self.0);
        match tokio::time::timeout(PATIENCE, sent).await {
            Ok(sent) => sent.map(drop).map_err(failed),
            Err(_) => Err(DbErr::Custom("sending took too long".to_owned())),
        }
    }
}

fn failed(cause: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(cause.into()))
}
