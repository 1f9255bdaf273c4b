//! Several server processes on one PostgreSQL: the program itself, over HTTP.
//!
//! `cargo xtask bench processes [-- PART… --seconds S --rounds N --program NAME=PATH…]`; the parts
//! are the names below. With several programs, such as one of before a change, the programs take
//! turns in each round, each on a database of its own. Each figure is the median of the rounds.
//! Servers, database and load share the machine: more processes add no cores here.
//!
//! Here: the parts. Not here: the bytes of a message (`bytes`), processes and their database
//! (`servers`), requests and sockets (`client`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a bench fails by panicking"
)]

mod bytes;
mod client;
#[allow(dead_code, reason = "the bench of the ledger uses all of it")]
#[path = "../ledger/load.rs"]
mod load;
#[allow(dead_code, reason = "the bench of the ledger uses all of it")]
#[path = "../ledger/report.rs"]
mod report;
mod servers;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use client::{Connection, Socket};
use load::Dice;
use report::{Measured, Table};
use servers::{Program, Servers};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Connections that send, over all processes together.
const CONNECTIONS: usize = 64;
/// Accounts of the part `accounts`.
const ACCOUNTS: usize = 1_000;
/// Subscriptions that hear nothing.
const SUBSCRIPTIONS: usize = 1_000;
/// Accounts with a key each that share them: one key may have 128.
const SUBSCRIBERS: usize = 10;
/// How long subscriptions take to be idle: while other processes may not know of the first one yet,
/// all look each second.
const BECOME_IDLE: Duration = Duration::from_secs(5);
/// Subscriptions of one socket.
const OF_A_SOCKET: usize = 50;
/// Changes of the part `hints`.
const CHANGES: usize = 300;
/// Parts, in the order in which they run.
const PARTS: [&str; 7] = [
    "hot",
    "accounts",
    "subscriptions",
    "hints",
    "snapshot",
    "queries",
    "bytes",
];

struct Settings {
    time: Duration,
    rounds: usize,
    parts: Vec<String>,
    programs: Vec<Program>,
}

impl Settings {
    fn read() -> Self {
        let mut settings = Self {
            time: Duration::from_secs(3),
            rounds: 3,
            parts: Vec::new(),
            programs: Vec::new(),
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut text = || arguments.next().expect("a value");
            match argument.as_str() {
                "--seconds" => settings.time = Duration::from_secs(text().parse().unwrap()),
                "--rounds" => settings.rounds = text().parse().unwrap(),
                "--program" => settings.programs.push(Program::named(&text())),
                // An argument that cargo adds.
                "--bench" => {}
                part => {
                    assert!(PARTS.contains(&part), "the parts are {}", PARTS.join(", "));
                    settings.parts.push(part.to_owned());
                }
            }
        }
        if settings.programs.is_empty() {
            settings.programs.push(Program::own());
        }
        settings
    }

    fn wants(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|wanted| wanted == part)
    }
}

fn main() {
    message_credits::tls::install();
    let settings = Settings::read();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        if settings.wants("hot") {
            sends(&settings, 1).await;
        }
        if settings.wants("accounts") {
            sends(&settings, ACCOUNTS).await;
        }
        if settings.wants("subscriptions") {
            subscriptions(&settings).await;
        }
        if settings.wants("hints") {
            hints(&settings).await;
        }
        if settings.wants("snapshot") {
            snapshot(&settings).await;
        }
        if settings.wants("queries") {
            queries(&settings).await;
        }
        if settings.wants("bytes") {
            bytes::print(&settings).await;
        }
    });
}

/// Each program's servers, in the order of the programs.
async fn all_servers(settings: &Settings, accounts: usize) -> Vec<Servers> {
    let mut all = Vec::new();
    for program in &settings.programs {
        all.push(Servers::prepare(program, accounts).await);
    }
    all
}

/// Sends through one, two and three processes.
async fn sends(settings: &Settings, accounts: usize) {
    let mut all = all_servers(settings, accounts).await;
    let mut table = Table::new(format!(
        "sendMessage over HTTP, {CONNECTIONS} connections, accounts: {accounts}"
    ));
    let name = |program: &str, count: usize| format!("{program}, {count} processes");
    for _ in 0..settings.rounds {
        for (program, servers) in settings.programs.iter().zip(&mut all) {
            for count in 1..=3 {
                servers.start();
                let name = name(&program.name, count);
                let before = servers.cpu();
                let measured = sending(servers, settings.time).await;
                print_cpu(&name, &measured, before, servers.cpu());
                table.add(&name, measured);
            }
            servers.stop();
        }
    }
    for program in &settings.programs {
        for count in [2, 3] {
            let (many, one) = (name(&program.name, count), name(&program.name, 1));
            table.goal(&many, &many, &one, 0.8);
        }
    }
    table.print();
    for servers in all {
        servers.remove().await;
    }
}

/// The CPU time of a message, which tells how many cores a load needs. A tenth of the messages came
/// before the measured time.
fn print_cpu(name: &str, measured: &Measured, before: [Duration; 2], after: [Duration; 2]) {
    let messages = measured.done as f64 * 1.1;
    let micros = |place: usize| (after[place] - before[place]).as_secs_f64() * 1e6 / messages;
    let (servers, database) = (micros(0), micros(1));
    println!("  {name}: CPU a message: {servers:.0} µs here, {database:.0} µs in PostgreSQL");
}

/// Sends over all connections, spread over the processes, for accounts at random.
async fn sending(servers: &Servers, time: Duration) -> Measured {
    let accounts: Arc<[String]> = servers.accounts.clone().into();
    let mut callers = Vec::new();
    for number in 0..CONNECTIONS {
        let connection = Connection::open(servers.address(number)).await;
        let connection = Arc::new(tokio::sync::Mutex::new(connection));
        let (accounts, mut dice) = (accounts.clone(), Dice::new(number as u64 + 1));
        callers.push(move || {
            let place = (dice.roll() * accounts.len() as f64) as usize;
            let body = client::send(&accounts[place.min(accounts.len() - 1)]);
            let connection = connection.clone();
            async move {
                connection.lock().await.ask(&body).await;
                1
            }
        });
    }
    load::run(time, callers).await
}

/// Sends through one process that has many subscriptions to accounts that don't change.
async fn subscriptions(settings: &Settings) {
    let mut all = all_servers(settings, 1 + SUBSCRIBERS).await;
    let mut table = Table::new(format!(
        "sendMessage over HTTP, {CONNECTIONS} connections, one account, one process"
    ));
    for _ in 0..settings.rounds {
        for (program, servers) in settings.programs.iter().zip(&mut all) {
            servers.start();
            let address = servers.address(0);
            let mut connection = Connection::open(address).await;
            let silent = servers.accounts.split_off(1);
            for count in [0, SUBSCRIPTIONS] {
                let mut sockets = Vec::new();
                for account in silent.iter().cycle().take(count / OF_A_SOCKET) {
                    let key = servers::key(&mut connection, account).await;
                    sockets.push(Socket::subscribed(address, &key, account, OF_A_SOCKET).await);
                }
                tokio::time::sleep(BECOME_IDLE).await;
                let measured = sending(servers, settings.time).await;
                let name = format!("{}, {count} idle subscriptions", program.name);
                table.add(&name, measured);
            }
            servers.accounts.extend(silent);
            servers.stop();
        }
    }
    table.print();
    for servers in all {
        servers.remove().await;
    }
}

/// Queries through one process, on each database. Of several programs, the first is compared with
/// the last.
async fn queries(settings: &Settings) {
    for database in ["PostgreSQL", "SQLite"] {
        let mut all = Vec::new();
        for program in &settings.programs {
            all.push(match database {
                "SQLite" => Servers::prepare_on_sqlite(program, 1).await,
                _ => Servers::prepare(program, 1).await,
            });
        }
        let mut table = Table::new(format!(
            "queries over HTTP, {CONNECTIONS} connections, one process on {database}"
        ));
        let name = |program: &Program, query: &str| format!("{}, {query}", program.name);
        for _ in 0..settings.rounds {
            for (program, servers) in settings.programs.iter().zip(&mut all) {
                servers.start();
                let account = servers.accounts[0].clone();
                let mut connection = Connection::open(servers.address(0)).await;
                let list = servers::list(&mut connection, &account).await;
                for (query, body) in client::queries(&account, &list) {
                    let measured = asking(servers, settings.time, &body).await;
                    table.add(&name(program, query), measured);
                }
                servers.stop();
            }
        }
        for program in &settings.programs {
            let (quote, cut) = (name(program, "quote"), name(program, "segmentation"));
            table.goal(&quote, &quote, &cut, 0.333);
        }
        if let [before, .., after] = settings.programs.as_slice() {
            for (query, goal) in [("nothing", 0.95), ("quote", 1.0)] {
                let (before, after) = (name(before, query), name(after, query));
                table.goal(&after, &after, &before, goal);
            }
        }
        table.print();
        for servers in all {
            servers.remove().await;
        }
    }
}

/// Asks the same over all connections.
async fn asking(servers: &Servers, time: Duration, body: &str) -> Measured {
    let body: Arc<str> = body.into();
    let mut callers = Vec::new();
    for number in 0..CONNECTIONS {
        let connection = Connection::open(servers.address(number)).await;
        let connection = Arc::new(tokio::sync::Mutex::new(connection));
        let body = body.clone();
        callers.push(move || {
            let (connection, body) = (connection.clone(), body.clone());
            async move {
                connection.lock().await.ask(&body).await;
                1
            }
        });
    }
    load::run(time, callers).await
}

/// How long after its answer another process's change is heard.
async fn hints(settings: &Settings) {
    for (program, mut servers) in settings.programs.iter().zip(all_servers(settings, 1).await) {
        servers.start();
        servers.start();
        let account = servers.accounts[0].clone();
        let mut socket = Socket::subscribed(servers.address(0), client::KEY, &account, 1).await;
        let mut sender = Connection::open(servers.address(1)).await;
        tokio::time::sleep(BECOME_IDLE).await;
        let mut heard = Measured::default();
        let began = Instant::now();
        for _ in 0..CHANGES {
            sender.ask(&client::send(&account)).await;
            let answered = Instant::now();
            socket.next().await;
            heard.latencies.push(answered.elapsed());
            heard.done += 1;
        }
        heard.took = began.elapsed();
        let mut table = Table::new("one change after another, heard by another process");
        table.add(&program.name, heard);
        table.print();
        servers.remove().await;
    }
}

/// Sends to one account before, while and after another client holds a snapshot.
async fn snapshot(settings: &Settings) {
    for (program, mut servers) in settings.programs.iter().zip(all_servers(settings, 1).await) {
        let mut table = Table::new(format!(
            "{}: one account, {CONNECTIONS} connections, a snapshot held for six times as long",
            program.name
        ));
        servers.start();
        table.add("before", sending(&servers, settings.time).await);
        let held = servers.snapshot().await;
        for part in 1..=6 {
            let measured = sending(&servers, settings.time).await;
            table.add(&format!("held, part {part} of 6"), measured);
        }
        held.rollback().await.unwrap();
        table.add("after", sending(&servers, settings.time).await);
        table.print();
        servers.remove().await;
    }
}
