//! Every type, field, argument and value of the schema has a description.

use std::collections::BTreeMap;

use async_graphql::parser::{
    parse_schema,
    types::{TypeDefinition, TypeKind, TypeSystemDefinition},
};

type Types = BTreeMap<String, TypeDefinition>;

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
