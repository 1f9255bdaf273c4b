//! What the tests need from the machine: PostgreSQL, Chromium, Node.js.
//!
//! Here: finding them, installing what is missing where that can be done without asking, and
//! saying exactly what to install where it can't. Not here: starting them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Result, bail};

use crate::steps::Steps;

/// The oldest Node.js that the page's tools run on, as major and minor version.
const NODE_MINIMUM: (u32, u32) = (20, 19);

const CHROMIUM_NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// Something the machine must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The database server's programs; a running server named by `TEST_POSTGRES_URL` will do.
    Postgres,
    /// A browser for the page's tests.
    Chromium,
    /// Node.js with npm, for the page and the client libraries that are tested against.
    Node,
    /// curl and jq, with which the README's tour is run.
    Shell,
    /// openpyxl and LibreOffice, which read the workbooks that the tests write.
    Spreadsheets,
}

impl Need {
    fn is_met(self) -> bool {
        match self {
            Self::Postgres => crate::postgres::given().is_some() || postgres_programs().is_some(),
            Self::Chromium => chromium().is_some(),
            Self::Node => node().is_ok(),
            Self::Shell => on_path("curl").is_some() && on_path("jq").is_some(),
            Self::Spreadsheets => on_path("soffice").is_some(),
        }
    }

    /// Debian's and Ubuntu's packages for it.
    const fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Postgres => &["postgresql"],
            Self::Chromium => &["chromium"],
            Self::Node => &["nodejs", "npm"],
            Self::Shell => &["curl", "jq"],
            Self::Spreadsheets => &["python3-openpyxl", "libreoffice-calc"],
        }
    }

    /// What is wanted, for someone who installs it by hand.
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
            Self::Shell => "curl and jq in PATH".to_owned(),
            Self::Spreadsheets => {
                "python3 with openpyxl, and LibreOffice's soffice in PATH".to_owned()
            }
        }
    }
}

/// Sees to it that every need is met, as a step for the installing where there is any.
///
/// # Errors
/// When something is missing and could not be installed; the error says what to install.
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
        "\nIts packages were tried and did not bring them.".to_owned()
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

/// Installs what is missing where that can be done, and says what is missing still: what needs it is skipped,
/// and says so.
pub fn try_for(steps: &mut Steps, needs: &[Need]) {
    let missing = unmet(needs);
    if !missing.is_empty() && is_root() && on_path("apt-get").is_some() {
        install(steps, &missing);
    }
    for need in unmet(needs) {
        println!("Without {}, some tests are skipped.", need.wanted());
    }
}

/// Asks apt-get for each need by itself: one that this distribution does not have must not keep
/// the others out. What fails here is seen when the needs are looked at again.
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

/// The folder with PostgreSQL's server programs: the one in PATH, else Debian's newest.
pub fn postgres_programs() -> Option<PathBuf> {
    // A link in PATH may stand beside none of the others; the folder it points into has them all.
    let in_path = on_path("initdb")
        .and_then(|program| fs::canonicalize(program).ok())
        .and_then(|program| program.parent().map(Path::to_path_buf));
    in_path.into_iter().chain(debian_postgres()).find(|folder| {
        ["initdb", "pg_ctl", "postgres"]
            .iter()
            .all(|program| folder.join(program).is_file())
    })
}

/// Debian keeps one folder a major version; newest first.
fn debian_postgres() -> Vec<PathBuf> {
    let entries = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut versions: Vec<u32> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    versions.sort_unstable_by(|a, b| b.cmp(a));
    let folder = |version| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin"));
    versions.into_iter().map(folder).collect()
}

/// A browser that starts. Ubuntu's `chromium-browser` package is only a pointer to a snap, so that
/// being there is not enough.
pub fn chromium() -> Option<PathBuf> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let found = CHROMIUM_NAMES.iter().filter_map(|name| on_path(name));
    named
        .into_iter()
        .chain(found)
        .find(|program| answer(program, &["--version"]).is_some())
}

/// Whether Node.js and npm are there and new enough; if not, why.
///
/// # Errors
/// What is wrong, as half a sentence.
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

/// Whether we may install packages and must not start PostgreSQL as who we are.
pub fn is_root() -> bool {
    answer(Path::new("id"), &["-u"]).as_deref() == Some("0")
}

/// The first program of that name in PATH.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
}

/// What a program prints, where it starts and exits with 0.
pub fn answer(program: &Path, args: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
