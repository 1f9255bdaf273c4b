//! Languages are chosen by their weights, and every text of the code is translated.

use std::{
    collections::{BTreeSet, HashSet},
    fs,
    path::Path,
};

use proc_macro2::{TokenStream, TokenTree};

use super::{
    Language, Text,
    text::{Part, parts},
};

#[test]
fn the_preferred_language_follows_the_weights() {
    for (header, language) in [
        ("", Language::English),
        ("it", Language::Italian),
        ("it-IT,it;q=0.9,en;q=0.8", Language::Italian),
        ("IT-ch", Language::Italian),
        ("en-GB,it;q=0.9", Language::English),
        ("en;q=0.2, it;q=0.8", Language::Italian),
        ("de-DE,de;q=0.9,it;q=0.5", Language::Italian),
        ("it;q=0, en;q=0.1", Language::English),
        ("fr-FR", Language::English),
        ("*", Language::English),
        ("italian", Language::English),
        (";;;,,,q=", Language::English),
    ] {
        assert_eq!(Language::preferred(header), language, "{header:?}");
    }
    let long = format!("{}it", "fr,".repeat(400));
    assert_eq!(Language::preferred(&long), Language::English);
}

#[test]
fn values_stand_in_their_places() {
    let text = text!("{{{name}}} has {limit}", limit = 3, name = "a{b}");
    assert_eq!(text.english(), "{a{b}} has 3");
    assert_eq!(text.template(), "{{{name}}} has {limit}");
    let values: Vec<_> = text.values().collect();
    assert_eq!(values[0], ("limit", "3".into()));
    assert_eq!(values[1], ("name", "a{b}".into()));
}

#[test]
fn texts_within_texts_are_translated() {
    let text = text!("There is no such {what}.", what = text!("list"));
    assert_eq!(text.english(), "There is no such list.");
    assert!(text.in_language(Language::Italian).contains("lista"));
}

#[test]
fn a_text_without_a_translation_is_english() {
    let text = text!("Nobody has translated this {thing}.", thing = 1);
    let shown = text.in_language(Language::Italian);
    assert_eq!(shown, "Nobody has translated this 1.");
    let said = Text::of_others("Card {declined}");
    assert_eq!(said.in_language(Language::Italian), "Card {declined}");
}

#[test]
fn written_texts_are_found_again() {
    let text = text!(
        "{needed} credits are needed and {available} are available.",
        needed = "1.5",
        available = 0,
    );
    assert_eq!(Text::written(&text.english()), text);
    for template in Language::Italian.translations().unwrap().keys() {
        let filled: String = parts(template)
            .map(|part| match part {
                Part::Text(text) => text,
                Part::Place(_) => "17",
            })
            .collect();
        let found = Text::written(&filled);
        assert_eq!(found.english(), filled);
        assert_ne!(found.template(), "{said}", "{template}");
    }
    let written = "The file is a PDF document. Send a CSV file or an Excel workbook (.xlsx).";
    let italian = Text::written(written).in_language(Language::Italian);
    assert!(italian.contains("un documento PDF"), "{italian}");
    assert_eq!(
        Text::written("Anything else"),
        Text::of_others("Anything else")
    );
}

/// The templates of the code: what `text!` and `written!` are given, and the displays of the two
/// types of errors whose texts are stored.
fn templates_in(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            templates_in(&path, found);
        } else if is_source(&path) {
            let source = fs::read_to_string(&path).unwrap();
            let shows_errors = ["src/imports.rs", "phone_number.rs"];
            let shows_errors = shows_errors.iter().any(|end| path.ends_with(end));
            collect(source.parse().unwrap(), shows_errors, found);
        }
    }
}

fn is_source(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_str().unwrap();
    name.ends_with(".rs") && !name.ends_with("tests.rs") && name != "test_schema.rs"
}

fn collect(tokens: TokenStream, shows_errors: bool, found: &mut BTreeSet<String>) {
    let mut before = String::new();
    for token in tokens {
        if let TokenTree::Group(group) = &token {
            let is_template = ["text!", "written!"].contains(&before.as_str());
            if is_template || (shows_errors && before == "error") {
                found.extend(first_string(group.stream()));
            }
            collect(group.stream(), shows_errors, found);
        }
        match token {
            TokenTree::Ident(ident) => before = ident.to_string(),
            TokenTree::Punct(punct) if punct.as_char() == '!' => before.push('!'),
            TokenTree::Punct(_) | TokenTree::Literal(_) | TokenTree::Group(_) => before.clear(),
        }
    }
}

fn first_string(tokens: TokenStream) -> Option<String> {
    let first = tokens.into_iter().next()?;
    let text: syn::LitStr = syn::parse2(first.into()).ok()?;
    Some(text.value())
}

fn places(template: &str) -> HashSet<&str> {
    let places = parts(template).filter_map(|part| match part {
        Part::Text(_) => None,
        Part::Place(name) => Some(name),
    });
    places.collect()
}

#[test]
fn every_text_is_translated() {
    let mut templates = BTreeSet::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    templates_in(&root.join("src"), &mut templates);
    // Only places, or for the log alone.
    templates.retain(|template| {
        let has_words =
            |part| matches!(part, Part::Text(text) if text.contains(char::is_alphabetic));
        parts(template).any(has_words) && !template.starts_with("an upload can't be read back")
    });
    assert!(templates.len() > 300, "{}", templates.len());
    let translations = Language::Italian.translations().unwrap();
    let missing: Vec<_> = templates
        .iter()
        .filter(|template| !translations.contains_key(*template))
        .collect();
    assert!(missing.is_empty(), "not translated: {missing:#?}");
    let unused: Vec<_> = translations
        .keys()
        .filter(|template| !templates.contains(*template))
        .collect();
    assert!(unused.is_empty(), "of no text: {unused:#?}");
    for (english, translation) in translations {
        assert_eq!(places(english), places(translation), "{english}");
        assert!(!translation.trim().is_empty(), "{english}");
    }
}
