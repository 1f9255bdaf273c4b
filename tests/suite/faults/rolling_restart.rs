//! Two servers behind a proxy with the configuration that is shipped, restarted one after the
//! other under load: no request fails, and nothing is lost or doubled.
//!
//! Here: HAProxy and nginx. Not here: the two steps of a stop ([`crate::api`]).

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::json;

use super::{assert_verified, load, migrated_postgres};
use crate::support::{
    process::{self, ADMIN_KEY, Process},
    programs::installed,
};

/// Requests through each proxy: 20,000 in all. `RESTART_REQUESTS` sets another number.
const REQUESTS: usize = 10_000;
/// Callers, each of which sends one request at a time.
const CALLERS: usize = 16;
/// How long a part of the requests may take, on any machine.
const LONGEST: Duration = Duration::from_secs(10 * 60);
/// How long a proxy may take to find a server that was started again.
const PATIENCE: Duration = Duration::from_secs(60);
/// Addresses of the two servers. All of 127/8 is this machine, so that both may have the ports that
/// the shipped files name.
const HOSTS: [&str; 2] = ["127.0.0.1", "127.0.0.2"];

/// Ports that nobody uses.
struct Ports {
    server: u16,
    administration: u16,
    proxy: u16,
    metrics: u16,
}

impl Ports {
    fn new() -> Self {
        // All are held until all are found, so that no two are the same.
        let held: Vec<_> = (0..4)
            .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
            .collect();
        let port = |at: usize| held[at].local_addr().unwrap().port();
        Self {
            server: port(0),
            administration: port(1),
            proxy: port(2),
            metrics: port(3),
        }
    }

    /// The shipped settings for a server at this address, in a file.
    fn settings(&self, host: &str, folder: &Path) -> PathBuf {
        let listen = format!("{host}:{}", self.server);
        let text = self
            .substituted("settings.toml")
            .replace("127.0.0.1:8080", &listen)
            .replace("127.0.0.1:9090", &format!("{host}:{}", self.administration))
            .replace("https://credits.example", &format!("http://{listen}"));
        assert!(text.contains("stop-delay = \"10s\""), "{text}");
        let file = folder.join(format!("{host}.toml"));
        fs::write(&file, text).unwrap();
        file
    }

    /// A shipped file with these ports and with addresses of this machine.
    fn substituted(&self, file: &str) -> String {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("deploy")
            .join(file);
        let text = fs::read_to_string(path).unwrap();
        let mut text = text
            .replace("bind :8080", &format!("bind 127.0.0.1:{}", self.proxy))
            .replace("listen 8080", &format!("listen 127.0.0.1:{}", self.proxy))
            .replace("bind :8404", &format!("bind 127.0.0.1:{}", self.metrics))
            .replace("port 9090", &format!("port {}", self.administration));
        for (number, host) in (1..).zip(HOSTS) {
            let address = format!("{host}:{}", self.server);
            text = text.replace(&format!("credits-{number}:8080"), &address);
        }
        text
    }
}

/// A proxy that ends with the test.
struct Proxy {
    child: Child,
    _folder: tempfile::TempDir,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn haproxy(ports: &Ports) -> Option<Proxy> {
    let program = installed("haproxy")?;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("haproxy.cfg");
    fs::write(&file, ports.substituted("haproxy.cfg")).unwrap();
    let mut command = Command::new(program);
    command.args(["-db", "-f"]).arg(file);
    Some(started(command, folder))
}

fn nginx(ports: &Ports) -> Option<Proxy> {
    let program = installed("nginx")?;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("nginx.conf");
    let own = format!("{}/", folder.path().display());
    // A line for each request that found a server closed would hide everything else.
    let text = ports
        .substituted("nginx.conf")
        .replace("error_log stderr", "error_log /tmp/errors");
    fs::write(&file, text.replace("/tmp/", &own)).unwrap();
    let mut command = Command::new(program);
    command.arg("-p").arg(folder.path()).arg("-c").arg(file);
    // One process, which ends when it is killed.
    command.args(["-g", "daemon off; master_process off;"]);
    Some(started(command, folder))
}

fn started(mut command: Command, folder: tempfile::TempDir) -> Proxy {
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    Proxy {
        child,
        _folder: folder,
    }
}

fn server(url: &str, ports: &Ports, host: &str, settings: &Path) -> Process {
    let mut command = process::command(&["serve", "--config"]);
    // The file has the address too, but tests set it in the environment.
    command
        .arg(settings)
        .args(["--listen", &format!("{host}:{}", ports.server)]);
    Process::run(command.env("DATABASE_URL", url))
}

/// What the callers do.
struct Traffic {
    client: reqwest::Client,
    base: String,
    account: String,
    asked: AtomicUsize,
    sent: AtomicUsize,
    stop: AtomicBool,
}

impl Traffic {
    /// Sends messages and asks for quotes in turn. Nothing is repeated here: whatever fails is a
    /// failure.
    async fn call(self: Arc<Self>) {
        let query = "query($input: QuoteInput!) { quote(input: $input) { credits } }";
        let input = json!({
            "accountId": self.account, "text": "Ciao",
            "audience": { "destinations": [{ "countryCode": "IT", "recipientCount": 1 }] },
        });
        while !self.stop.load(Ordering::SeqCst) {
            let door = (self.client.clone(), self.base.clone());
            let order = load::Order::new(&self.account, false);
            let answer = order.ask(&door).await;
            let answer =
                answer.unwrap_or_else(|| panic!("the message {} has no answer", order.key));
            assert!(load::Order::message(&answer).is_some(), "{answer}");
            self.sent.fetch_add(1, Ordering::SeqCst);
            let variables = json!({ "input": input });
            let (client, base) = &door;
            let answer = process::graphql(client, base, ADMIN_KEY, query, variables).await;
            let answer = answer.expect("a query has no answer");
            assert_eq!(answer["data"]["quote"]["credits"], "1", "{answer}");
            self.asked.fetch_add(2, Ordering::SeqCst);
        }
    }

    async fn until(&self, requests: usize) {
        let begun = Instant::now();
        while self.asked.load(Ordering::SeqCst) < requests {
            // The callers stop when they fail.
            assert!(begun.elapsed() < LONGEST, "the requests end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Waits until a proxy gives requests to both servers: each answers on its own listener, and
/// HAProxy's checks have seen it.
async fn both_serve(ports: &Ports, checks: bool) {
    let begun = Instant::now();
    let is_up = async || {
        if !checks {
            return true;
        }
        let metrics = format!("http://127.0.0.1:{}/metrics", ports.metrics);
        let Ok(answer) = reqwest::get(metrics).await else {
            return false;
        };
        let text = answer.text().await.unwrap_or_default();
        let up = |line: &&str| {
            line.starts_with("haproxy_server_status{proxy=\"servers\"")
                && line.contains("state=\"UP\"")
                && line.ends_with(" 1")
        };
        text.lines().filter(up).count() == HOSTS.len()
    };
    while !is_up().await {
        assert!(
            begun.elapsed() < PATIENCE,
            "the proxy doesn't find both servers"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn restarts_are_not_noticed(begin: fn(&Ports) -> Option<Proxy>, checks: bool) {
    let Some(url) = migrated_postgres().await else {
        return;
    };
    let ports = Ports::new();
    let folder = tempfile::tempdir().unwrap();
    let settings = HOSTS.map(|host| ports.settings(host, folder.path()));
    let start = |place: usize| server(&url, &ports, HOSTS[place], &settings[place]);
    let mut servers = [0, 1].map(|place| Some(start(place)));
    let Some(_proxy) = begin(&ports) else {
        return;
    };
    let account = load::account(servers[0].as_ref().unwrap(), 1_000_000).await;
    let traffic = Arc::new(Traffic {
        client: reqwest::Client::new(),
        base: format!("http://127.0.0.1:{}", ports.proxy),
        account: account.clone(),
        asked: AtomicUsize::new(0),
        sent: AtomicUsize::new(0),
        stop: AtomicBool::new(false),
    });
    both_serve(&ports, checks).await;
    wait_for(&traffic).await;
    let requests = std::env::var("RESTART_REQUESTS").ok();
    let requests = requests.map_or(REQUESTS, |number| number.parse().unwrap());
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| tokio::spawn(traffic.clone().call()))
        .collect();
    let restarts = async {
        for place in [0, 1] {
            traffic.until(requests * (place + 1) / 4).await;
            let old = servers[place].take().unwrap();
            let code = tokio::task::spawn_blocking(move || old.terminate());
            assert_eq!(code.await.unwrap(), Some(0));
            servers[place] = Some(start(place));
            both_serve(&ports, checks).await;
        }
        traffic.until(requests).await;
        traffic.stop.store(true, Ordering::SeqCst);
    };
    let (called, ()) = tokio::join!(join_all(callers), restarts);
    called.into_iter().for_each(|caller| caller.unwrap());
    let sent = traffic.sent.load(Ordering::SeqCst);
    let asked = traffic.asked.load(Ordering::SeqCst);
    eprintln!("{asked} requests, {sent} of them messages");
    let count = "query($id: ID!) { account(id: $id) { messages { totalCount } } }";
    let last = servers[0].as_ref().unwrap();
    let counted = last
        .graphql(ADMIN_KEY, count, json!({ "id": account }))
        .await
        .unwrap();
    assert_eq!(
        counted["data"]["account"]["messages"]["totalCount"], sent,
        "{counted}"
    );
    for server in servers.into_iter().flatten() {
        server.kill();
    }
    assert_verified(&url);
}

/// Waits until the proxy answers.
async fn wait_for(traffic: &Traffic) {
    let begun = Instant::now();
    while traffic
        .client
        .get(format!("{}/healthz", traffic.base))
        .send()
        .await
        .is_err()
    {
        assert!(begun.elapsed() < PATIENCE, "the proxy doesn't answer");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarts_behind_haproxy_are_not_noticed() {
    restarts_are_not_noticed(haproxy, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarts_behind_nginx_are_not_noticed() {
    restarts_are_not_noticed(nginx, false).await;
}
