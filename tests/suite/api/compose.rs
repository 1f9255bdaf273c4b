//! deploy/compose.yaml and deploy/Dockerfile, built and run: from nothing to the first quote as
//! docs/operations/install.md shows it, scraped by Prometheus, and restarted without a failed
//! request.
//!
//! Here: what needs a docker daemon; without one it is not run, which is printed. Not here: whether
//! the files are valid ([`super::deploy`]), and restarts under more load
//! ([`crate::faults::rolling_restart`]).

use std::{
    collections::BTreeSet,
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    metrics::{alerts, panels},
    readme::{blocks, is_shown, steps},
};
use crate::support::{process::graphql, programs::installed};

/// `no` leaves this test out: it builds a release whenever the program changed, which takes minutes
/// of all cores.
const SWITCH: &str = "TEST_COMPOSE";
/// Callers during the restart, each of which sends one request at a time.
const CALLERS: usize = 4;
/// Requests that the restart must have met, at the least.
const REQUESTS: usize = 400;
/// How long anything but the build may take. Prometheus scrapes every 15 seconds, and a rate needs
/// two samples.
const PATIENCE: Duration = Duration::from_secs(120);
/// The user and group of the image, without rights.
const USER: &str = "65532";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap()
}

fn docker(args: &[&str]) -> Command {
    let mut command = Command::new("docker");
    command.args(args).stdin(Stdio::null());
    command
}

fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

/// Runs a command to its end; its output.
#[track_caller]
fn done(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let answer = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{answer}{errors}");
    answer
}

/// The images that the files begin from.
fn base_images() -> BTreeSet<String> {
    let (dockerfile, compose) = (text("deploy/Dockerfile"), text("deploy/compose.yaml"));
    let of_stages = dockerfile
        .lines()
        .filter_map(|line| line.strip_prefix("FROM ")?.split(' ').next());
    let of_services = compose
        .lines()
        .filter_map(|line| line.trim().strip_prefix("image: "))
        .filter(|image| !image.starts_with("message-credits:"));
    of_stages.chain(of_services).map(str::to_owned).collect()
}

/// Why this machine can't run the file.
fn missing() -> Result<(), String> {
    if std::env::var(SWITCH).is_ok_and(|value| value == "no") {
        return Err(format!("{SWITCH}=no"));
    }
    if !succeeds(&mut docker(&["info"])) {
        return Err("no docker daemon answers".to_owned());
    }
    if !succeeds(&mut docker(&["compose", "version"])) {
        return Err("docker has no compose".to_owned());
    }
    for program in ["bash", "curl", "jq", "openssl"] {
        installed(program).ok_or(format!("{program} is not installed"))?;
    }
    let images = base_images();
    assert_eq!(images.len(), 6, "{images:?}");
    for image in images {
        let there = succeeds(&mut docker(&["image", "inspect", &image]));
        if !there && !succeeds(&mut docker(&["pull", "--quiet", &image])) {
            return Err(format!("the image {image} can't be pulled"));
        }
    }
    Ok(())
}

/// The services of the file with names, ports, a network and secrets of their own. All of it is
/// removed when the test ends.
struct Services {
    folder: TempDir,
    project: String,
    proxy: u16,
    prometheus: u16,
}

impl Services {
    fn new() -> Self {
        let held = [0, 1].map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
        let [proxy, prometheus] = held.map(|one| one.local_addr().unwrap().port());
        let folder = tempfile::tempdir().unwrap();
        // The page's own lines make the secrets, in a folder of their own.
        fs::create_dir(folder.path().join("deploy")).unwrap();
        let page = text("docs/operations/install.md");
        let lines = blocks(&page, "<!-- compose:secrets -->").join("\n");
        assert!(!lines.is_empty());
        let mut bash = Command::new("bash");
        done(bash.current_dir(&folder).args(["-euc", &lines]));
        let secrets = folder.path().join("deploy/secrets");
        let mut own = "secrets:\n".to_owned();
        for secret in ["database-url", "admin-api-key", "postgres-password"] {
            let file = secrets.join(secret);
            own += &format!("  {secret}: {{file: {}}}\n", file.display());
        }
        fs::write(folder.path().join("own.yaml"), own).unwrap();
        Self {
            folder,
            project: format!("message-credits-test-{proxy}"),
            proxy,
            prometheus,
        }
    }

    fn secrets(&self) -> PathBuf {
        self.folder.path().join("deploy/secrets")
    }

    fn image(&self) -> String {
        format!("message-credits:{}", self.project)
    }

    fn compose(&self, args: &[&str]) -> Command {
        let mut command = docker(&["compose", "--progress", "plain", "--project-name"]);
        command.arg(&self.project).arg("--file");
        command.arg(root().join("deploy/compose.yaml"));
        command
            .arg("--file")
            .arg(self.folder.path().join("own.yaml"));
        command.args(args);
        let [high, low] = self.proxy.to_be_bytes();
        let subnet = format!("10.{}.{low}.0/24", 64 + high % 128);
        command
            .env("VERSION", &self.project)
            .env("COMMIT", "0123456789abcdef")
            .env("PORT", self.proxy.to_string())
            .env("PROMETHEUS_PORT", self.prometheus.to_string())
            .env("PUBLIC_URL", self.base())
            .env("SUBNET", subnet);
        command
    }

    fn base(&self) -> String {
        format!("http://localhost:{}", self.proxy)
    }

    /// The id of a service's container.
    fn container(&self, service: &str) -> String {
        let id = done(&mut self.compose(&["ps", "--all", "--quiet", service]));
        id.trim().to_owned()
    }

    /// The answer to a question to Prometheus.
    async fn prometheus(&self, path: &str, query: &[(&str, &str)]) -> Value {
        let url = format!("http://127.0.0.1:{}/api/v1/{path}", self.prometheus);
        let request = reqwest::Client::new().get(url).query(query);
        let Ok(response) = request.send().await else {
            return Value::Null;
        };
        response.json().await.unwrap_or_default()
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for args in [&["ps", "--all"][..], &["logs", "--tail", "40"]] {
                drop(self.compose(args).status());
            }
        }
        let down = ["down", "--volumes", "--timeout", "20"];
        drop(self.compose(&down).output());
        drop(docker(&["image", "rm", &self.image()]).output());
    }
}

/// Waits until something is so; what it answered last, if it never was.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> Result<(), String>) {
    let begun = Instant::now();
    while let Err(last) = is_so().await {
        assert!(begun.elapsed() < PATIENCE, "{what}: {last}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn compose_serves_from_nothing_to_a_restart() {
    if let Err(reason) = missing() {
        eprintln!("NOT RUN: compose.yaml: {reason}");
        // cargo xtask test prints it at its end.
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        fs::write(folder.join("compose-not-run"), reason).unwrap();
        return;
    }
    message_credits::tls::install();
    let services = Services::new();
    let begun = Instant::now();
    done(&mut services.compose(&["build"]));
    eprintln!("the image is built after {:?}", begun.elapsed());
    let up = ["up", "--no-build", "--detach", "--wait"];
    let limit = PATIENCE.as_secs().to_string();
    done(services.compose(&up).args(["--wait-timeout", &limit]));
    eprintln!("all services run after {:?}", begun.elapsed());
    is_confined(&services);
    quotes_as_the_page_shows(&services).await;
    restart_is_not_noticed(&services).await;
    is_scraped(&services).await;
    done(&mut services.compose(&["down", "--volumes"]));
    let named = format!("label=com.docker.compose.project={}", services.project);
    for kind in ["container", "volume", "network"] {
        let list = docker(&[kind, "ls", "--quiet", "--filter", &named]).output();
        let left = list.unwrap().stdout;
        assert!(left.is_empty(), "a {kind} is left: {left:?}");
    }
    eprintln!("all of it took {:?}", begun.elapsed());
}

/// The servers run as nobody, on a root file system that they can't write, without a shell.
fn is_confined(services: &Services) {
    for service in ["credits-1", "credits-2"] {
        let id = services.container(service);
        let inspected = done(&mut docker(&["inspect", &id]));
        let inspected: Value = serde_json::from_str(&inspected).unwrap();
        let (host, state) = (&inspected[0]["HostConfig"], &inspected[0]["State"]);
        assert_eq!(host["ReadonlyRootfs"], true);
        assert_eq!(host["CapDrop"], json!(["ALL"]));
        assert_eq!(host["SecurityOpt"], json!(["no-new-privileges:true"]));
        assert_eq!(state["Health"]["Status"], "healthy", "{state}");
        let users = done(&mut docker(&["top", &id, "-eo", "pid,uid,gid,comm"]));
        // The server, and its health check now and then.
        assert!(users.contains("message-credits"), "{users}");
        for process in users.lines().skip(1) {
            let fields: Vec<_> = process.split_whitespace().collect();
            assert_eq!(fields[1..3], [USER, USER], "{users}");
        }
        // What the kernel makes of it: no place but /tmp takes a file.
        let program = "/usr/local/bin/message-credits";
        let writes =
            |path: &str| succeeds(&mut docker(&["exec", &id, program, "heads", "--out", path]));
        assert!(writes("/tmp/heads"), "/tmp is not writable");
        for path in ["/home/nonroot/heads", "/usr/local/bin/heads", "/heads"] {
            assert!(!writes(path), "{path} is written");
        }
        assert!(!succeeds(&mut docker(&["exec", &id, "/bin/sh", "-c", ""])));
        let version = done(&mut docker(&["exec", &id, program, "--version"]));
        assert!(version.contains("commit 0123456789abcdef"), "{version}");
    }
}

/// The page's own lines give the first quote, through the proxy, which serves the page too.
async fn quotes_as_the_page_shows(services: &Services) {
    let page = text("docs/operations/install.md");
    for (lines, shown) in steps(&page, "<!-- compose:quote -->") {
        let lines = lines.replace("http://localhost:8080", &services.base());
        let mut bash = Command::new("bash");
        let folder = services.folder.path().join("deploy");
        let answer = done(
            bash.current_dir(folder)
                .args(["-euo", "pipefail", "-c", &lines]),
        );
        assert!(is_shown(&answer, &shown), "{answer} is not {shown}");
    }
    let page = reqwest::get(services.base()).await.unwrap();
    assert_eq!(page.status(), 200);
    let page = page.text().await.unwrap();
    assert!(page.contains("<div id=\"root\">"), "{page}");
}

/// One server is restarted while callers ask through the proxy: none of their requests fails.
async fn restart_is_not_noticed(services: &Services) {
    let key = fs::read_to_string(services.secrets().join("admin-api-key")).unwrap();
    let key: Arc<str> = key.trim().into();
    let stop = Arc::new(AtomicBool::new(false));
    let asked = Arc::new(AtomicUsize::new(0));
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (key, stop, asked) = (key.clone(), stop.clone(), asked.clone());
            let (base, client) = (services.base(), reqwest::Client::new());
            tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    let query = "{ viewer { role } accounts { totalCount } }";
                    let answer = graphql(&client, &base, &key, query, json!({})).await;
                    let answer = answer.expect("a request has no answer");
                    assert_eq!(answer["data"]["accounts"]["totalCount"], 1, "{answer}");
                    asked.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            })
        })
        .collect();
    let begun = Instant::now();
    let mut restart = services.compose(&["restart", "--no-deps", "credits-1"]);
    let id = services.container("credits-1");
    let started = || {
        done(&mut docker(&[
            "inspect",
            "--format",
            "{{.State.StartedAt}}",
            &id,
        ]))
    };
    let before = started();
    let restarted = tokio::task::spawn_blocking(move || done(&mut restart));
    restarted.await.unwrap();
    assert_ne!(before, started(), "it was not restarted");
    let took = begun.elapsed();
    assert!(took > Duration::from_secs(10), "no --stop-delay: {took:?}");
    until("the restarted server serves", async || {
        let health = ["inspect", "--format", "{{.State.Health.Status}}", &id];
        let health = done(&mut docker(&health));
        let enough = asked.load(Ordering::SeqCst) >= REQUESTS;
        let is_so = health.trim() == "healthy" && enough;
        is_so.then_some(()).ok_or(health)
    })
    .await;
    stop.store(true, Ordering::SeqCst);
    for caller in join_all(callers).await {
        caller.unwrap();
    }
    let asked = asked.load(Ordering::SeqCst);
    eprintln!("a restart of {took:?} met {asked} requests, none failed");
}

/// Prometheus scrapes the servers and the proxy, accepts the alerts, and answers the dashboard.
async fn is_scraped(services: &Services) {
    until("the targets are up", async || {
        let answer = services.prometheus("targets", &[]).await;
        let targets = answer["data"]["activeTargets"].as_array();
        let up = targets.is_some_and(|targets| {
            targets.len() == 3 && targets.iter().all(|target| target["health"] == "up")
        });
        up.then_some(()).ok_or(answer.to_string())
    })
    .await;
    until("the alerts are evaluated", async || {
        let answer = services.prometheus("rules", &[]).await;
        let groups = answer["data"]["groups"].as_array().into_iter().flatten();
        let rules: Vec<_> = groups
            .filter_map(|group| group["rules"].as_array())
            .collect();
        let rules: Vec<_> = rules.into_iter().flatten().collect();
        let are_so =
            rules.len() == alerts().len() && rules.iter().all(|rule| rule["health"] == "ok");
        are_so.then_some(()).ok_or(answer.to_string())
    })
    .await;
    for (panel, expression) in panels() {
        // What Grafana inserts for an interval of 15 seconds.
        let asked = expression.replace("$__rate_interval", "1m");
        until(&format!("{panel} is answered"), async || {
            let answer = services
                .prometheus("query", &[("query", asked.as_str())])
                .await;
            assert_eq!(answer["status"], "success", "{panel}: {asked}: {answer}");
            let rows = answer["data"]["result"].as_array().unwrap();
            (!rows.is_empty()).then_some(()).ok_or(asked.clone())
        })
        .await;
    }
}
