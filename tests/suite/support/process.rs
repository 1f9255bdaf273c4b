//! The program itself, as somebody would run it: started, spoken to over HTTP, stopped or killed.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Output, Stdio},
    sync::mpsc,
    time::Duration,
};

use serde_json::{Value, json};

/// A platform administrator's key of a started program.
pub const ADMIN_KEY: &str = "process-admin-key-0123456789";
/// How long a program may take to say that it serves.
const START: Duration = Duration::from_secs(60);

/// A program that serves. It is killed when the test ends.
pub struct Process {
    child: Child,
    /// Where it serves.
    pub base: String,
    /// What it said when it began.
    pub welcome: String,
    client: reqwest::Client,
}

/// The program with these arguments, quiet and with nothing of the test's own surroundings.
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_message-credits"));
    for name in ["DATABASE_URL", "LISTEN", "PUBLIC_URL", "ADMIN_API_KEY"] {
        command.env_remove(name);
    }
    command
        .args(args)
        .env("RUST_LOG", "warn")
        .stdin(Stdio::null());
    command
}

/// Runs a command of the program to its end.
pub fn output(args: &[&str]) -> Output {
    command(args).output().unwrap()
}

impl Process {
    /// Starts a command that serves, on a free port.
    pub fn start(args: &[&str]) -> Self {
        let mut child = command(args)
            .args(["--listen", "127.0.0.1:0"])
            .env("ADMIN_API_KEY", ADMIN_KEY)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
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
            base,
            welcome,
            client: reqwest::Client::new(),
        }
    }

    /// Kills it as a power cut would: nothing of it runs any more.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end, and answers its exit code.
    pub fn terminate(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        self.child.wait().unwrap().code()
    }

    /// The whole response to an operation; `None` where the connection broke.
    pub async fn graphql(&self, key: &str, query: &str, variables: Value) -> Option<Value> {
        graphql(&self.client, &self.base, key, query, variables).await
    }

    /// A client and an address to speak to it from elsewhere.
    pub fn door(&self) -> (reqwest::Client, String) {
        (self.client.clone(), self.base.clone())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The whole response to an operation; `None` where the connection broke.
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
    request.send().await.ok()?.json().await.ok()
}

/// Runs a foreign client to its end and shows what it said where it failed.
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
    assert!(status.success(), "{command:?} failed:\n{text}\n{errors}");
}
