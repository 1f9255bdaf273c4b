//! Refuses `Int` values beyond 32 bits before an operation runs.
//!
//! The engine takes any 64-bit number for an `Int` when it validates, and fails in the resolver
//! that reads it: a field that isn't reached would let it pass.
//!
//! Here: literals of the document, defaults of variables, and the values of variables. Not here:
//! numbers that aren't integers, which the engine's validation refuses.

use async_graphql::parser::types::{
    ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::registry::{MetaInputValue, MetaType, MetaTypeName, Registry};
use async_graphql::{Pos, ServerError, Variables};
use async_graphql_value::{ConstValue, Value};

use super::errors::{code, coded};

/// The digits of the largest `Int`, 2,147,483,647: a text without as many in a row has no larger
/// one.
const DIGITS: usize = 10;

/// Refuses a document with a literal that isn't an `Int` where one belongs, and an operation with
/// such a variable.
///
/// # Errors
/// The first such value, with its place.
pub(super) fn check(
    registry: &Registry,
    text: &str,
    (document, operation): (&ExecutableDocument, &OperationDefinition),
    variables: &Variables,
) -> Result<(), ServerError> {
    if has_long_number(text) {
        check_document(registry, document)?;
    }
    for definition in &operation.variable_definitions {
        let definition = &definition.node;
        let given = variables.get(&definition.name.node);
        let Some(given) = given.filter(|given| is_long(given)) else {
            continue;
        };
        let ty = definition.var_type.node.to_string();
        if let Some(number) = beyond(registry, &ty, &given.clone().into_value()) {
            let name = &definition.name;
            return Err(refusal(
                code::BAD_USER_INPUT,
                name.pos,
                &format!("The variable `${}`", name.node),
                number,
            ));
        }
    }
    Ok(())
}

fn has_long_number(text: &str) -> bool {
    let mut digits = 0;
    text.bytes().any(|byte| {
        digits = if byte.is_ascii_digit() { digits + 1 } else { 0 };
        digits >= DIGITS
    })
}

/// Whether a value has an integer that isn't an `Int`, wherever it is.
fn is_long(value: &ConstValue) -> bool {
    match value {
        ConstValue::Number(number) => number.as_i64().is_some_and(is_beyond),
        ConstValue::List(items) => items.iter().any(is_long),
        ConstValue::Object(fields) => fields.values().any(is_long),
        ConstValue::Null
        | ConstValue::String(_)
        | ConstValue::Boolean(_)
        | ConstValue::Binary(_)
        | ConstValue::Enum(_) => false,
    }
}

fn is_beyond(number: i64) -> bool {
    i32::try_from(number).is_err()
}

/// Visits each operation and each fragment once, without writing fragments out.
fn check_document(registry: &Registry, document: &ExecutableDocument) -> Result<(), ServerError> {
    for (_, operation) in document.operations.iter() {
        let operation = &operation.node;
        for definition in &operation.variable_definitions {
            let definition = &definition.node;
            let ty = definition.var_type.node.to_string();
            if let Some(default) = &definition.default_value {
                let found = beyond(registry, &ty, &default.node.clone().into_value());
                if let Some(number) = found {
                    let what = format!("The default of `${}`", definition.name.node);
                    let code = code::GRAPHQL_VALIDATION_FAILED;
                    return Err(refusal(code, default.pos, &what, number));
                }
            }
        }
        let root = match operation.ty {
            OperationType::Query => Some(&registry.query_type),
            OperationType::Mutation => registry.mutation_type.as_ref(),
            OperationType::Subscription => registry.subscription_type.as_ref(),
        };
        let root = root.and_then(|root| registry.types.get(root));
        check_set(registry, root, &operation.selection_set.node)?;
    }
    for fragment in document.fragments.values() {
        let on = fragment.node.type_condition.node.on.node.as_str();
        let parent = registry.types.get(on);
        check_set(registry, parent, &fragment.node.selection_set.node)?;
    }
    Ok(())
}

/// The validator reports unknown types and fields.
fn check_set(
    registry: &Registry,
    parent: Option<&MetaType>,
    set: &SelectionSet,
) -> Result<(), ServerError> {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => check_field(registry, parent, &field.node)?,
            Selection::InlineFragment(inline) => {
                let on = inline.node.type_condition.as_ref();
                let parent = match on {
                    Some(on) => registry.types.get(on.node.on.node.as_str()),
                    None => parent,
                };
                check_set(registry, parent, &inline.node.selection_set.node)?;
            }
            Selection::FragmentSpread(_) => {}
        }
    }
    Ok(())
}

fn check_field(
    registry: &Registry,
    parent: Option<&MetaType>,
    field: &Field,
) -> Result<(), ServerError> {
    let meta = parent.and_then(|parent| parent.field_by_name(field.name.node.as_str()));
    let Some(meta) = meta else {
        return Ok(());
    };
    for (name, value) in &field.arguments {
        let argument = meta.args.get(name.node.as_str());
        let found = argument.and_then(|argument| beyond(registry, &argument.ty, &value.node));
        if let Some(number) = found {
            let what = format!("The argument `{}` of `{}`", name.node, field.name.node);
            let code = code::GRAPHQL_VALIDATION_FAILED;
            return Err(refusal(code, value.pos, &what, number));
        }
    }
    let below = registry
        .types
        .get(MetaTypeName::concrete_typename(&meta.ty));
    check_set(registry, below, &field.selection_set.node)
}

/// The first number in a value of type `ty` that should be an `Int` and isn't.
fn beyond(registry: &Registry, ty: &str, value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => {
            let is_int = MetaTypeName::concrete_typename(ty) == "Int";
            number
                .as_i64()
                .filter(|number| is_int && is_beyond(*number))
        }
        Value::List(items) => items.iter().find_map(|item| beyond(registry, ty, item)),
        Value::Object(given) => {
            let kind = registry.types.get(MetaTypeName::concrete_typename(ty))?;
            let MetaType::InputObject { input_fields, .. } = kind else {
                return None;
            };
            given.iter().find_map(|(name, value)| {
                let MetaInputValue { ty, .. } = input_fields.get(name.as_str())?;
                beyond(registry, ty, value)
            })
        }
        Value::Null
        | Value::Variable(_)
        | Value::String(_)
        | Value::Boolean(_)
        | Value::Binary(_)
        | Value::Enum(_) => None,
    }
}

fn refusal(code: code::Code, position: Pos, what: &str, number: i64) -> ServerError {
    let message = format!(
        "{what} has the Int {number}; an Int is from {} to {}.",
        i32::MIN,
        i32::MAX
    );
    let mut error = coded(code, message);
    error.locations = vec![position];
    error
}

#[cfg(test)]
mod tests {
    use async_graphql::{Request, Variables};
    use serde_json::{Value as Json, json};

    use crate::graphql::{engine::limits::Limits, schema::builder};

    /// The code and the column of the refusal; none if the document passes.
    async fn refused(text: &str, variables: Json) -> Option<(String, usize)> {
        let limits = Limits {
            weight: 0,
            ..Limits::default()
        };
        let schema = limits.apply(builder()).finish();
        let request = Request::new(text).variables(Variables::from_json(variables));
        let error = schema.execute(request).await.errors.into_iter().next()?;
        if !error.message.contains("an Int is from") {
            return None;
        }
        let code = error.extensions.as_ref()?.get("code")?.to_string();
        Some((
            code.trim_matches('"').to_owned(),
            error.locations.first()?.column,
        ))
    }

    #[tokio::test]
    async fn literals_beyond_32_bits_are_refused_wherever_they_are() {
        let refusal = |column| Some(("GRAPHQL_VALIDATION_FAILED".to_owned(), column));
        for (text, column) in [
            ("{ accounts(first: 2147483648) { totalCount } }", 19),
            ("{ accounts(first: -2147483649) { totalCount } }", 19),
            (
                "{ node(id: 1) { ... on ContactImport { rejected(first: -8376042884481) { totalCount } } } }",
                56,
            ),
            (
                "{ viewer { ...F } } fragment F on Account { messages(last: 9999999999) { totalCount } }",
                60,
            ),
            (
                "query($n: Int = 2147483648) { accounts(first: $n) { totalCount } }",
                17,
            ),
            (
                "{ quote(input: { audience: { destinations: [{ recipientCount: 2147483648 }] } }) { credits } }",
                16,
            ),
        ] {
            assert_eq!(refused(text, json!({})).await, refusal(column), "{text}");
        }
    }

    #[tokio::test]
    async fn variables_beyond_32_bits_are_refused_although_no_field_reads_them() {
        let refusal = Some(("BAD_USER_INPUT".to_owned(), 8));
        let text = "query($n: Int) { node(id: 1) { ... on Account { messages(first: $n) { totalCount } } } }";
        assert_eq!(
            refused(text, json!({ "n": 2_147_483_648_u64 })).await,
            refusal
        );
        assert_eq!(refused(text, json!({ "n": 2_147_483_647 })).await, None);
        let text = "query($i: QuoteInput!) { quote(input: $i) { credits } }";
        let input =
            json!({ "audience": { "destinations": [{ "recipientCount": -2_147_483_649_i64 }] } });
        assert_eq!(refused(text, json!({ "i": input })).await, refusal);
    }

    #[tokio::test]
    async fn other_long_numbers_pass() {
        for text in [
            "{ accounts(first: 2147483647) { totalCount } }",
            "{ accounts(first: -2147483648) { totalCount } }",
            "{ node(id: 21474836480) { id } }",
            "{ node(id: \"21474836480\") { id } }",
            "{ accounts { totalCount } } # 21474836480",
        ] {
            assert_eq!(refused(text, json!({})).await, None, "{text}");
        }
        let text = "query($i: ID!) { node(id: $i) { id } }";
        assert_eq!(
            refused(text, json!({ "i": 21_474_836_480_u64 })).await,
            None
        );
    }
}
