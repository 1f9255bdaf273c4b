//! Wiring: opens the database, checks its schema, and puts the parts together.

use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    clock::Clock,
    graphql::{limits::Limits, schema},
    http::{self, address::TrustedProxies},
    ledger::{Ledger, Writers},
    operations::{Parts, Services},
    payments::Provider,
    store::{self, Store},
};

/// The shortest key that may be a platform administrator's.
const MIN_ADMIN_KEY_BYTES: usize = 16;

/// How an app is put together.
#[derive(Debug)]
pub struct Settings {
    /// Where clients reach the server.
    pub public_url: Url,
    /// A key that is a platform administrator.
    pub admin_key: Option<SecretString>,
    /// The time.
    pub clock: Clock,
    /// The key that the demo offers in the browser.
    pub demo_key: Option<String>,
    /// The proxies in front of the server.
    pub trusted_proxies: TrustedProxies,
}

/// Everything that serves, ready to be started.
#[derive(Debug)]
pub struct App {
    /// The operations.
    pub services: Services,
    /// The routes.
    pub router: axum::Router,
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
    /// The admin key is too easy to guess.
    #[error("the admin key must have at least {MIN_ADMIN_KEY_BYTES} bytes")]
    WeakAdminKey,
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

/// Puts the parts together over an open database.
///
/// # Errors
/// A weak admin key.
pub fn assemble(store: Store, settings: Settings) -> Result<App, StartError> {
    let admin_key_hash = match &settings.admin_key {
        Some(key) if key.expose_secret().len() < MIN_ADMIN_KEY_BYTES => {
            return Err(StartError::WeakAdminKey);
        }
        Some(key) => Some(Sha256::digest(key.expose_secret()).into()),
        None => None,
    };
    let (ledger, writers) = Ledger::start(&store, &settings.clock);
    let stop = CancellationToken::new();
    let services = Services::new(Parts {
        store,
        ledger,
        payments: Provider::sandbox(),
        clock: settings.clock,
        public_url: settings.public_url,
        admin_key_hash,
        stop: stop.clone(),
    });
    let schema = schema::schema_over(&services, &Limits::default());
    let router = http::router(http::Server::new(
        services.clone(),
        schema,
        stop.clone(),
        settings.demo_key,
    ));
    Ok(App {
        services,
        router,
        stop,
        writers,
        trusted_proxies: settings.trusted_proxies,
    })
}
