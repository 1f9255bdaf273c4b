//! The words of the API: descriptions of the schema, and messages for users.
//!
//! Here: what a test can check of plain English. Not here: whether a description is true.

use std::{fs, path::Path};

use async_graphql::parser::{
    parse_schema,
    types::{TypeKind, TypeSystemDefinition},
};

/// Phrases that nobody would say aloud, and what to write instead.
const REJECTED: [(&str, &str); 12] = [
    ("where", "if (where is for places)"),
    ("stands so", "has this status"),
    ("stand so", "have this status"),
    ("it stands", "it is now, or unchanged"),
    ("what was sent so", "the usage on this channel"),
    ("is told", "is reported"),
    ("are told", "are reported"),
    ("told once", "coalesced"),
    ("are too many", "at most N are allowed"),
    ("by itself", "automatically"),
    ("by themselves", "automatically"),
    ("the thing itself", "the node"),
];
const FEWEST_WORDS: usize = 3;

/// Every description of the schema, with the name of its element.
fn descriptions() -> Vec<(String, String)> {
    let document = parse_schema(message_credits::graphql::schema::sdl()).unwrap();
    let mut found = Vec::new();
    let mut add =
        |what: String, text: Option<&str>| found.extend(text.map(|text| (what, text.to_owned())));
    for definition in document.definitions {
        let TypeSystemDefinition::Type(of) = definition else {
            continue;
        };
        let name = of.node.name.node.to_string();
        add(
            name.clone(),
            of.node.description.as_ref().map(|text| text.node.as_str()),
        );
        let fields = match &of.node.kind {
            TypeKind::Object(object) => object.fields.clone(),
            TypeKind::Interface(interface) => interface.fields.clone(),
            _ => Vec::new(),
        };
        for field in fields {
            let what = format!("{name}.{}", field.node.name.node);
            add(
                what.clone(),
                field
                    .node
                    .description
                    .as_ref()
                    .map(|text| text.node.as_str()),
            );
            for argument in field.node.arguments {
                let what = format!("{what}({})", argument.node.name.node);
                add(
                    what,
                    argument
                        .node
                        .description
                        .as_ref()
                        .map(|text| text.node.as_str()),
                );
            }
        }
        match &of.node.kind {
            TypeKind::InputObject(input) => {
                for field in &input.fields {
                    let what = format!("{name}.{}", field.node.name.node);
                    add(
                        what,
                        field
                            .node
                            .description
                            .as_ref()
                            .map(|text| text.node.as_str()),
                    );
                }
            }
            TypeKind::Enum(values) => {
                for value in &values.values {
                    let what = format!("{name}.{}", value.node.value.node);
                    add(
                        what,
                        value
                            .node
                            .description
                            .as_ref()
                            .map(|text| text.node.as_str()),
                    );
                }
            }
            _ => {}
        }
    }
    found
}

/// What is wrong with the words of a text.
fn rejected(text: &str) -> Vec<String> {
    let words = text.to_lowercase();
    let is_letter = |letter: Option<char>| letter.is_some_and(char::is_alphabetic);
    REJECTED
        .iter()
        .filter(|(phrase, _)| {
            words.match_indices(phrase).any(|(at, _)| {
                let (before, after) = (&words[..at], &words[at + phrase.len()..]);
                !is_letter(before.chars().next_back()) && !is_letter(after.chars().next())
            })
        })
        .map(|(phrase, instead)| format!("{phrase:?}: write {instead}"))
        .collect()
}

/// Whether a number above 999 is written without its commas, outside of examples in quotation
/// marks.
fn has_long_number(text: &str) -> bool {
    let prose: Vec<&str> = text.split('"').step_by(2).collect();
    prose
        .join(" ")
        .split(|letter: char| !letter.is_ascii_digit() && !".,-_".contains(letter))
        .any(|number| {
            number.len() > 3
                && number.bytes().all(|digit| digit.is_ascii_digit())
                && !is_year(number)
        })
}

fn is_year(number: &str) -> bool {
    number.len() == 4 && number.starts_with("20")
}

#[test]
fn descriptions_say_something_in_plain_words() {
    let descriptions = descriptions();
    assert!(
        descriptions.len() > 800,
        "{} descriptions",
        descriptions.len()
    );
    let mut wrong = Vec::new();
    // The engine describes its own upload.
    for (what, text) in descriptions
        .into_iter()
        .filter(|(what, _)| what != "Upload")
    {
        let mut faults = rejected(&text);
        if text.split_whitespace().count() < FEWEST_WORDS {
            faults.push(format!("fewer than {FEWEST_WORDS} words"));
        }
        if !text.ends_with(['.', ')']) && !text.ends_with('"') {
            faults.push("no full stop".to_owned());
        }
        if has_long_number(&text) && !text.contains("RFC") && !text.contains("ISO") {
            faults.push("a number above 999 without commas".to_owned());
        }
        wrong.extend(
            faults
                .into_iter()
                .map(|fault| format!("{what}: {fault}\n    {text}")),
        );
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// A list argument or a list input states its bound.
#[test]
fn lists_of_an_input_state_their_bounds() {
    let document = parse_schema(message_credits::graphql::schema::sdl()).unwrap();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for definition in document.definitions {
        let TypeSystemDefinition::Type(of) = definition else {
            continue;
        };
        let inputs = match of.node.kind {
            TypeKind::InputObject(input) => input.fields,
            TypeKind::Object(object) => object
                .fields
                .into_iter()
                .flat_map(|field| field.node.arguments)
                .collect(),
            _ => continue,
        };
        for input in inputs.iter().map(|input| &input.node) {
            let is_list = input.ty.node.to_string().starts_with('[');
            let text = input
                .description
                .as_ref()
                .map_or("", |text| text.node.as_str());
            // An enum has few values, each of which may be named once.
            let is_enum = ["Status", "Kind", "Language"]
                .iter()
                .any(|kind| input.ty.node.to_string().contains(kind));
            if is_list && !is_enum {
                seen += 1;
                if !text.bytes().any(|byte| byte.is_ascii_digit()) {
                    wrong.push(format!("{}.{}: {text}", of.node.name.node, input.name.node));
                }
            }
        }
    }
    assert!(seen > 10, "{seen} lists");
    assert!(wrong.is_empty(), "without a bound:\n{}", wrong.join("\n"));
}

/// Texts in the code that read as sentences for users: an upper-case letter first and a full stop
/// last.
fn messages(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            messages(&path, found);
            continue;
        }
        // Relative, so that a checkout in a folder named "tests" is read too.
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let name = path.strip_prefix(root).unwrap().display().to_string();
        if path.extension().is_none_or(|end| end != "rs") || name.contains("tests") {
            continue;
        }
        let source = fs::read_to_string(&path).unwrap();
        let source = source.split("#[cfg(test)]").next().unwrap_or_default();
        // Quotation marks within texts and characters would end a text too early.
        let source = source.replace("\\\"", "'").replace("'\"'", "");
        let code: String = source
            .lines()
            .filter(|line| !line.trim_start().starts_with("//") && !line.contains("desc ="))
            .map(|line| format!("{line}\n"))
            .collect();
        for text in code.split('"').skip(1).step_by(2) {
            let text = text
                .replace("\\\n", " ")
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ");
            if text.starts_with(|first: char| first.is_ascii_uppercase())
                && text.ends_with('.')
                && text.contains(' ')
            {
                found.push((name.clone(), text));
            }
        }
    }
}

#[test]
fn messages_are_in_plain_words() {
    let mut found = Vec::new();
    for folder in ["src", "domain/src"] {
        messages(
            &Path::new(env!("CARGO_MANIFEST_DIR")).join(folder),
            &mut found,
        );
    }
    assert!(found.len() > 150, "{} messages", found.len());
    let wrong: Vec<String> = found
        .iter()
        .flat_map(|(file, text)| {
            rejected(text)
                .into_iter()
                .map(move |fault| format!("{file}: {fault}\n    {text}"))
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
