//! docs/errors.md, the page of every error code.
//!
//! Here: that the page is what the program prints, and that its codes are those of the schema. Not
//! here: which error has which code, which the tests of each noun show.

use std::{collections::BTreeSet, fs, path::Path};

use async_graphql::parser::{
    parse_schema,
    types::{TypeKind, TypeSystemDefinition},
};
use message_credits::graphql::{
    error_codes::{ErrorCode, of_extensions, of_user_errors},
    schema::sdl,
};

use crate::support::process;

#[test]
fn the_page_has_what_the_program_prints() {
    let output = process::output(&["errors"]);
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).unwrap();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors.md");
    let page = fs::read_to_string(file).unwrap();
    assert_eq!(
        page, printed,
        "docs/errors.md must be what `message-credits errors` prints"
    );
    for ErrorCode { name, .. } in of_extensions().iter().chain(&of_user_errors().unwrap()) {
        assert!(page.contains(&format!("\n| `{name}` | ")), "{name}");
    }
}

#[test]
fn every_code_has_a_cause_and_a_remedy_in_a_line() {
    for codes in [of_extensions(), of_user_errors().unwrap()] {
        let mut names = BTreeSet::new();
        for ErrorCode {
            name,
            cause,
            remedy,
        } in &codes
        {
            assert!(names.insert(name), "{name} has two rows");
            for text in [cause.as_str(), remedy] {
                assert!(text.split(' ').count() > 3, "{name}: {text}");
                assert!(text.ends_with('.'), "{name}: {text}");
                assert!(!text.contains(['|', '\n']), "{name}: {text}");
            }
        }
        assert!(names.len() > 5, "{names:?}");
    }
}

#[test]
fn every_user_error_code_of_the_schema_is_in_the_page() {
    let document = parse_schema(sdl()).unwrap();
    let values = document
        .definitions
        .iter()
        .find_map(|definition| match definition {
            TypeSystemDefinition::Type(found) if found.node.name.node == "UserErrorCode" => {
                match &found.node.kind {
                    TypeKind::Enum(values) => Some(&values.values),
                    _ => None,
                }
            }
            _ => None,
        });
    let values = values.unwrap().iter();
    let of_schema: BTreeSet<String> = values
        .map(|value| value.node.value.node.to_string())
        .collect();
    let codes = of_user_errors().unwrap();
    let of_page: BTreeSet<String> = codes.iter().map(|code| code.name.to_owned()).collect();
    assert_eq!(of_page, of_schema);
}
