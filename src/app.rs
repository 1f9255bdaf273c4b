//! Wiring: opens the database, checks its schema, and assembles the parts.

use std::time::{Duration, Instant};

use migration::{MigrationTrait, Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    clock::Clock,
    config::{admin_key::AdminKey, serving::Shown},
    graphql::{
        engine::{limits::Limits, persisted::Trusted},
        schema,
    },
    http::{
        self, address::TrustedProxies, capacity::Capacity, connections::Stopping,
        cors::CorsOrigins, shares::Rates,
    },
    ledger::{Ledger, Writers},
    openid,
    operations::{Parts, Services, api_key, retention::Retention},
    payments::Providers,
    store::{
        self, Standing, Store,
        sql::{
            migrating::{self, After, MigrateError},
            replica::Replica,
            server_lock,
            settings::Settings as Database,
        },
    },
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
    /// What is erased after which time.
    pub retention: Retention,
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
    /// The documents that requests may name.
    pub trusted: Trusted,
    /// The OpenID provider whose tokens are accepted.
    pub openid: Option<openid::Provider>,
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
    /// A newer version removed something from the database that this version needs.
    #[error("the database's schema is newer than this program ({0}); run the newer program")]
    Newer(String),
    /// The database was written by an older version.
    #[error(
        "the database lacks {pending} of this program's migrations; run `message-credits migrate` first"
    )]
    Old {
        /// Migrations that are missing.
        pending: usize,
    },
    /// The database can't be migrated.
    #[error("the database can't be migrated: {0}")]
    Migration(MigrateError),
}

/// Opens a database with the measured settings, and migrates an embedded one to this version's
/// schema. On PostgreSQL an old schema is refused: other processes may be using it.
///
/// # Errors
/// Why the database can't be used.
pub async fn open(database_url: &str) -> Result<Store, StartError> {
    open_with(&Database::of(database_url)).await
}

/// Like [`open`], with other settings.
///
/// # Errors
/// Why the database can't be used.
pub async fn open_with(settings: &Database) -> Result<Store, StartError> {
    let store = Store::open(settings).await?;
    let standing = store::standing(&store).await?;
    if store.backend() != DatabaseBackend::Postgres {
        refuse_read_only(&store).await?;
    }
    match standing {
        Standing::Current => {}
        Standing::Newer(steps) => tracing::warn!(
            steps,
            "the database's schema is newer than this program, which goes on serving with it"
        ),
        Standing::Older(pending) if store.backend() == DatabaseBackend::Postgres => {
            return Err(StartError::Old { pending });
        }
        Standing::Older(_) => {
            migrating::migrate_file(store.writer(), Migrator::migrations())
                .await
                .map_err(StartError::from_migration)?;
        }
        Standing::Outdated(step) => return Err(StartError::Newer(step)),
        Standing::ReadOnly => {
            let why = "it is a replica, or its role may only read".to_owned();
            return Err(StartError::ReadOnly(DbErr::Custom(why)));
        }
    }
    let closed = store::closed_tables(&store).await?;
    if !closed.is_empty() {
        let tables = closed.join(", ");
        tracing::warn!(
            tables,
            "the role of this server may not use these tables; run `message-credits migrate --grant` with its name"
        );
    }
    Ok(store)
}

/// Migrates any database to this version's schema, and opens it.
///
/// # Errors
/// Why the migration failed.
pub async fn migrate(database_url: &str) -> Result<Store, StartError> {
    let settings = Database::of(database_url);
    migrate_with(&settings, &After::default()).await?;
    Ok(Store::open(&settings).await?)
}

/// Migrates any database to this version's schema, and does what comes after it on PostgreSQL.
/// Returns the number of steps.
///
/// # Errors
/// Why the migration failed.
pub async fn migrate_with(settings: &Database, after: &After) -> Result<usize, StartError> {
    let steps = Migrator::migrations();
    let applied = if settings.is_sqlite() {
        if after.distribute {
            return Err(StartError::Migration(MigrateError::NotDistributable(
                "a SQLite file is on one machine",
            )));
        }
        migrate_file(settings, steps).await
    } else {
        migrating::migrate(settings, steps, after).await
    };
    applied.map_err(StartError::from_migration)
}

/// Migrates a file under the lock of the server that would serve it.
async fn migrate_file(
    settings: &Database,
    steps: Vec<Box<dyn MigrationTrait>>,
) -> Result<usize, MigrateError> {
    /// Another migration ends sooner; a server doesn't end.
    const PATIENCE: Duration = Duration::from_secs(30);
    const LOOK: Duration = Duration::from_millis(100);
    let store = Store::open(settings).await?;
    let began = Instant::now();
    let applied = loop {
        if let Standing::Current | Standing::Newer(_) = store::standing(&store).await? {
            break Ok(0);
        }
        match server_lock::acquire(&settings.url) {
            Ok(_lock) => break migrating::migrate_file(store.writer(), steps).await,
            Err(taken) if began.elapsed() >= PATIENCE => break Err(taken.into()),
            Err(_) => tokio::time::sleep(LOOK).await,
        }
    };
    store.close().await;
    applied
}

impl StartError {
    fn from_migration(cause: MigrateError) -> Self {
        match cause {
            MigrateError::Database(cause) => Self::Database(cause),
            MigrateError::Outdated(step) => Self::Newer(step),
            MigrateError::Step(..)
            | MigrateError::Served(_)
            | MigrateError::NotDistributable(_) => Self::Migration(cause),
        }
    }
}

/// Detects a read-only file at the start instead of at the first charge.
async fn refuse_read_only(store: &Store) -> Result<(), StartError> {
    let probe = async {
        let transaction = store.begin().await?;
        // The table exists in this transaction only.
        let probe = "CREATE TABLE writable_probe (id INTEGER)";
        transaction.execute_unprepared(probe).await?;
        transaction.rollback().await
    };
    probe.await.map_err(StartError::ReadOnly)
}

/// Revokes a demo's keys, and returns their number: a demo's page gives them to every visitor, and
/// other servers have real data.
///
/// # Errors
/// The database's error.
pub async fn end_demo_keys(store: &Store, clock: &Clock) -> Result<u64, StartError> {
    Ok(api_key::end_demo_keys(store, clock).await?)
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
        retention: settings.retention,
        clock: settings.clock,
        public_url: settings.public_url,
        admin_key_hash,
        openid: settings.openid,
        has_trusted_documents: settings.trusted.documents().next().is_some(),
        imports: settings.capacity.imports,
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
        settings.trusted,
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
