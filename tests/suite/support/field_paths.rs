//! Paths to arguments: what an answer calls `field` must name an argument of the field that refused.
//!
//! Here: the check of every answer that a client of the tests receives, against `schema.graphql`.
//! Not here: which argument a refusal names (the tests of that noun).

use std::{collections::HashMap, sync::LazyLock};

use async_graphql::{
    Positioned,
    parser::{
        parse_query, parse_schema,
        types::{
            BaseType, ExecutableDocument, Field, FieldDefinition, InputValueDefinition,
            OperationType, Selection, SelectionSet, Type, TypeKind, TypeSystemDefinition,
        },
    },
};
use serde_json::Value;

/// The types of the schema, by name.
static TYPES: LazyLock<HashMap<String, TypeKind>> = LazyLock::new(|| {
    let document = parse_schema(include_str!("../../../schema.graphql")).unwrap();
    let named = |definition| match definition {
        TypeSystemDefinition::Type(of) => Some((of.node.name.node.to_string(), of.node.kind)),
        TypeSystemDefinition::Schema(_) | TypeSystemDefinition::Directive(_) => None,
    };
    document.definitions.into_iter().filter_map(named).collect()
});

/// A field of a document, with the type that it is selected on.
#[derive(Clone, Copy)]
struct Selected<'a> {
    on: &'a str,
    field: &'a Field,
}

/// Panics if a `field` of the answer names no argument. Those of user errors are arguments of the
/// mutation, those of top-level errors of the field at the error's `path` or of one above it.
pub fn assert_resolve(query: &str, answer: &Value) {
    let wrong = wrong_paths(query, answer);
    assert!(
        wrong.is_empty(),
        "a path of the answer names no argument of the schema: {wrong:#?}\n{query}"
    );
}

/// The paths of an answer that resolve to no argument, each with its field.
fn wrong_paths(query: &str, answer: &Value) -> Vec<String> {
    let located: Vec<&Value> = items(&answer["errors"])
        .filter(|error| !paths_of(error).is_empty() && !is_of_an_item(error))
        .collect();
    // Most answers have no path at all, and property tests ask by the thousand.
    if located.is_empty() && !query.contains("userErrors") {
        return Vec::new();
    }
    let Ok(document) = parse_query(query) else {
        return located.into_iter().map(Value::to_string).collect();
    };
    let mut wrong = Vec::new();
    for error in located {
        let at = fields_along(&document, &error["path"]);
        let paths = paths_of(error).into_iter();
        wrong.extend(paths.filter_map(|path| complaint(&at, &error["path"], path)));
    }
    for (key, payload) in entries(&answer["data"]) {
        let mutation = root_fields(&document, key);
        for (name, rows) in entries(payload) {
            let lists = selected_under(&document, &mutation, name);
            let refusals = only(lists, "userErrors");
            for (name, path) in items(rows).flat_map(entries) {
                let column = selected_under(&document, &refusals, name);
                // Null says that the refusal is about no argument.
                if !only(column, "field").is_empty() && !path.is_null() {
                    wrong.extend(complaint(&mutation, &Value::from(key), path));
                }
            }
        }
    }
    wrong
}

/// Whether an error's `path` ends at an item of a list: the engine leaves out which of its fields
/// failed.
fn is_of_an_item(error: &Value) -> bool {
    items(&error["path"]).last().is_some_and(Value::is_number)
}

/// The paths of a top-level error: its own, and those of every value that can't be used.
fn paths_of(error: &Value) -> Vec<&Value> {
    let extensions = &error["extensions"];
    let all = items(&extensions["all"]).map(|one| &one["field"]);
    extensions.get("field").into_iter().chain(all).collect()
}

/// What is wrong with a path, if none of these fields has an argument for it.
fn complaint(fields: &[Selected], key: &Value, path: &Value) -> Option<String> {
    let resolves = |field: &Selected| {
        let defined = definition(field.on, field.field.name.node.as_str());
        defined.is_some_and(|defined| argument_at(&defined.arguments, path).is_some())
    };
    if fields.iter().any(resolves) {
        return None;
    }
    let name = |one: &Selected| format!("{}.{}", one.on, one.field.name.node);
    let names: Vec<String> = fields.iter().map(name).collect();
    Some(format!("{path} of {} at {key}", names.join(", ")))
}

/// The type of the argument, or of the value in it, that a path leads to.
fn argument_at<'a>(
    arguments: &'a [Positioned<InputValueDefinition>],
    path: &Value,
) -> Option<&'a Type> {
    let (first, rest) = path.as_array()?.split_first()?;
    let mut at = named(arguments, first.as_str()?)?;
    for step in rest {
        let step = step.as_str()?;
        at = match &at.base {
            BaseType::List(item) if step.parse::<usize>().is_ok() => item,
            BaseType::List(_) => return None,
            BaseType::Named(name) => match TYPES.get(name.as_str())? {
                TypeKind::InputObject(input) => named(&input.fields, step)?,
                _ => return None,
            },
        };
    }
    Some(at)
}

fn named<'a>(values: &'a [Positioned<InputValueDefinition>], name: &str) -> Option<&'a Type> {
    let value = values.iter().find(|value| value.node.name.node == name)?;
    Some(&value.node.ty.node)
}

/// A field of an object or an interface.
fn definition<'a>(on: &str, name: &str) -> Option<&'a FieldDefinition> {
    let fields = match TYPES.get(on)? {
        TypeKind::Object(object) => &object.fields,
        TypeKind::Interface(interface) => &interface.fields,
        _ => return None,
    };
    let field = fields.iter().find(|field| field.node.name.node == name)?;
    Some(&field.node)
}

/// The fields on a path of the answer, such as `["account", "lists", 0, "name"]`. A step has several
/// if fragments on different types use the same response key.
fn fields_along<'a>(document: &'a ExecutableDocument, path: &Value) -> Vec<Selected<'a>> {
    let mut keys = items(path).filter_map(Value::as_str);
    let root = keys.next().map(|key| root_fields(document, key));
    let mut last = root.unwrap_or_default();
    let mut along = last.clone();
    for key in keys {
        last = selected_under(document, &last, key);
        along.extend(&last);
    }
    along
}

/// The root fields that have this response key.
fn root_fields<'a>(document: &'a ExecutableDocument, key: &str) -> Vec<Selected<'a>> {
    let operations = document.operations.iter();
    let roots = operations.flat_map(|(_, operation)| {
        let on = match operation.node.ty {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        selected(document, &operation.node.selection_set.node, on, key)
    });
    roots.collect()
}

/// The fields with this response key in what these fields select.
fn selected_under<'a>(
    document: &'a ExecutableDocument,
    fields: &[Selected<'a>],
    key: &str,
) -> Vec<Selected<'a>> {
    let below = fields.iter().filter_map(|one| {
        let defined = definition(one.on, one.field.name.node.as_str())?;
        let on = base_name(&defined.ty.node);
        Some(selected(document, &one.field.selection_set.node, on, key))
    });
    below.flatten().collect()
}

fn selected<'a>(
    document: &'a ExecutableDocument,
    set: &'a SelectionSet,
    on: &'a str,
    key: &str,
) -> Vec<Selected<'a>> {
    let found = set.items.iter().flat_map(|item| match &item.node {
        Selection::Field(field) => {
            let field = &field.node;
            let is_it = field.response_key().node == key;
            Vec::from_iter(is_it.then_some(Selected { on, field }))
        }
        Selection::FragmentSpread(spread) => {
            let fragment = document.fragments.get(&spread.node.fragment_name.node);
            let Some(fragment) = fragment else {
                return Vec::new();
            };
            let on = fragment.node.type_condition.node.on.node.as_str();
            selected(document, &fragment.node.selection_set.node, on, key)
        }
        Selection::InlineFragment(fragment) => {
            let condition = fragment.node.type_condition.as_ref();
            let on = condition.map_or(on, |condition| condition.node.on.node.as_str());
            selected(document, &fragment.node.selection_set.node, on, key)
        }
    });
    found.collect()
}

fn only<'a>(mut fields: Vec<Selected<'a>>, name: &str) -> Vec<Selected<'a>> {
    fields.retain(|one| one.field.name.node == name);
    fields
}

fn base_name(of: &Type) -> &str {
    match &of.base {
        BaseType::Named(name) => name.as_str(),
        BaseType::List(item) => base_name(item),
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let entries = value.as_object().into_iter().flatten();
    entries.map(|(key, value)| (key.as_str(), value))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::wrong_paths;

    /// The wrong paths of a mutation that is refused with this one, read through aliases.
    fn refused(field: Value) -> Vec<String> {
        let query = "mutation($input: AllocateCreditsInput!) {
                done: allocateCredits(input: $input) { ...Why } }
            fragment Why on AllocateCreditsPayload { why: userErrors { at: field code } }";
        let why = json!([{ "at": field }]);
        wrong_paths(query, &json!({ "data": { "done": { "why": why } } }))
    }

    #[test]
    fn paths_of_user_errors_resolve_against_the_input_types() {
        for right in [
            Value::Null,
            json!(["input"]),
            json!(["input", "allocations"]),
            json!(["input", "allocations", "12", "assigned"]),
        ] {
            assert_eq!(refused(right.clone()), [""; 0], "{right}");
        }
        for wrong in [
            json!([]),
            json!("input"),
            json!(["allocations"]),
            json!(["input", "allocation"]),
            json!(["input", "allocations", "assigned"]),
            json!(["input", "allocations", "0", "credits"]),
            json!(["input", "allocations", 0, "assigned"]),
            json!(["input", "allocations", "0", "assigned", "0"]),
            json!(["input", "accountId", "0"]),
        ] {
            let expected = format!("{wrong} of Mutation.allocateCredits at \"done\"");
            assert_eq!(refused(wrong), [expected]);
        }
    }

    #[test]
    fn paths_of_errors_resolve_against_the_failed_field_and_those_above_it() {
        let query = "query($id: ID!) {
            node(id: $id) { ... on Account { page: lists(first: 1) { nodes { id } } } } }";
        let failed = |path: Value, extensions: Value| {
            let error = json!({ "message": "", "path": path, "extensions": extensions });
            wrong_paths(query, &json!({ "data": null, "errors": [error] }))
        };
        let page = || json!(["node", "page"]);
        let right = json!({ "field": ["first"], "all": [{ "field": ["first"], "message": "" }] });
        assert_eq!(failed(page(), right), [""; 0]);
        assert_eq!(failed(page(), json!({ "field": ["id"] })), [""; 0]);
        assert_eq!(failed(page(), json!({ "code": "FORBIDDEN" })), [""; 0]);
        for (path, extensions) in [
            (page(), json!({ "field": ["last", "0"] })),
            (page(), json!({ "all": [{ "field": ["input", "first"] }] })),
            (json!(["node"]), json!({ "field": ["first"] })),
            (json!(["nodes"]), json!({ "field": ["id"] })),
            (Value::Null, json!({ "field": ["first"] })),
        ] {
            assert_eq!(failed(path.clone(), extensions).len(), 1, "{path}");
        }
    }
}
