//! Whether a request may upload files, decided from its document alone.
//!
//! Here: which root fields take files, and whether each file of a form goes to one of them. This is
//! checked before the first byte of a file is read, so that nobody fills the disk with files that
//! no field takes. Queries may take files too, which the engine forbids by default. Not here:
//! forms, and who may use a field.

use std::collections::HashSet;
use std::convert::Infallible;

use async_graphql::parser::types::{
    BaseType, ExecutableDocument, OperationDefinition, OperationType, Type,
};
use async_graphql::{CacheControl, Name, ServerError, ValidationResult, Value, Variables};

use super::errors::{code, coded};
use super::limits::collect_roots;

/// A root field that takes a file.
#[derive(Debug, Clone, Copy)]
pub struct Taker {
    /// The root field's name.
    pub field: &'static str,
    /// The input object that has the file, and its field; `None` if the file is an argument of the
    /// root field.
    pub within: Option<(&'static str, &'static str)>,
}

/// Every root field of the schema that takes a file. A test compares it with the printed schema.
pub const TAKERS: &[Taker] = &[
    Taker {
        field: "importContacts",
        within: Some(("ImportContactsInput", "file")),
    },
    Taker {
        field: "contactImportPreview",
        within: None,
    },
];

/// Returns the root fields that take the files of a form. `paths` are the places in the variables
/// that its map names.
///
/// # Errors
/// No field of the operation takes a file, a query has several that do, or a path leads to anything
/// but a file of such a field.
pub(super) fn judge<'p>(
    takers: &[Taker],
    (document, operation): (&ExecutableDocument, &OperationDefinition),
    variables: &Variables,
    paths: impl IntoIterator<Item = &'p str>,
) -> Result<Vec<&'static str>, ServerError> {
    let mut roots = Vec::new();
    collect_roots(document, &operation.selection_set.node, &mut roots);
    let mut fields: Vec<&'static str> = Vec::new();
    let mut takes = 0;
    let mut taken: HashSet<Name> = HashSet::new();
    for root in roots {
        let name = root.name.node.as_str();
        let Some(taker) = takers.iter().find(|taker| taker.field == name) else {
            continue;
        };
        takes += 1;
        if !fields.contains(&taker.field) {
            fields.push(taker.field);
        }
        for (_, argument) in &root.arguments {
            // The result doesn't matter, only which variables are read.
            let _ = argument.node.clone().into_const_with(|name| {
                taken.insert(name);
                Ok::<Value, Infallible>(Value::Null)
            });
        }
    }
    if fields.is_empty() {
        return Err(invalid(
            "No field of the operation takes a file.".to_owned(),
        ));
    }
    // A query's fields run concurrently, and two that read one file would share its position. A
    // mutation's fields run one after the other.
    if operation.ty == OperationType::Query && takes > 1 {
        return Err(invalid(format!(
            "A query has one field that takes a file; this one has {takes}. Send a request for each file."
        )));
    }
    for path in paths {
        let place = Place::of(path).ok_or_else(|| nowhere(path))?;
        let definition = operation
            .variable_definitions
            .iter()
            .find(|definition| definition.node.name.node.as_str() == place.variable)
            .ok_or_else(|| nowhere(path))?;
        if !place.exists(variables) {
            return Err(nowhere(path));
        }
        if !place.is_file(&definition.node.var_type.node, takers) {
            return Err(invalid(format!(
                "The form's map names {}, which is no file: ${} is of the type {}.",
                shown(path),
                place.variable,
                definition.node.var_type.node
            )));
        }
        if !taken.contains(place.variable) {
            return Err(invalid(format!(
                "No field that takes a file is given ${}.",
                place.variable
            )));
        }
    }
    Ok(fields)
}

/// The engine's refusal of a query with a file. The multipart request specification has no such
/// rule, and [`judge`] checks where a file goes.
const MUTATIONS_ONLY: &str = "The Upload type is only allowed to be defined on a mutation";

/// The result of the engine's validation, without its refusal of files in queries.
pub(super) fn allowed_in_queries(
    validated: Result<ValidationResult, Vec<ServerError>>,
) -> Result<ValidationResult, Vec<ServerError>> {
    validated.or_else(|mut errors| {
        errors.retain(|error| error.message != MUTATIONS_ONLY);
        if !errors.is_empty() {
            return Err(errors);
        }
        // The engine has checked all its rules by now. The depth and complexity that it also
        // measures are unused.
        Ok(ValidationResult {
            cache_control: CacheControl::default(),
            complexity: 0,
            depth: 0,
        })
    })
}

/// The variable that a path of a form's map names.
pub(super) fn variable(path: &str) -> Option<&str> {
    Place::of(path).map(|place| place.variable)
}

/// A place in the variables: `variables.input.file`.
struct Place<'a> {
    variable: &'a str,
    inner: Vec<&'a str>,
}

impl<'a> Place<'a> {
    fn of(path: &'a str) -> Option<Self> {
        let mut parts = path.strip_prefix("variables.")?.split('.');
        Some(Self {
            variable: parts.next()?,
            inner: parts.collect(),
        })
    }

    /// Whether the place exists: it must hold null, which the file replaces.
    fn exists(&self, variables: &Variables) -> bool {
        let Some(mut value) = variables.get(self.variable) else {
            return false;
        };
        for part in &self.inner {
            let inner = match value {
                Value::List(values) => part.parse().ok().and_then(|at: usize| values.get(at)),
                Value::Object(fields) => fields.get(*part),
                _ => None,
            };
            match inner {
                Some(inner) => value = inner,
                None => return false,
            }
        }
        *value == Value::Null
    }

    fn is_file(&self, variable_type: &Type, takers: &[Taker]) -> bool {
        let named = self.inner.iter().rev().find(|part| !is_index(part));
        let base = base(variable_type);
        match named {
            None => base == "Upload",
            Some(field) => takers
                .iter()
                .any(|taker| taker.within == Some((base, field))),
        }
    }
}

fn is_index(part: &str) -> bool {
    part.bytes().all(|byte| byte.is_ascii_digit())
}

fn base(of: &Type) -> &str {
    match &of.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => base(inner),
    }
}

fn invalid(message: String) -> ServerError {
    coded(code::GRAPHQL_VALIDATION_FAILED, message)
}

fn nowhere(path: &str) -> ServerError {
    invalid(format!(
        "The form's map names {}, which is not among the variables.",
        shown(path)
    ))
}

/// A path as an error shows it.
fn shown(path: &str) -> String {
    const MAX_SHOWN_CHARS: usize = 100;
    path.chars().take(MAX_SHOWN_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graphql::{
        engine::{documents::Documents, limits::Limits},
        schema,
    };
    use async_graphql::parser::types::{TypeKind, TypeSystemDefinition};
    use serde_json::{Value as Json, json};

    fn fields(query: &str, variables: Json, path: &str) -> Result<Vec<&'static str>, String> {
        let request = async_graphql::Request::new(query).variables(Variables::from_json(variables));
        let documents = Documents::new(Limits::default());
        let judged = documents.judge_uploads(&request, TAKERS, &[path]);
        judged.map_err(|error| error.message)
    }

    #[test]
    fn a_file_is_a_variable_or_inside_one() {
        let import = Ok(vec!["importContacts"]);
        let alone = "mutation($list: ID!, $file: Upload!) {
            importContacts(input: { listId: $list, file: $file }) { importedCount } }";
        let variables = json!({ "list": "1", "file": null });
        assert_eq!(fields(alone, variables.clone(), "variables.file"), import);
        let within = "mutation($input: ImportContactsInput!) { a: importContacts(input: $input) { importedCount } }";
        let input = json!({ "input": { "listId": "1", "file": null } });
        assert_eq!(
            fields(within, input.clone(), "variables.input.file"),
            import
        );
        for (query, variables, path) in [
            (within, &input, "variables.input.listId"),
            (within, &input, "variables.input"),
            (within, &input, "input.file"),
            (alone, &variables, "variables.list"),
            (alone, &variables, "variables"),
        ] {
            assert!(fields(query, variables.clone(), path).is_err(), "{path}");
        }
        let preview = "query($file: Upload!) { contactImportPreview(file: $file) { encoding } }";
        let file = json!({ "file": null });
        assert_eq!(
            fields(preview, file.clone(), "variables.file"),
            Ok(vec!["contactImportPreview"])
        );
        let twice =
            "query($file: Upload!) { ...F b: contactImportPreview(file: $file) { encoding } }
            fragment F on Query { a: contactImportPreview(file: $file) { encoding } }";
        let refused = fields(twice, file, "variables.file").unwrap_err();
        assert!(refused.contains("one field that takes a file"), "{refused}");
        let other = "mutation($input: UpdateAccountInput!) { updateAccount(input: $input) { account { id } } }";
        assert!(fields(other, input, "variables.input.file").is_err());
    }

    /// Every field that takes a file in the schema is in the table.
    #[test]
    fn the_table_lists_every_field_that_takes_a_file() {
        let document = async_graphql::parser::parse_schema(schema::sdl()).unwrap();
        let types: Vec<_> = document
            .definitions
            .iter()
            .filter_map(|definition| match definition {
                TypeSystemDefinition::Type(of) => Some(&of.node),
                _ => None,
            })
            .collect();
        let mut inputs = Vec::new();
        for of in &types {
            if let TypeKind::InputObject(object) = &of.kind {
                for field in &object.fields {
                    if base(&field.node.ty.node) == "Upload" {
                        inputs.push((of.name.node.as_str(), field.node.name.node.as_str()));
                    }
                }
            }
        }
        let mut found = Vec::new();
        for of in &types {
            let TypeKind::Object(object) = &of.kind else {
                continue;
            };
            for field in &object.fields {
                let name = field.node.name.node.as_str();
                for argument in &field.node.arguments {
                    let argument = base(&argument.node.ty.node);
                    if argument == "Upload" {
                        found.push((name, None));
                    }
                    let within = inputs.iter().filter(|(input, _)| *input == argument);
                    found.extend(within.map(|within| (name, Some(*within))));
                }
            }
        }
        let known: Vec<_> = TAKERS
            .iter()
            .map(|taker| (taker.field, taker.within))
            .collect();
        assert_eq!(found, known);
    }
}
