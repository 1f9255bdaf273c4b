//! Every tuned constant, value by value: the same load on the same database, with one constant
//! changed.
//!
//! `cargo xtask bench sweep [-- CONSTANT… --on sqlite|postgres --rounds N --milliseconds N
//! --messages N]`; without a name all constants are swept. Each figure is the median of the rounds,
//! in which the values take turns; each measurement is a process of its own. The tables are in
//! docs/measured.md.
//!
//! Here: which constants, with which values under which load, and the tables. Not here: the loads
//! (`probe`), and filling the databases, which the bench of reports does
//! (`benches/reports/data.rs`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a bench fails by panicking"
)]

mod constants;
#[allow(dead_code, reason = "the bench of reports uses all of it")]
#[path = "../reports/data.rs"]
mod data;
mod files;
mod http;
mod probe;

use std::process::Command;

use constants::{CONSTANTS, Constant, On};
use data::World;
use domain::id::AccountId;
use message_credits::graphql::engine::ids::PublicId;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Any error, which ends the bench.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How much data is filled in.
#[derive(Clone, Copy)]
pub struct Size {
    /// Messages of the large account.
    pub rows: u64,
    /// Messages of the other accounts together.
    pub others: u64,
}

/// How a sweep runs.
struct Settings {
    rounds: usize,
    milliseconds: u64,
    messages: u64,
    on: Option<On>,
    names: Vec<String>,
}

impl Settings {
    fn read() -> Self {
        let mut settings = Self {
            rounds: 3,
            milliseconds: 500,
            messages: 100_000,
            on: None,
            names: Vec::new(),
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut text = || arguments.next().unwrap();
            match argument.as_str() {
                "--rounds" => settings.rounds = text().parse().unwrap(),
                "--milliseconds" => settings.milliseconds = text().parse().unwrap(),
                "--messages" => settings.messages = text().parse().unwrap(),
                "--on" => {
                    settings.on = match text().as_str() {
                        "sqlite" => Some(On::Sqlite),
                        "postgres" => Some(On::Postgres),
                        other => panic!("no database {other}"),
                    };
                }
                // An argument that cargo adds.
                "--bench" => {}
                name => {
                    let is_known = CONSTANTS.iter().any(|constant| constant.name == name);
                    assert!(is_known, "no constant {name}");
                    settings.names.push(name.to_owned());
                }
            }
        }
        settings
    }

    fn wants(&self, constant: &Constant) -> bool {
        self.names.is_empty() || self.names.iter().any(|name| name == constant.name)
    }
}

fn main() {
    message_credits::tls::install();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    if let Ok(place) = std::env::var(probe::PLACE) {
        runtime.block_on(probe::run(&place));
        return;
    }
    let settings = Settings::read();
    for on in [On::Sqlite, On::Postgres] {
        if settings.on.is_none_or(|wanted| wanted == on) {
            sweep(&runtime, &settings, on).unwrap();
        }
    }
}

fn sweep(runtime: &tokio::runtime::Runtime, settings: &Settings, on: On) -> Result<(), Failure> {
    let folder = tempfile::tempdir_in(concat!(env!("CARGO_MANIFEST_DIR"), "/target"))?;
    let base = std::env::var("TEST_POSTGRES_URL").unwrap_or_default();
    let url = match on {
        On::Sqlite => format!("sqlite://{}/sweep.db?mode=rwc", folder.path().display()),
        On::Postgres => runtime.block_on(data::postgres_database(&base))?,
    };
    let size = Size {
        rows: settings.messages,
        others: settings.messages,
    };
    let world = runtime.block_on(World::fill(&url, size))?;
    runtime.block_on(probe::prepare(&world))?;
    println!("\n## {}\n", on.name());
    println!("| constant | measured | value: median (least–most) |");
    println!("| --- | --- | --- |");
    for constant in CONSTANTS {
        if !settings.wants(constant) || !constant.on.includes(on) {
            continue;
        }
        for load in constant.loads {
            let row = row(&world, settings, constant, load);
            println!("| `{}` | {} | {row} |", constant.name, load.text());
        }
    }
    if matches!(on, On::Postgres) {
        runtime.block_on(data::drop_postgres_database(&base))?;
    }
    Ok(())
}

/// The cells of a constant: each value and its figure, the value in use in bold.
fn row(world: &World, settings: &Settings, constant: &Constant, load: &constants::Load) -> String {
    let mut found = vec![Vec::new(); constant.values.len()];
    for round in 0..settings.rounds {
        // The order changes, since the tables grow.
        for place in 0..constant.values.len() {
            let place = (place + round) % constant.values.len();
            let value = constant.values[place];
            match measure(world, settings, (constant.name, value), *load) {
                Ok(figure) => found[place].push(figure),
                Err(cause) => eprintln!("FAILED: {cause}"),
            }
        }
    }
    let cells = constant
        .values
        .iter()
        .zip(found)
        .map(|(value, mut found): (_, Vec<f64>)| {
            found.sort_by(f64::total_cmp);
            let at = |place: usize| found.get(place).copied().unwrap_or(f64::NAN);
            let (least, median, most) = (at(0), at(found.len() / 2), at(found.len().max(1) - 1));
            let mark = if *value == constant.chosen { "**" } else { "" };
            format!(
                "{mark}{}: {}{mark} ({}–{})",
                grouped(*value as f64),
                grouped(median),
                grouped(least),
                grouped(most)
            )
        });
    cells.collect::<Vec<_>>().join(" · ")
}

/// One measurement, in a process with this value of the constant.
fn measure(
    world: &World,
    settings: &Settings,
    (name, value): (&str, u64),
    load: constants::Load,
) -> Result<f64, Failure> {
    let accounts: Vec<String> = [world.large, world.small]
        .iter()
        .chain(&world.others)
        .map(|account| account.encode().0)
        .collect();
    let place = [
        load.name(),
        &settings.milliseconds.to_string(),
        &world.url,
        &world.key,
        &accounts.join(","),
        name,
    ]
    .join(" ");
    let output = Command::new(std::env::current_exe()?)
        .env(probe::PLACE, place)
        .env("RUST_LOG", "error")
        .env(message_credits::tuning::VARIABLE, format!("{name}={value}"))
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let figure = text
        .lines()
        .last()
        .and_then(|line| line.trim().parse().ok());
    figure.ok_or_else(|| {
        let cause = String::from_utf8_lossy(&output.stderr);
        format!("{name}={value} under {}: {text}{cause}", load.name()).into()
    })
}

/// A world that another process filled.
pub fn world(url: &str, key: &str, accounts: &str) -> World {
    let mut accounts = accounts
        .split(',')
        .map(|account| AccountId::decode(account).unwrap());
    World {
        url: url.to_owned(),
        large: accounts.next().unwrap(),
        small: accounts.next().unwrap(),
        others: accounts.collect(),
        key: key.to_owned(),
    }
}

/// A number with three significant digits, and commas between thousands.
fn grouped(number: f64) -> String {
    if number < 100.0 && number.fract() != 0.0 {
        return format!("{number:.2}");
    }
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
