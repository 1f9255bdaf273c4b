//! Answers to introspection, kept: they are the same for everybody until the next release.
//!
//! Here: which operations ask for nothing but the schema, and what they were answered. Not here: how far introspection
//! may go ([`super::weight`]).
//!
//! graphql-js's own query takes some 15,000 values and 10 ms of CPU, and needs no key. A front end sends one text.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use async_graphql::parser::types::{OperationDefinition, OperationType, Selection};
use async_graphql::{Value, Variables};
use lru::LruCache;

/// Answers that are kept: the front ends and tools of one installation send a handful. Whoever sends others makes them
/// be computed again, and no more.
const MOST: NonZeroUsize = match NonZeroUsize::new(4) {
    Some(most) => most,
    None => NonZeroUsize::MIN,
};

/// Values of an answer beyond which it is not kept: a value takes about 100 bytes.
pub(super) const MOST_VALUES: usize = 40_000;

/// Bytes of a text with its variables beyond which its answer is not kept.
const MOST_TEXT_BYTES: usize = 16 * 1024;

/// The answers that are kept, by what was asked.
pub(super) struct Introspection(Mutex<LruCache<String, Value>>);

impl Default for Introspection {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(MOST)))
    }
}

impl Introspection {
    pub(super) fn find(&self, asked: &str) -> Option<Value> {
        self.lock().get(asked).cloned()
    }

    pub(super) fn keep(&self, asked: String, answer: Value) {
        self.lock().put(asked, answer);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, LruCache<String, Value>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an operation asks, in a form that is equal for equal answers; `None` if it asks for more than the schema.
pub(super) fn asked(
    operation: &OperationDefinition,
    name: Option<&str>,
    text: &str,
    variables: &Variables,
) -> Option<String> {
    let of_the_schema = |selection: &Selection| match selection {
        Selection::Field(field) => field.node.name.node.starts_with("__"),
        // Root fields within fragments are nothing that tools send.
        Selection::FragmentSpread(_) | Selection::InlineFragment(_) => false,
    };
    let mut roots = operation.selection_set.node.items.iter();
    if operation.ty != OperationType::Query || !roots.all(|root| of_the_schema(&root.node)) {
        return None;
    }
    let variables = serde_json::to_string(variables).ok()?;
    let asked = [name.unwrap_or_default(), &variables, text].join("\n");
    (asked.len() <= MOST_TEXT_BYTES).then_some(asked)
}
