//! The weight of an operation before it runs: the most values that it can return, computed from its
//! arguments.
//!
//! Here: the length of a list by `first`, `last`, `ids` and the like, with variables and defaults;
//! the nesting of introspection. Not here: reading arguments ([`arguments`]); the weight of a
//! single field ([`table`]); the size of the actual answer, which is counted while it is made
//! ([`super::budget`]).
//!
//! The engine's own complexity (`complexity = …`) can't read an argument whose variable is omitted,
//! which clients may do, and doesn't see the arguments of the enclosing fields.

mod arguments;
mod table;

use async_graphql::parser::types::{
    ExecutableDocument, Field, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::registry::{MetaField, MetaType, MetaTypeName, Registry};
use async_graphql::{Positioned, Request, ServerError, Variables};

use super::super::segmentation::MAX_NON_GSM_CHARACTERS;
use super::documents::find_operation;
use super::errors::{code, coded};
use super::integers;
use super::introspection;
use super::limits::Limits;
use crate::imports::{MAX_COLUMNS, PREVIEW_ROWS};
use table::{VALUE, own_weight};

/// The assumed length of a list if no argument gives it.
const UNTOLD: u64 = 5;

/// How often a type can be unwrapped: a required list of required values has three wraps.
const MOST_WRAPS: usize = 3;

/// Lists of the introspection schema that lead from types back to types.
const BACK_TO_TYPES: [&str; 4] = ["fields", "interfaces", "possibleTypes", "inputFields"];

/// An operation that may run.
pub(super) struct Judged {
    pub(super) kind: OperationType,
    /// The most values that it can return, with its reads.
    pub(super) weight: u64,
    /// The cache key of its answer, if it asks for the schema alone.
    pub(super) introspection: Option<String>,
}

/// Refuses an operation that is too heavy, or that has an `Int` beyond 32 bits.
///
/// # Errors
/// The weight exceeds its limit, introspection is nested too deeply, or an `Int` is too large.
pub(super) fn check(
    registry: &Registry,
    request: &mut Request,
    limits: &Limits,
) -> Result<Judged, ServerError> {
    // Already parsed, unless the document bypassed the limits.
    request.parsed_query()?;
    let variables = std::mem::take(&mut request.variables);
    let text = std::mem::take(&mut request.query);
    let name = request.operation_name.take();
    let judged = request.parsed_query().and_then(|document| {
        let operation = find_operation(document, name.as_deref())?;
        integers::check(registry, &text, (document, operation), &variables)?;
        let scales = Scales {
            registry,
            document,
            operation,
            variables: &variables,
            limits,
        };
        let weight = scales.judge()?;
        Ok(Judged {
            kind: operation.ty,
            weight,
            introspection: introspection::asked(operation, name.as_deref(), &text, &variables),
        })
    });
    (request.variables, request.query, request.operation_name) = (variables, text, name);
    judged
}

/// What the arguments of the enclosing fields say about the lists inside.
#[derive(Clone, Copy)]
struct Around {
    /// The size of the enclosing page.
    page: u64,
    /// The number of intervals of the enclosing report.
    intervals: u64,
    /// The characters of the text that the field is about.
    characters: u64,
    /// Enclosing lists that lead from types to types.
    rounds: usize,
    /// Directly enclosing `ofType` fields.
    wraps: usize,
    /// Whether the field is of each type of the schema in turn.
    of_all_types: bool,
    /// Enclosing selections. Documents are bounded before, but a mistake there must not exhaust the
    /// stack here.
    level: usize,
}

struct Scales<'a> {
    registry: &'a Registry,
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    variables: &'a Variables,
    limits: &'a Limits,
}

impl<'a> Scales<'a> {
    fn judge(&self) -> Result<u64, ServerError> {
        let root = match self.operation.ty {
            OperationType::Query => Some(&self.registry.query_type),
            OperationType::Mutation => self.registry.mutation_type.as_ref(),
            OperationType::Subscription => self.registry.subscription_type.as_ref(),
        };
        // The validator reports an operation of a kind that the schema lacks.
        let Some(root) = root.and_then(|root| self.registry.types.get(root)) else {
            return Ok(0);
        };
        let around = Around {
            page: UNTOLD,
            intervals: UNTOLD,
            characters: 0,
            rounds: 0,
            wraps: 0,
            of_all_types: false,
            level: 0,
        };
        let weight = self.set(root, &self.operation.selection_set.node, around)?;
        if weight > self.limits.weight {
            return Err(coded(
                code::OUTPUT_TOO_LARGE,
                format!(
                    "This asks for too much at once: it weighs {weight}, and at most {} are allowed. Each value weighs \
                     1, and what is asked of a node counts for each node of a page: ask for smaller pages (first, \
                     last), fewer ids or fewer fields.",
                    self.limits.weight
                ),
            ));
        }
        Ok(weight)
    }

    fn set(
        &self,
        parent: &'a MetaType,
        set: &'a SelectionSet,
        around: Around,
    ) -> Result<u64, ServerError> {
        if around.level > self.limits.levels {
            return Ok(0);
        }
        let around = Around {
            level: around.level + 1,
            ..around
        };
        let mut weight: u64 = 0;
        for selection in &set.items {
            if self.is_left_out(&selection.node) {
                continue;
            }
            let one = match &selection.node {
                Selection::Field(field) => self.field(parent, field, around)?,
                Selection::InlineFragment(inline) => {
                    let on = inline.node.type_condition.as_ref();
                    let of = on.map_or(Some(parent), |on| {
                        self.registry.types.get(on.node.on.node.as_str())
                    });
                    let set = &inline.node.selection_set.node;
                    of.map_or(Ok(0), |of| self.set(of, set, around))?
                }
                Selection::FragmentSpread(spread) => {
                    let name = &spread.node.fragment_name.node;
                    let fragment = self.document.fragments.get(name);
                    let found = fragment.and_then(|fragment| {
                        let on = fragment.node.type_condition.node.on.node.as_str();
                        Some((fragment, self.registry.types.get(on)?))
                    });
                    found.map_or(Ok(0), |(fragment, of)| {
                        self.set(of, &fragment.node.selection_set.node, around)
                    })?
                }
            };
            weight = weight.saturating_add(one);
        }
        Ok(weight)
    }

    fn field(
        &self,
        parent: &'a MetaType,
        field: &'a Positioned<Field>,
        around: Around,
    ) -> Result<u64, ServerError> {
        let (position, field) = (field.pos, &field.node);
        let name = field.name.node.as_str();
        // The validator reports unknown fields.
        let Some(meta) = parent.field_by_name(name) else {
            return Ok(VALUE);
        };
        let mut inside = Around {
            page: self.page(meta, field).unwrap_or(around.page),
            intervals: self
                .intervals(meta, field)
                .map_or(around.intervals, |count| {
                    count.min(most_intervals(parent.name(), name))
                }),
            characters: self.characters(meta, field).unwrap_or(around.characters),
            wraps: 0,
            of_all_types: parent.name() == "__Schema" && name == "types",
            ..around
        };
        let is_introspection = parent.name().starts_with("__");
        if is_introspection && name == "ofType" {
            inside.wraps = around.wraps + 1;
            if inside.wraps > MOST_WRAPS {
                // Always null at this depth. Tools ask for up to nine levels.
                return Ok(VALUE);
            }
        }
        if is_introspection && BACK_TO_TYPES.contains(&name) {
            inside.rounds += 1;
            if inside.rounds > self.limits.introspection_rounds {
                let mut error = coded(
                    code::GRAPHQL_VALIDATION_FAILED,
                    format!(
                        "Introspection goes from types to types more than {} times (fields, interfaces, possibleTypes, \
                         inputFields). Ask for the types by their names instead.",
                        self.limits.introspection_rounds
                    ),
                );
                error.locations = vec![position];
                return Err(error);
            }
        }
        let kind = MetaTypeName::concrete_typename(&meta.ty);
        let below = match self.registry.types.get(kind) {
            Some(kind) => self.set(kind, &field.selection_set.node, inside)?,
            None => 0,
        };
        let own = own_weight(parent.name(), name, kind, inside.characters);
        let below = if is_list(meta) {
            let items = if is_introspection {
                self.types_or_few(name, around)
            } else {
                self.items(parent.name(), field, meta, around, inside)
            };
            items.saturating_mul(below.saturating_add(VALUE))
        } else {
            below
        };
        Ok(own.saturating_add(below))
    }

    /// The length of a list: an upper bound, or close to one.
    fn items(
        &self,
        parent: &str,
        field: &'a Field,
        meta: &MetaField,
        around: Around,
        inside: Around,
    ) -> u64 {
        let name = field.name.node.as_str();
        match (parent, name) {
            (parent, "nodes" | "edges") if parent.ends_with("Connection") => around.page,
            ("Query", "nodes") => self.length(field, "ids").unwrap_or(UNTOLD),
            ("Query", "_entities") => self.length(field, "representations").unwrap_or(UNTOLD),
            // Reports usually cover all lists, of which there are few. Lists × buckets are bounded
            // where they are read (`MAX_LIST_BUCKETS`), and the resulting values are counted.
            ("UsageReport", "lists") => inside.page.min(50),
            ("ListUsage", "buckets") => around.intervals.min(30),
            ("UsageReport", "buckets") => around.intervals,
            // A segment of UCS-2 has 67 characters, and a message at most 255 segments.
            ("Segmentation", "segments") => (around.characters / 67 + 1).min(255),
            ("ContactImportPreview", "columns") | ("ImportPreviewRow", "cells") => {
                u64::try_from(MAX_COLUMNS).unwrap_or(u64::MAX)
            }
            ("ContactImportPreview", "rows") => u64::try_from(PREVIEW_ROWS).unwrap_or(u64::MAX),
            ("ContactList", "mergeFields") => 20,
            ("Segmentation", "nonGsmCharacters") => {
                let most = u64::try_from(MAX_NON_GSM_CHARACTERS).unwrap_or(u64::MAX);
                around.characters.min(most)
            }
            // One item per requested country: capacity(countryCodes:), rates(countryCodes:).
            _ if meta.args.contains_key("countryCodes") => {
                self.length(field, "countryCodes").unwrap_or(UNTOLD * 10)
            }
            _ => UNTOLD,
        }
    }

    fn types_or_few(&self, name: &str, around: Around) -> u64 {
        match name {
            "types" => u64::try_from(self.registry.types.len()).unwrap_or(u64::MAX),
            "fields" if around.of_all_types => self.fields_of_a_type(),
            "fields" | "possibleTypes" | "directives" => UNTOLD,
            // Most types and fields have no such list.
            _ => VALUE,
        }
    }

    /// The fields of a type of the schema, on average, rounded up: exact for all types together.
    fn fields_of_a_type(&self) -> u64 {
        let types = self.registry.types.values();
        let fields: usize = types
            .filter_map(MetaType::fields)
            .map(|fields| fields.len())
            .sum();
        let each = fields.div_ceil(self.registry.types.len().max(1));
        u64::try_from(each).unwrap_or(u64::MAX)
    }
}

/// The most intervals that count for what is in a field. Lists × buckets are bounded where those of
/// a page are read (`MAX_LIST_BUCKETS`), and the resulting values are counted.
fn most_intervals(parent: &str, name: &str) -> u64 {
    match (parent, name) {
        ("ContactList", "usage") => 100,
        _ => u64::MAX,
    }
}

fn is_list(meta: &MetaField) -> bool {
    meta.ty.starts_with('[')
}

#[cfg(test)]
#[path = "weight_tests.rs"]
mod tests;
