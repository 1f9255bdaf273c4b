//! The API that clients rely on: everything in the contract is in the schema, with the same names,
//! arguments, types and nullability. The schema may hold more, and describes all of it.

use std::{collections::BTreeMap, path::Path};

use async_graphql::Positioned;
use async_graphql::parser::{
    parse_schema,
    types::{
        FieldDefinition, InputValueDefinition, TypeDefinition, TypeKind, TypeSystemDefinition,
    },
};

type Types = BTreeMap<String, TypeDefinition>;

/// Counts that are Int in the contract, which ends at 2,147,483,647. They can exceed it, so they
/// are BigInt: the same JSON number to a client.
const WIDENED: [&str; 6] = [
    // Null once it was erased.
    "Message.text: String!",
    "Usage.messages: Int!",
    "Usage.recipients: Int!",
    "Usage.segments: Int!",
    "PackageCapacity.messages: Int",
    // What is left out stays as it is.
    "UpdateAutoRechargeInput.enabled: Boolean!",
];

fn types(sdl: &str) -> Types {
    let document = parse_schema(sdl).unwrap();
    let types = document
        .definitions
        .into_iter()
        .filter_map(|definition| match definition {
            TypeSystemDefinition::Type(found) => {
                Some((found.node.name.node.to_string(), found.node))
            }
            _ => None,
        });
    types.collect()
}

fn schema() -> Types {
    types(&message_credits::graphql::schema::sdl())
}

/// A type's fields, arguments and values, one a line.
fn shape(definition: &TypeDefinition) -> Vec<String> {
    match &definition.kind {
        TypeKind::Scalar => vec!["scalar".to_owned()],
        TypeKind::Object(object) => fields(&object.fields)
            .into_iter()
            .chain(
                object
                    .implements
                    .iter()
                    .map(|name| format!("implements {}", name.node)),
            )
            .collect(),
        TypeKind::Interface(interface) => fields(&interface.fields),
        TypeKind::Union(union) => union
            .members
            .iter()
            .map(|name| name.node.to_string())
            .collect(),
        TypeKind::Enum(values) => values
            .values
            .iter()
            .map(|value| value.node.value.to_string())
            .collect(),
        TypeKind::InputObject(input) => input.fields.iter().map(argument).collect(),
    }
}

fn fields(fields: &[Positioned<FieldDefinition>]) -> Vec<String> {
    let lines = fields.iter().flat_map(|field| {
        let field = &field.node;
        let arguments = field
            .arguments
            .iter()
            .map(|found| format!("{}({})", field.name.node, argument(found)));
        let own = format!("{}: {}", field.name.node, field.ty.node);
        std::iter::once(own).chain(arguments.collect::<Vec<_>>())
    });
    lines.collect()
}

fn argument(argument: &Positioned<InputValueDefinition>) -> String {
    let found = &argument.node;
    let default = found
        .default_value
        .as_ref()
        .map(|value| format!(" = {}", value.node));
    format!(
        "{}: {}{}",
        found.name.node,
        found.ty.node,
        default.unwrap_or_default()
    )
}

#[test]
fn the_schema_has_the_whole_contract() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/contract.graphql");
    let Ok(contract) = std::fs::read_to_string(&file) else {
        eprintln!("SKIPPED: {} is not there", file.display());
        return;
    };
    let schema = schema();
    let mut missing = Vec::new();
    for (name, promised) in types(&contract) {
        let Some(found) = schema.get(&name) else {
            missing.push(name);
            continue;
        };
        let have = shape(found);
        missing.extend(
            shape(&promised)
                .into_iter()
                .filter(|line| !have.contains(line))
                .map(|line| format!("{name}.{line}"))
                .filter(|line| !WIDENED.contains(&line.as_str())),
        );
    }
    assert!(
        missing.is_empty(),
        "not in the schema:\n{}",
        missing.join("\n")
    );
}

#[test]
fn everything_in_the_schema_is_described() {
    let mut silent = Vec::new();
    let mut check = |described: bool, what: String| {
        if !described {
            silent.push(what);
        }
    };
    for (name, definition) in schema() {
        check(definition.description.is_some(), name.clone());
        let no_fields = Vec::new();
        let fields = match &definition.kind {
            TypeKind::Object(object) => &object.fields,
            TypeKind::Interface(interface) => &interface.fields,
            _ => &no_fields,
        };
        for field in fields.iter().map(|field| &field.node) {
            check(
                field.description.is_some(),
                format!("{name}.{}", field.name.node),
            );
            for argument in field.arguments.iter().map(|argument| &argument.node) {
                let what = format!("{name}.{}({})", field.name.node, argument.name.node);
                check(argument.description.is_some(), what);
            }
        }
        if let TypeKind::InputObject(input) = &definition.kind {
            for field in input.fields.iter().map(|field| &field.node) {
                check(
                    field.description.is_some(),
                    format!("{name}.{}", field.name.node),
                );
            }
        }
        if let TypeKind::Enum(values) = &definition.kind {
            for value in values.values.iter().map(|value| &value.node) {
                check(
                    value.description.is_some(),
                    format!("{name}.{}", value.value.node),
                );
            }
        }
    }
    assert!(
        silent.is_empty(),
        "without a description:\n{}",
        silent.join("\n")
    );
}
