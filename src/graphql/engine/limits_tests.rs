//! Each limit at its edge, and the documents that made it necessary.

use proptest::prelude::*;

use super::*;

/// The query that graphql-js (and so GraphiQL and every code generator) sends, with every option
/// on.
const INTROSPECTION: &str = include_str!("introspection.graphql");

fn judge(limits: &Limits, text: &str) -> Result<(), String> {
    limits.check_text(text).map_err(|error| error.message)?;
    let document = async_graphql::parser::parse_query(text).map_err(|error| error.to_string())?;
    limits
        .check_document(&document)
        .map_err(|error| error.message)
}

/// Passes at the limit, and fails if the limit is one less.
fn check_edge(text: &str, lower: impl Fn(&mut Limits), told: &str) {
    assert_eq!(judge(&Limits::default(), text), Ok(()), "{text}");
    let mut limits = Limits::default();
    lower(&mut limits);
    let error = judge(&limits, text).unwrap_err();
    assert!(error.contains(told), "{error}");
}

fn with(change: impl Fn(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
}

#[test]
fn each_limit_holds_at_its_edge() {
    check_edge("{ aa }", |limits| limits.document_bytes = 5, "5 bytes");
    check_edge("{ a b }", |limits| limits.tokens = 3, "3 tokens");
    check_edge(
        "{ a { b(c: [1]) } }",
        |limits| limits.nesting = 3,
        "3 brackets within",
    );
    check_edge(
        "{ a b { c } }",
        |limits| limits.selections = 2,
        "2 fields once",
    );
    check_edge(
        "{ a { b { c } } }",
        |limits| limits.depth = 2,
        "2 fields within",
    );
    check_edge(
        "{ ... { ... { a } } }",
        |limits| limits.levels = 2,
        "2 selections within",
    );
    check_edge(
        "{ a b: a c: a }",
        |limits| limits.root_fields = 2,
        "2 fields in the operation",
    );
    check_edge(
        "{ ...F c } fragment F on Q { a ... { b } }",
        |limits| limits.root_fields = 2,
        "2 fields in",
    );
}

#[test]
fn fragments_count_once_per_spread() {
    let text = "{ ...F ...F } fragment F on Q { a b }";
    assert_eq!(judge(&with(|limits| limits.selections = 6), text), Ok(()));
    assert!(judge(&with(|limits| limits.selections = 5), text).is_err());
    let several = "query A { a b } query B { a b }";
    assert_eq!(
        judge(&with(|limits| limits.selections = 4), several),
        Ok(())
    );
    assert!(judge(&with(|limits| limits.selections = 3), several).is_err());
}

#[test]
fn the_standard_introspection_query_passes() {
    assert_eq!(judge(&Limits::default(), INTROSPECTION), Ok(()));
    // Leaves room for a client that asks a little more.
    assert_eq!(
        judge(
            &with(|limits| {
                limits.depth = 16;
                limits.selections = 500;
                limits.tokens = 500
            }),
            INTROSPECTION
        ),
        Ok(())
    );
}

#[tokio::test]
async fn the_engine_answers_the_standard_introspection_query() {
    let schema = crate::graphql::engine::test_schema::test_schema(&Default::default());
    let response = schema.execute(INTROSPECTION).await;
    assert_eq!(response.errors, []);
}

/// A kilobyte that stands for 2^25 fields.
fn doubling(fragments: usize) -> String {
    let mut text = "{ ...F0 }".to_owned();
    for n in 0..fragments {
        text.push_str(&format!(
            "fragment F{n} on Query {{ ...F{next} ...F{next} }}",
            next = n + 1
        ));
    }
    text + &format!("fragment F{fragments} on Query {{ hello }}")
}

#[test]
fn a_doubling_document_is_refused_at_once() {
    let error = judge(&Limits::default(), &doubling(25)).unwrap_err();
    assert!(
        error.contains("fields once fragments are written out"),
        "{error}"
    );
    // Without memoization this would take longer than the age of the universe.
    let limits = with(|limits| limits.levels = usize::MAX);
    assert!(judge(&limits, &doubling(200)).is_err());
}

#[test]
fn fragments_that_contain_themselves_are_refused() {
    let check = |text: &str| {
        let error = judge(&Limits::default(), text).unwrap_err();
        assert!(error.contains("contains itself"), "{text}: {error}");
    };
    check("{ ...A } fragment A on Q { ...A }");
    check("{ ...A } fragment A on Q { a ...B } fragment B on Q { b { ...A ...A } }");
    check("{ a } fragment A on Q { ...B } fragment B on Q { ...A }");
}

#[test]
fn a_missing_fragment_is_left_to_the_validator() {
    assert_eq!(judge(&Limits::default(), "{ ...Nobody }"), Ok(()));
}

#[test]
fn long_chains_of_fragments_do_not_exhaust_the_stack() {
    let mut text = "{ ...F0 }".to_owned();
    for n in 0..1_000 {
        text.push_str(&format!("fragment F{n} on Q{{...F{}}}", n + 1));
    }
    text.push_str("fragment F1000 on Q{a}");
    let error = judge(&Limits::default(), &text).unwrap_err();
    assert!(error.contains("selections within selections"), "{error}");
}

#[test]
fn brackets_do_not_exhaust_the_parsers_stack() {
    let hidden = format!("{{a(b:[\"\"\" \"{}", "[".repeat(50_000));
    for text in [
        "{a".repeat(20_000),
        format!("{{a(b:{}", "[".repeat(50_000)),
        format!("query($a:{}", "[".repeat(50_000)),
        hidden,
    ] {
        assert!(
            Limits::default().check_text(&text).is_err(),
            "{}",
            &text[..20]
        );
    }
    // The deepest document that passes, on a stack as small as the server's.
    let deepest = format!("{{a(b:{}1{})}}", "[".repeat(62), "]".repeat(62));
    let parsed = std::thread::Builder::new()
        .stack_size(2 * 1024 * 1024)
        .spawn(move || judge(&Limits::default(), &deepest))
        .unwrap()
        .join()
        .unwrap();
    assert_eq!(parsed, Ok(()));
}

#[test]
fn a_mutation_acts_once_for_each_name() {
    let check = |text: &str, passes: bool| {
        assert_eq!(judge(&Limits::default(), text).is_ok(), passes, "{text}")
    };
    check("mutation { a b }", true);
    check("mutation { a x: a }", true);
    check("mutation { a a }", false);
    check("mutation { a x: a x: b }", false);
    check(
        "mutation { a { b } ...F } fragment F on M { a { c } }",
        false,
    );
    check("query { a a }", true);
}

#[test]
fn a_subscription_has_one_root_field() {
    let check = |text: &str, passes: bool| {
        assert_eq!(judge(&Limits::default(), text).is_ok(), passes, "{text}")
    };
    check("subscription { a { b c } }", true);
    check("subscription { a b }", false);
    check("subscription { ...F } fragment F on S { a }", false);
    check("subscription { ... { a } }", false);
}

/// Documents of fields and spreads over four fragments, in which later ones are spread by earlier
/// ones only.
fn documents() -> impl Strategy<Value = Vec<Vec<Option<usize>>>> {
    prop::collection::vec(prop::collection::vec(prop::option::of(0..4_usize), 1..4), 5)
}

fn write(sets: &[Vec<Option<usize>>]) -> String {
    let body = |at: usize| {
        sets[at]
            .iter()
            .map(|item| match item {
                Some(step) if at + step + 1 < sets.len() => format!("...F{}", at + step + 1),
                _ => "a".to_owned(),
            })
            .collect::<Vec<_>>()
            .join(" ")
    };
    let fragments: String = (1..sets.len())
        .map(|at| format!("fragment F{at} on Q {{ {} }} ", body(at)))
        .collect();
    format!("{{ {} }} {fragments}", body(0))
}

/// The slow way: expanding the fragments.
fn written_out(sets: &[Vec<Option<usize>>], at: usize) -> usize {
    sets[at]
        .iter()
        .map(|item| match item {
            Some(step) if at + step + 1 < sets.len() => 1 + written_out(sets, at + step + 1),
            _ => 1,
        })
        .sum()
}

proptest! {
    #[test]
    fn the_size_equals_that_of_the_expanded_document(sets in documents()) {
        let text = write(&sets);
        let size = written_out(&sets, 0);
        let at = |selections| with(|limits| { limits.selections = selections; limits.root_fields = usize::MAX });
        prop_assert_eq!(judge(&at(size), &text), Ok(()));
        prop_assert!(judge(&at(size - 1), &text).is_err());
    }

    #[test]
    fn any_text_is_checked_without_a_panic(text in r#"[{}()\[\]a$:!."\\\n# @1-]{0,200}"#) {
        let _ = judge(&Limits::default(), &text);
    }
}
