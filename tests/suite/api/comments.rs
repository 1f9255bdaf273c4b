//! The words of comments and of the docs.
//!
//! Here: what a test can check of plain English in prose for developers. Not here: descriptions of
//! the schema and messages for users ([`super::prose`]).

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Phrases that nobody would say aloud, and what to write instead. "Where" alone is allowed: it may
/// be a place.
const REJECTED: [(&str, &str); 19] = [
    ("null where", "null if"),
    ("none where", "None if"),
    ("empty where", "empty if"),
    ("where there is none", "if there is none"),
    ("where there are none", "if there are none"),
    ("where there is no", "if there is no"),
    ("where there are several", "if there are several"),
    ("where it is none", "if it is none"),
    ("where it has", "if it has"),
    ("where nobody", "if nobody"),
    ("is told", "is reported"),
    ("are told", "are reported"),
    ("was told", "was reported"),
    ("told once", "coalesced"),
    ("stands so", "has this status"),
    ("as it stands", "as it is"),
    ("by itself", "automatically, or alone"),
    ("by themselves", "automatically, or alone"),
    ("what the database says", "the error, or nothing"),
];

/// Folders of Rust files whose comments are checked.
const CODE: [&str; 5] = [
    "src",
    "domain/src",
    "entity/src",
    "migration/src",
    "xtask/src",
];

/// Longest line of prose, in columns.
const COLUMNS: usize = 100;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files below a folder with an extension, in order.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|end| end == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The text of a line that is a comment, or none.
fn comment(line: &str) -> Option<&str> {
    let text = line.trim_start().strip_prefix("//")?;
    Some(text.trim_start_matches(['/', '!']).trim())
}

/// The rejected phrases of a paragraph, which may wrap between any two words.
fn rejected(paragraph: &str) -> impl Iterator<Item = String> {
    let words = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = words.to_lowercase();
    let is_letter = |letter: Option<char>| letter.is_some_and(char::is_alphabetic);
    REJECTED.iter().filter_map(move |(phrase, instead)| {
        let stands_alone = words.match_indices(phrase).any(|(at, _)| {
            let (before, after) = (&words[..at], &words[at + phrase.len()..]);
            !is_letter(before.chars().next_back()) && !is_letter(after.chars().next())
        });
        stands_alone.then(|| format!("{phrase:?}: write {instead}"))
    })
}

/// The faults of a file's prose, given as paragraphs.
fn faults<'t>(file: &Path, paragraphs: impl Iterator<Item = &'t str>) -> Vec<String> {
    let shown = file.strip_prefix(root()).unwrap().display();
    paragraphs
        .flat_map(|paragraph| {
            rejected(paragraph).map(move |fault| format!("{fault}\n    {paragraph}"))
        })
        .map(|fault| format!("{shown}: {fault}"))
        .collect()
}

#[test]
fn comments_are_in_plain_words() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for file in CODE
        .iter()
        .flat_map(|folder| files(&root().join(folder), "rs"))
    {
        let source = fs::read_to_string(&file).unwrap();
        let text: Vec<&str> = source
            .lines()
            .map(|line| comment(line).unwrap_or_default())
            .collect();
        seen += text.iter().filter(|line| !line.is_empty()).count();
        let text = text.join("\n");
        wrong.extend(faults(&file, text.split("\n\n")));
    }
    assert!(seen > 5_000, "{seen} lines of comments");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn docs_are_in_plain_words() {
    let mut pages = files(&root().join("docs"), "md");
    pages.push(root().join("CHANGELOG.md"));
    pages.push(root().join("README.md"));
    pages.push(root().join("SECURITY.md"));
    assert!(pages.len() > 20, "{} pages", pages.len());
    let wrong: Vec<_> = pages
        .iter()
        .flat_map(|page| faults(page, fs::read_to_string(page).unwrap().split("\n\n")))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn comments_wrap_at_their_columns() {
    let mut wrong = Vec::new();
    for file in CODE
        .iter()
        .flat_map(|folder| files(&root().join(folder), "rs"))
    {
        let source = fs::read_to_string(&file).unwrap();
        for (number, line) in (1..).zip(source.lines()) {
            let is_prose = comment(line).is_some_and(|text| text.contains(' '));
            // Tables and links can't wrap.
            let can_wrap = !line.contains("| ") && !line.contains("](") && !line.contains("://");
            if is_prose && can_wrap && line.chars().count() > COLUMNS {
                wrong.push(format!("{}:{number}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "over {COLUMNS} columns: {wrong:#?}");
}

#[test]
fn a_rejected_phrase_is_found_across_lines() {
    assert_eq!(rejected("It is null\nwhere it was refused.").count(), 1);
    assert_eq!(rejected("The place where nothing is.").count(), 0);
    assert_eq!(rejected("Nobody foretold once again.").count(), 0);
}
