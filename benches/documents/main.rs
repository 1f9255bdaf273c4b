//! Random documents against the program itself: what is the most that one request takes?
//!
//!     cargo xtask bench documents -- --seconds 600 --seed 1
//!
//! For anonymous clients and for each role in turn, one document is generated, sent and measured at
//! a time: the memory beyond the server's before, its CPU time, the bytes of its answer. Meanwhile
//! another client sends small requests. Ends with an error if any request takes more than 64 MB or
//! 2 s of CPU. `--program` measures another build.
//!
//! Linux only: it reads /proc.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a measurement fails by panicking"
)]

mod generate;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use generate::{Asked, Generator};
use serde_json::{Value, json};

/// The most that a request may take.
const MOST_MEMORY_MB: f64 = 64.0;
const MOST_CPU_S: f64 = 2.0;
const ADMIN_KEY: &str = "mc_documents_admin_0123456789abcdef0123456789abcdef";

struct Program {
    child: Child,
    base: String,
    client: reqwest::Client,
    _folder: tempfile::TempDir,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Program {
    fn start(program: &str, database: Option<String>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = format!(
            "sqlite://{}?mode=rwc",
            folder.path().join("documents.db").display()
        );
        let mut child = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .env("DATABASE_URL", database.unwrap_or(file))
            .env("ADMIN_API_KEY", ADMIN_KEY)
            .env("RUST_LOG", "error")
            .env_remove("LISTEN")
            .env_remove("PUBLIC_URL")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let base = loop {
            let line = lines
                .next()
                .expect("the program says where it serves")
                .unwrap();
            if let Some(url) = line.trim().strip_prefix("GraphQL ") {
                break url.trim().trim_end_matches("/graphql").to_owned();
            }
        };
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            child,
            base,
            client: reqwest::Client::new(),
            _folder: folder,
        }
    }

    fn proc(&self, file: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).unwrap_or_default()
    }

    /// The megabytes in a line of its /proc status.
    fn memory(&self, line: &str) -> f64 {
        let status = self.proc("status");
        let found = status.lines().find_map(|one| one.strip_prefix(line));
        let kilobytes = found.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
        kilobytes.unwrap_or(0.0) / 1024.0
    }

    fn forget_peak(&self) {
        let _ = std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5");
    }

    /// Its CPU time so far, in seconds.
    fn cpu(&self) -> f64 {
        let stat = self.proc("stat");
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
        let ticks = |place: usize| fields.get(place).and_then(|one| one.parse::<f64>().ok());
        (ticks(11).unwrap_or(0.0) + ticks(12).unwrap_or(0.0)) / 100.0
    }

    async fn send(&self, key: Option<&str>, asked: &Asked) -> Result<(u16, Vec<u8>), String> {
        let mut request = self.client.post(format!("{}/graphql", self.base));
        if let Some(key) = key {
            request = request.bearer_auth(key);
        }
        let body = json!({ "query": asked.query, "variables": asked.variables });
        let answer = request
            .json(&body)
            .timeout(Duration::from_secs(60))
            .send()
            .await;
        let answer = answer.map_err(|error| error.to_string())?;
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.map_err(|error| error.to_string())?;
        Ok((status, bytes.to_vec()))
    }

    async fn data(&self, key: &str, query: &str, variables: Value) -> Value {
        let asked = Asked {
            query: query.to_owned(),
            variables,
        };
        let (_, bytes) = self.send(Some(key), &asked).await.unwrap();
        let mut answer: Value = serde_json::from_slice(&bytes).unwrap();
        assert!(answer.get("errors").is_none(), "{query}: {answer}");
        answer["data"].take()
    }
}

/// A tenant with many rows of every kind: the keys by role, and the ids.
async fn fill(program: &Program) -> (Vec<(&'static str, Option<String>)>, Vec<String>) {
    let done = async |key: &str, field: &str, kind: &str, answer: &str, input: Value| {
        let query = format!(
            "mutation($i: {kind}!) {{ {field}(input: $i) {{ {answer} userErrors {{ message }} }} }}"
        );
        let mut data = program.data(key, &query, json!({ "i": input })).await;
        let payload = data[field].take();
        assert_eq!(payload["userErrors"], json!([]), "{field}");
        payload
    };
    let id = |value: &Value| value.as_str().unwrap().to_owned();
    let input = json!({ "name": "Acme" });
    let account = done(
        ADMIN_KEY,
        "createAccount",
        "CreateAccountInput",
        "account { id }",
        input,
    )
    .await;
    let account = id(&account["account"]["id"]);
    let mut keys = vec![
        ("nobody", None),
        ("PLATFORM_ADMIN", Some(ADMIN_KEY.to_owned())),
    ];
    for role in ["ACCOUNT_MANAGER", "OWNER", "MEMBER", "VIEWER", "SENDER"] {
        let mut input = json!({ "role": role, "name": role });
        if role != "ACCOUNT_MANAGER" {
            input["accountId"] = json!(account);
        }
        let key = done(
            ADMIN_KEY,
            "createApiKey",
            "CreateApiKeyInput",
            "secret",
            input,
        )
        .await;
        keys.push((role, Some(id(&key["secret"]))));
    }
    let mut ids = vec![account.clone()];
    for n in 0..60 {
        let input = json!({ "accountId": account, "credits": "1000000", "note": "n".repeat(2_000),
            "idempotencyKey": format!("g{n}") });
        let lot = done(
            ADMIN_KEY,
            "grantCredits",
            "GrantCreditsInput",
            "lot { id }",
            input,
        )
        .await;
        ids.push(id(&lot["lot"]["id"]));
    }
    let countries = ["IT", "FR", "DE", "ES", "GB", "US", "JP", "AT", "CH", "BE"];
    let everywhere: Vec<Value> = countries
        .map(|code| json!({ "countryCode": code, "recipientCount": 10 }))
        .to_vec();
    let mut lists = Vec::new();
    for n in 0..300 {
        let input = json!({ "accountId": account, "name": format!("A list {n} {}", "x".repeat(150)),
            "destinations": everywhere });
        let list = done(
            ADMIN_KEY,
            "createContactList",
            "CreateContactListInput",
            "list { id }",
            input,
        )
        .await;
        lists.push(id(&list["list"]["id"]));
    }
    let owner = keys
        .iter()
        .find(|(role, _)| *role == "OWNER")
        .unwrap()
        .1
        .clone()
        .unwrap();
    for n in 0..1_200 {
        let text = match n % 12 {
            0 => "’".repeat(3_000),
            1 => "long ".repeat(1_900),
            _ => format!("Sale {n}!"),
        };
        let audience = json!({ "listId": lists[n % lists.len()] });
        let input =
            json!({ "audience": audience, "text": text, "idempotencyKey": format!("s{n}") });
        let sent = done(
            &owner,
            "sendMessage",
            "SendMessageInput",
            "message { id }",
            input,
        )
        .await;
        if n % 10 == 0 {
            ids.push(id(&sent["message"]["id"]));
        }
    }
    let cards = program.data(
        &owner,
        "{ rateCards { nodes { id } } account { transactions { nodes { id } } } }",
        json!({}),
    );
    let cards = cards.await;
    for nodes in [
        &cards["rateCards"]["nodes"],
        &cards["account"]["transactions"]["nodes"],
    ] {
        ids.extend(nodes.as_array().unwrap().iter().map(|node| id(&node["id"])));
    }
    ids.extend(lists);
    (keys, ids)
}

struct Worst {
    figure: f64,
    who: &'static str,
    asked: Asked,
}

fn option(name: &str) -> Option<String> {
    let mut arguments = std::env::args().skip_while(|argument| argument != name);
    arguments.nth(1)
}

#[tokio::main]
async fn main() -> ExitCode {
    message_credits::tls::install();
    let number = |name: &str, default: u64| {
        option(name).map_or(default, |value| value.parse().expect("a whole number"))
    };
    let (seconds, seed) = (number("--seconds", 20), number("--seed", 1));
    let program =
        option("--program").unwrap_or_else(|| env!("CARGO_BIN_EXE_message-credits").to_owned());
    let program = Program::start(&program, option("--database"));
    let (keys, ids) = fill(&program).await;
    let mut generator = Generator::new(include_str!("../../schema.graphql"), ids, seed);
    println!(
        "documents: seed {seed}, {seconds} s, at rest {:.0} MB",
        program.memory("VmRSS:")
    );

    // The neighbour: another connection that sends small requests.
    let (over, slowest, asked_for) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
        Arc::new(AtomicU64::new(0)),
    );
    let neighbour = {
        let (over, slowest, asked_for) = (over.clone(), slowest.clone(), asked_for.clone());
        let (client, url) = (reqwest::Client::new(), format!("{}/graphql", program.base));
        let key = keys[3].1.clone().unwrap();
        tokio::spawn(async move {
            while !over.load(Ordering::Relaxed) {
                let began = Instant::now();
                let body = json!({ "query": "{ viewer { role } }" });
                let answer = client.post(&url).bearer_auth(&key).json(&body).send().await;
                assert!(answer.unwrap().status().is_success());
                let took = u64::try_from(began.elapsed().as_millis()).unwrap();
                slowest.fetch_max(took, Ordering::Relaxed);
                asked_for.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
    };

    let mut told: BTreeMap<String, u64> = BTreeMap::new();
    let (mut memory, mut cpu): (Option<Worst>, Option<Worst>) = (None, None);
    let (mut sent, mut most_bytes, mut beyond) = (0_u64, 0, 0_u64);
    let ends = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < ends {
        let (who, key) = &keys[usize::try_from(sent).unwrap() % keys.len()];
        let asked = generator.next();
        program.forget_peak();
        let (before, cpu_before) = (program.memory("VmRSS:"), program.cpu());
        let answer = program.send(key.as_deref(), &asked).await;
        let took = program.cpu() - cpu_before;
        let peak = program.memory("VmHWM:") - before;
        sent += 1;
        let outcome = match answer {
            Ok((status, bytes)) => {
                most_bytes = most_bytes.max(bytes.len());
                let answer: Value = serde_json::from_slice(&bytes).unwrap_or_default();
                let code = answer["errors"][0]["extensions"]["code"]
                    .as_str()
                    .unwrap_or("-");
                format!("{status} {code}")
            }
            Err(error) => panic!("{who}: {error}\n{}\n{}", asked.query, asked.variables),
        };
        *told.entry(outcome).or_default() += 1;
        if peak > MOST_MEMORY_MB || took > MOST_CPU_S {
            beyond += 1;
            let file = std::env::temp_dir().join(format!("document-{seed}-{sent}.json"));
            let body = json!({ "query": asked.query, "variables": asked.variables });
            std::fs::write(&file, body.to_string()).unwrap();
            println!("{who}: {peak:.0} MB, {took:.2} s: {}", file.display());
        }
        if memory.as_ref().is_none_or(|worst| peak > worst.figure) {
            let asked = Asked {
                query: asked.query.clone(),
                variables: asked.variables.clone(),
            };
            memory = Some(Worst {
                figure: peak,
                who,
                asked,
            });
        }
        if cpu.as_ref().is_none_or(|worst| took > worst.figure) {
            cpu = Some(Worst {
                figure: took,
                who,
                asked,
            });
        }
    }
    over.store(true, Ordering::Relaxed);
    neighbour.await.unwrap();
    println!(
        "{sent} documents, the largest answer {most_bytes} bytes, at the end {:.0} MB",
        program.memory("VmRSS:")
    );
    for (outcome, count) in told {
        println!("  {count:>8} {outcome}");
    }
    for (what, unit, worst) in [("memory", "MB", memory), ("CPU", "s", cpu)] {
        let Some(worst) = worst else { continue };
        let start: String = worst.asked.query.chars().take(160).collect();
        println!(
            "most {what}: {:.2} {unit} for {} ({} bytes): {start}",
            worst.figure,
            worst.who,
            worst.asked.query.len()
        );
    }
    println!(
        "the neighbour: {} requests, the slowest {} ms",
        asked_for.load(Ordering::Relaxed),
        slowest.load(Ordering::Relaxed)
    );
    if beyond > 0 {
        println!("{beyond} requests took more than {MOST_MEMORY_MB} MB or {MOST_CPU_S} s of CPU");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
