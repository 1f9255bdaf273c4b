//! The base of all tests: the real router over TCP, on a fresh database of each kind, with a clock
//! that the test sets.

pub mod account;
pub mod answer;
pub mod beside;
pub mod black_hole;
pub mod books;
pub mod citus;
pub mod contact_list;
pub mod credit_package;
mod databases;
pub mod field_paths;
pub mod message;
pub mod openid_provider;
pub mod own_postgres;
pub mod panics;
pub mod payment_connection;
pub mod pgbouncer;
pub mod process;
pub mod programs;
pub mod purchase;
pub mod quote;
pub mod rate_card;
pub mod recharge;
pub mod sending;
pub mod shopify;
pub mod stored;
pub mod stored_texts;
pub mod table_lock;
pub mod tap;
pub mod test_provider;
pub mod till;
pub mod upload;
pub mod usage;

use std::{net::SocketAddr, path::PathBuf};

use jiff::Timestamp;
use message_credits::{
    app::{self, Settings},
    clock::Clock,
    config::{admin_key::AdminKey, serving::Shown},
    http::{
        address::TrustedProxies, capacity::Capacity, connections, cors::CorsOrigins, shares::Rates,
    },
    ledger::{Ledger, Writers},
    operations::{Services, retention::Retention},
    payments::{self, ProviderSettings, Providers},
    store::Store,
    vault::Vault,
    worker,
};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, tungstenite::client::IntoClientRequest};
use tokio_util::sync::CancellationToken;

pub use databases::{plain_postgres_database, postgres_database};

/// The time at which tests begin.
const START: &str = "2026-11-22T08:00:00Z";
/// A platform administrator's key.
const ADMIN_KEY: &str = "test-admin-key-0123456789-abcdefghijkl";

/// Defines a test that runs on SQLite and on PostgreSQL.
macro_rules! on_both_databases {
    ($($(#[doc = $doc:literal])* async fn $name:ident($server:ident: Server) $body:block)*) => {$(
        $(#[doc = $doc])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn shows($server: $crate::support::Server) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                shows($crate::support::Server::on_sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                if let Some(server) = $crate::support::Server::on_postgres().await {
                    shows(server).await;
                }
            }
        }
    )*};
}
pub(crate) use on_both_databases;

/// A server for one test.
pub struct Server {
    address: SocketAddr,
    clock: Clock,
    inside: Inside,
    client: reqwest::Client,
    /// They have their own threads and connections, which end with the test.
    _writers: Writers,
    /// Keeps a SQLite database's folder until the test ends.
    _folder: Option<tempfile::TempDir>,
}

/// The parts behind a server that tests inspect, and its operations.
pub struct Inside {
    services: Services,
    pub store: Store,
    pub ledger: Ledger,
    pub clock: Clock,
    pub stop: CancellationToken,
}

impl std::ops::Deref for Inside {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.services
    }
}

/// An account with its owner's key.
pub struct Tenant {
    pub id: String,
    pub owner: String,
}

impl Server {
    /// On a new SQLite file.
    pub async fn on_sqlite() -> Self {
        Self::with_connections(connections::Limits::default()).await
    }

    /// The same with other limits on connections.
    pub async fn with_connections(limits: connections::Limits) -> Self {
        Self::with(limits, |_| {}).await
    }

    /// The same with other limits on connections, and other settings.
    pub async fn with(limits: connections::Limits, set: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file: PathBuf = folder.path().join("test.db");
        let url = format!("sqlite://{}?mode=rwc", file.display());
        Self::start(url, Some(folder), limits, set).await
    }

    /// On a new PostgreSQL database of the server that `TEST_POSTGRES_URL` names; `cargo xtask
    /// test` starts one.
    pub async fn on_postgres() -> Option<Self> {
        let url = postgres_database().await?;
        Some(Self::start(url, None, connections::Limits::default(), |_| {}).await)
    }

    /// On a PostgreSQL database of the test's own, which may be migrated already, with other
    /// settings.
    pub async fn on_postgres_at(url: &str, set: impl FnOnce(&mut Settings)) -> Self {
        Self::start(url.to_owned(), None, connections::Limits::default(), set).await
    }

    async fn start(
        database_url: String,
        folder: Option<tempfile::TempDir>,
        limits: connections::Limits,
        set: impl FnOnce(&mut Settings),
    ) -> Self {
        let store = match citus::has(&database_url) {
            true => citus::migrate(&database_url).await,
            false => app::migrate(&database_url).await.unwrap(),
        };
        let clock = Clock::fixed(START.parse().unwrap());
        Self::over(store, clock, folder, limits, set).await
    }

    async fn over(
        store: Store,
        clock: Clock,
        folder: Option<tempfile::TempDir>,
        limits: connections::Limits,
        set: impl FnOnce(&mut Settings),
    ) -> Self {
        panics::watch();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut settings = Settings {
            public_url: format!("http://{address}").parse().unwrap(),
            admin_key: Some(AdminKey::new(ADMIN_KEY).unwrap()),
            clock: clock.clone(),
            payments: Providers::new(Some(payments::DEMO), &ProviderSettings::default()).unwrap(),
            replica: None,
            vault: Vault::default(),
            retention: Retention::default(),
            shown: Shown::ALL,
            demo_key: None,
            cors_origins: CorsOrigins::default(),
            trusted_proxies: TrustedProxies::default(),
            rates: Rates::default(),
            capacity: Capacity::default(),
            trusted: Default::default(),
            openid: None,
        };
        set(&mut settings);
        let app = app::assemble(store, settings);
        let inside = Inside {
            services: app.services,
            store: app.store,
            ledger: app.ledger,
            clock: clock.clone(),
            stop: app.stop,
        };
        // It continues while the operations stop, so that a test can see what happens to them.
        let draining = CancellationToken::new();
        tokio::spawn(connections::serve(
            listener,
            app.router,
            limits,
            app.trusted_proxies,
            draining,
        ));
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            address,
            clock,
            inside,
            client,
            _writers: app.writers,
            _folder: folder,
        }
    }

    /// Moves the server's clock.
    pub fn set_time(&self, at: &str) {
        self.clock.set(at.parse::<Timestamp>().unwrap());
    }

    /// The operations behind the server, and the parts under them.
    pub fn services(&self) -> &Inside {
        &self.inside
    }

    /// Runs the jobs once, as of the clock.
    pub async fn run_workers(&self) {
        worker::run_once(&self.inside).await;
    }

    /// A platform administrator's key.
    pub fn admin_key(&self) -> &'static str {
        ADMIN_KEY
    }

    /// An HTTP client that follows no redirect.
    pub fn http(&self) -> &reqwest::Client {
        &self.client
    }

    /// A URL on the server.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// An open WebSocket that speaks graphql-transport-ws, before its first message.
    pub async fn socket(&self) -> WebSocketStream<MaybeTlsStream<TcpStream>> {
        let url = self.url("/graphql").replacen("http", "ws", 1);
        let mut request = url.into_client_request().unwrap();
        let protocol = "graphql-transport-ws".parse().unwrap();
        let headers = request.headers_mut();
        headers.insert("sec-websocket-protocol", protocol);
        let (socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        socket
    }

    /// The whole response to an operation.
    pub async fn graphql(&self, key: Option<&str>, query: &str, variables: Value) -> Value {
        let mut request = self.client.post(self.url("/graphql"));
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        let body = json!({ "query": query, "variables": variables });
        let response = request.json(&body).send().await.unwrap();
        let answer = response.json().await.unwrap();
        field_paths::assert_resolve(query, &answer);
        answer
    }

    /// The data of an operation that has no errors.
    #[track_caller]
    pub fn data<'a>(
        &'a self,
        key: &'a str,
        query: &'a str,
        variables: Value,
    ) -> impl Future<Output = Value> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let mut response = self.graphql(Some(key), query, variables).await;
            assert!(response.get("errors").is_none(), "{caller}: {response:#}");
            response["data"].take()
        }
    }

    /// Runs a mutation that must not be refused; returns its payload.
    #[track_caller]
    pub fn done<'a>(
        &'a self,
        key: &'a str,
        query: &'a str,
        input: Value,
    ) -> impl Future<Output = Value> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let mut response = self
                .graphql(Some(key), query, json!({ "input": input }))
                .await;
            assert!(response.get("errors").is_none(), "{caller}: {response:#}");
            let data = response["data"].as_object_mut().unwrap();
            let payload = data.values_mut().next().unwrap().take();
            assert_eq!(payload["userErrors"], json!([]), "{caller}: {payload:#}");
            payload
        }
    }

    /// A new account with an owner's key.
    pub async fn account(&self, name: &str) -> Tenant {
        let create = "mutation($input: CreateAccountInput!) {
            createAccount(input: $input) { account { id } userErrors { field message } } }";
        let payload = self.done(ADMIN_KEY, create, json!({ "name": name })).await;
        let id = payload["account"]["id"].as_str().unwrap().to_owned();
        let owner = self.key_for(&id, "OWNER").await;
        Tenant { id, owner }
    }

    /// A key of an account with another role.
    pub async fn key(&self, tenant: &Tenant, role: &str) -> String {
        self.key_for(&tenant.id, role).await
    }

    async fn key_for(&self, account: &str, role: &str) -> String {
        let create = "mutation($input: CreateApiKeyInput!) {
            createApiKey(input: $input) { secret userErrors { field message } } }";
        let input = json!({ "accountId": account, "role": role, "name": format!("{role} key") });
        let payload = self.done(ADMIN_KEY, create, input).await;
        payload["secret"].as_str().unwrap().to_owned()
    }

    /// Allows an account's buyers to return to these origins.
    pub async fn allow_return(&self, tenant: &Tenant, origins: &[&str]) {
        let update = "mutation($input: UpdateAccountInput!) {
            updateAccount(input: $input) { account { returnOrigins } userErrors { field message } } }";
        let payload = self
            .done(&tenant.owner, update, json!({ "returnOrigins": origins }))
            .await;
        assert_eq!(payload["account"]["returnOrigins"], json!(origins));
    }

    /// Gives an account credits that never expire.
    pub async fn grant(&self, tenant: &Tenant, credits: &str) {
        self.grant_until(tenant, credits, None).await;
    }

    /// Gives an account credits until a day, or for good.
    pub async fn grant_until(&self, tenant: &Tenant, credits: &str, expires_on: Option<&str>) {
        let grant = "mutation($input: GrantCreditsInput!) {
            grantCredits(input: $input) { lot { id } userErrors { field message } } }";
        let input = json!({
            "accountId": tenant.id,
            "credits": credits,
            "expiresOn": expires_on,
            "note": "for a test",
            "idempotencyKey": new_key(),
        });
        self.done(ADMIN_KEY, grant, input).await;
    }

    /// A new list with these head-counts; its id.
    pub async fn list(&self, tenant: &Tenant, name: &str, destinations: Value) -> String {
        let create = "mutation($input: CreateContactListInput!) {
            createContactList(input: $input) { list { id } userErrors { field message } } }";
        let input = json!({ "name": name, "destinations": destinations });
        let payload = self.done(&tenant.owner, create, input).await;
        payload["list"]["id"].as_str().unwrap().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        panics::assert_none();
    }
}

/// A new idempotency key.
pub fn new_key() -> String {
    uuid::Uuid::from_bytes(message_credits::entropy::bytes()).to_string()
}
