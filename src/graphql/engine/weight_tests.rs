//! The weight of documents in the real schema. None of them runs: each is refused with its weight.

use std::collections::HashSet;

use async_graphql::parser::types::{TypeKind, TypeSystemDefinition};
use async_graphql::{Request, Variables};
use serde_json::{Value as Json, json};

use super::table::{EDGES, READ, READS};
use super::*;
use crate::graphql::schema::{builder, sdl};

const INTROSPECTION: &str = include_str!("introspection.graphql");

async fn refusal(limits: Limits, text: &str, variables: Json) -> Option<(String, String)> {
    let schema = limits.apply(builder()).finish();
    let request = Request::new(text).variables(Variables::from_json(variables));
    let error = schema.execute(request).await.errors.into_iter().next()?;
    let code = error.extensions.as_ref()?.get("code")?.to_string();
    Some((code.trim_matches('"').to_owned(), error.message))
}

async fn weight(text: &str, variables: Json) -> u64 {
    let limits = Limits {
        weight: 0,
        ..Limits::default()
    };
    let (code, message) = refusal(limits, text, variables).await.unwrap();
    assert_eq!(code, code::OUTPUT_TOO_LARGE.name(), "{text}: {message}");
    let (_, rest) = message.split_once("it weighs ").unwrap();
    rest.split_once(',').unwrap().0.parse().unwrap()
}

/// Whether an operation is allowed to run.
async fn passes(text: &str, variables: Json) -> bool {
    let refused = refusal(Limits::default(), text, variables).await;
    refused.is_none_or(|(code, _)| code != code::OUTPUT_TOO_LARGE.name())
}

#[tokio::test]
async fn connections_weigh_their_requested_size() {
    let nested = |first: usize| {
        format!(
            "{{ accounts(first: {first}) {{ nodes {{ lists(first: {first}) {{ nodes {{ messages(first: {first}) {{ nodes {{ id }} }} }} }} }} }} }}"
        )
    };
    assert!(passes(&nested(1), json!({})).await);
    assert!(passes(&nested(10), json!({})).await);
    assert!(!passes(&nested(50), json!({})).await);
    let by_default = "{ accounts { nodes { lists { nodes { messages { nodes { id name status sendAt } pageInfo { hasNextPage } } } } } } }";
    assert!(passes(by_default, json!({})).await);
    let million = "{ accounts(first: 1000) { nodes { lists(last: 1000) { nodes { id } } } } }";
    assert!(!passes(million, json!({})).await);
    let page = |arguments: &str| format!("{{ accounts{arguments} {{ nodes {{ id }} }} }}");
    let of = async |arguments: &str| weight(&page(arguments), json!({})).await;
    // One query and the list, and each node with its id.
    assert_eq!(of("(first: 1)").await, READ + VALUE + 2);
    assert_eq!(of("(last: 7)").await, READ + VALUE + 14);
    assert_eq!(of("").await, READ + VALUE + 40);
    assert_eq!(of("(first: null)").await, READ + VALUE + 40);
    assert_eq!(of("(first: 5000)").await, READ + VALUE + 2_000);
}

#[tokio::test]
async fn variables_weigh_as_their_values() {
    let text = "query($n: Int) { accounts(first: $n) { nodes { id } } }";
    let of = async |variables| weight(text, variables).await;
    assert_eq!(of(json!({})).await, READ + VALUE + 40);
    assert_eq!(of(json!({ "n": null })).await, READ + VALUE + 40);
    assert_eq!(of(json!({ "n": 3 })).await, READ + VALUE + 6);
    let text = "query($n: Int = 4) { accounts(first: $n) { nodes { id } } }";
    assert_eq!(weight(text, json!({})).await, READ + VALUE + 8);
    let text = "query($a: Boolean!) { accounts(first: 9) @include(if: $a) { nodes { id } } viewer { role } }";
    let with = weight(text, json!({ "a": true })).await;
    let without = weight(text, json!({ "a": false })).await;
    assert_eq!(with - without, READ + VALUE + 18);
}

#[tokio::test]
async fn repeated_ids_weigh_once() {
    let text = "query($i: [ID!]!) { nodes(ids: $i) { ... on Account { messages(first: 1000) { nodes { id } } } } }";
    assert!(passes(text, json!({ "i": vec!["acc_1"; 1_000] })).await);
    let different: Vec<String> = (0..100).map(|n| format!("acc_{n}")).collect();
    assert!(!passes(text, json!({ "i": different })).await);
}

#[tokio::test]
async fn nested_lists_weigh() {
    let cut = |aliases: usize| {
        let one = |n| {
            format!(
                "r{n}: segmentation(input: $i) {{ nonGsmCharacters {{ character codePoint offset }} segments {{ text }} }}"
            )
        };
        let all: String = (0..aliases).map(one).collect();
        format!("query($i: SegmentationInput!) {{ {all} }}")
    };
    let input = |characters| json!({ "i": { "text": "’".repeat(characters) } });
    assert!(passes(&cut(2), input(17_085)).await);
    assert!(!passes(&cut(50), input(17_085)).await);
    assert!(passes(&cut(50), input(60)).await);
    let usage = |from: &str| {
        format!(
            "{{ usageReport(input: {{ from: \"{from}\", to: \"2026-01-01T00:00:00Z\", interval: HOUR }}) {{ buckets {{ start }} }} }}"
        )
    };
    let day = weight(&usage("2025-12-31T00:00:00Z"), json!({})).await;
    let year = weight(&usage("2025-01-01T00:00:00Z"), json!({})).await;
    assert!(day < 200 && year > 9_000, "{day} {year}");
}

#[tokio::test]
async fn introspection_nests_three_times_at_most() {
    let rounds = |count: usize| {
        let open = "possibleTypes { interfaces { ".repeat(count / 2);
        let odd = if count % 2 == 1 {
            "fields { name }"
        } else {
            "name"
        };
        let close = "} } ".repeat(count / 2);
        format!("{{ __type(name: \"Node\") {{ {open} {odd} {close} }} }}")
    };
    let refused = async |text: &str| refusal(Limits::default(), text, json!({})).await;
    assert_eq!(refused(&rounds(3)).await, None);
    for count in [4, 5, 8] {
        let (code, message) = refused(&rounds(count)).await.unwrap();
        assert_eq!(code, code::GRAPHQL_VALIDATION_FAILED.name());
        assert!(message.contains("more than 3 times"), "{message}");
    }
    // Fragments make no difference.
    let spread = "{ __schema { types { ...A } } } fragment A on __Type { fields { type { ...B } } }
        fragment B on __Type { inputFields { type { fields { type { interfaces { name } } } } } }";
    assert!(refused(spread).await.is_some());
    assert_eq!(refused(INTROSPECTION).await, None);
    // Leaves room for a larger schema and for tools that ask more.
    let weighs = weight(INTROSPECTION, json!({})).await;
    assert!(weighs < Limits::default().weight * 3 / 4, "{weighs}");
    // One type may have many fields. All types have fewer than five on average.
    let of = async |text: &str| weight(text, json!({})).await;
    assert!(of("{ __type(name: \"Query\") { fields { name } } }").await > 10);
    let names = of("{ __schema { types { name } } }").await;
    let fields = of("{ __schema { types { fields { name } } } }").await;
    assert!(names < fields && fields < names * 5, "{names} {fields}");
}

#[tokio::test]
async fn the_examples_are_far_below_the_limit() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/web/src/graphiql/examples");
    let mut seen = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        if text.contains("subscription ") {
            continue;
        }
        let given = json!({ "input": { "text": "x".repeat(1_000) } });
        let weighs = weight(&text, given).await;
        assert!(weighs < Limits::default().weight / 20, "{weighs}: {text}");
        seen += 1;
    }
    assert!(seen >= 7, "{seen}");
}

#[test]
fn the_tables_name_existing_fields() {
    let schema = async_graphql::parser::parse_schema(sdl()).unwrap();
    let mut fields = HashSet::new();
    for definition in schema.definitions {
        let TypeSystemDefinition::Type(definition) = definition else {
            continue;
        };
        let name = definition.node.name.node.to_string();
        if let TypeKind::Object(object) = definition.node.kind {
            for field in object.fields {
                fields.insert((name.clone(), field.node.name.node.to_string()));
            }
        }
    }
    let lists = [
        ("UsageReport", &["lists", "buckets"] as &[&str]),
        ("ContactList", &["usage"]),
        ("ListUsage", &["buckets"]),
        ("Segmentation", &["segments", "nonGsmCharacters"]),
        ("Query", &["segmentation", "nodes", "_entities"]),
    ];
    for (of, names) in EDGES.iter().chain(READS).chain(&lists) {
        for name in *names {
            let field = ((*of).to_owned(), (*name).to_owned());
            assert!(fields.contains(&field), "there is no {of}.{name}");
        }
    }
}
