//! docs/threats.md lists each bound, its figure, and the test that shows it: each figure matches
//! the code, and each test exists.

use std::{collections::BTreeSet, fs, path::Path};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page() -> String {
    fs::read_to_string(root().join("docs/threats.md")).unwrap()
}

/// The cells of the rows of every table whose header begins with this.
fn tables<'a>(page: &'a str, header: &str) -> Vec<Vec<&'a str>> {
    let mut rows = Vec::new();
    let mut lines = page.lines();
    while lines.by_ref().any(|line| line.starts_with(header)) {
        rows.extend(
            lines
                .by_ref()
                .skip(1)
                .take_while(|line| line.starts_with('|'))
                .map(|line| line.trim_matches('|').split('|').map(str::trim).collect()),
        );
    }
    rows
}

/// The texts between backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_figure_matches_the_code() {
    let page = page();
    let rows = tables(&page, "| What is bounded |");
    assert!(rows.len() > 10, "{} rows", rows.len());
    let mut wrong = Vec::new();
    for cells in rows {
        let [_, figure, place, ..] = cells[..] else {
            panic!("a row is short: {cells:?}");
        };
        let [name, file] = quoted(place)[..] else {
            panic!("a place is `NAME` in `file`: {place}");
        };
        let source = fs::read_to_string(root().join(file)).unwrap_or_default();
        let (said, is) = (amount(figure), value_of(&source, name));
        if said.is_none() || said != is {
            wrong.push(format!(
                "{name} in {file}: the page says {figure}, the code {is:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn every_named_test_exists() {
    let page = page();
    let mut known = BTreeSet::new();
    for folder in ["src", "domain", "tests/suite"] {
        functions(&root().join(folder), &mut known);
    }
    let rows = [
        tables(&page, "| What is bounded |"),
        tables(&page, "| What is tried |"),
    ]
    .concat();
    let named: Vec<&str> = rows
        .iter()
        .flat_map(|cells| quoted(cells.last().unwrap()))
        .collect();
    assert!(named.len() > 20, "{} tests are named", named.len());
    let missing: Vec<_> = named
        .into_iter()
        .filter(|name| !known.contains(*name))
        .collect();
    assert!(missing.is_empty(), "no such tests: {missing:?}");
    for cells in rows {
        assert!(
            !quoted(cells.last().unwrap()).is_empty(),
            "shown by nothing: {cells:?}"
        );
    }
}

/// The names of all functions below a folder.
fn functions(folder: &Path, names: &mut BTreeSet<String>) {
    let entries = fs::read_dir(folder).unwrap();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            functions(&path, names);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            names.extend(names_in(&path));
        }
    }
}

fn names_in(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    text.lines()
        .filter_map(|line| line.split_once("fn ").map(|(_, rest)| rest))
        .map(|rest| rest.chars().take_while(|letter| is_name(*letter)).collect())
        .collect()
}

/// A figure of the page: a count, or an amount of bytes or of milliseconds.
fn amount(figure: &str) -> Option<u128> {
    let (number, unit) = figure.split_once(' ').unwrap_or((figure, ""));
    let number: u128 = number.replace(',', "").parse().ok()?;
    let unit = match unit {
        "" | "ms" => 1,
        "s" => 1_000,
        "min" => 60 * 1_000,
        "h" => 60 * 60 * 1_000,
        "KiB" => 1_024,
        "MiB" => 1_024 * 1_024,
        _ => return None,
    };
    Some(number * unit)
}

/// The value of `NAME`, `field`, or `NAME.field` in a source: the first that is a figure.
fn value_of(source: &str, name: &str) -> Option<u128> {
    let (source, name) = match name.split_once('.') {
        Some((whole, field)) => {
            let at = source.find(&format!("{whole}: "))?;
            (&source[at..], field)
        }
        None => (source, name),
    };
    let constant = format!("const {name}: ");
    let field = format!("{name}: ");
    source.lines().find_map(|line| {
        let line = line.trim();
        let text = if line.contains(&constant) {
            line.split_once(" = ")?.1.strip_suffix(';')?
        } else {
            line.strip_prefix(&field)?.strip_suffix(',')?
        };
        computed(text, source)
    })
}

/// A product of numbers and constants, in a duration or not.
fn computed(text: &str, source: &str) -> Option<u128> {
    let text = text.trim_start_matches("Signed");
    for (made, milliseconds) in [
        ("Duration::from_millis(", 1),
        ("Duration::from_secs(", 1_000),
        ("Duration::from_mins(", 60 * 1_000),
        ("Duration::from_hours(", 60 * 60 * 1_000),
    ] {
        if let Some(inside) = text.strip_prefix(made) {
            return Some(computed(inside.strip_suffix(')')?, source)? * milliseconds);
        }
    }
    text.split('*')
        .map(|factor| {
            let factor = factor.trim().trim_end_matches(" as u64");
            let digits = factor.replace('_', "");
            if factor.starts_with(|letter: char| letter.is_ascii_uppercase()) {
                value_of(source, factor)
            } else {
                digits.parse().ok()
            }
        })
        .try_fold(1, |product, factor: Option<u128>| Some(product * factor?))
}

#[test]
fn figures_are_parsed() {
    let source = "const MIB: usize = 1024 * 1024;\npub(crate) const LARGE: usize = 8 * MIB;\n\
        const LONG: Duration = Duration::from_secs(30 * 60);\nconst SIZE: Size = Size {\n    places: 1_024,\n    \
        share: 256,\n};\nconst HOURS: SignedDuration = SignedDuration::from_hours(48);\n";
    let check = |name: &str, figure: &str| {
        assert_eq!(value_of(source, name), amount(figure), "{name} is {figure}");
        assert!(amount(figure).is_some(), "{figure}");
    };
    check("LARGE", "8 MiB");
    check("LONG", "30 min");
    check("SIZE.places", "1,024");
    check("SIZE.share", "256");
    check("share", "256");
    check("HOURS", "48 h");
    assert_eq!(value_of(source, "MISSING"), None);
    assert_eq!(amount("many"), None);
    assert_eq!(amount("3 furlongs"), None);
}
