//! The files in deploy/: each is checked by the program that reads it, if that is there.
//!
//! Here: whether the files are valid and agree with the program. Not here: servers behind the
//! proxies ([`crate::faults::rolling_restart`]), and compose.yaml as a whole ([`super::compose`]).

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use message_credits::config::{file::FileSettings, sources};

use crate::support::{process::command, programs::installed};

fn deploy(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("deploy")
        .join(file)
}

fn text(file: &str) -> String {
    fs::read_to_string(deploy(file)).unwrap()
}

/// Runs a checking program, and prints what it said if it found something.
fn passes(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}\n{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A file's text with names of containers replaced by addresses of this machine.
fn here(file: &str) -> String {
    text(file)
        .replace("credits-1:", "127.0.0.1:")
        .replace("credits-2:", "127.0.0.2:")
}

#[test]
fn haproxy_accepts_its_configuration() {
    let Some(haproxy) = installed("haproxy") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("haproxy.cfg");
    fs::write(&file, here("haproxy.cfg")).unwrap();
    passes(Command::new(haproxy).arg("-c").arg("-f").arg(file));
}

#[test]
fn nginx_accepts_its_configuration() {
    let Some(nginx) = installed("nginx") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("nginx.conf");
    let shown = folder.path().display().to_string();
    fs::write(
        &file,
        here("nginx.conf").replace("/tmp/", &format!("{shown}/")),
    )
    .unwrap();
    passes(
        Command::new(nginx)
            .arg("-t")
            .arg("-p")
            .arg(folder.path())
            .arg("-c")
            .arg(file),
    );
}

#[test]
fn prometheus_accepts_its_configuration() {
    let Some(promtool) = installed("promtool") else {
        return;
    };
    passes(
        Command::new(promtool)
            .args(["check", "config"])
            .arg(deploy("prometheus.yml")),
    );
}

/// The most that systemd's own review may find, from 0 to 100: below 2.0 of 10.
const MOST_EXPOSURE: &str = "20";

#[test]
fn systemd_accepts_the_unit_and_finds_little_exposure() {
    let Some(analyze) = installed("systemd-analyze") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("message-credits.service");
    let unit = text("message-credits.service");
    let program = env!("CARGO_BIN_EXE_message-credits");
    assert!(unit.contains("ExecStart=/usr/local/bin/message-credits serve"));
    fs::write(
        &file,
        unit.replace("/usr/local/bin/message-credits", program),
    )
    .unwrap();
    passes(
        Command::new(&analyze)
            .args(["verify", "--man=no"])
            .arg(&file),
    );
    passes(
        Command::new(&analyze)
            .args(["security", "--offline=true", "--threshold", MOST_EXPOSURE])
            .arg(&file),
    );
}

#[test]
fn compose_accepts_its_file() {
    let docker = Command::new("docker")
        .args(["compose", "version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if docker.is_ok_and(|status| status.success()) {
        let mut config = Command::new("docker");
        passes(
            config
                .args(["compose", "-f"])
                .arg(deploy("compose.yaml"))
                .args(["config", "--quiet"]),
        );
    } else {
        eprintln!("SKIPPED: compose.yaml is not checked: docker compose is not there");
    }
    // What needs no docker: every file that it mounts is there, and every variable is a setting.
    let compose = text("compose.yaml");
    for file in ["haproxy.cfg", "prometheus.yml", "Dockerfile"] {
        assert!(compose.contains(file) && deploy(file).is_file(), "{file}");
    }
    let known: Vec<String> = sources::described()
        .into_iter()
        .map(|one| one.variable)
        .collect();
    let environment = compose.split("environment: &environment").nth(1).unwrap();
    let names = environment
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with("    "))
        .filter_map(|line| line.trim().split_once(": "))
        .map(|(name, _)| name.to_owned());
    let names: Vec<String> = names.filter(|name| !name.starts_with('#')).collect();
    assert!(names.len() >= 4, "{names:?}");
    for name in names {
        assert!(known.contains(&name), "{name} is no setting");
    }
}

/// PostgreSQL has a connection for each that the servers may take, those of a restart included, and
/// some for superusers and tools.
#[test]
fn compose_has_connections_for_all_servers() {
    let number = |text: &str, before: &str| -> usize {
        let (_, rest) = text.split_once(before).unwrap();
        let digits = rest.split(|next: char| !next.is_ascii_digit()).next();
        digits.unwrap().parse().unwrap()
    };
    let compose = text("compose.yaml");
    let all = number(&compose, "max_connections=");
    let servers = compose.matches("\n  credits-").count();
    assert_eq!(servers, 2);
    let described = sources::described();
    let setting = described
        .iter()
        .find(|one| one.variable == "DATABASE_CONNECTIONS")
        .unwrap();
    let each = number(&setting.help, "at least 9; ");
    assert!(
        all > (servers + 1) * each + 3,
        "{all} for {servers} × {each}"
    );
}

/// The image starts the program with settings that exist, as nobody, and asks it for its health.
#[test]
fn the_image_is_built_from_settings_that_exist() {
    let dockerfile = text("Dockerfile");
    for line in [
        "USER 65532:65532",
        "HEALTHCHECK",
        "\"healthcheck\", \"--live\"",
        "STOPSIGNAL SIGTERM",
    ] {
        assert!(dockerfile.contains(line), "{line}");
    }
    let known: Vec<String> = sources::described()
        .into_iter()
        .map(|one| one.variable)
        .collect();
    for name in ["LISTEN", "ADMIN_LISTEN", "STOP_DELAY"] {
        assert!(dockerfile.contains(&format!("{name}=")), "{name}");
        assert!(known.iter().any(|one| one == name), "{name}");
    }
    let toolchain = "rust:1.94";
    assert!(
        dockerfile.contains(toolchain)
            && include_str!("../../../Cargo.toml").contains("rust-version = \"1.94\"")
    );
}

#[test]
fn the_file_of_settings_is_valid() {
    let found = FileSettings::read(&deploy("settings.toml"), &sources::command()).unwrap();
    assert!(found.has("stop-delay") && found.has("admin-listen"));
    let mut check = command(&["config", "check", "--config"]);
    passes(check.arg(deploy("settings.toml")));
}
