//! docs/laws.md has every law: each citation resolves to a law, each law is cited, and its tests
//! exist.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

const BOOK: &str = include_str!("../../../docs/laws.md");
/// Code and prose that cite laws.
const PLACES: [&str; 11] = [
    "src",
    "domain",
    "entity",
    "migration",
    "xtask",
    "benches",
    "tests/suite",
    "web/src",
    "docs",
    "README.md",
    "SECURITY.md",
];
/// The most sentences of a law, so that it can be read at a glance.
const MOST_SENTENCES: usize = 2;

struct Law {
    text: &'static str,
    source: &'static str,
    tests: Vec<&'static str>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn laws() -> BTreeMap<&'static str, Law> {
    let mut laws = BTreeMap::new();
    for row in BOOK.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = row
            .split(" | ")
            .map(|cell| cell.trim_matches(['|', ' ']))
            .collect();
        let [number, text, source, tests] = cells[..] else {
            panic!("a law has a number, a text, a source and tests: {row}");
        };
        if is_number(number) {
            let tests = tests.split('`').skip(1).step_by(2).collect();
            let twice = laws.insert(
                number,
                Law {
                    text,
                    source,
                    tests,
                },
            );
            assert!(twice.is_none(), "{number} is there twice");
        }
    }
    laws
}

/// A letter and digits, as in L2.
fn is_number(text: &str) -> bool {
    let mut letters = text.chars();
    letters
        .next()
        .is_some_and(|letter| letter.is_ascii_uppercase())
        && !letters.as_str().is_empty()
        && letters.all(|digit| digit.is_ascii_digit())
}

/// The laws that a text cites: `law L2`, `laws H1 to H3`, `Laws P1, P2 and L3`.
fn cited(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut words = text
        .split(|letter: char| letter.is_whitespace() || "/!(`*".contains(letter))
        .filter(|word| !word.is_empty())
        .peekable();
    while let Some(word) = words.next() {
        if !matches!(word, "law" | "laws" | "Law" | "Laws" | "rule" | "rules") {
            continue;
        }
        let mut first: Option<String> = None;
        let mut is_range = false;
        while let Some(next) = words.peek() {
            let number = next.trim_end_matches(|end: char| !end.is_ascii_alphanumeric());
            if is_number(number) {
                let from = first.replace(number.to_owned());
                found.extend(
                    from.filter(|_| is_range)
                        .map_or_else(|| vec![number.to_owned()], |from| between(&from, number)),
                );
                is_range = false;
            } else if first.is_some() && matches!(number, "to" | "and" | "or") {
                is_range = number == "to";
            } else {
                break;
            }
            words.next();
        }
    }
    found
}

fn between(from: &str, to: &str) -> Vec<String> {
    let number = |law: &str| law[1..].parse::<u32>().unwrap();
    assert_eq!(from[..1], to[..1], "laws from one letter to another");
    (number(from) + 1..=number(to))
        .map(|law| format!("{}{law}", &from[..1]))
        .collect()
}

fn files(path: PathBuf, found: &mut Vec<PathBuf>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            files(entry.unwrap().path(), found);
        }
    } else if path
        .extension()
        .is_some_and(|end| ["rs", "md", "ts", "tsx"].iter().any(|one| end == *one))
    {
        found.push(path);
    }
}

/// Every file that may cite laws, except the law book and this test.
fn texts() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for place in PLACES {
        files(root().join(place), &mut found);
    }
    found.retain(|path| !path.ends_with("docs/laws.md") && !path.ends_with("law_book.rs"));
    assert!(found.len() > 300, "{} files", found.len());
    found
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            (path, text)
        })
        .collect()
}

#[test]
fn citations_are_read() {
    assert_eq!(
        cited("/// Settled (laws H1 to H3, and law\n/// A3)."),
        ["H1", "H2", "H3", "A3"]
    );
    assert_eq!(cited("//! Laws P1, P2 and L3."), ["P1", "P2", "L3"]);
    assert_eq!(cited("the law says; a rule of L2; (rule `Q4`)"), ["Q4"]);
}

#[test]
fn every_citation_has_its_law_and_every_law_is_cited() {
    let laws = laws();
    let mut used = BTreeSet::new();
    let mut unknown = Vec::new();
    for (path, text) in texts() {
        for law in cited(&text) {
            if laws.contains_key(law.as_str()) {
                used.insert(law);
            } else {
                unknown.push(format!("{}: {law}", path.display()));
            }
        }
    }
    assert!(
        unknown.is_empty(),
        "not in docs/laws.md:\n{}",
        unknown.join("\n")
    );
    let unused: Vec<_> = laws.keys().filter(|law| !used.contains(**law)).collect();
    assert!(unused.is_empty(), "cited nowhere: {unused:?}");
}

/// "Law" is the one word for them.
#[test]
fn no_law_is_called_a_rule() {
    let mut rules = Vec::new();
    for (path, text) in texts() {
        let words: Vec<&str> = text.split_whitespace().collect();
        let called = words.windows(2).filter(|pair| {
            let word = pair[0].trim_start_matches('(').to_ascii_lowercase();
            let number = pair[1].trim_matches(|end: char| !end.is_ascii_alphanumeric());
            (word == "rule" || word == "rules") && is_number(number)
        });
        rules.extend(called.map(|pair| format!("{}: {} {}", path.display(), pair[0], pair[1])));
    }
    assert!(rules.is_empty(), "\n{}", rules.join("\n"));
}

#[test]
fn every_law_is_short_and_has_a_source_and_tests_that_exist() {
    let laws = laws();
    assert!(laws.len() >= 28, "{} laws", laws.len());
    let mut wrong = Vec::new();
    for (number, law) in laws {
        let sentences = law.text.matches(". ").count() + 1;
        if law.text.is_empty() || !law.text.ends_with('.') || sentences > MOST_SENTENCES {
            wrong.push(format!("{number} has {sentences} sentences"));
        }
        if law.source.is_empty() {
            wrong.push(format!("{number} has no source"));
        }
        if law.tests.is_empty() {
            wrong.push(format!("{number} is held by no test"));
        }
        for test in law.tests {
            let (file, function) = test.split_once("::").unwrap_or((test, ""));
            let source = fs::read_to_string(root().join(file)).unwrap_or_default();
            if !source.contains(&format!("fn {function}(")) {
                wrong.push(format!("{number}: {file} has no {function}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
