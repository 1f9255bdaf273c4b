//! Reaching PostgreSQL: which host, whether it answers, and why not.
//!
//! Here: URLs with several hosts, waiting for a server at the start, the reason of a failed
//! connection, and moving to another host after a failover. Not here: the pools
//! ([`super::connection`]), and connections that are lost later ([`super::lost_connections`]).

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{
        self, ConnectOptions, Connection, PgConnection, Row,
        error::DatabaseError,
        postgres::{PgConnectOptions, PgRow},
    },
};
use tokio::{sync::Mutex, time::Instant};

use super::{
    hosts::Hosts,
    postgres::named,
    session::{self, Carrier},
    shards,
};

/// How long one attempt to connect may take.
const ATTEMPT: Duration = Duration::from_secs(3);
/// The pause between two attempts at the start.
const PAUSE: Duration = Duration::from_millis(500);
/// How often the start reports what it is waiting for.
const REPORT: Duration = Duration::from_secs(5);
/// How long the reason of a failed connection is believed: many callers ask for it at once.
const BELIEVED: Duration = Duration::from_secs(1);
/// Whether the server can be written, and has the settings that a connection asks for.
const STATE: &str = "SELECT NOT pg_is_in_recovery() AND \
    current_setting('transaction_read_only') = 'off' AS writable, \
    current_setting('plan_cache_mode') AS plans, \
    to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL AS has_citus";
/// Whether there are tables that Citus distributes.
const DISTRIBUTED: &str = "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_dist_partition \
    WHERE partmethod = 'h') AS distributed";
/// The setting by which the start finds out whether connections keep what they ask for.
pub(super) const PLANS: (&str, &str) = ("plan_cache_mode", "force_generic_plan");

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// It may pass: nobody listens yet, or the server is starting.
    Passing(String),
    /// It stays until somebody mends it, such as a wrong password.
    Lasting(String),
}

impl Obstacle {
    fn reason(&self) -> &str {
        match self {
            Self::Passing(reason) | Self::Lasting(reason) => reason,
        }
    }

    fn error(&self) -> DbErr {
        DbErr::Conn(RuntimeErr::Internal(self.reason().to_owned()))
    }
}

/// The hosts of a PostgreSQL database, and the one in use.
#[derive(Debug)]
pub(super) struct Reach {
    hosts: Hosts,
    current: AtomicUsize,
    /// Whether a pooler drops the settings of a startup packet.
    drops_settings: AtomicBool,
    /// The last reason, and when it was found.
    reason: Mutex<Option<(Instant, String)>>,
}

impl Reach {
    /// The hosts that a URL names.
    ///
    /// # Errors
    /// If the URL can't be parsed.
    pub(super) fn of(url: &str) -> Result<Self, DbErr> {
        let hosts =
            Hosts::parse(url).map_err(|reason| DbErr::Conn(RuntimeErr::Internal(reason)))?;
        Ok(Self {
            hosts,
            current: AtomicUsize::new(0),
            drops_settings: AtomicBool::new(false),
            reason: Mutex::default(),
        })
    }

    /// How to connect to the host in use.
    pub(super) fn options(&self) -> PgConnectOptions {
        let options = self.hosts.options(self.current.load(Ordering::Relaxed));
        match self.carrier() {
            Carrier::Startup => options,
            Carrier::Statement => bare(options),
        }
    }

    /// How new connections get their settings.
    pub(super) fn carrier(&self) -> Carrier {
        match self.drops_settings.load(Ordering::Relaxed) {
            true => Carrier::Statement,
            false => Carrier::Startup,
        }
    }

    /// Whether another host may have to be used later.
    pub(super) fn may_move(&self) -> bool {
        self.hosts.count() > 1 || self.hosts.must_be_writable()
    }

    /// Waits until a host answers, and uses it from then on.
    ///
    /// # Errors
    /// If none does in time, or if an obstacle will not pass.
    pub(super) async fn wait(&self, patience: Duration) -> Result<(), DbErr> {
        let began = Instant::now();
        let mut reported: Option<Instant> = None;
        loop {
            let obstacle = match self.choose().await {
                Ok(_) => return Ok(()),
                Err(obstacle) => obstacle,
            };
            let Obstacle::Passing(reason) = &obstacle else {
                return Err(obstacle.error());
            };
            let waited = began.elapsed();
            if waited >= patience {
                return Err(obstacle.error());
            }
            if reported.is_none_or(|at| at.elapsed() >= REPORT) {
                let (waited, most) = (waited.as_secs(), patience.as_secs());
                tracing::warn!(%reason, waited, most, "waiting for PostgreSQL");
                reported = Some(Instant::now());
            }
            tokio::time::sleep(PAUSE.min(patience.saturating_sub(waited))).await;
        }
    }

    /// Finds the first host that can be used, and uses it. Returns whether it is another one than
    /// before.
    async fn choose(&self) -> Result<bool, Obstacle> {
        let mut obstacles = Vec::new();
        for place in 0..self.hosts.count() {
            match self.attempt(place).await {
                Ok(()) => {
                    return Ok(self.current.swap(place, Ordering::Relaxed) != place);
                }
                Err(obstacle) => obstacles.push(obstacle),
            }
        }
        let reasons: Vec<&str> = obstacles.iter().map(Obstacle::reason).collect();
        let reasons = reasons.join("; ");
        // While one host may still come, the others' obstacles don't count.
        let passes = |obstacle: &Obstacle| matches!(obstacle, Obstacle::Passing(_));
        Err(match obstacles.iter().any(passes) {
            true => Obstacle::Passing(reasons),
            false => Obstacle::Lasting(reasons),
        })
    }

    /// Connects to one host, and checks that it is of use.
    async fn attempt(&self, place: usize) -> Result<(), Obstacle> {
        let name = self.hosts.name(place);
        let told = |cause: sqlx::Error| obstacle(name, &cause);
        let (mut connection, row, carrier) = self.opened(place).await?;
        self.drops_settings
            .store(carrier == Carrier::Statement, Ordering::Relaxed);
        let has_citus: bool = row.try_get("has_citus").map_err(told)?;
        if has_citus {
            let asked = sqlx::raw_sql(DISTRIBUTED).fetch_one(&mut connection);
            if asked
                .await
                .map_err(told)?
                .try_get("distributed")
                .map_err(told)?
            {
                shards::note();
            }
        }
        drop(connection.close().await);
        let writable: bool = row.try_get("writable").map_err(told)?;
        if self.hosts.must_be_writable() && !writable {
            return Err(Obstacle::Passing(format!("{name}: can only be read")));
        }
        Ok(())
    }

    /// Connects to one host, asks for its state, and finds out how settings reach it.
    async fn opened(&self, place: usize) -> Result<(PgConnection, PgRow, Carrier), Obstacle> {
        let name = self.hosts.name(place);
        let told = |cause: sqlx::Error| obstacle(name, &cause);
        match connect(&self.hosts.options(place).options([PLANS])).await {
            Ok(mut connection) => {
                let row = soon(name, state(&mut connection)).await?;
                if row.try_get::<String, _>("plans").map_err(told)? == PLANS.1 {
                    return Ok((connection, row, Carrier::Startup));
                }
                drop(connection.close().await);
            }
            Err(cause) if refuses_settings(&cause) => {}
            Err(cause) => return Err(told(cause)),
        }
        let host = bare(self.hosts.options(place));
        let mut connection = connect(&host).await.map_err(told)?;
        let mut second = connect(&host).await.map_err(told)?;
        if !soon(name, session::is_own(&mut connection, &mut second)).await? {
            return Err(Obstacle::Lasting(format!("{name}: {POOLER}")));
        }
        drop(second.close().await);
        let row = soon(name, state(&mut connection)).await?;
        Ok((connection, row, Carrier::Statement))
    }

    /// The error of a caller that got no connection in time, with the reason.
    pub(super) async fn why_no_connection(&self) -> DbErr {
        let mut known = self.reason.lock().await;
        let reason = match &*known {
            Some((at, reason)) if at.elapsed() < BELIEVED => reason.clone(),
            _ => {
                let place = self.current.load(Ordering::Relaxed);
                let reason = match self.attempt(place).await {
                    Ok(()) => "all connections of this process are in use".to_owned(),
                    Err(obstacle) => obstacle.reason().to_owned(),
                };
                *known = Some((Instant::now(), reason.clone()));
                reason
            }
        };
        let text = format!("no connection to PostgreSQL in time: {reason}");
        DbErr::Conn(RuntimeErr::Internal(text))
    }

    /// Looks every second whether the host in use still serves, and calls `moved` when another one
    /// has taken over. Never returns.
    pub(super) async fn follow(self: Arc<Self>, moved: impl Fn()) {
        const LOOK: Duration = Duration::from_secs(1);
        let mut watched: Option<PgConnection> = None;
        let mut is_lost = false;
        loop {
            tokio::time::sleep(LOOK).await;
            if self.still_serves(&mut watched).await {
                continue;
            }
            watched = None;
            match self.choose().await {
                Ok(is_other) => {
                    if is_other {
                        let place = self.current.load(Ordering::Relaxed);
                        let host = self.hosts.name(place);
                        tracing::warn!(host, "PostgreSQL is used at another host from now on");
                        moved();
                    }
                    is_lost = false;
                }
                Err(obstacle) => {
                    if !is_lost {
                        let reason = obstacle.reason();
                        tracing::error!(reason, "no host of PostgreSQL can be used");
                    }
                    is_lost = true;
                }
            }
        }
    }

    async fn still_serves(&self, watched: &mut Option<PgConnection>) -> bool {
        let look = async {
            let connection = match watched {
                Some(connection) => connection,
                None => watched.insert(connect(&self.options()).await?),
            };
            state(connection).await?.try_get::<bool, _>("writable")
        };
        match tokio::time::timeout(ATTEMPT, look).await {
            Ok(Ok(writable)) => writable || !self.hosts.must_be_writable(),
            Ok(Err(_)) | Err(_) => false,
        }
    }
}

const POOLER: &str = "the settings of a connection are dropped on the way, by a pooler such as \
    pgbouncer that shares connections; use its session mode, or connect to PostgreSQL itself and \
    divide its connections with --database-connections";

/// Options without settings that a pooler may refuse. The driver asks for `extra_float_digits`, but
/// no column is a float.
fn bare(options: PgConnectOptions) -> PgConnectOptions {
    options.extra_float_digits(None)
}

/// Whether a pooler refused a setting in the packet that opens a connection.
fn refuses_settings(cause: &sqlx::Error) -> bool {
    let message = cause.as_database_error().map(DatabaseError::message);
    message.is_some_and(|message| message.contains("unsupported startup parameter"))
}

/// An answer that must come within the time of an attempt.
async fn soon<T>(
    host: &str,
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, Obstacle> {
    let answer = tokio::time::timeout(ATTEMPT, answer).await;
    answer
        .map_err(|_| Obstacle::Passing(format!("{host}: no answer")))?
        .map_err(|cause| obstacle(host, &cause))
}

async fn connect(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let options = named(options.clone(), "watch").disable_statement_logging();
    let connecting = PgConnection::connect_with(&options);
    match tokio::time::timeout(ATTEMPT, connecting).await {
        Ok(connected) => connected,
        Err(_) => Err(super::lost_connections::silence(ATTEMPT)),
    }
}

async fn state(connection: &mut PgConnection) -> Result<PgRow, sqlx::Error> {
    // Behind a pooler a prepared statement might belong to another connection.
    sqlx::raw_sql(STATE).fetch_one(connection).await
}

/// What an error of a connection means, worded for the operator.
fn obstacle(host: &str, cause: &sqlx::Error) -> Obstacle {
    match cause {
        sqlx::Error::Database(database) => {
            let text = format!("{host}: {}", database.message());
            match database.code().as_deref() {
                // Starting or stopping, or out of connections.
                Some("57P01" | "57P02" | "57P03" | "53300") => Obstacle::Passing(text),
                _ => Obstacle::Lasting(text),
            }
        }
        sqlx::Error::Io(cause) => Obstacle::Passing(format!("{host}: {cause}")),
        sqlx::Error::Tls(cause) => Obstacle::Lasting(format!("{host}: TLS can't be used: {cause}")),
        other => Obstacle::Lasting(format!("{host}: {other}")),
    }
}
