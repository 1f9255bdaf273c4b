//! A cache of introspection answers, which are the same for everybody until the next release.
//!
//! Here: which operations ask for the schema alone, and their answers. Not here: how deep
//! introspection may go ([`super::weight`]).
//!
//! The query of graphql-js makes about 15,000 values, takes 10 ms of CPU, and needs no key. A front
//! end always sends the same text.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use async_graphql::parser::types::{OperationDefinition, OperationType, Selection};
use async_graphql::{Value, Variables};
use lru::LruCache;

/// The most answers kept: the front ends and tools of one installation send a handful. Other
/// queries only evict them, and the answers are then computed again.
const MOST: NonZeroUsize = match NonZeroUsize::new(4) {
    Some(most) => most,
    None => NonZeroUsize::MIN,
};

/// Answers of more values are not kept. A value takes about 100 bytes.
pub(super) const MOST_VALUES: usize = 40_000;

/// Answers to longer queries (text and variables, in bytes) are not kept.
const MOST_TEXT_BYTES: usize = 16 * 1024;

/// The answers by their queries.
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

/// The cache key of an operation; `None` if it asks for more than the schema.
pub(super) fn asked(
    operation: &OperationDefinition,
    name: Option<&str>,
    text: &str,
    variables: &Variables,
) -> Option<String> {
    let of_the_schema = |selection: &Selection| match selection {
        Selection::Field(field) => field.node.name.node.starts_with("__"),
        // Tools don't put root fields into fragments.
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
