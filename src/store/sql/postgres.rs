//! The pools of PostgreSQL.
//!
//! Here: opening them, each with its size, its settings and its name. Not here: which host they
//! lead to ([`super::reach`]), which connections of them are tested
//! ([`super::lost_connections`]), and when they are opened again ([`super::renewal`]).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sea_orm::{
    DatabaseConnection, DbErr,
    sqlx::postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::task::JoinHandle;

use super::{
    bounded::{Bound, Connections},
    lost_connections::Losses,
    pools,
    reach::{PLANS, Reach},
    renewal::Pool,
    session::Session,
    settings::Settings,
    shards,
};

/// Planner settings for writers and lookups. Their statements find rows by key and are planned
/// once. A plan that was made while a table was small must not scan the whole table when it has
/// grown.
const BY_KEY: [(&str, &str); 5] = [
    // Planning takes several times as long as finding a row by key.
    PLANS,
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("jit", "off"),
];
/// PostgreSQL notices within half a minute that the machine of a connection is gone.
const NOTICES: [(&str, &str); 3] = [
    ("tcp_keepalives_idle", "15"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
];
/// How much longer than PostgreSQL itself this process waits for the end of a statement.
const GRACE: Duration = Duration::from_secs(2);
/// The longest name of a connection that PostgreSQL keeps, in bytes.
const LONGEST_NAME: usize = 63;

/// The pools of one process.
#[derive(Debug)]
pub(super) struct Pools {
    pub readers: Connections,
    pub writers: Connections,
    /// One pool of one connection for each of the ledger's writers.
    pub ledger: Vec<Connections>,
    pub lookups: Connections,
    pub jobs: Connections,
    pub bulk: Connections,
    pub losses: Losses,
    /// Follows the server to another host; none if there is no other.
    pub follower: Option<Follower>,
}

/// The task that follows the server to another host. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Follower(JoinHandle<()>);

impl Drop for Follower {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What a pool is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Readers,
    Writers,
    Ledger,
    Lookups,
    Jobs,
    Bulk,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Readers => "reads",
            Self::Writers => "writes",
            Self::Ledger => "ledger",
            Self::Lookups => "lookups",
            Self::Jobs => "jobs",
            Self::Bulk => "downloads",
        }
    }

    /// Its pool's name in metrics.
    fn measured(self) -> pools::Pool {
        match self {
            Self::Readers => pools::Pool::Reader,
            Self::Writers => pools::Pool::Writer,
            Self::Ledger => pools::Pool::Ledger,
            Self::Lookups => pools::Pool::Lookups,
            Self::Jobs => pools::Pool::Jobs,
            Self::Bulk => pools::Pool::Bulk,
        }
    }

    /// The settings of its connections.
    fn session(self, settings: &Settings) -> Session {
        let timeouts = [
            ("statement_timeout", settings.statement_timeout),
            ("lock_timeout", settings.lock_timeout),
        ];
        let session = Session::default()
            .with(timeouts.map(|(name, time)| (name, milliseconds(time))))
            .with(NOTICES);
        // Citus plans most statements for the account at hand, and the servers with the rows plan
        // them again.
        let by_key: &[(&str, &str)] = match shards::are_used() {
            true => &[],
            false => &BY_KEY,
        };
        let by_key = by_key.iter().copied();
        match self {
            // A transaction pauses only if its process is gone, and its locks hold up accounts.
            Self::Ledger | Self::Writers => session.with(by_key).with([(
                "idle_in_transaction_session_timeout",
                milliseconds(settings.lock_timeout),
            )]),
            Self::Lookups => session.with(by_key),
            Self::Readers | Self::Jobs | Self::Bulk => session,
        }
    }
}

/// A host's options with the name of this process and of a pool, which `pg_stat_activity` shows as
/// `application_name`. A name that the URL or `PGAPPNAME` gives is kept.
pub(super) fn named(host: PgConnectOptions, purpose: &str) -> PgConnectOptions {
    if host.get_application_name().is_some() {
        return host;
    }
    host.application_name(&name(&machine(), std::process::id(), purpose))
}

fn name(machine: &str, process: u32, purpose: &str) -> String {
    let ending = format!(":{process} {purpose}");
    let mut name = format!("message-credits {machine}");
    let mut length = name.len().min(LONGEST_NAME.saturating_sub(ending.len()));
    while !name.is_char_boundary(length) {
        length -= 1;
    }
    name.truncate(length);
    name + &ending
}

fn machine() -> String {
    #[cfg(unix)]
    {
        let known = rustix::system::uname();
        known.nodename().to_string_lossy().into_owned()
    }
    #[cfg(not(unix))]
    String::from("host")
}

fn milliseconds(time: Duration) -> String {
    format!("{}ms", time.as_millis())
}

impl Pools {
    /// Waits for the server, and opens the pools.
    ///
    /// # Errors
    /// The server can't be reached in time, or refuses its connections.
    pub(super) async fn open(settings: &Settings) -> Result<Self, DbErr> {
        let reach = Arc::new(Reach::of(&settings.url)?);
        reach.wait(settings.wait).await?;
        let losses = Losses::default();
        let budget = settings.budget();
        let open = |purpose: Purpose, connections, limit| {
            let pool = pool(purpose, connections, settings, &reach, &losses);
            let bound = Bound::within(limit, &losses, &reach);
            Connections::new(pool, bound.of(Some(purpose.measured())))
        };
        // A statement may also wait for its connection.
        let usual = settings.acquire_timeout + settings.statement_timeout + GRACE;
        let of_ledger = settings.lock_timeout + GRACE;
        let follower = reach.may_move().then(|| {
            let losses = losses.clone();
            let moved = move || losses.record_move(Instant::now());
            Follower(tokio::spawn(reach.clone().follow(moved)))
        });
        Ok(Self {
            readers: open(Purpose::Readers, budget.readers, usual),
            writers: open(Purpose::Writers, budget.writers, usual),
            ledger: (0..budget.ledger)
                .map(|_| open(Purpose::Ledger, 1, of_ledger))
                .collect(),
            lookups: open(Purpose::Lookups, budget.lookups, of_ledger),
            jobs: open(Purpose::Jobs, budget.jobs, usual),
            bulk: open(Purpose::Bulk, budget.bulk, usual),
            losses,
            follower,
        })
    }
}

/// A pool that leads to the host in use; its connections are opened on demand.
fn pool(
    purpose: Purpose,
    connections: u32,
    settings: &Settings,
    reach: &Arc<Reach>,
    losses: &Losses,
) -> Pool {
    let (settings, reach, tested) = (settings.clone(), reach.clone(), losses.clone());
    let open = move || {
        let options = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(settings.acquire_timeout);
        let host = named(reach.options(), purpose.name());
        let session = purpose.session(&settings);
        let measured = Some(purpose.measured());
        let options = tested.clone().test_in(options, measured);
        session.pool(reach.carrier(), host, options, measured)
    };
    Pool::renewed(open, losses)
}

/// Opens pools of connections that can only read, of one server: a replica, or one that is audited.
#[derive(Debug)]
pub(super) struct ReadOnlyPools {
    pub reach: Arc<Reach>,
    /// What the connections are for, in their names.
    pub purpose: &'static str,
    /// As which pool their waits are measured.
    pub measured: Option<pools::Pool>,
    pub acquire_timeout: Duration,
    pub statement_timeout: Duration,
    pub losses: Losses,
}

impl ReadOnlyPools {
    /// A pool of so many connections, opened on demand.
    pub(super) fn open(&self, connections: u32) -> Connections {
        let (reach, tested) = (self.reach.clone(), self.losses.clone());
        let (patience, limit) = (self.acquire_timeout, self.statement_timeout);
        let (purpose, measured) = (self.purpose, self.measured);
        let open = move || {
            let pool = PgPoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(patience);
            let session = Session::default()
                .with([("default_transaction_read_only", "on")])
                .with([("statement_timeout", milliseconds(limit))]);
            let host = named(reach.options(), purpose);
            let pool = tested.clone().test_in(pool, measured);
            session.pool(reach.carrier(), host, pool, measured)
        };
        let bound = Bound::within(patience + limit + GRACE, &self.losses, &self.reach);
        Connections::new(Pool::renewed(open, &self.losses), bound.of(measured))
    }
}

/// Opens one connection for migrations: without the timeouts of serving, except that a statement
/// gives up a lock soon, so that others don't wait behind it.
///
/// # Errors
/// The server can't be reached in time, or refuses its connections.
pub(super) async fn for_migrations(
    settings: &Settings,
    lock_timeout: Duration,
) -> Result<DatabaseConnection, DbErr> {
    let reach = Reach::of(&settings.url)?;
    reach.wait(settings.wait).await?;
    let unlimited = [
        ("statement_timeout", "0"),
        ("idle_in_transaction_session_timeout", "0"),
    ];
    let session = Session::default()
        .with(unlimited)
        .with([("lock_timeout", milliseconds(lock_timeout))])
        .with(NOTICES);
    // The lock that keeps others from migrating belongs to the connection.
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(settings.acquire_timeout)
        .max_lifetime(None::<Duration>)
        .idle_timeout(None::<Duration>);
    let host = named(reach.options(), "migrate");
    Ok(session.pool(reach.carrier(), host, pool, None))
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_NAME, name};

    #[test]
    fn names_fit_and_tell_process_and_pool() {
        assert_eq!(name("one", 7, "ledger"), "message-credits one:7 ledger");
        let long = name(&"é".repeat(40), 4_194_304, "downloads");
        assert!(long.len() <= LONGEST_NAME, "{long}");
        assert!(long.ends_with("é:4194304 downloads"), "{long}");
    }
}
