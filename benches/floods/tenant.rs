//! The program under flood, and the tenant that pays for it.
//!
//! Here: starting the program, creating tenants, and sending at a steady rate. Not here: the
//! floods.

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
/// Sends a second.
const EVERY: Duration = Duration::from_millis(20);
/// One in this many requests uses a connection of its own.
const FRESH: usize = 4;
/// The time after which a request has failed.
const PATIENCE: Duration = Duration::from_secs(10);
/// One in this many requests imports a file, if the tenant imports.
const IMPORTS: usize = 50;
const SEND: &str =
    "mutation($i:SendMessageInput!){sendMessage(input:$i){message{id} userErrors{code message}}}";

const IMPORT: &str = "mutation($l:ID!,$f:Upload!){\
    importContacts(input:{listId:$l,file:$f}){importedCount duplicateCount userErrors{code message}}}";
const CREATE_LIST: &str =
    "mutation($i:CreateContactListInput!){createContactList(input:$i){list{id}}}";
/// A text that every answer without an error has.
const DONE: [&str; 2] = ["\"message\":{\"id\"", "\"userErrors\":[]}}}"];

/// The program, serving a fresh SQLite database. It is stopped on drop.
pub struct Program {
    child: Child,
    /// Its address.
    pub address: String,
    kept: Client,
    fresh: Client,
    tenant: Tenant,
    _folder: TempDir,
}

/// An account with credits, a list, and a sending service's key.
#[derive(Default)]
struct Tenant {
    account: String,
    list: String,
    key: String,
}

/// What a tenant does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pays {
    /// Sends the same text to everybody.
    Alike,
    /// Sends a text with merge fields.
    Personally,
    /// Sends the same text to everybody, and imports contacts.
    AndImports,
}

/// What the tenant observed.
#[derive(Default)]
pub struct Seen {
    pub times: Vec<Duration>,
    pub failed: Vec<String>,
}

impl Seen {
    /// The time within which this percentage of the requests was answered.
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
        // Later output must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let client = || Client::builder().no_proxy().timeout(PATIENCE);
        let mut program = Self {
            child,
            address,
            kept: client().build()?,
            fresh: client().pool_max_idle_per_host(0).build()?,
            tenant: Tenant::default(),
            _folder: folder,
        };
        program.tenant = program.make_tenant("Paying").await?;
        Ok(program)
    }

    /// Sends at a steady rate, and returns what was observed.
    pub async fn pays_for(&self, pays: Pays, lasting: Duration) -> Outcome<Seen> {
        let (list, text, key) = match pays {
            Pays::Alike => (self.tenant.list.clone(), "x", String::new()),
            Pays::Personally | Pays::AndImports => {
                let key = self.key(&self.tenant, "MEMBER").await?;
                let list = self.contacts(&self.tenant, 3).await?;
                let text = if pays == Pays::Personally {
                    "Hi {{name}}"
                } else {
                    "x"
                };
                (list, text, key)
            }
        };
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
            let url = format!("http://{}/graphql", self.address);
            let request = if pays == Pays::AndImports && number % IMPORTS == 0 {
                let (content_type, body) = upload(&list, &contacts(10));
                let request = client.post(url).bearer_auth(&key).body(body);
                let request = request.header("Content-Type", content_type);
                request.header("GraphQL-Require-Preflight", "1")
            } else {
                let request = client.post(url).bearer_auth(&self.tenant.key);
                request.json(&send(&list, text, number))
            };
            sending.spawn(async move {
                let begun = Instant::now();
                let answer = async {
                    let response = request.send().await?;
                    let status = response.status();
                    Ok::<_, reqwest::Error>((status, response.text().await?))
                };
                let failure = match answer.await {
                    Ok((_, text)) if DONE.iter().any(|done| text.contains(done)) => None,
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

    /// The bytes of a request by which another tenant sends. They are the same each time, so that
    /// each is answered like the first.
    pub async fn other_tenants_send(&self) -> Outcome<Vec<u8>> {
        let tenant = self.make_tenant("Flooding").await?;
        let body = send(&tenant.list, "x", 0).to_string();
        Ok(request(&tenant.key, "application/json", body.len(), &body))
    }

    /// The bytes of a request by which another tenant, with a key that may not send, quotes a text
    /// for many contacts.
    pub async fn other_tenants_quote(&self) -> Outcome<Vec<u8>> {
        let tenant = self.make_tenant("Scanning").await?;
        let list = self.contacts(&tenant, 300_000).await?;
        let key = self.key(&tenant, "VIEWER").await?;
        let query = "query($i:QuoteInput!){quote(input:$i){credits}}";
        let input = json!({ "audience": { "listId": list }, "text": "Hi {{name}} {{a}} {{b}}" });
        let body = json!({ "query": query, "variables": { "i": input } }).to_string();
        Ok(request(&key, "application/json", body.len(), &body))
    }

    /// The beginnings of uploads by another tenant, with keys that may not import.
    pub async fn other_tenants_uploads(&self) -> Outcome<Vec<Vec<u8>>> {
        let tenant = self.make_tenant("Uploading").await?;
        let (content_type, body) = upload(&tenant.list, "");
        // As a client writes it, but without the end.
        let begun = body.trim_end_matches("--cut--\r\n").trim_end();
        let mut uploads = Vec::new();
        for role in ["VIEWER", "SENDER"] {
            let key = self.key(&tenant, role).await?;
            uploads.push(request(&key, content_type, 200_000_000, begun));
        }
        Ok(uploads)
    }

    /// The program's peak memory.
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
        let list = self
            .done(
                CREATE_LIST,
                json!({ "accountId": account, "name": name,
                    "destinations": [{ "countryCode": "IT", "recipientCount": 10 }] }),
                "/createContactList/list/id",
            )
            .await?;
        let mut tenant = Tenant {
            account,
            list,
            key: String::new(),
        };
        tenant.key = self.key(&tenant, "SENDER").await?;
        Ok(tenant)
    }

    async fn key(&self, tenant: &Tenant, role: &str) -> Outcome<String> {
        self.done(
            "mutation($i:CreateApiKeyInput!){createApiKey(input:$i){secret}}",
            json!({ "accountId": tenant.account, "role": role, "name": role }),
            "/createApiKey/secret",
        )
        .await
    }

    /// A list of a tenant with this many contacts.
    async fn contacts(&self, tenant: &Tenant, count: usize) -> Outcome<String> {
        let name = format!("{count} contacts");
        let input = json!({ "accountId": tenant.account, "name": name });
        let list = self
            .done(CREATE_LIST, input, "/createContactList/list/id")
            .await?;
        let (content_type, body) = upload(&list, &contacts(count));
        let response = self
            .kept
            .post(format!("http://{}/graphql", self.address))
            .bearer_auth(ADMIN)
            .header("Content-Type", content_type)
            .header("GraphQL-Require-Preflight", "1")
            .timeout(Duration::from_secs(300))
            .body(body)
            .send()
            .await?;
        let response = response.text().await?;
        if !response.contains(&format!("\"imported\":{count},")) {
            return Err(response.into());
        }
        Ok(list)
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

fn send(list: &str, text: &str, number: usize) -> Value {
    json!({ "query": SEND, "variables": { "i": {
        "audience": { "listId": list }, "text": text, "idempotencyKey": format!("flood-{number}") } } })
}

/// The bytes of a request; its body may end before its length.
fn request(key: &str, content_type: &str, length: usize, body: &str) -> Vec<u8> {
    let request = format!(
        "POST /graphql HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nContent-Type: {content_type}\r\n\
         GraphQL-Require-Preflight: 1\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    request.into_bytes()
}

/// A CSV file with this many contacts.
fn contacts(count: usize) -> String {
    let filler = "a".repeat(60);
    let mut csv = "phone,name,a,b\n".to_owned();
    for number in 0..count {
        csv += &format!(
            "+39340{:07},N{number},{filler},{filler}\n",
            1_000_000 + number
        );
    }
    csv
}

/// The content type and the body of a request that imports a file.
fn upload(list: &str, csv: &str) -> (&'static str, String) {
    let operations = json!({ "query": IMPORT, "variables": { "l": list, "f": null } });
    let part = "--cut\r\nContent-Disposition: form-data; name";
    let body = format!(
        "{part}=\"operations\"\r\n\r\n{operations}\r\n{part}=\"map\"\r\n\r\n{{\"0\":[\"variables.f\"]}}\r\n\
         {part}=\"0\"; filename=\"a.csv\"\r\n\r\n{csv}\r\n--cut--\r\n"
    );
    ("multipart/form-data; boundary=cut", body)
}
