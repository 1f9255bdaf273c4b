//! Documents in the syntax of September 2025, and their places.

use async_graphql::{
    Value,
    parser::{parse_query, types::ExecutableDocument},
};
use proptest::prelude::*;

use super::*;

fn parsed(text: &str) -> ExecutableDocument {
    let known = known_syntax(text).unwrap_or_else(|error| panic!("{text}: {}", error.message));
    assert_eq!(known.chars().count(), text.chars().count(), "{text}");
    parse_query(&known).unwrap_or_else(|error| panic!("{known}: {error}"))
}

/// The first argument of the first field of the only operation.
fn argument(text: &str) -> Value {
    let document = parsed(text);
    let (_, operation) = document.operations.iter().next().unwrap();
    let set = &operation.node.selection_set.node;
    let async_graphql::parser::types::Selection::Field(field) = &set.items[0].node else {
        panic!("{text}");
    };
    field.node.arguments[0].1.node.clone().into_const().unwrap()
}

fn string(escapes: &str) -> Value {
    argument(&format!("{{ a(b: \"{escapes}\") }}"))
}

#[test]
fn every_unicode_escape_is_its_character() {
    for (escapes, expected) in [
        (r"\u{1F600}", "😀"),
        (r"\uD83D\uDE00", "😀"),
        (r"\ud83d\ude00!", "😀!"),
        (r"x\u{41}y\u0042z", "xAyBz"),
        (r"\u{000000041}", "A"),
        (r"\u{22}\u0022", "\"\""),
        (r"\u{5C}\u{5c}u0041", "\\\\u0041"),
        (r"\\u{1F600}", "\\u{1F600}"),
        (r"\u{A}\u000D\n", "\n\r\n"),
        (r"\u{10FFFF}\u0000", "\u{10FFFF}\0"),
        (r"é\u{e9}\t", "éé\t"),
    ] {
        assert_eq!(string(escapes), Value::from(expected), "{escapes}");
    }
}

#[test]
fn an_escape_of_no_character_is_refused_where_it_stands() {
    for escape in [
        r"\u{}",
        r"\u{110000}",
        r"\u{D800}",
        r"\u{FFFFFFFFF}",
        r"\u{1F600",
        r"\u{+41}",
        r"\uD83D",
        r"\uDE00\uD83D",
        r"\uD83D\u0041",
        r"\u12",
        r"\uD83D\u{DE00}",
        r"\u+041",
    ] {
        let text = format!("{{\n  é: a(b: \"é{escape}\")\n}}");
        let error = known_syntax(&text).unwrap_err();
        assert_eq!(
            error.locations,
            [Pos {
                line: 2,
                column: 12
            }],
            "{escape}: {}",
            error.message
        );
    }
}

#[test]
fn block_strings_have_no_unicode_escapes() {
    let text = r#"{ a(b: """\u{1F600} \uD83D \""" "quoted" """) }"#;
    assert_eq!(known_syntax(text).unwrap(), text);
    assert_eq!(
        argument(text),
        Value::from(r#"\u{1F600} \uD83D """ "quoted" "#)
    );
}

#[test]
fn descriptions_are_accepted_where_the_specification_has_them() {
    for (described, plain) in [
        ("\"Reads a.\" query { a }", "query { a }"),
        ("\"Reads a.\" query A { a }", "query A { a }"),
        (
            "\"\"\"\nReads a,\n{ not b }.\n\"\"\"\nsubscription A($b: Int) @c(d: \"e\") { a }",
            "subscription A($b: Int) @c(d: \"e\") { a }",
        ),
        (
            "query(\"The first.\" $a: String = \"x\" \"\"\"The second.\"\"\" $b: [String] = [\"y\"]\n\
             \"The third.\"\n$c: C = {d: \"z\"}) { a }",
            "query($a: String = \"x\" $b: [String] = [\"y\"] $c: C = {d: \"z\"}) { a }",
        ),
        (
            "query A(\"The only one.\" $a: Int) { a } \"Some fields.\" fragment F on T { b } \"\" mutation { c }",
            "query A($a: Int) { a } fragment F on T { b } mutation { c }",
        ),
        (
            "\"It's called query.\" query query(\"One.\" $a: A) { query(a: \"query\") }",
            "query query($a: A) { query(a: \"query\") }",
        ),
    ] {
        if plain.contains("mutation { c }") {
            // An anonymous operation must be alone, which the parser says of both.
            assert!(parse_query(plain).is_err());
            assert!(parse_query(known_syntax(described).unwrap()).is_err());
            continue;
        }
        let debug = |document: ExecutableDocument| written(&document);
        assert_eq!(
            debug(parsed(described)),
            debug(parse_query(plain).unwrap()),
            "{described}"
        );
    }
}

#[test]
fn strings_elsewhere_are_left_to_the_parser() {
    for text in [
        "\"A shorthand has no description.\" { a }",
        "\"One.\" \"Two.\" query { a }",
        "query \"Late.\" { a }",
        "query \"Late.\" A { a }",
        "query A \"Late.\" ($a: Int) { a }",
        "query { \"A field has none.\" a }",
        "query { a(\"An argument has none.\" b: 1) }",
        "query($a: Int \"Nothing follows.\") { a }",
        "query(\"No variable.\" a: Int) { a }",
        "query @a(\"No variable.\" $b: 1) { a }",
        "fragment F \"Late.\" on T { a } { ...F }",
        "query { a } \"Nothing follows.\"",
        "query($a: [Int] = [\"No variable.\" $b]) { a }",
    ] {
        let known = known_syntax(text).unwrap();
        assert_eq!(known, text);
        assert!(parse_query(text).is_err(), "{text}");
    }
}

#[test]
fn positions_are_those_of_the_client() {
    let text = "\"Héllo\n\" query { a }";
    // A string ends with its line; the tokenizer's caller has refused such a text before.
    drop(known_syntax(text));
    let text =
        "\"\"\"\n  Über\r\n\"\"\" query A(\"ü\" $a: Int) {\n  b(c: \"\\u{1F600}\\u{1F600}\") d\n}";
    let document = parsed(text);
    let (_, operation) = document.operations.iter().next().unwrap();
    assert_eq!(operation.pos, Pos { line: 3, column: 5 });
    let variable = &operation.node.variable_definitions[0];
    assert_eq!(
        variable.pos,
        Pos {
            line: 3,
            column: 17
        }
    );
    let last = &operation.node.selection_set.node.items[1];
    assert_eq!(
        last.pos,
        Pos {
            line: 4,
            column: 29
        }
    );
}

/// A document without its positions.
fn written(document: &ExecutableDocument) -> String {
    let debug = format!("{document:?}");
    let mut left = String::new();
    let mut rest = debug.as_str();
    while let Some((before, after)) = rest.split_once("Pos(") {
        left.push_str(before);
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    left.push_str(rest);
    left
}

/// A description, in quotes or as a block.
fn description() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[a-z {}()$#é😀]{0,8}".prop_map(|text| format!("\"{text}\" ")),
        "[a-z {}()$#é😀\n]{0,8}".prop_map(|text| format!("\"\"\"{text}\"\"\"\n")),
    ]
}

prop_compose! {
    fn operation()(
        keyword in prop_oneof![Just("query"), Just("mutation"), Just("subscription")],
        own in description(),
        variables in prop::collection::vec(
            (description(), prop_oneof![Just(""), Just(" = \"x\""), Just(" = [\"y\" \"z\"]")]),
            0..4
        ),
    ) -> (String, String) {
        let list = |described: bool| {
            let each = variables.iter().enumerate().map(|(n, (description, default))| {
                let description = if described { description.as_str() } else { "" };
                format!("{description}$v{n}: [String]{default}")
            });
            let all = each.collect::<Vec<_>>().join(" ");
            if all.is_empty() { all } else { format!("({all})") }
        };
        let body = "{ a(b: \"\\u{41}query\") ...F }";
        (format!("{own}{keyword} A{} {body}", list(true)), format!("{keyword} A{} {body}", list(false)))
    }
}

proptest! {
    #[test]
    fn a_described_document_is_the_same_as_without(
        (described, plain) in operation(), fragment in description(),
    ) {
        let tail = "fragment F on T { c(d: \"\"\"fragment\"\"\") }";
        let described = parsed(&format!("{described} {fragment}{tail}"));
        let plain = parsed(&format!("{plain} {tail}"));
        prop_assert_eq!(written(&described), written(&plain));
    }

    #[test]
    fn every_character_can_be_escaped(text in "\\PC*|[\u{0}-\u{7f}]*") {
        let braced: String = text.chars().map(|sign| format!("\\u{{{:X}}}", u32::from(sign))).collect();
        prop_assert_eq!(string(&braced), Value::from(text.clone()));
        let units: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        prop_assert_eq!(string(&units), Value::from(text));
    }

    #[test]
    fn any_text_is_rewritten_or_refused(text in "[\"\\\\u{}()$=a-f0-9D \n\r#é]*|\\PC*") {
        if let Ok(known) = known_syntax(&text) {
            prop_assert_eq!(known.chars().count(), text.chars().count());
            let lines = |text: &str| text.matches('\n').count();
            prop_assert_eq!(lines(&known), lines(&text));
        }
    }
}
