//! The program itself, as a user runs it: started, called over HTTP, stopped or killed.

use std::{
    io::{BufRead, BufReader, Read},
    net::TcpListener,
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use message_credits::config::sources;
use serde_json::{Value, json};

use super::{citus, field_paths, tap};

/// A platform administrator's key of a started program.
pub const ADMIN_KEY: &str = "process-admin-key-0123456789-abcdefghi";
/// How long a program may take to report that it serves.
const START: Duration = Duration::from_secs(60);

/// A serving program. It is killed when the test ends, which fails if the program panicked.
pub struct Process {
    child: Child,
    /// Its standard error.
    log: Log,
    /// Its address.
    pub base: String,
    /// Its output at the start.
    pub welcome: String,
    client: reqwest::Client,
}

/// The program with these arguments, quiet and without the test's own environment.
pub fn command(args: &[&str]) -> Command {
    message_credits::tls::install();
    let mut command = Command::new(env!("CARGO_BIN_EXE_message-credits"));
    quiet(&mut command);
    command.args(args);
    // Databases of a cluster are distributed from the start.
    if args.first() == Some(&"migrate") && args.iter().any(|arg| citus::has(arg)) {
        command.env("MIGRATE_DISTRIBUTE", "true");
    }
    command
}

/// Removes the test's own environment from a command, and limits its log to warnings.
pub fn quiet(command: &mut Command) {
    for setting in sources::described() {
        command.env_remove(setting.variable);
    }
    command.env("RUST_LOG", "warn").stdin(Stdio::null());
}

/// Runs a command of the program to its end.
pub fn output(args: &[&str]) -> Output {
    command(args).output().unwrap()
}

impl Process {
    /// Starts a command that serves, on a free port, with the sandbox.
    pub fn start(args: &[&str]) -> Self {
        Self::run(
            command(args)
                .env("PAYMENT_PROVIDER", "sandbox")
                .env("ALLOW_SANDBOX", "true"),
        )
    }

    /// Starts a serving command unchanged, on a free port unless its arguments set one.
    pub fn run(command: &mut Command) -> Self {
        Self::without_admin_key(command.env("ADMIN_API_KEY", ADMIN_KEY))
    }

    /// The same with a public URL that differs from its address.
    pub fn behind_its_public_url(command: &mut Command) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let command = command.args(["--listen", &address]);
        let mut server = Self::run(command);
        server.base = format!("http://{address}");
        server
    }

    /// The same without the key that tests use.
    pub fn without_admin_key(command: &mut Command) -> Self {
        let mut child = command
            .env("LISTEN", "127.0.0.1:0")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Log::of(child.stderr.take().unwrap());
        let (sender, lines) = mpsc::channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                drop(sender.send(line));
            }
        });
        let mut welcome = String::new();
        let base = loop {
            let line = lines
                .recv_timeout(START)
                .expect("the program says where it serves");
            welcome.push_str(&line);
            welcome.push('\n');
            if let Some(url) = line.trim().strip_prefix("GraphQL ") {
                break url.trim().trim_end_matches("/graphql").to_owned();
            }
        };
        // The demo's keys follow within the same write.
        while let Ok(line) = lines.recv_timeout(Duration::from_millis(200)) {
            welcome.push_str(&line);
            welcome.push('\n');
        }
        Self {
            child,
            log,
            base,
            welcome,
            client: reqwest::Client::new(),
        }
    }

    /// Asks it to stop, and returns its standard error.
    pub fn terminated_log(mut self) -> String {
        self.ask_to_end();
        self.child.wait().unwrap();
        self.log.ended()
    }

    /// Kills it like a power cut.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Stops it, and returns its log.
    pub fn into_log(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.log.ended()
    }

    /// Asks it to stop, and returns its exit code.
    pub fn terminate(mut self) -> Option<i32> {
        self.ask_to_end();
        self.child.wait().unwrap().code()
    }

    /// Sends it SIGTERM.
    pub fn ask_to_end(&self) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
    }

    /// The whole response to an operation; `None` if the connection broke.
    pub async fn graphql(&self, key: &str, query: &str, variables: Value) -> Option<Value> {
        graphql(&self.client, &self.base, key, query, variables).await
    }

    /// A client and an address to call it from elsewhere.
    pub fn door(&self) -> (reqwest::Client, String) {
        (self.client.clone(), self.base.clone())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
        let log = self.log.ended();
        assert!(
            !log.contains("panicked at") || std::thread::panicking(),
            "the program panicked; its log is above"
        );
    }
}

/// A program's standard error: forwarded, and recorded.
struct Log {
    text: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Log {
    fn of(stderr: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let kept = text.clone();
        let mut stderr = BufReader::new(stderr);
        let reader = std::thread::spawn(move || {
            let mut line = Vec::new();
            while stderr
                .read_until(b'\n', &mut line)
                .is_ok_and(|read| read > 0)
            {
                let read = String::from_utf8_lossy(&line);
                eprint!("{read}");
                kept.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push_str(&read);
                line.clear();
            }
        });
        Self {
            text,
            reader: Some(reader),
        }
    }

    /// All of it. Waits until the program has closed it.
    fn ended(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            drop(reader.join());
        }
        self.text
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// The whole response to an operation; `None` if the connection broke.
pub async fn graphql(
    client: &reqwest::Client,
    base: &str,
    key: &str,
    query: &str,
    variables: Value,
) -> Option<Value> {
    let request = client
        .post(format!("{base}/graphql"))
        .bearer_auth(key)
        .json(&json!({ "query": query, "variables": variables }));
    let answer = request.send().await.ok()?.json().await.ok()?;
    field_paths::assert_resolve(query, &answer);
    Some(answer)
}

/// Runs an external client to its end. If it fails, prints its errors and which of its tests failed,
/// or all its output if it names none.
pub fn run(mut command: Command) {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut errors = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        errors.read_to_string(&mut text).map(|_| text)
    });
    let mut text = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    let status = child.wait().unwrap();
    let errors = reader.join().unwrap().unwrap();
    let text = tap::failures(&text).unwrap_or(text);
    assert!(status.success(), "{command:?} failed:\n{text}\n{errors}");
}
