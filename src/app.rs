//! Wiring: opens the database, checks its schema, and puts the parts together.

use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    clock::Clock,
    config::{PaymentProvider, admin_key::AdminKey, serving::Shown},
    graphql::{engine::limits::Limits, schema},
    http::{self, address::TrustedProxies, cors::CorsOrigins, shares::Rates},
    ledger::{Ledger, Writers},
    operations::{Parts, Services, api_key},
    payments::Provider,
    store::{self, Store},
};

/// How an app is put together.
#[derive(Debug)]
pub struct Settings {
    /// Where clients reach the server.
    pub public_url: Url,
    /// A key that is a platform administrator.
    pub admin_key: Option<AdminKey>,
    /// The time.
    pub clock: Clock,
    /// Who takes the payments; if nobody does, nothing is sold.
    pub payments: Option<PaymentProvider>,
    /// What strangers are shown.
    pub shown: Shown,
    /// A demo's key, which its pages offer. Such a server answers for loopback names and its public URL's host alone.
    pub demo_key: Option<String>,
    /// The proxies in front of the server.
    pub trusted_proxies: TrustedProxies,
    /// Origins of pages that may call the API.
    pub cors_origins: CorsOrigins,
    /// How fast each may ask.
    pub rates: Rates,
}

/// Everything that serves, ready to be started.
#[derive(Debug)]
pub struct App {
    /// The operations.
    pub services: Services,
    /// The routes.
    pub router: axum::Router,
    /// The routes for whoever runs the server.
    pub administration: axum::Router,
    /// Cancelled when the server drains.
    pub stop: CancellationToken,
    /// The ledger's writers.
    pub writers: Writers,
    /// The proxies in front of the server.
    pub trusted_proxies: TrustedProxies,
}

/// Why a server does not start. Written for whoever runs it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database can't be opened or read.
    #[error("the database can't be used: {0}")]
    Database(#[from] DbErr),
    /// The database does not take writes.
    #[error("the database can't be written: {0}")]
    ReadOnly(DbErr),
    /// The database was written by a newer version.
    #[error("the database's schema is newer than this program ({0}); run the newer program")]
    Newer(String),
    /// The database was written by an older version.
    #[error(
        "the database's schema is old: {pending} steps are missing; run `message-credits migrate` first"
    )]
    Old {
        /// Steps that are missing.
        pending: usize,
    },
}

/// Opens a database and brings an embedded one to this version's schema. On PostgreSQL an old schema is
/// refused: several processes may be running on it.
///
/// # Errors
/// Why it can't be used.
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

/// Brings any database to this version's schema.
///
/// # Errors
/// Why it can't be done.
pub async fn migrate(database_url: &str) -> Result<Store, StartError> {
    let store = Store::connect(database_url).await?;
    refuse_newer(&store).await?;
    Migrator::up(store.writer(), None).await?;
    Ok(store)
}

/// A database that can't be written is told of at the start, not at the first charge.
async fn refuse_read_only(store: &Store) -> Result<(), StartError> {
    let probe = async {
        let transaction = store.begin().await?;
        // A table of this transaction's own, gone with it. PostgreSQL's is a temporary one, which takes no more
        // than the right to write; SQLite keeps those elsewhere.
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

/// Steps that this program does not know were taken by a newer one.
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

/// Stops a demo's keys from working, and counts them: its pages give them to whoever opens them, and what is not
/// a demo has data that is not made up.
///
/// # Errors
/// What the database says.
pub async fn end_demo_keys(store: &Store, clock: &Clock) -> Result<u64, StartError> {
    Ok(store::api_key::revoke_demo(store.writer(), clock.now()).await?)
}

/// Puts the parts together over an open database.
#[must_use]
pub fn assemble(store: Store, settings: Settings) -> App {
    let admin_key_hash = settings
        .admin_key
        .map(|key| api_key::secret_hash(key.expose()));
    let payments = settings.payments.map(|provider| match provider {
        PaymentProvider::Sandbox => Provider::sandbox(),
    });
    let (ledger, writers) = Ledger::start(&store, &settings.clock);
    let stop = CancellationToken::new();
    let services = Services::new(Parts {
        store,
        ledger,
        payments,
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
        stop.clone(),
        settings.shown,
        settings.demo_key,
        settings.rates,
    );
    App {
        services,
        administration: http::administration(server.clone()),
        router: http::router(server, &settings.cors_origins),
        stop,
        writers,
        trusted_proxies: settings.trusted_proxies,
    }
}
