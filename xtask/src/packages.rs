//! Programs that the commands need from the machine, such as PostgreSQL, Chromium and Node.js.
//!
//! Here: finding them, installing missing ones if root can do so with apt-get, and naming the
//! packages to install if not. Not here: starting them.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Result, bail};

use crate::{
    postgres,
    programs::{answer, is_root, on_path},
    steps::Steps,
};

/// The oldest Node.js that the page's tools run on: major and minor version.
const NODE_MINIMUM: (u32, u32) = (20, 19);

const CHROMIUM_NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// Something that the machine must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// PostgreSQL's server programs, or a running server's URL in `TEST_POSTGRES_URL`.
    Postgres,
    /// A browser, for the tests of the page.
    Chromium,
    /// Node.js with npm, for the page and for the client libraries that the tests drive.
    Node,
    /// Python with pip, for the programs that the tests talk to.
    Python,
    /// curl and jq, which the README's tour uses.
    Shell,
    /// openpyxl and LibreOffice, which the tests open written workbooks with.
    Spreadsheets,
    /// HAProxy and nginx, behind which the tests restart servers, and pgbouncer, which a server
    /// recognises in front of its database.
    Proxies,
    /// promtool and Prometheus, which check and answer the shipped rules.
    Prometheus,
}

impl Need {
    fn is_met(self) -> bool {
        match self {
            Self::Postgres => postgres::given().is_some() || postgres::programs().is_some(),
            Self::Chromium => chromium().is_some(),
            Self::Node => node().is_ok(),
            Self::Python => on_path("python3")
                .is_some_and(|python| answer(&python, &["-m", "pip", "--version"]).is_some()),
            Self::Shell => on_path("curl").is_some() && on_path("jq").is_some(),
            Self::Spreadsheets => on_path("soffice").is_some(),
            Self::Proxies => ["haproxy", "nginx", "pgbouncer"]
                .iter()
                .all(|program| sbin(program).is_some()),
            Self::Prometheus => on_path("promtool").is_some() && on_path("prometheus").is_some(),
        }
    }

    /// The packages of Debian and Ubuntu that provide it.
    const fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Postgres => &["postgresql"],
            Self::Chromium => &["chromium"],
            Self::Node => &["nodejs", "npm"],
            Self::Python => &["python3", "python3-pip"],
            Self::Shell => &["curl", "jq"],
            Self::Spreadsheets => &["python3-openpyxl", "libreoffice-calc"],
            Self::Proxies => &["haproxy", "nginx-light", "pgbouncer"],
            Self::Prometheus => &["prometheus"],
        }
    }

    /// A description for somebody who installs it by hand.
    fn wanted(self) -> String {
        match self {
            Self::Postgres => {
                "PostgreSQL's server programs initdb, pg_ctl and postgres in PATH or \
                 /usr/lib/postgresql (or a server's address in TEST_POSTGRES_URL)"
                    .to_owned()
            }
            Self::Chromium => format!(
                "a browser that answers --version: {} in PATH, or its path in CHROMIUM \
                 (Ubuntu has Chromium as a snap only: Google Chrome's own package serves too)",
                CHROMIUM_NAMES.join(", ")
            ),
            Self::Node => {
                let (major, minor) = NODE_MINIMUM;
                let why = node().err().unwrap_or_default();
                format!("Node.js {major}.{minor} or newer with npm (nodejs.org); {why}")
            }
            Self::Python => "python3 with pip in PATH".to_owned(),
            Self::Shell => "curl and jq in PATH".to_owned(),
            Self::Spreadsheets => {
                "python3 with openpyxl, and LibreOffice's soffice in PATH".to_owned()
            }
            Self::Proxies => "haproxy, nginx and pgbouncer in PATH or /usr/sbin".to_owned(),
            Self::Prometheus => "prometheus and promtool in PATH".to_owned(),
        }
    }
}

/// Installs missing needs, as steps, if this process can.
///
/// # Errors
/// If a need is still missing; the error says what to install.
pub fn ensure(steps: &mut Steps, needs: &[Need]) -> Result<()> {
    let missing = unmet(needs);
    if missing.is_empty() {
        return Ok(());
    }
    let installs = is_root() && on_path("apt-get").is_some();
    if installs {
        install(steps, &missing);
    }
    let missing = unmet(needs);
    if missing.is_empty() {
        return Ok(());
    }
    let mut message = "this machine lacks".to_owned();
    for need in &missing {
        message += &format!("\n  - {}", need.wanted());
    }
    message += &if installs {
        "\nInstalling their packages did not provide them.".to_owned()
    } else {
        let packages: Vec<_> = missing
            .iter()
            .flat_map(|need| need.packages())
            .copied()
            .collect();
        let packages = packages.join(" ");
        format!("\nOn Debian and Ubuntu: apt-get install --no-install-recommends {packages}")
    };
    bail!("{message}\nNothing was run.")
}

/// Installs missing needs, as steps, if this process can, and prints those that are still missing.
/// Tests that need them are skipped.
pub fn try_for(steps: &mut Steps, needs: &[Need]) {
    let missing = unmet(needs);
    if !missing.is_empty() && is_root() && on_path("apt-get").is_some() {
        install(steps, &missing);
    }
    for need in unmet(needs) {
        println!("Without {}, some tests are skipped.", need.wanted());
    }
}

/// Runs apt-get once per need, so that a package that this distribution lacks doesn't keep the
/// others from being installed. Failures are printed only: the caller checks the needs again.
fn install(steps: &mut Steps, missing: &[Need]) {
    let mut run = |name: &str, command: &mut Command| {
        if let Err(error) = steps.run(name, command.env("DEBIAN_FRONTEND", "noninteractive")) {
            println!("{error:#}");
        }
    };
    let update = ["update", "-q"];
    run("package lists", Command::new("apt-get").args(update));
    for need in missing {
        let name = format!("install {}", need.packages().join(" "));
        let install = ["install", "-q", "-y", "--no-install-recommends"];
        let mut command = Command::new("apt-get");
        run(&name, command.args(install).args(need.packages()));
    }
}

fn unmet(needs: &[Need]) -> Vec<Need> {
    needs
        .iter()
        .copied()
        .filter(|need| !need.is_met())
        .collect()
}

/// A program of administrators, whose folder isn't in every user's PATH.
fn sbin(name: &str) -> Option<PathBuf> {
    let usual = Path::new("/usr/sbin").join(name);
    on_path(name).or_else(|| usual.is_file().then_some(usual))
}

/// A browser that starts. Finding the program isn't enough: Ubuntu's `chromium-browser` package is
/// a script that only points to a snap.
pub fn chromium() -> Option<PathBuf> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let found = CHROMIUM_NAMES.iter().filter_map(|name| on_path(name));
    named
        .into_iter()
        .chain(found)
        .find(|program| answer(program, &["--version"]).is_some())
}

/// Checks that Node.js and npm are installed and new enough.
///
/// # Errors
/// The reason if not, as a clause without a capital or a full stop.
pub fn node() -> Result<(), String> {
    if on_path("npm").is_none() {
        return Err("npm is not in PATH".to_owned());
    }
    let version =
        answer(Path::new("node"), &["--version"]).ok_or("node is not in PATH or does not start")?;
    let mut numbers = version.trim_start_matches('v').split('.');
    let mut number = || numbers.next().and_then(|number| number.parse().ok());
    let new_enough = number().zip(number()) >= Some(NODE_MINIMUM);
    if new_enough {
        Ok(())
    } else {
        Err(format!("the one in PATH is {version}"))
    }
}
