//! What operations count and log: by root field, outcome and time.
//!
//! Here: which root field an operation is counted under, and its outcome in a word. Names come from
//! the schema and codes from [`code`]: a client's text is never a label. Not here: the metrics'
//! names ([`crate::telemetry::metrics`]).

use std::{collections::HashMap, sync::LazyLock, time::Instant};

use async_graphql::{
    Request, ServerError, Value,
    parser::types::{ExecutableDocument, Selection, SelectionSet},
};
use metrics::Histogram;
use tracing::Span;

use super::{
    documents::find_operation,
    errors::{Code, code, code_of},
    execution::{Answer, owner_of},
    ids::PublicId,
};
use crate::{
    operations::{RefusalCode, policy::POLICY, viewer::Owner},
    telemetry::{
        context,
        metrics::{Counters, DENIED, REFUSALS, REQUEST_SECONDS, REQUESTS},
        traces,
    },
};

/// An operation with several root fields.
const SEVERAL: &str = "several";
/// An operation that only asks for the schema, or for `__typename`.
const INTROSPECTION: &str = "introspection";
/// An operation that was refused before a field was found, or that has no field of ours.
const NONE: &str = "none";

const OK: &str = "OK";
const REFUSED: &str = "REFUSED";
/// Every code of an outcome, the most frequent ones first.
const CODES: [&str; 16] = [
    OK,
    REFUSED,
    code::UNAUTHENTICATED.name(),
    code::FORBIDDEN.name(),
    code::NOT_FOUND.name(),
    code::BAD_USER_INPUT.name(),
    code::RATE_LIMITED.name(),
    code::UNAVAILABLE.name(),
    code::INTERNAL_SERVER_ERROR.name(),
    code::ERRORS_LEFT_OUT.name(),
    code::GRAPHQL_PARSE_FAILED.name(),
    code::GRAPHQL_VALIDATION_FAILED.name(),
    code::DOCUMENT_TOO_LARGE.name(),
    code::OUTPUT_TOO_LARGE.name(),
    code::TIMED_OUT.name(),
    code::OPERATION_RESOLUTION_FAILURE.name(),
];

/// The series of one root field.
pub(super) struct Series {
    name: &'static str,
    seconds: Histogram,
    codes: Counters,
}

static SERIES: LazyLock<HashMap<&'static str, Series>> = LazyLock::new(|| {
    let fields = POLICY.iter().map(|(field, _)| *field);
    let all = fields.chain([SEVERAL, INTROSPECTION, NONE]);
    let series = |name| Series {
        name,
        seconds: REQUEST_SECONDS.histogram(&[name]),
        codes: Counters::of(&REQUESTS, &[name], CODES),
    };
    all.map(|name| (name, series(name))).collect()
});

/// The series of operations without a field. It is looked up for every name that isn't known.
static NO_FIELD: LazyLock<Option<&'static Series>> = LazyLock::new(|| SERIES.get(NONE));

static REFUSAL_SERIES: LazyLock<Counters> =
    LazyLock::new(|| Counters::of(&REFUSALS, &[], REFUSAL_CODES));
static DENIED_SERIES: LazyLock<Counters> =
    LazyLock::new(|| Counters::of(&DENIED, &[], [RATE, SHARE, CAPACITY]));

/// The limits that a request may be denied for.
pub const RATE: &str = "rate";
/// The share of an account, a key or an address.
pub const SHARE: &str = "share";
/// The capacity of the server.
pub const CAPACITY: &str = "capacity";

/// Registers every series, at 0.
pub fn register() {
    LazyLock::force(&SERIES);
    LazyLock::force(&REFUSAL_SERIES);
    LazyLock::force(&DENIED_SERIES);
}

/// Counts a request that was denied for one of the limits above.
pub fn denied(limit: &'static str) {
    DENIED_SERIES.add(limit, 1);
    tracing::debug!(limit, "a request was denied");
}

/// An operation that runs.
pub(super) struct Running {
    series: Option<&'static Series>,
    began: Instant,
    /// In traces, with the root field and the account.
    pub span: Span,
}

impl Running {
    /// Begins now.
    pub(super) fn start(request: &mut Request) -> Self {
        let account = match owner_of(request) {
            Owner::Account(id) => Some(id),
            Owner::Nobody | Owner::Platform(_) | Owner::Jobs => None,
        };
        let series = series_of(request);
        let operation = series.map_or(NONE, |series| series.name);
        context::note(operation, account);
        Self {
            series,
            began: Instant::now(),
            span: traces::span!(
                "operation",
                operation,
                account = account.map(|id| id.encode().0)
            ),
        }
    }

    /// Counts the operation with its outcome.
    pub(super) fn ended(self, answer: &Answer) {
        if let Some(series) = self.series {
            series.seconds.record(self.began.elapsed());
            series.codes.add(outcome(answer), 1);
        }
    }

    /// Counts a subscription, which has no end of its own.
    pub(super) fn subscribed(self) {
        if let Some(series) = self.series {
            series.codes.add(OK, 1);
        }
    }
}

/// Counts an operation that was refused before it ran.
pub(super) fn refused(error: &ServerError) {
    let code = known(code_of(error));
    if let Some(series) = *NO_FIELD {
        series.codes.add(code, 1);
    }
    tracing::debug!(code, "an operation was refused");
}

/// Counts and logs a mutation that was refused with `userErrors`, by its first row.
pub(super) fn user_error(refusal: RefusalCode, field: &[String]) {
    let code = refusal_code(refusal);
    REFUSAL_SERIES.add(code, 1);
    tracing::debug!(code, ?field, "a mutation was refused");
}

const REFUSAL_CODES: [&str; 8] = [
    "INVALID",
    "NOT_FOUND",
    "CONFLICT",
    "INSUFFICIENT_CREDITS",
    "UNSUPPORTED_DESTINATION",
    "IDEMPOTENCY_KEY_REUSED",
    "PAYMENT_FAILED",
    "LIMIT_REACHED",
];

fn refusal_code(code: RefusalCode) -> &'static str {
    match code {
        RefusalCode::Invalid => "INVALID",
        RefusalCode::NotFound => "NOT_FOUND",
        RefusalCode::Conflict => "CONFLICT",
        RefusalCode::InsufficientCredits => "INSUFFICIENT_CREDITS",
        RefusalCode::UnsupportedDestination => "UNSUPPORTED_DESTINATION",
        RefusalCode::IdempotencyKeyReused => "IDEMPOTENCY_KEY_REUSED",
        RefusalCode::PaymentFailed => "PAYMENT_FAILED",
        RefusalCode::LimitReached => "LIMIT_REACHED",
    }
}

fn series_of(request: &mut Request) -> Option<&'static Series> {
    let name = request.operation_name.take();
    let found = request
        .parsed_query()
        .ok()
        .and_then(|document| root_field(document, name.as_deref()))
        .and_then(|field| SERIES.get(field));
    request.operation_name = name;
    found.or(*NO_FIELD)
}

/// The root field of an operation, or a word for none and for several.
fn root_field<'a>(document: &'a ExecutableDocument, name: Option<&str>) -> Option<&'a str> {
    let operation = find_operation(document, name).ok()?;
    let mut found = None;
    // Limits of the document bound its depth; fragments that spread themselves are refused later.
    collect(document, &operation.selection_set.node, 0, &mut found);
    found
}

/// The most fragments within fragments that are looked into.
const MAX_DEPTH: usize = 8;

fn collect<'a>(
    document: &'a ExecutableDocument,
    set: &'a SelectionSet,
    depth: usize,
    found: &mut Option<&'a str>,
) {
    for selection in &set.items {
        let inner = match &selection.node {
            Selection::Field(field) => {
                let name = field.node.name.node.as_str();
                let name = if name.starts_with("__") {
                    INTROSPECTION
                } else {
                    name
                };
                *found = match *found {
                    None | Some(INTROSPECTION) => Some(name),
                    Some(first) if first == name || name == INTROSPECTION => Some(first),
                    Some(_) => Some(SEVERAL),
                };
                continue;
            }
            Selection::InlineFragment(fragment) => Some(&fragment.node.selection_set.node),
            Selection::FragmentSpread(spread) => document
                .fragments
                .get(&spread.node.fragment_name.node)
                .map(|fragment| &fragment.node.selection_set.node),
        };
        if let Some(inner) = inner
            && depth < MAX_DEPTH
        {
            collect(document, inner, depth + 1, found);
        }
    }
}

fn known(code: Option<Code>) -> &'static str {
    if let Some(
        code::PERSISTED_QUERY_NOT_FOUND
        | code::PERSISTED_QUERY_HASH_MISMATCH
        | code::PERSISTED_QUERY_NOT_IN_LIST
        | code::QUERY_NOT_IN_SAFELIST,
    ) = code
    {
        // The request names no operation that runs. Series of their own for each root field would
        // never count.
        return code::OPERATION_RESOLUTION_FAILURE.name();
    }
    let name = code.map(Code::name);
    let found = CODES.iter().find(|known| Some(**known) == name);
    found.copied().unwrap_or(code::INTERNAL_SERVER_ERROR.name())
}

fn outcome(answer: &Answer) -> &'static str {
    match answer.response.errors.first() {
        Some(error) => known(code_of(error)),
        None if has_user_errors(&answer.response.data) => REFUSED,
        None => OK,
    }
}

/// Whether a payload has rows in `userErrors`.
fn has_user_errors(data: &Value) -> bool {
    let Value::Object(fields) = data else {
        return false;
    };
    fields.values().any(|payload| match payload {
        Value::Object(payload) => payload
            .get("userErrors")
            .is_some_and(|rows| matches!(rows, Value::List(rows) if !rows.is_empty())),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;

    use super::{CODES, INTROSPECTION, REFUSAL_CODES, SERIES, SEVERAL, known, root_field};
    use crate::graphql::engine::errors::code;

    #[test]
    fn operations_are_counted_under_their_root_field() {
        let check = |text: &str, expected: Option<&str>| {
            let document = parse_query(text).unwrap();
            assert_eq!(root_field(&document, None), expected, "{text}");
        };
        check("{ quote(input: {}) { credits } }", Some("quote"));
        check("{ __typename quote { credits } }", Some("quote"));
        check(
            "{ a: quote { credits } b: quote { credits } }",
            Some("quote"),
        );
        check("{ viewer { role } quote { credits } }", Some(SEVERAL));
        check("{ __typename }", Some(INTROSPECTION));
        check("{ ... { viewer { role } } }", Some("viewer"));
        check(
            "query { ...A } fragment A on Query { viewer { role } }",
            Some("viewer"),
        );
        // It is refused, but must be named first.
        check("query { ...A } fragment A on Query { ...A }", None);
    }

    #[test]
    fn every_code_has_a_series() {
        assert_eq!(known(Some(code::TIMED_OUT)), "TIMED_OUT");
        assert_eq!(known(None), "INTERNAL_SERVER_ERROR");
        assert_eq!(
            known(Some(code::PERSISTED_QUERY_NOT_FOUND)),
            "OPERATION_RESOLUTION_FAILURE"
        );
        for series in SERIES.values() {
            assert!(CODES.iter().all(|code| series.codes.knows(code)));
        }
        assert!(REFUSAL_CODES.contains(&"CONFLICT"));
    }
}
