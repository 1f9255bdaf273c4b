//! Wiring: opens the database, checks its schema, and assembles the parts.

use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    clock::Clock,
    config::{admin_key::AdminKey, serving::Shown},
    graphql::{engine::limits::Limits, schema},
    http::{
        self, address::TrustedProxies, capacity::Capacity, connections::Stopping,
        cors::CorsOrigins, shares::Rates,
    },
    ledger::{Ledger, Writers},
    operations::{Parts, Services, api_key},
    payments::Providers,
    store::{self, Store, sql::replica::Replica},
    telemetry::{self, metrics::Build},
    tls,
    vault::Vault,
    version,
};

/// Settings of an app.
#[derive(Debug)]
pub struct Settings {
    /// The URL at which clients reach the server.
    pub public_url: Url,
    /// A key with the role of a platform administrator.
    pub admin_key: Option<AdminKey>,
    /// The source of time.
    pub clock: Clock,
    /// The payment providers.
    pub payments: Providers,
    /// A replica of the database that reports are read from.
    pub replica: Option<Replica>,
    /// The keys that secrets are encrypted with.
    pub vault: Vault,
    /// What anonymous clients see.
    pub shown: Shown,
    /// A demo's key, which its pages offer. Such a server accepts only loopback host names and its
    /// public URL's.
    pub demo_key: Option<String>,
    /// The proxies in front of the server.
    pub trusted_proxies: TrustedProxies,
    /// Origins whose pages may call the API.
    pub cors_origins: CorsOrigins,
    /// Rate limits.
    pub rates: Rates,
    /// What the process admits at once.
    pub capacity: Capacity,
}

/// Everything that serves, ready to start.
#[derive(Debug)]
pub struct App {
    /// The operations.
    pub services: Services,
    /// The database, for whoever wires or inspects the server; the operations share it.
    pub store: Store,
    /// The door to the books, which the operations share.
    pub ledger: Ledger,
    /// The public routes.
    pub router: axum::Router,
    /// The operators' routes.
    pub administration: axum::Router,
    /// Cancelled when the server is about to drain.
    pub leaving: CancellationToken,
    /// Cancelled when the server drains.
    pub stop: CancellationToken,
    /// The ledger's writers.
    pub writers: Writers,
    /// The proxies in front of the server.
    pub trusted_proxies: TrustedProxies,
    /// What the process admits at once.
    pub capacity: Capacity,
}

/// Why the server can't start, worded for the operator.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database can't be opened or read.
    #[error("the database can't be used: {0}")]
    Database(#[from] DbErr),
    /// The database is read-only.
    #[error("the database can't be written: {0}")]
    ReadOnly(DbErr),
    /// The database was written by a newer version.
    #[error("the database's schema is newer than this program ({0}); run the newer program")]
    Newer(String),
    /// The database was written by an older version.
    #[error(
        "the database's schema is {pending} migrations behind; run `message-credits migrate` first"
    )]
    Old {
        /// Migrations that are missing.
        pending: usize,
    },
}

/// Opens a database and migrates an embedded one to this version's schema. On PostgreSQL an old
/// schema is refused: other processes may be using it.
///
/// # Errors
/// Why the database can't be used.
pub async fn open(database_url: &str) -> Result<Store, StartError> {
    let store = Store::connect(database_url).await?;
    refuse_newer(&store).await?;
    refuse_read_only(&store).await?;
    let pending = Migrator::get_pending_migrations(store.writer())
        .await?
        .len();
    match store.backend() {
        DatabaseBackend::Postgres if pending > 0 => Err(StartError::Old { pending }),
        _ => {
            Migrator::up(store.writer(), None).await?;
            Ok(store)
        }
    }
}

/// Migrates any database to this version's schema.
///
/// # Errors
/// Why the migration failed.
pub async fn migrate(database_url: &str) -> Result<Store, StartError> {
    let store = Store::connect(database_url).await?;
    refuse_newer(&store).await?;
    Migrator::up(store.writer(), None).await?;
    Ok(store)
}

/// Detects a read-only database at the start instead of at the first charge.
async fn refuse_read_only(store: &Store) -> Result<(), StartError> {
    let probe = async {
        let transaction = store.begin().await?;
        // The table exists in this transaction only. On PostgreSQL it is a temporary one, which
        // needs no more than the right to write; SQLite stores those elsewhere.
        let probe = match store.backend() {
            DatabaseBackend::Postgres => {
                "CREATE TEMPORARY TABLE writable_probe (id INTEGER) ON COMMIT DROP"
            }
            _ => "CREATE TABLE writable_probe (id INTEGER)",
        };
        transaction.execute_unprepared(probe).await?;
        transaction.rollback().await
    };
    probe.await.map_err(StartError::ReadOnly)
}

/// Refuses a database with migrations that this program does not know: a newer one applied them.
async fn refuse_newer(store: &Store) -> Result<(), StartError> {
    let known: Vec<String> = Migrator::migrations()
        .iter()
        .map(|step| step.name().to_owned())
        .collect();
    let applied = store::applied_migrations(store).await?;
    match applied.into_iter().find(|step| !known.contains(step)) {
        Some(step) => Err(StartError::Newer(step)),
        None => Ok(()),
    }
}

/// Revokes a demo's keys, and returns their number: a demo's page gives them to every visitor, and
/// other servers have real data.
///
/// # Errors
/// The database's error.
pub async fn end_demo_keys(store: &Store, clock: &Clock) -> Result<u64, StartError> {
    Ok(store::api_key::revoke_demo(store.writer(), clock.now()).await?)
}

/// Assembles the parts over an open database.
#[must_use]
pub fn assemble(store: Store, settings: Settings) -> App {
    tls::install();
    telemetry::metrics::start(Build {
        version: version::VERSION,
        commit: version::COMMIT,
        schema: version::schema_step(),
    });
    let admin_key_hash = settings
        .admin_key
        .map(|key| api_key::secret_hash(key.expose()));
    let (ledger, writers) = Ledger::start(&store, &settings.clock);
    let Stopping {
        leaving,
        draining: stop,
    } = Stopping::default();
    let services = Services::new(Parts {
        store: store.clone(),
        replica: settings.replica,
        ledger: ledger.clone(),
        payments: settings.payments,
        vault: settings.vault,
        clock: settings.clock,
        public_url: settings.public_url,
        admin_key_hash,
        stop: stop.clone(),
    });
    let limits = Limits {
        introspection: settings.shown.introspection,
        ..Limits::default()
    };
    let schema = schema::schema_over(&services, &limits);
    let server = http::Server::new(
        services.clone(),
        schema,
        Stopping {
            leaving: leaving.clone(),
            draining: stop.clone(),
        },
        settings.shown,
        settings.demo_key,
        (settings.rates, settings.capacity),
    );
    App {
        services,
        store,
        ledger,
        administration: http::administration(server.clone()),
        router: http::router(server, &settings.cors_origins),
        leaving,
        stop,
        writers,
        trusted_proxies: settings.trusted_proxies,
        capacity: settings.capacity,
    }
}
