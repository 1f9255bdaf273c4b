//! The program that is flooded, and the tenant that pays for it.
//!
//! Here: starting the program, making tenants, and sending at a steady rate. Not here: what goes on beside.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::Outcome;

const ADMIN: &str = "floods-admin-key-0123456789-abcdefghijk";
const PROGRAM: &str = env!("CARGO_BIN_EXE_message-credits");
/// How often the tenant sends.
const EVERY: Duration = Duration::from_millis(20);
/// One in so many requests comes over a connection of its own.
const FRESH: usize = 4;
/// How long a request may take before it has failed.
const PATIENCE: Duration = Duration::from_secs(10);
const SEND: &str =
    "mutation($i:SendMessageInput!){sendMessage(input:$i){message{id} userErrors{code message}}}";

/// The program, serving a fresh SQLite database. It ends with this.
pub struct Program {
    child: Child,
    /// Where it listens.
    pub address: String,
    kept: Client,
    fresh: Client,
    tenant: Tenant,
    _folder: TempDir,
}

/// An account with credits, a list, and a sending service's key.
struct Tenant {
    list: String,
    key: String,
}

/// What the tenant saw.
#[derive(Default)]
pub struct Seen {
    pub times: Vec<Duration>,
    pub failed: Vec<String>,
}

impl Seen {
    /// The time within which so many in a hundred were answered.
    pub fn at(&self, percent: usize) -> Duration {
        let last = self.times.len().saturating_sub(1);
        self.times
            .get(last * percent / 100)
            .copied()
            .unwrap_or_default()
    }
}

impl Program {
    pub async fn start() -> Outcome<Self> {
        let folder = tempfile::tempdir_in(concat!(env!("CARGO_MANIFEST_DIR"), "/target"))?;
        let file = folder.path().join("bench.db");
        let mut child = Command::new(PROGRAM)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .env(
                "DATABASE_URL",
                format!("sqlite://{}?mode=rwc", file.display()),
            )
            .env("ADMIN_API_KEY", ADMIN)
            .env("RUST_LOG", "error")
            .env_remove("PUBLIC_URL")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().ok_or("no output")?;
        let mut lines = BufReader::new(output).lines();
        let address = loop {
            let line = lines.next().ok_or("the program ended before it served")??;
            if let Some(url) = line.trim().strip_prefix("GraphQL ") {
                let url = url.trim().trim_start_matches("http://");
                break url.trim_end_matches("/graphql").to_owned();
            }
        };
        // What it says later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let client = || Client::builder().no_proxy().timeout(PATIENCE);
        let mut program = Self {
            child,
            address,
            kept: client().build()?,
            fresh: client().pool_max_idle_per_host(0).build()?,
            tenant: Tenant {
                list: String::new(),
                key: String::new(),
            },
            _folder: folder,
        };
        program.tenant = program.make_tenant("Paying").await?;
        Ok(program)
    }

    /// Sends at a steady rate, and says what became of it.
    pub async fn pays_for(&self, lasting: Duration) -> Outcome<Seen> {
        let begun = Instant::now();
        let mut ticks = tokio::time::interval(EVERY);
        let mut sending = JoinSet::new();
        let mut seen = Seen::default();
        let mut number = 0;
        while begun.elapsed() < lasting {
            ticks.tick().await;
            number += 1;
            let client = if number % FRESH == 0 {
                &self.fresh
            } else {
                &self.kept
            };
            let request = client
                .post(format!("http://{}/graphql", self.address))
                .bearer_auth(&self.tenant.key)
                .json(&send(&self.tenant.list, number));
            sending.spawn(async move {
                let begun = Instant::now();
                let answer = async {
                    let response = request.send().await?;
                    let status = response.status();
                    Ok::<_, reqwest::Error>((status, response.text().await?))
                };
                let failure = match answer.await {
                    Ok((_, text)) if text.contains("\"message\":{\"id\"") => None,
                    Ok((status, text)) => Some(format!("{status} {text}")),
                    Err(cause) => Some(format!("{cause:?}")),
                };
                (begun.elapsed(), failure)
            });
        }
        while let Some(sent) = sending.join_next().await {
            let (time, failure) = sent?;
            seen.times.push(time);
            seen.failed.extend(failure);
        }
        seen.times.sort_unstable();
        Ok(seen)
    }

    /// A request by which another tenant sends, as it goes over a connection. It is the same each
    /// time, so that each is answered as the first was.
    pub async fn other_tenants_send(&self) -> Outcome<Vec<u8>> {
        let tenant = self.make_tenant("Flooding").await?;
        let body = send(&tenant.list, 0).to_string();
        let head = format!(
            "POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            tenant.key,
            body.len()
        );
        Ok((head + &body).into_bytes())
    }

    /// The most memory that the program had.
    pub fn peak_mib(&self) -> Outcome<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib: u64 = line
            .and_then(|line| line.split_whitespace().next())
            .ok_or("the system does not say how much memory was taken")?
            .parse()?;
        Ok(kib / 1_024)
    }

    async fn make_tenant(&self, name: &str) -> Outcome<Tenant> {
        let account = self
            .done(
                "mutation($i:CreateAccountInput!){createAccount(input:$i){account{id}}}",
                json!({ "name": name }),
                "/createAccount/account/id",
            )
            .await?;
        self.done(
            "mutation($i:GrantCreditsInput!){grantCredits(input:$i){lot{id}}}",
            json!({ "accountId": account, "credits": "100000000", "note": "bench", "idempotencyKey": name }),
            "/grantCredits/lot/id",
        )
        .await?;
        let key = self
            .done(
                "mutation($i:CreateApiKeyInput!){createApiKey(input:$i){secret}}",
                json!({ "accountId": account, "role": "SENDER", "name": name }),
                "/createApiKey/secret",
            )
            .await?;
        let list = self
            .done(
                "mutation($i:CreateContactListInput!){createContactList(input:$i){list{id}}}",
                json!({ "accountId": account, "name": name,
                    "destinations": [{ "countryCode": "IT", "recipients": 10 }] }),
                "/createContactList/list/id",
            )
            .await?;
        Ok(Tenant { list, key })
    }

    async fn done(&self, query: &str, input: Value, answer: &str) -> Outcome<String> {
        let response = self
            .kept
            .post(format!("http://{}/graphql", self.address))
            .bearer_auth(ADMIN)
            .json(&json!({ "query": query, "variables": { "i": input } }))
            .send()
            .await?;
        let response: Value = response.json().await?;
        let found = response["data"].pointer(answer).and_then(Value::as_str);
        Ok(found.ok_or_else(|| response.to_string())?.to_owned())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn send(list: &str, number: usize) -> Value {
    json!({ "query": SEND, "variables": { "i": {
        "audience": { "listId": list }, "text": "x", "idempotencyKey": format!("flood-{number}") } } })
}
