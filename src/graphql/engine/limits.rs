//! The limits of a document's size, checked before the parser and the validator see it.
//!
//! Here: bytes, tokens and nesting of the text before it is parsed; fields, depth and root fields
//! of the parsed document before it is validated. Not here: the weight of an operation with its
//! arguments ([`super::weight`]), and the size of its answer ([`super::budget`]).
//!
//! The parser and the validator recurse, and fragments multiply: a kilobyte of fragments that each
//! spread the next one twice stands for millions of fields, which the engine's own limits would
//! count one by one.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use async_graphql::parser::types::{
    ExecutableDocument, Field, FragmentDefinition, OperationDefinition, OperationType, Selection,
    SelectionSet,
};
use async_graphql::{Positioned, SchemaBuilder, ServerError};

use super::budget::{Budgets, MAX_ANSWER_BYTES, OutputLimits};
use super::errors::{code, coded};
use super::tokens::{Token, Tokens};

/// The limits of a document. Each is far above what front ends send and far below what harms the
/// server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the text. A large query of a front end has 10 KiB; values belong in variables.
    pub document_bytes: usize,
    /// Tokens of the text: the cost of parsing. The introspection query of GraphiQL has about 300.
    pub tokens: usize,
    /// Brackets open at once in the text. The parser recurses on them, and a thread's stack is
    /// finite.
    pub nesting: usize,
    /// Fields, fragments and spreads after every fragment is expanded: the cost of validating.
    pub selections: usize,
    /// Fields within fields. The introspection query of graphql-js goes 15 deep.
    pub depth: usize,
    /// Selections within selections, fragments included: the engine recurses on them and stops at
    /// 32.
    pub levels: usize,
    /// Root fields, aliases included: each is a command or a query.
    pub root_fields: usize,
    /// The weight of the fields with their arguments ([`super::weight`]).
    pub weight: u64,
    /// Nested lists of the introspection schema that lead from types to types. The query of
    /// graphql-js nests one, other tools fewer than two.
    pub introspection_rounds: usize,
    /// The limits of one answer.
    pub output: OutputLimits,
    /// Whether introspection is allowed, and errors may suggest existing names.
    pub introspection: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            document_bytes: 64 * 1024,
            tokens: 10_000,
            nesting: 64,
            selections: 5_000,
            depth: 20,
            levels: 32,
            root_fields: 50,
            weight: 100_000,
            introspection_rounds: 3,
            output: OutputLimits {
                values: 150_000,
                bytes: MAX_ANSWER_BYTES,
                read: 2 * MAX_ANSWER_BYTES,
                time: Duration::from_secs(30),
            },
            introspection: true,
        }
    }
}

impl Limits {
    /// Installs the limits that need the engine: weight and budget.
    #[must_use]
    pub fn apply<Q, M, S>(&self, builder: SchemaBuilder<Q, M, S>) -> SchemaBuilder<Q, M, S> {
        let builder = builder
            .limit_recursive_depth(self.levels)
            .extension(Budgets::new(*self));
        if self.introspection {
            builder
        } else {
            builder.disable_introspection().disable_suggestions()
        }
    }

    /// Checks a text before it is parsed.
    pub(crate) fn check_text(&self, text: &str) -> Result<(), ServerError> {
        if text.len() > self.document_bytes {
            return Err(too_large("bytes", self.document_bytes));
        }
        let mut open: usize = 0;
        for (count, token) in Tokens::new(text).enumerate() {
            if count >= self.tokens {
                return Err(too_large("tokens", self.tokens));
            }
            match token {
                Token::Open => open += 1,
                Token::Close => open = open.saturating_sub(1),
                Token::Other => {}
                // The parser may read such a text differently and recurse deeper than was counted.
                Token::Unterminated => {
                    return Err(coded(code::GRAPHQL_PARSE_FAILED, "A string has no end."));
                }
            }
            if open > self.nesting {
                return Err(exceeded("brackets within brackets", self.nesting));
            }
        }
        Ok(())
    }

    /// Checks a parsed document before it is validated.
    pub(crate) fn check_document(&self, document: &ExecutableDocument) -> Result<(), ServerError> {
        let mut meter = Meter {
            limits: self,
            document,
            measured: HashMap::new(),
        };
        let mut selections: usize = 0;
        for (_, operation) in document.operations.iter() {
            let size = meter.selection_set(&operation.node.selection_set.node, 1)?;
            selections = selections.saturating_add(size.selections);
        }
        // Unused fragments are validated too.
        for name in document.fragments.keys() {
            meter.fragment(name.as_str(), 1)?;
        }
        if selections > self.selections {
            return Err(exceeded(
                "fields once fragments are written out",
                self.selections,
            ));
        }
        for (_, operation) in document.operations.iter() {
            self.check_roots(document, &operation.node)?;
        }
        Ok(())
    }

    fn check_roots(
        &self,
        document: &ExecutableDocument,
        operation: &OperationDefinition,
    ) -> Result<(), ServerError> {
        let mut roots = Vec::new();
        collect_roots(document, &operation.selection_set.node, &mut roots);
        if roots.len() > self.root_fields {
            return Err(exceeded("fields in the operation itself", self.root_fields));
        }
        match operation.ty {
            OperationType::Query => Ok(()),
            // The specification merges fields of one name and runs them once. The engine runs each
            // and merges the answers, so a mutation named twice would act twice.
            OperationType::Mutation => {
                let mut seen = HashSet::new();
                match roots.iter().find(|field| !seen.insert(response_key(field))) {
                    None => Ok(()),
                    Some(field) => Err(coded(
                        code::GRAPHQL_VALIDATION_FAILED,
                        format!(
                            "The mutation selects `{}` more than once. Select it once, or give each an alias.",
                            response_key(field)
                        ),
                    )),
                }
            }
            // The specification allows one root field. The engine would merge several and ignore
            // fragments.
            OperationType::Subscription => match operation.selection_set.node.items.as_slice() {
                [
                    Positioned {
                        node: Selection::Field(_),
                        ..
                    },
                ] => Ok(()),
                _ => Err(coded(
                    code::GRAPHQL_VALIDATION_FAILED,
                    "A subscription selects exactly one field, not within a fragment.",
                )),
            },
        }
    }
}

/// The engine would answer null, as if there were no schema.
fn refuse_introspection(selection: &Selection) -> Result<(), ServerError> {
    match selection {
        Selection::Field(field)
            if matches!(&*field.node.name.node, "__schema" | "__type" | "_service") =>
        {
            Err(coded(
                code::GRAPHQL_VALIDATION_FAILED,
                "Introspection is off on this server: read the schema from its documentation.",
            ))
        }
        _ => Ok(()),
    }
}

fn response_key(field: &Field) -> &str {
    field.response_key().node.as_str()
}

fn too_large(what: &str, limit: usize) -> ServerError {
    coded(
        code::DOCUMENT_TOO_LARGE,
        format!("The document has more than {limit} {what}."),
    )
}

fn exceeded(what: &str, limit: usize) -> ServerError {
    coded(
        code::GRAPHQL_VALIDATION_FAILED,
        format!("The document has more than {limit} {what}."),
    )
}

/// Collects the root fields with fragments expanded. The document's size must have been checked.
pub(super) fn collect_roots<'a>(
    document: &'a ExecutableDocument,
    set: &'a SelectionSet,
    roots: &mut Vec<&'a Field>,
) {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => roots.push(&field.node),
            Selection::InlineFragment(inline) => {
                collect_roots(document, &inline.node.selection_set.node, roots);
            }
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = document.fragments.get(&spread.node.fragment_name.node) {
                    collect_roots(document, &fragment.node.selection_set.node, roots);
                }
            }
        }
    }
}

/// The size of a selection set with its fragments expanded.
#[derive(Clone, Copy, Default)]
struct Size {
    selections: usize,
    depth: usize,
    levels: usize,
}

/// Measures each fragment once, however often it is spread, so the time is linear in the document's
/// length.
struct Meter<'a> {
    limits: &'a Limits,
    document: &'a ExecutableDocument,
    /// `None` while a fragment is being measured: reaching it again means a cycle.
    measured: HashMap<&'a str, Option<Size>>,
}

impl<'a> Meter<'a> {
    /// `level` counts the enclosing selection sets, so that measuring recurses no deeper than
    /// executing may.
    fn selection_set(&mut self, set: &'a SelectionSet, level: usize) -> Result<Size, ServerError> {
        let limits = self.limits;
        if level > limits.levels {
            return Err(exceeded("selections within selections", limits.levels));
        }
        let mut size = Size {
            levels: 1,
            ..Size::default()
        };
        for selection in &set.items {
            if !limits.introspection {
                refuse_introspection(&selection.node)?;
            }
            let (inner, own_depth) = match &selection.node {
                Selection::Field(field) if field.node.selection_set.node.items.is_empty() => {
                    (Size::default(), 1)
                }
                Selection::Field(field) => (
                    self.selection_set(&field.node.selection_set.node, level + 1)?,
                    1,
                ),
                Selection::InlineFragment(inline) => (
                    self.selection_set(&inline.node.selection_set.node, level + 1)?,
                    0,
                ),
                Selection::FragmentSpread(spread) => (
                    self.fragment(spread.node.fragment_name.node.as_str(), level + 1)?,
                    0,
                ),
            };
            size.selections = size
                .selections
                .saturating_add(inner.selections)
                .saturating_add(1);
            size.depth = size.depth.max(inner.depth + own_depth);
            size.levels = size.levels.max(inner.levels + 1);
        }
        if size.depth > limits.depth {
            return Err(exceeded("fields within fields", limits.depth));
        }
        if size.levels > limits.levels {
            return Err(exceeded("selections within selections", limits.levels));
        }
        Ok(size)
    }

    fn fragment(&mut self, name: &str, level: usize) -> Result<Size, ServerError> {
        let document = self.document;
        // The validator reports missing fragments.
        let Some((name, fragment)) = find_fragment(document, name) else {
            return Ok(Size::default());
        };
        match self.measured.get(name) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => {
                return Err(coded(
                    code::GRAPHQL_VALIDATION_FAILED,
                    format!("The fragment `{name}` contains itself."),
                ));
            }
            None => {}
        }
        self.measured.insert(name, None);
        let size = self.selection_set(&fragment.selection_set.node, level)?;
        self.measured.insert(name, Some(size));
        Ok(size)
    }
}

fn find_fragment<'a>(
    document: &'a ExecutableDocument,
    name: &str,
) -> Option<(&'a str, &'a FragmentDefinition)> {
    document
        .fragments
        .get_key_value(name)
        .map(|(name, fragment)| (name.as_str(), &fragment.node))
}

#[cfg(test)]
#[path = "limits_tests.rs"]
mod tests;
