//! Nothing but the payments' own part knows a provider's name.
//!
//! Here: names and strings of the program. Not here: comments, and steps of the schema, which never
//! change.

use std::{fs, path::Path};

use message_credits::payments::NAMES;
use proc_macro2::{TokenStream, TokenTree};

/// The names of providers among the identifiers and in the strings of a piece of code.
fn named(tokens: TokenStream, found: &mut Vec<String>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let text = match token {
            TokenTree::Group(group) => {
                named(group.stream(), found);
                continue;
            }
            // Documentation, too, is an attribute.
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                if matches!(tokens.peek(), Some(TokenTree::Punct(_))) {
                    tokens.next();
                }
                tokens.next();
                continue;
            }
            TokenTree::Punct(_) => continue,
            TokenTree::Ident(ident) => ident.to_string(),
            TokenTree::Literal(literal) => literal.to_string(),
        };
        let words = text.to_lowercase();
        let mut words = words.split(|c: char| !c.is_ascii_alphabetic());
        if words.any(|word| NAMES.contains(&word)) {
            found.push(text);
        }
    }
}

fn names_in(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    named(code.parse().unwrap(), &mut found);
    found
}

fn check(folder: &Path, offences: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_own = path.ends_with("src/payments") || path.ends_with("src/payments.rs");
        if is_own {
            continue;
        }
        if path.is_dir() {
            check(&path, offences);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let names = names_in(&fs::read_to_string(&path).unwrap());
            offences.extend(
                names
                    .iter()
                    .map(|name| format!("{}: {name}", path.display())),
            );
        }
    }
}

#[test]
fn only_the_payments_know_their_providers() {
    // An option that operators write, which means any provider that charges nobody.
    let allowed = ["--allow-sandbox", "allow_sandbox", "ALLOW_SANDBOX"];
    let mut offences = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for part in ["src", "domain/src", "entity/src"] {
        check(&root.join(part), &mut offences);
    }
    offences.retain(|offence| !allowed.iter().any(|name| offence.contains(name)));
    assert_eq!(offences, [""; 0]);
}

#[test]
fn a_provider_is_found_wherever_code_names_it() {
    let check = |code: &str, expected: usize| assert_eq!(names_in(code).len(), expected, "{code}");
    check("fn f() { sandbox::NAME; }", 1);
    check("const NAME: &str = \"The sandbox page\";", 1);
    check("fn f() { Sandbox::new(); g!(\"sandbox\") }", 2);
    check("/// The sandbox.\nfn f() {}", 0);
    check("//! The sandbox.\nfn sandboxed() {}", 0);
}
