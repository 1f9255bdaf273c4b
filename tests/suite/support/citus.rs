//! Databases on a Citus cluster, which take the place of those on PostgreSQL if `TEST_CITUS_URL`
//! names its coordinator: then each test on PostgreSQL runs on distributed tables. And a cluster of
//! a test's own, whose servers can be stopped.

use message_credits::{
    app,
    store::{
        Store,
        sql::{migrating::After, settings::Settings},
    },
};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use tempfile::TempDir;
use url::Url;
use uuid::Uuid;

use super::own_postgres::OwnPostgres;

/// Shards of each table: few, so that a database is made and read fast.
const SHARDS: u32 = 4;

/// The address of the cluster's coordinator; `None` if it isn't set.
pub fn coordinator() -> Option<Url> {
    let url = std::env::var("TEST_CITUS_URL").ok()?;
    Some(Url::parse(&url).expect("TEST_CITUS_URL is an address"))
}

/// Whether a database is one of the cluster's.
pub fn has(database_url: &str) -> bool {
    let url = Url::parse(database_url).ok();
    let place = |url: Url| Some((url.host_str()?.to_owned(), url.port()));
    coordinator()
        .and_then(place)
        .is_some_and(|coordinator| url.and_then(place) == Some(coordinator))
}

/// The addresses of the cluster's servers, with the coordinator first.
pub async fn servers() -> Vec<Url> {
    let coordinator = coordinator().unwrap();
    let base = Database::connect(coordinator.as_str()).await.unwrap();
    let workers = workers(&base).await;
    base.close().await.unwrap();
    assert!(!workers.is_empty(), "the cluster has workers");
    let worker = |(host, port): (String, u16)| {
        let mut worker = coordinator.clone();
        worker.set_host(Some(&host)).unwrap();
        worker.set_port(Some(port)).unwrap();
        worker
    };
    let workers: Vec<_> = workers.into_iter().map(worker).collect();
    [coordinator].into_iter().chain(workers).collect()
}

/// Creates an empty database on every server of the cluster, and joins them.
pub async fn create(name: &str, servers: &[Url]) -> String {
    let (coordinator, workers) = servers.split_first().unwrap();
    let create = format!("CREATE DATABASE {name}");
    run(coordinator.as_str(), &[&create]).await;
    for worker in workers {
        run(worker.as_str(), &[&create]).await;
        let mut own = worker.clone();
        own.set_path(name);
        run(own.as_str(), &["CREATE EXTENSION citus"]).await;
    }
    let mut own = coordinator.clone();
    own.set_path(name);
    let shards = format!("ALTER DATABASE {name} SET citus.shard_count = {SHARDS}");
    let port = coordinator.port().unwrap_or(5432);
    let host = coordinator.host_str().unwrap();
    let join = format!("SELECT citus_set_coordinator_host('{host}', {port})");
    run(own.as_str(), &["CREATE EXTENSION citus", &shards, &join]).await;
    for worker in workers {
        let port = worker.port().unwrap_or(5432);
        add(own.as_str(), worker.host_str().unwrap(), port).await;
    }
    own.to_string()
}

/// Adds a server to a cluster. A connection that Citus kept to it may be from before it had the
/// extension, so that the first attempt fails.
async fn add(url: &str, host: &str, port: u16) {
    let add = format!("SELECT citus_add_node('{host}', {port})");
    let database = Database::connect(url).await.unwrap();
    for _ in 0..2 {
        if database.execute_unprepared(&add).await.is_ok() {
            return;
        }
    }
    database.execute_unprepared(&add).await.unwrap();
}

/// Migrates a database, and distributes its tables.
pub async fn migrate(database_url: &str) -> Store {
    let settings = Settings::of(database_url);
    let after = After {
        granted: Vec::new(),
        distribute: true,
    };
    app::migrate_with(&settings, &after).await.unwrap();
    Store::open(&settings).await.unwrap()
}

/// The addresses of the servers that take shards.
pub async fn workers(database: &DatabaseConnection) -> Vec<(String, u16)> {
    let query = "SELECT nodename, nodeport FROM pg_dist_node WHERE shouldhaveshards ORDER BY 1, 2";
    let query = Statement::from_string(database.get_database_backend(), query);
    let rows = database.query_all_raw(query).await.unwrap();
    rows.iter()
        .map(|row| {
            let port: i32 = row.try_get_by_index(1).unwrap();
            (
                row.try_get_by_index(0).unwrap(),
                u16::try_from(port).unwrap(),
            )
        })
        .collect()
}

async fn run(url: &str, statements: &[&str]) {
    let database = Database::connect(url).await.unwrap();
    for statement in statements {
        database.execute_unprepared(statement).await.unwrap();
    }
    database.close().await.unwrap();
}

/// A cluster of the test's own: a coordinator and two servers with the accounts.
pub struct OwnCluster {
    coordinator: OwnPostgres,
    pub workers: [OwnPostgres; 2],
    _folders: Vec<TempDir>,
}

impl OwnCluster {
    /// Starts one; `None`, with a printed line, if PostgreSQL or Citus is not installed.
    pub async fn start() -> Option<Self> {
        let mut folders = Vec::new();
        let mut servers = Vec::new();
        for _ in 0..3 {
            let folder = tempfile::tempdir().unwrap();
            let server = OwnPostgres::make(folder.path(), "64MB")?;
            if !server.has_library("citus") {
                eprintln!("NOT TESTED on Citus: PostgreSQL's library citus is not installed");
                return None;
            }
            server.set(
                "shared_preload_libraries = 'citus'\ncitus.node_conninfo = 'sslmode=disable'\n\
                 max_prepared_transactions = 100\nmax_connections = 200\nfsync = off\n",
            );
            server.up();
            run(&address(&server), &["CREATE EXTENSION citus"]).await;
            folders.push(folder);
            servers.push(server);
        }
        let mut servers = servers.into_iter();
        let cluster = Self {
            coordinator: servers.next()?,
            workers: [servers.next()?, servers.next()?],
            _folders: folders,
        };
        let host = |server: &OwnPostgres| format!("'127.0.0.1', {}", server.port());
        let join = format!(
            "SELECT citus_set_coordinator_host({})",
            host(&cluster.coordinator)
        );
        let statements = [
            join,
            format!("ALTER DATABASE postgres SET citus.shard_count = {SHARDS}"),
        ];
        let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
        run(&cluster.url(), &statements).await;
        for worker in &cluster.workers {
            add(&cluster.url(), "127.0.0.1", worker.port()).await;
        }
        Some(cluster)
    }

    /// The address of the database.
    pub fn url(&self) -> String {
        address(&self.coordinator)
    }

    /// The server with an account's rows, as a place in `workers`.
    pub async fn place_of(&self, account: Uuid) -> usize {
        let query = format!(
            "SELECT nodeport::text FROM citus_shards WHERE table_name = 'books'::regclass \
             AND shardid = get_shard_id_for_distribution_column('books', '{account}'::uuid)"
        );
        let port = self.answer(&query).await;
        let has = |worker: &OwnPostgres| Some(worker.port().to_string()) == port;
        self.workers.iter().position(has).unwrap()
    }

    /// Runs statements on it.
    pub async fn run(&self, statements: &[&str]) {
        run(&self.url(), statements).await;
    }

    /// The text that a statement returns first; `None` if it returns no row.
    pub async fn answer(&self, query: &str) -> Option<String> {
        let database = Database::connect(self.url()).await.unwrap();
        let query = Statement::from_string(database.get_database_backend(), query);
        let row = database.query_one_raw(query).await.unwrap();
        database.close().await.unwrap();
        row.map(|row| row.try_get_by_index(0).unwrap())
    }
}

fn address(server: &OwnPostgres) -> String {
    format!("{}?sslmode=disable", server.url())
}
