//! Third-party clients against the program itself: the audits of GraphQL over HTTP, a standard urql
//! client with generated types, the clients of every transport, their caches, the examples, and a
//! browser; and what their libraries say of the schema and its changes.

use std::{path::Path, process::Command};

use crate::support::process::{ADMIN_KEY, Process, run};

/// A folder of the project.
fn folder(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Whether a client's libraries are installed; prints a line if they aren't.
fn is_installed(path: &str) -> bool {
    let there = folder(path).join("node_modules").is_dir();
    if !there {
        eprintln!("SKIPPED: {path} has no node_modules; cargo xtask test installs them");
    }
    there
}

fn npm(path: &str, script: &str) -> Command {
    let mut command = Command::new("npm");
    command
        .current_dir(folder(path))
        .args(["run", "--silent", script]);
    command
}

fn server(command: &str) -> (tempfile::TempDir, Process) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!(
        "sqlite://{}?mode=rwc",
        folder.path().join("clients.db").display()
    );
    let server = Process::start(&[command, "--database-url", &url]);
    (folder, server)
}

/// The key that a demo prints for somebody.
fn demo_key(server: &Process, of: &str) -> String {
    let mut lines = server.welcome.lines();
    lines
        .find_map(|line| line.trim().strip_prefix(of))
        .map(|key| key.trim().to_owned())
        .unwrap_or_else(|| panic!("no key in {}", server.welcome))
}

#[test]
fn graphql_over_http_passes_every_audit() {
    let path = "tests/clients/graphql-http-audit";
    if !is_installed(path) {
        return;
    }
    let (_folder, server) = server("serve");
    let mut audit = Command::new("node");
    audit
        .current_dir(folder(path))
        .args(["audit.mjs", &format!("{}/graphql", server.base)]);
    run(audit);
}

#[test]
fn a_standard_client_with_generated_types_runs_the_tour() {
    let path = "tests/clients/tour";
    if !is_installed(path) {
        return;
    }
    let (_folder, server) = server("serve");
    let mut tour = npm(path, "start");
    tour.env("MESSAGE_CREDITS_URL", &server.base)
        .env("ADMIN_KEY", ADMIN_KEY);
    run(tour);
}

#[test]
fn standard_clients_speak_every_transport() {
    let path = "tests/clients/protocol";
    if !is_installed(path) {
        return;
    }
    let (_folder, server) = server("serve");
    let mut clients = npm(path, "test");
    clients
        .env("MESSAGE_CREDITS_URL", &server.base)
        .env("ADMIN_KEY", ADMIN_KEY);
    run(clients);
}

#[test]
fn no_cache_of_a_client_is_stale_after_a_mutation() {
    let path = "tests/clients/caches";
    if !is_installed(path) {
        return;
    }
    let (_folder, server) = server("serve");
    let mut clients = npm(path, "test");
    clients
        .env("MESSAGE_CREDITS_URL", &server.base)
        .env("ADMIN_KEY", ADMIN_KEY);
    run(clients);
}

#[test]
fn examples_do_the_main_job() {
    let examples = ["examples/apollo", "examples/urql", "examples/relay"];
    if !examples.into_iter().all(is_installed) {
        return;
    }
    let (_folder, server) = server("demo");
    let key = demo_key(&server, "owner of Bottega Lume");
    for path in examples {
        let mut example = npm(path, "start");
        example
            .env("MESSAGE_CREDITS_URL", &server.base)
            .env("API_KEY", &key);
        run(example);
    }
}

#[test]
fn the_schema_follows_the_rules_of_graphql_eslint() {
    let path = "tests/clients/lint";
    if is_installed(path) {
        run(npm(path, "test"));
    }
}

#[test]
fn breaking_changes_of_the_schema_are_in_the_changelog() {
    let path = "tests/clients/protocol";
    if is_installed(path) {
        run(npm(path, "breaking-changes"));
    }
}

#[test]
fn a_browser_shows_the_page_and_graphiql() {
    if !is_installed("web") || !folder("web/dist/index.html").is_file() {
        eprintln!("SKIPPED: the page is not built; cargo xtask test builds it");
        return;
    }
    let Ok(chromium) = std::env::var("CHROMIUM") else {
        eprintln!("SKIPPED: CHROMIUM is not set; cargo xtask test sets it");
        return;
    };
    let (_folder, server) = server("demo");
    let key = demo_key(&server, "platform administrator");
    let mut browser = npm("web", "e2e");
    browser
        .env("MESSAGE_CREDITS_URL", &server.base)
        .env("DEMO_KEY", key)
        .env("CHROMIUM", chromium);
    run(browser);
}
