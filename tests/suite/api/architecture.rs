//! The shape of the code: which part may use which, and the header that every file has.
//!
//! Here: the table of layers and the rules about files, which docs/architecture.md explains.
//! Not here: how references are found, which is `references`; what the domain's core needs, which
//! is `domain_core`; clocks, randomness and floats, which clippy.toml bans.

mod domain_core;
mod references;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use references::{OURS, Place, Reading, SERVER, read};

/// The parts that each part may use directly; it may also use what those use. The crates `domain`,
/// `entity` and `migration` are layers like the folders of src/, and `main` means lib.rs and
/// main.rs.
const FLOORS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("entity", &["domain"]),
    ("migration", &["domain"]),
    // Leaves: every part may use them, and they use nothing.
    ("clock", &LEAVES),
    ("entropy", &LEAVES),
    ("fair", &LEAVES),
    ("localization", &LEAVES),
    ("secret_file", &LEAVES),
    ("telemetry", &LEAVES),
    ("tls", &LEAVES),
    ("tuning", &LEAVES),
    ("vault", &LEAVES),
    ("store", &["entity", "migration", "clock"]),
    ("ledger", &["store"]),
    ("payments", &["store"]),
    ("openid", &["entity"]),
    ("version", &["migration"]),
    ("config", &["payments", "openid", "version"]),
    ("reports", &["store"]),
    // Reading files needs nobody but the rules.
    ("imports", &["domain"]),
    (
        "operations",
        &["ledger", "payments", "openid", "reports", "imports"],
    ),
    ("worker", &["operations"]),
    ("graphql", &["operations"]),
    // The router mounts the schema; the schema doesn't know of HTTP.
    ("http", &["graphql", "config"]),
    // Wiring may use everything, and nothing below uses it.
    ("app", &["http", "worker", "lifecycle"]),
    ("demo", &["app"]),
    ("lifecycle", &["app"]),
    // One function for each command of the program.
    ("commands", &["app", "demo"]),
    ("main", &["commands"]),
];

/// What a part must not name though parts below it may. The API reads through operations' reader,
/// which applies the viewer's filter: a query of its own would have none. Types of rows come from
/// operations, too.
const HIDDEN: &[(&str, &[&str])] = &[
    ("graphql", &["store", "ledger"]),
    ("http", &["store", "ledger"]),
];

const LEAVES: [&str; 10] = [
    "clock",
    "domain",
    "entropy",
    "fair",
    "localization",
    "secret_file",
    "telemetry",
    "tls",
    "tuning",
    "vault",
];

/// A file of the domain that needs more lines than this has two topics.
const MOST_LINES: usize = 400;

/// Files of the domain that may be longer, each with its reason beside it.
const LONGER: &[&str] = &[];

/// Where the standard library reaches out of the process.
const OUTSIDE: [&str; 7] = ["env", "fs", "io", "net", "os", "process", "thread"];

#[test]
fn layers_use_lower_layers_only() {
    let mut wrong = Vec::new();
    for (folder, crate_name) in [
        ("src", SERVER),
        ("domain/src", "domain"),
        ("entity/src", "entity"),
        ("migration/src", "migration"),
    ] {
        let files = rust_files(folder);
        assert!(!files.is_empty(), "{folder} has no files to check");
        for file in files {
            let inside = file.strip_prefix(root().join(folder)).unwrap();
            wrong.extend(complaints(crate_name, inside, &source(&file)));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn an_upward_dependency_is_found() {
    let check = |crate_name: &str, file: &str, source: &str, expected: &[&str]| {
        let found = complaints(crate_name, Path::new(file), source);
        assert_eq!(found.len(), expected.len(), "{source:?}: {found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{source:?}: {found:?}");
        }
    };
    let store = |source: &str, expected: &[&str]| check(SERVER, "store/list.rs", source, expected);

    store(
        "use crate::graphql::engine::ids;",
        &["store must not see graphql"],
    );
    store(
        "use crate::{clock::Clock, graphql::{self, ids}, operations as acts};",
        &["graphql", "graphql", "operations"],
    );
    store(
        "fn f() { crate::http::router(); }",
        &["store must not see http"],
    );
    store(
        "fn f(x: Vec<crate::ledger::Entry>) {}",
        &["store must not see ledger"],
    );
    store(
        "use super::super::reports::usage;",
        &["store must not see reports"],
    );
    store(
        "mod tests { use super::super::super::worker::Job; }",
        &["worker"],
    );
    store(
        "fn f() { json!({ \"a\": [crate::graphql::a()] }); }",
        &["graphql"],
    );
    store(
        "#[serde(with = \"crate::graphql::time\")] struct A;",
        &["graphql"],
    );
    store(
        "macro_rules! m { () => { $crate::app::x() } }",
        &["store must not see app"],
    );
    store(
        "use message_credits::graphql;",
        &["store must not see graphql"],
    );
    store("use crate::*;", &["the whole crate"]);
    store("use crate as top;", &["the whole crate"]);
    store("use crate::elsewhere::Thing;", &["no floor"]);

    store(
        "use crate::store::transact; use super::purchase; use domain::credits::Credits;",
        &[],
    );
    store(
        "use entity::contact_list::{self, Entity}; use migration::Migrator;",
        &[],
    );
    store("mod tests { use super::*; }", &[]);
    store(
        "pub(in crate::store) fn f(entity: u8) { let domain = entity; g(domain); }",
        &[],
    );
    store("fn f() { g!(\"entity::{}\", \"crate::graphql\") }", &[]);
    store("/// See [`crate::graphql::engine::ids`].\nfn f() {}", &[]);

    // Neighbours in one layer don't use each other.
    check(
        SERVER,
        "ledger/mod.rs",
        "use crate::payments::Charge;",
        &["ledger must not see payments"],
    );
    check(
        SERVER,
        "graphql/viewer.rs",
        "use crate::http::Viewer;",
        &["graphql must not see http"],
    );
    check(SERVER, "http/router.rs", "use crate::graphql::schema;", &[]);
    // The API reaches the database and the books through operations alone.
    check(
        SERVER,
        "graphql/lot.rs",
        "use crate::{operations::lot::LotAt, store::lot::find_all};",
        &["graphql must not see store"],
    );
    check(
        SERVER,
        "graphql/engine/paging.rs",
        "fn f() { crate::store::sql::paging::page(); crate::ledger::submit(); }",
        &["graphql must not see store", "graphql must not see ledger"],
    );
    check(
        SERVER,
        "http/health.rs",
        "use crate::store;",
        &["http must not see store"],
    );
    check(
        SERVER,
        "operations/reader.rs",
        "use crate::{ledger::Ledger, store::lot::find_all};",
        &[],
    );
    check(
        SERVER,
        "clock.rs",
        "use crate::store::Row;",
        &["clock must not see store"],
    );
    check(
        SERVER,
        "worker/expiry.rs",
        "use crate::{operations, payments, store};",
        &[],
    );
    check(
        SERVER,
        "main.rs",
        "use message_credits::{app, http, store}; use migration::Migrator;",
        &[],
    );
    check(SERVER, "extras/mod.rs", "fn f() {}", &["no floor"]);
    check(
        "migration",
        "m1.rs",
        "use entity::account;",
        &["migration must not see entity"],
    );
    check(
        "entity",
        "lot.rs",
        "use migration::m1;",
        &["entity must not see migration"],
    );
    check(
        "domain",
        "lot.rs",
        "use entity::lot;",
        &["domain must not see entity"],
    );
    check(
        "domain",
        "lot.rs",
        "use crate::credits::Credits; use std::{collections::BTreeMap, fmt};",
        &[],
    );
    check(
        "domain",
        "lot.rs",
        "use std::{fs, fmt};",
        &["domain is pure"],
    );
    check(
        "domain",
        "lot.rs",
        "fn f() { tokio::spawn(g()); }",
        &["domain is pure"],
    );
    check("domain", "lot.rs", "async fn f() {}", &["domain is pure"]);
}

#[test]
fn every_file_has_a_header() {
    let silent: Vec<_> = [
        "src",
        "domain",
        "entity",
        "migration",
        "tests",
        "benches",
        "xtask",
    ]
    .iter()
    .flat_map(|folder| rust_files(folder))
    .filter(|file| !opens_with_its_purpose(&source(file)))
    .collect();
    assert!(silent.is_empty(), "no //! at the top of {silent:#?}");

    assert!(opens_with_its_purpose("//! What belongs here.\n"));
    assert!(!opens_with_its_purpose("//!\n//!\nuse a;\n"));
    assert!(!opens_with_its_purpose("use a;\n//! Too late.\n"));
}

#[test]
fn files_of_the_domain_are_short() {
    let (long, short): (Vec<_>, Vec<_>) = rust_files("domain/src")
        .into_iter()
        .map(|file| {
            (
                file.strip_prefix(root()).unwrap().to_owned(),
                source(&file).lines().count(),
            )
        })
        .partition(|(_, lines)| *lines > MOST_LINES);
    let listed = |file: &Path| LONGER.iter().any(|longer| file == Path::new(longer));
    let too_long: Vec<_> = long.iter().filter(|(file, _)| !listed(file)).collect();
    assert!(
        too_long.is_empty(),
        "over {MOST_LINES} lines: {too_long:#?}"
    );
    let needless: Vec<_> = short.iter().filter(|(file, _)| listed(file)).collect();
    assert!(
        needless.is_empty(),
        "short enough to leave the list: {needless:#?}"
    );
}

/// Layers that answer clients, write files for them, or log requests: a contact's value gets there
/// only through its viewer.
const ANSWERING: [&str; 5] = [
    "src/graphql",
    "src/http",
    "src/reports",
    "src/telemetry",
    "src/telemetry.rs",
];

#[test]
fn private_values_reach_answers_through_a_viewer_only() {
    let mut wrong = Vec::new();
    for place in ANSWERING {
        let files = match root().join(place) {
            file if file.is_file() => vec![file],
            _ => rust_files(place),
        };
        assert!(!files.is_empty(), "{place} has no files to check");
        let unguarded = |file: &PathBuf| source(file).contains("unguarded");
        wrong.extend(files.into_iter().filter(unguarded));
    }
    assert!(wrong.is_empty(), "use `shown_to` in {wrong:#?}");
    // Who may is decided in one place.
    let readers = |file: &PathBuf| source(file).contains("type Refusal = ");
    let all: Vec<_> = rust_files("src").into_iter().filter(readers).collect();
    assert_eq!(all, [root().join("src/operations/policy.rs")]);
}

#[test]
fn the_domain_bans_what_the_workspace_bans() {
    let bans = |file: &str| {
        let text = source(&root().join(file));
        let start = text.find("disallowed-methods").unwrap();
        text[start..].to_owned()
    };
    assert_eq!(bans("domain/clippy.toml"), bans("clippy.toml"));
}

/// All forbidden references of one file.
fn complaints(crate_name: &str, file: &Path, source: &str) -> Vec<String> {
    let place = Place::of(crate_name, file);
    let shown = format!("{crate_name}: {}", file.display());
    let reading = match read(&place, source) {
        Ok(reading) => reading,
        Err(error) => return vec![format!("{shown}: {error}")],
    };
    let own_path = place.path();
    let own = floor_of(&own_path).unwrap_or_default();
    let Some(seen) = seen_by(own) else {
        return vec![format!("{shown}: no floor in FLOORS; give it one")];
    };
    let mut complaints: Vec<_> = reading
        .paths
        .iter()
        .filter(|path| OURS.contains(&path[0].as_str()))
        .filter_map(|path| match floor_of(path) {
            None => Some(format!("names the whole crate: {}", path.join("::"))),
            Some(floor) if seen_by(floor).is_none() => {
                Some(format!("names no floor in FLOORS: {}", path.join("::")))
            }
            Some(floor) if seen.contains(floor) => None,
            Some(floor) => Some(format!("{own} must not see {floor}: {}", path.join("::"))),
        })
        .collect();
    if crate_name == "domain" {
        complaints.extend(impurities(&reading));
    }
    complaints
        .into_iter()
        .map(|what| format!("{shown}: {what}"))
        .collect()
}

/// References that the domain must not have: its results depend on its arguments alone.
fn impurities(reading: &Reading) -> Vec<String> {
    let outside = |path: &&Vec<String>| match path[0].as_str() {
        "std" => path
            .get(1)
            .is_some_and(|part| OUTSIDE.contains(&part.as_str())),
        first => ["tokio", "sea_orm", "axum", "async_graphql", "tracing"].contains(&first),
    };
    let paths = reading
        .paths
        .iter()
        .filter(outside)
        .map(|path| path.join("::"));
    let is_async = reading.is_async.then(|| "async".to_owned());
    paths
        .chain(is_async)
        .map(|what| format!("domain is pure: {what}"))
        .collect()
}

/// The layer of a path: a crate, or a folder of the server. None for the server as a whole.
fn floor_of(path: &[String]) -> Option<&str> {
    match path {
        [server] if server == SERVER => None,
        [server, floor, ..] if server == SERVER => (floor != "*").then_some(floor),
        [other, ..] => Some(other),
        [] => None,
    }
}

/// Every layer that one may use, including itself. None if it isn't in the table.
fn seen_by(floor: &str) -> Option<BTreeSet<&'static str>> {
    let (own, _) = FLOORS.iter().find(|(name, _)| *name == floor)?;
    let mut seen = BTreeSet::from([*own]);
    // Only the crates are out of the leaves' reach.
    if !["domain", "entity", "migration"].contains(own) {
        seen.extend(LEAVES);
    }
    let hidden = HIDDEN.iter().filter(|(name, _)| name == own);
    let hidden: Vec<_> = hidden
        .flat_map(|(_, hidden)| hidden.iter().copied())
        .collect();
    loop {
        let below = FLOORS.iter().filter(|(name, _)| seen.contains(name));
        let below: BTreeSet<_> = below.flat_map(|(_, below)| below.iter().copied()).collect();
        if below.is_subset(&seen) {
            seen.retain(|floor| !hidden.contains(floor));
            return Some(seen);
        }
        seen.extend(below);
    }
}

fn opens_with_its_purpose(source: &str) -> bool {
    let first = source.lines().next().unwrap_or_default();
    first
        .strip_prefix("//!")
        .is_some_and(|text| !text.trim().is_empty())
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn source(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Every .rs file below a folder of the checkout, if the folder exists, in a fixed order.
fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(folder) else {
            continue;
        };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() && !path.ends_with("node_modules") && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
