//! A cache of parsed documents, by their text.
//!
//! Here: bounding and parsing a document once, finding the requested operation, and judging which
//! of its fields take files. Not here: validation, which depends on a request's variables and stays
//! with the engine.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, OperationDefinition, OperationType,
};
use async_graphql::{Request, ServerError, Value, Variables};
use lru::LruCache;

use super::errors::{code, coded};
use super::language::known_syntax;
use super::limits::Limits;
use super::persisted::{MayRun, Persisted, Trusted};
use super::uploads::{self, Taker};

/// Front ends repeat a few hundred documents. A parsed document takes about 20 times the memory of
/// its text, so a full cache holds about 40 MiB, whatever fills it.
const MAX_CACHED_BYTES: usize = 2 * 1024 * 1024;

/// The prefix by which the engine marks uploads in variables. It panics on one that it did not
/// make.
const UPLOAD_MARK: &str = "#__graphql_file__:";

/// Parses documents within limits, and caches them.
pub struct Documents {
    limits: Limits,
    persisted: Persisted,
    cache: Mutex<Cache>,
}

struct Cache {
    documents: LruCache<Box<str>, Arc<ExecutableDocument>>,
    bytes: usize,
}

impl Documents {
    /// An empty cache that refuses documents beyond `limits`.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self::with(limits, Trusted::default())
    }

    /// The same with documents that requests may name.
    #[must_use]
    pub fn with(limits: Limits, trusted: Trusted) -> Self {
        Self {
            limits,
            persisted: Persisted::new(trusted),
            cache: Mutex::new(Cache {
                documents: LruCache::unbounded(),
                bytes: 0,
            }),
        }
    }

    /// Attaches the parsed document to `request` and returns the kind of its operation.
    ///
    /// # Errors
    ///
    /// The text is not GraphQL, exceeds a limit, or has no operation of the requested name; the
    /// document that the request names is unknown, or its caller may not run it.
    pub fn prepare(
        &self,
        request: &mut Request,
        may_run: MayRun,
    ) -> Result<OperationType, ServerError> {
        let hash = self.persisted.resolve(request, may_run)?;
        if request.operation_name.as_deref() == Some("") {
            request.operation_name = None;
        }
        let document = self.document(&request.query)?;
        let operation = find_operation(&document, request.operation_name.as_deref())?;
        check_variables(operation, &request.variables, &HashSet::new())?;
        let kind = operation.ty;
        if let Some(hash) = hash {
            self.persisted.register(hash, &request.query);
        }
        request.set_parsed_query(ExecutableDocument::clone(&document));
        Ok(kind)
    }

    /// Gives a request the document that it names instead of sending one.
    ///
    /// # Errors
    ///
    /// The document is unknown, or isn't accepted.
    pub fn resolve(&self, request: &mut Request, may_run: MayRun) -> Result<(), ServerError> {
        self.persisted.resolve(request, may_run).map(drop)
    }

    /// Returns the root fields that take a request's files, before the files have arrived. `paths`
    /// are their places in the variables.
    ///
    /// # Errors
    ///
    /// Those of [`Self::prepare`], and if no field takes one of the files.
    pub fn judge_uploads(
        &self,
        request: &Request,
        takers: &[Taker],
        paths: &[&str],
    ) -> Result<Vec<&'static str>, ServerError> {
        let name = request.operation_name.as_deref();
        let document = self.document(&request.query)?;
        let operation = find_operation(&document, name.filter(|name| !name.is_empty()))?;
        let places = paths.iter().copied();
        let fields = uploads::judge(takers, (&document, operation), &request.variables, places)?;
        let named = paths.iter().copied();
        let to_come = named.filter_map(uploads::variable).collect();
        check_variables(operation, &request.variables, &to_come)?;
        Ok(fields)
    }

    fn document(&self, text: &str) -> Result<Arc<ExecutableDocument>, ServerError> {
        if let Some(document) = self.lock().documents.get(text) {
            return Ok(Arc::clone(document));
        }
        let document = Arc::new(check(&self.limits, text)?);
        self.lock().keep(text, Arc::clone(&document));
        Ok(document)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Cache> {
        // A panic can't corrupt the cache: at worst its size is off by one document.
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Parses a text that keeps the limits.
pub(super) fn check(limits: &Limits, text: &str) -> Result<ExecutableDocument, ServerError> {
    limits.check_text(text)?;
    let known = known_syntax(text)?;
    if known.contains(UPLOAD_MARK) {
        return Err(coded(
            code::GRAPHQL_VALIDATION_FAILED,
            "A file is sent as a variable, not within the document.",
        ));
    }
    let document = async_graphql::parser::parse_query(&known).map_err(syntax_error)?;
    limits.check_document(&document)?;
    Ok(document)
}

impl Cache {
    fn keep(&mut self, text: &str, document: Arc<ExecutableDocument>) {
        if self.documents.put(text.into(), document).is_none() {
            self.bytes += text.len();
        }
        while self.bytes > MAX_CACHED_BYTES {
            let Some((text, _)) = self.documents.pop_lru() else {
                break;
            };
            self.bytes = self.bytes.saturating_sub(text.len());
        }
    }
}

/// Whether the engine would take a variable's value for an upload that it has stored.
pub(crate) fn forges_upload(value: &Value) -> bool {
    match value {
        Value::String(text) => text.starts_with(UPLOAD_MARK),
        Value::List(values) => values.iter().any(forges_upload),
        Value::Object(fields) => fields.values().any(forges_upload),
        _ => false,
    }
}

pub(super) fn find_operation<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Result<&'a OperationDefinition, ServerError> {
    let failed = |message: String| coded(code::OPERATION_RESOLUTION_FAILURE, message);
    let found = match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Some(operation),
        (DocumentOperations::Single(_), Some(_)) => None,
        (DocumentOperations::Multiple(operations), Some(name)) => operations.get(name),
        (DocumentOperations::Multiple(operations), None) => {
            let mut all = operations.values();
            let first = all.next();
            if all.next().is_some() {
                return Err(failed(
                    "The document holds several operations; name one in operationName.".to_owned(),
                ));
            }
            first
        }
    };
    found.map(|operation| &operation.node).ok_or_else(|| {
        let name = name.unwrap_or_default();
        failed(format!("The document holds no operation named `{name}`."))
    })
}

/// The engine notices a missing variable only when it reaches the field that reads it. In a
/// document of several mutations that may be after the first has acted. The variables in `to_come`
/// are files that have not been read yet.
fn check_variables(
    operation: &OperationDefinition,
    given: &Variables,
    to_come: &HashSet<&str>,
) -> Result<(), ServerError> {
    for definition in &operation.variable_definitions {
        let name = &definition.node.name.node;
        let required = !definition.node.var_type.node.nullable;
        let missing = match given.get(name) {
            None => definition.node.default_value.is_none(),
            Some(value) => *value == Value::Null,
        };
        if required && missing && !to_come.contains(name.as_str()) {
            let mut error = coded(
                code::BAD_USER_INPUT,
                format!("The variable `${name}` is required."),
            );
            error.locations = vec![definition.pos];
            return Err(error);
        }
    }
    Ok(())
}

/// The parser's message draws the line with an arrow. A client gets `locations` and what was
/// expected instead.
fn syntax_error(error: async_graphql::parser::Error) -> ServerError {
    let drawn = error.to_string();
    let reason = drawn
        .rsplit_once("\n  = ")
        .map_or(drawn.as_str(), |(_, reason)| reason);
    let mut coded = coded(
        code::GRAPHQL_PARSE_FAILED,
        format!("Syntax error: {reason}"),
    );
    coded.locations = error.positions().collect();
    coded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepare(documents: &Documents, text: &str) -> Result<OperationType, ServerError> {
        documents.prepare(&mut Request::new(text), MayRun::Any)
    }

    #[test]
    fn a_text_is_parsed_once() {
        let documents = Documents::new(Limits::default());
        let first = documents.document("{ a }").unwrap();
        let again = documents.document("{ a }").unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        assert_eq!(documents.lock().bytes, "{ a }".len());
    }

    #[test]
    fn what_is_refused_is_not_kept() {
        let documents = Documents::new(Limits::default());
        for text in [
            "{",
            "{ a(b: \"#__graphql_file__:0\") }",
            "{ a(b: \"\\u0023__graphql_\\u{66}ile__:0\") }",
            "mutation { a a }",
        ] {
            assert!(prepare(&documents, text).is_err(), "{text}");
        }
        assert_eq!(documents.lock().documents.len(), 0);
    }

    #[test]
    fn the_cache_is_bounded_by_bytes_and_drops_what_was_used_longest_ago() {
        let documents = Documents::new(Limits::default());
        let text = |n: usize| format!("{{ a{n} }} #{}", "x".repeat(60_000));
        for n in 0..34 {
            prepare(&documents, &text(n)).unwrap();
        }
        prepare(&documents, &text(0)).unwrap();
        prepare(&documents, &text(34)).unwrap();
        let cache = documents.lock();
        assert!(cache.bytes <= MAX_CACHED_BYTES, "{}", cache.bytes);
        assert_eq!(
            cache.bytes,
            cache
                .documents
                .iter()
                .map(|(text, _)| text.len())
                .sum::<usize>()
        );
        assert!(cache.documents.contains(text(0).as_str()));
        assert!(!cache.documents.contains(text(1).as_str()));
    }

    #[test]
    fn the_operation_asked_for_is_found() {
        let documents = Documents::new(Limits::default());
        let check = |text: &str, name: Option<&str>, expected: Option<OperationType>| {
            let mut request = Request::new(text);
            request.operation_name = name.map(str::to_owned);
            assert_eq!(
                documents.prepare(&mut request, MayRun::Any).ok(),
                expected,
                "{text} {name:?}"
            );
        };
        let (query, mutation) = (Some(OperationType::Query), Some(OperationType::Mutation));
        check("{ a }", None, query);
        check("{ a }", Some(""), query);
        check("{ a }", Some("A"), None);
        check("query A { a }", None, query);
        check("query A { a }", Some("A"), query);
        check("query A { a } mutation B { b }", Some("B"), mutation);
        check("query A { a } mutation B { b }", Some("C"), None);
        check("query A { a } mutation B { b }", None, None);
    }

    #[test]
    fn required_variables_are_there_before_anything_runs() {
        let documents = Documents::new(Limits::default());
        let check = |text: &str, variables: serde_json::Value, passes: bool| {
            let mut request = Request::new(text).variables(Variables::from_json(variables));
            assert_eq!(
                documents.prepare(&mut request, MayRun::Any).is_ok(),
                passes,
                "{text}"
            );
        };
        use serde_json::json;
        check("query($v: Int!) { a(v: $v) }", json!({"v": 1}), true);
        check("query($v: Int!) { a(v: $v) }", json!({}), false);
        check("query($v: Int!) { a(v: $v) }", json!({"v": null}), false);
        check("query($v: Int! = 1) { a(v: $v) }", json!({}), true);
        check(
            "query($v: Int! = 1) { a(v: $v) }",
            json!({"v": null}),
            false,
        );
        check("query($v: Int) { a(v: $v) }", json!({}), true);
        check("query($v: Int) { a(v: $v) }", json!({"v": null}), true);
    }
}
