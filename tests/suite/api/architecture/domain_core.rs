//! The core of the domain, which cuts texts into segments, is self-contained: it could be a crate
//! of its own.

use std::{collections::BTreeSet, path::Path};

use super::{
    references::{Place, read},
    root, rust_files, source,
};

/// The self-contained part of the domain, which cuts texts into segments.
const CORE: [&str; 4] = ["channel", "gsm7", "segmentation", "smart_encoding"];

/// What the core may use beside the standard library: nobody rewrites Unicode's composition table.
const CORE_USES: [&str; 3] = ["thiserror", "proptest", "unicode_normalization"];

#[test]
fn the_domain_core_is_self_contained() {
    let folder = root().join("domain/src");
    let mut files = 0;
    for file in rust_files("domain/src") {
        let inside = file.strip_prefix(&folder).unwrap();
        if is_of_the_core(inside) {
            let wrong = needs_beyond_the_core(inside, &source(&file));
            assert!(wrong.is_empty(), "{}: {wrong:?}", inside.display());
            files += 1;
        }
    }
    assert!(files > CORE.len(), "the core has {files} files");

    let check = |source: &str, expected: &[&str]| {
        let found = needs_beyond_the_core(Path::new("segmentation/plan.rs"), source);
        assert_eq!(found, expected, "{source:?}");
    };
    check("use crate::gsm7::{self, national::Languages};", &[]);
    check("use super::capacity::Capacity; use std::borrow::Cow;", &[]);
    check("use crate::{gsm7, rate::Rate};", &["domain::rate::Rate"]);
    check("fn f(x: &crate::quote::Line) {}", &["domain::quote::Line"]);
    check(
        "use super::super::merge::Template;",
        &["domain::merge::Template"],
    );
    check("use crate::*;", &["domain::*"]);
    check("use jiff::Timestamp;", &["jiff::Timestamp"]);
}

fn is_of_the_core(file: &Path) -> bool {
    let first = file
        .iter()
        .next()
        .map(|first| Path::new(first).with_extension(""));
    first.is_some_and(|first| CORE.iter().any(|part| first == Path::new(part)))
}

/// What a file of the core refers to outside of it.
fn needs_beyond_the_core(file: &Path, source: &str) -> Vec<String> {
    let reading = read(&Place::of("domain", file), source).unwrap();
    let dependencies = domain_dependencies();
    let beyond = |path: &&Vec<String>| match path[0].as_str() {
        "domain" => !path
            .get(1)
            .is_some_and(|part| CORE.contains(&part.as_str())),
        first => dependencies.contains(first) && !CORE_USES.contains(&first),
    };
    let beyond = reading.paths.iter().filter(beyond);
    beyond.map(|path| path.join("::")).collect()
}

/// The crates that the domain depends on, as its code names them.
fn domain_dependencies() -> BTreeSet<String> {
    let manifest = source(&root().join("domain/Cargo.toml"));
    let sections = manifest.split("\n[");
    let dependencies = sections.filter(|section| section.contains("dependencies]\n"));
    let lines = dependencies.flat_map(|section| section.lines().skip(1));
    lines
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .map(|name| name.replace('-', "_"))
        .collect()
}
