//! Every metric of the server: its name, its labels, and what it means.
//!
//! Here: the only place where a name is spelled; docs/operations/observe.md is made of it. Not
//! here: the values of labels, which are lists of the parts that count.

use super::{Kind, Label, Metric};

/// Bounds for what clients wait for, in seconds: from half a millisecond to the longest request.
const LATENCY: Kind = Kind::Histogram(&[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
]);
/// Bounds for parts of a batch, in seconds.
const PHASE: Kind = Kind::Histogram(&[
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0,
]);
/// Bounds for one pass of a job, in seconds.
const PASS: Kind = Kind::Histogram(&[0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0]);
/// Bounds for the commands of a batch.
const COMMANDS: Kind =
    Kind::Histogram(&[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0]);

macro_rules! catalogue {
    ($($name:ident = $kind:expr, $text:literal, [$($label:literal: $values:literal),*], $help:literal;)+) => {
        $(
            #[doc = $help]
            pub static $name: Metric = Metric {
                name: $text,
                kind: $kind,
                help: $help,
                labels: &[$(Label { name: $label, values: $values }),*],
            };
        )+

        /// Every metric, in the order of the documentation.
        pub static ALL: &[&Metric] = &[$(&$name),+];
    };
}

catalogue! {
    REQUESTS = Kind::Counter, "message_credits_graphql_requests_total",
        ["operation": "the root field, `several`, `introspection`, or `none` if no field was found",
         "code": "`OK`, `REFUSED` with `userErrors`, or the first error's `extensions.code`"],
        "GraphQL operations that ended, by root field and outcome.";
    REQUEST_SECONDS = LATENCY, "message_credits_graphql_request_seconds",
        ["operation": "as above"],
        "Seconds from a GraphQL operation's start to its answer, without waiting for its turn.";
    REFUSALS = Kind::Counter, "message_credits_graphql_refusals_total",
        ["code": "the code of the first row of `userErrors`"],
        "Mutations that were refused with userErrors, by the first row's code.";
    RESPONSES = Kind::Counter, "message_credits_http_responses_total",
        ["status": "the HTTP status, or `other`"],
        "HTTP responses by status.";
    RESPONSE_SECONDS = LATENCY, "message_credits_http_response_seconds",
        ["route": "the route, such as `/graphql`, or `none`"],
        "Seconds from an HTTP request's headers to the headers of its response.";
    WRONG_KEYS = Kind::Counter, "message_credits_wrong_api_keys_total", [],
        "Requests and WebSockets with an API key that doesn't work.";
    DENIED = Kind::Counter, "message_credits_denied_total",
        ["limit": "`rate`, `share` of an account, key or address, or `capacity` of the server"],
        "Requests that were denied for a limit, by which one.";
    CONNECTIONS = Kind::Gauge, "message_credits_http_connections", [],
        "Open HTTP connections, WebSockets included.";
    RUNNING_REQUESTS = Kind::Gauge, "message_credits_graphql_requests_running", [],
        "GraphQL requests over HTTP that hold a place among those that run.";
    SOCKETS = Kind::Gauge, "message_credits_websockets", [],
        "Open WebSockets with a key that works.";
    SUBSCRIPTIONS = Kind::Gauge, "message_credits_subscriptions", [],
        "Running subscriptions of all WebSockets and event streams.";
    DOWNLOADS = Kind::Gauge, "message_credits_downloads_running", [],
        "Files of reports and statements that are being sent.";
    UPLOADS = Kind::Gauge, "message_credits_uploads_running", [],
        "Forms with files that are being received or read, each in one of the places for uploads.";
    IMPORTS = Kind::Gauge, "message_credits_imports_running", [],
        "Imports of contacts that this process runs or has waiting.";
    IMPORTS_ENDED = Kind::Counter, "message_credits_imports_total",
        ["outcome": "`completed`, `failed` or `cancelled`"],
        "Imports of contacts that ended in this process.";
    WEBHOOKS = Kind::Counter, "message_credits_webhooks_total",
        ["provider": "the payment provider, or `unknown`",
         "outcome": "what became of it, such as `accepted`, `duplicate`, `unsigned` or `failed`"],
        "Webhooks of payment providers by outcome.";
    PROVIDER_CALLS = Kind::Counter, "message_credits_provider_calls_total",
        ["provider": "the payment provider",
         "outcome": "`answered`, `no_answer`, `busy`, or `merchant` if the account's connection is broken"],
        "Calls to payment providers for payments, by outcome.";
    PROVIDER_SECONDS = LATENCY, "message_credits_provider_call_seconds",
        ["provider": "the payment provider"],
        "Seconds that calls to payment providers took.";

    LEDGER_WAITING = Kind::Gauge, "message_credits_ledger_waiting_commands", [],
        "Commands that wait for a batch of the ledger.";
    LEDGER_WAIT_SECONDS = LATENCY, "message_credits_ledger_wait_seconds", [],
        "Seconds that a command waited before its batch began.";
    LEDGER_BATCH_COMMANDS = COMMANDS, "message_credits_ledger_batch_commands", [],
        "Commands in a batch of the ledger.";
    LEDGER_PHASE_SECONDS = PHASE, "message_credits_ledger_phase_seconds",
        ["phase": "`begin`, `lock`, `load`, `apply`, `write` or `commit`"],
        "Seconds that a part of a batch took.";
    LEDGER_COMMANDS = Kind::Counter, "message_credits_ledger_commands_total",
        ["outcome": "`done`, `refused`, `fault`, `busy`, `account_busy`, `late`, `stopped`, `not_done` or `unknown`"],
        "Commands of the ledger by outcome.";
    LEDGER_REPLAYS = Kind::Counter, "message_credits_ledger_replays_total", [],
        "Commands whose idempotency key had been used before.";
    LEDGER_REFUSALS = Kind::Counter, "message_credits_ledger_refusals_total",
        ["reason": "why, such as `insufficient_credits` or `key_reused`"],
        "Commands that the ledger refused, by reason.";
    LEDGER_RETRIES = Kind::Counter, "message_credits_ledger_retries_total", [],
        "Batches that were tried again, because another transaction was in the way or a connection was lost.";
    LEDGER_HALVED = Kind::Counter, "message_credits_ledger_halved_batches_total", [],
        "Batches that failed and were tried in halves.";
    LEDGER_IN_DOUBT = Kind::Counter, "message_credits_ledger_commits_in_doubt_total", [],
        "Commits that the database didn't answer; the commands were looked up by their keys.";
    LEDGER_LANES = Kind::Gauge, "message_credits_ledger_lanes", [],
        "Accounts locked by another transaction that are waited for beside the batches.";
    LEDGER_ASIDE = Kind::Counter, "message_credits_ledger_set_aside_total",
        ["lane": "`taken`, or `none` if as many as allowed were waited for"],
        "Times that an account was set aside, because another transaction had locked it.";

    POOL_CONNECTIONS = Kind::Gauge, "message_credits_database_connections",
        ["pool": "`ledger`, `writer`, `reader`, `lookups`, `jobs`, `bulk`, or `replica` for `--report-database-url`",
         "state": "`used` or `idle`"],
        "Connections to the database, by pool and state.";
    POOL_LIMIT = Kind::Gauge, "message_credits_database_connections_limit",
        ["pool": "as above"],
        "Connections that a pool may open.";
    POOL_WAIT_SECONDS = LATENCY, "message_credits_database_wait_seconds",
        ["pool": "as for connections"],
        "Seconds that a statement or a transaction waited until a pool gave it a connection, opening one included.";
    POOL_TIMEOUTS = Kind::Counter, "message_credits_database_wait_timeouts_total",
        ["pool": "as for connections"],
        "Waits for a connection that ended without one.";
    DATABASE_ERRORS = Kind::Counter, "message_credits_database_errors_total",
        ["kind": "`no_connection`, `lost`, `conflict`, `lock_timeout`, `cancelled`, `full`, `read_only`, `constraint` or `other`"],
        "Errors of the database that an operation or a batch met, retried ones included.";
    DATABASE_UP = Kind::Gauge, "message_credits_database_up", [],
        "1 if the database answered when the backlog was last read, else 0.";

    JOB_SECONDS = PASS, "message_credits_job_seconds",
        ["task": "the job"],
        "Seconds that a pass of a job took in this process.";
    JOB_DONE = Kind::Counter, "message_credits_job_done_total",
        ["task": "the job"],
        "What a job did in this process, in its own units: messages, accounts, payments.";
    JOB_FAILURES = Kind::Counter, "message_credits_job_failures_total",
        ["task": "the job"],
        "Passes of a job that failed or panicked in this process; the next pass tries again.";
    JOB_SUCCESS = Kind::Gauge, "message_credits_job_last_success_timestamp_seconds",
        ["task": "the job"],
        "When a job last ended without an error in this process, in seconds since the epoch; 0 if never.";
    DUE = Kind::Gauge, "message_credits_due",
        ["work": "`settlements`, `unreported_messages`, `lots`, `payments`, `webhooks`, `recharges` or `retention`"],
        "What is due and not done, in the whole database, at most 10,000; every process states the same.";
    DUE_LAG = Kind::Gauge, "message_credits_due_lag_seconds",
        ["work": "as above"],
        "How long the oldest of what is due has been due, in seconds; 0 if nothing is.";
    SCHEDULED = Kind::Gauge, "message_credits_scheduled_messages", [],
        "Scheduled messages whose credits are held, in the whole database, at most 10,000.";
    OPEN_PAYMENTS = Kind::Gauge, "message_credits_open_payments",
        ["status": "`PENDING` or `UNKNOWN`"],
        "Payments that are not decided, in the whole database, at most 10,000 for each status.";
    HELD_RECHARGES = Kind::Gauge, "message_credits_recharges_held_back", [],
        "Accounts whose automatic recharge is suspended for a reason that their owner sees.";
    BACKLOG_READ = Kind::Gauge, "message_credits_backlog_read_timestamp_seconds", [],
        "When the figures about the whole database were last read, in seconds since the epoch; 0 if never.";

    PANICS = Kind::Counter, "message_credits_panics_total", [],
        "Panics of any thread or task; each has a log line.";
    LOGGED_ERRORS = Kind::Counter, "message_credits_logged_errors_total", [],
        "Log lines at level ERROR.";
    LOGGED_WARNINGS = Kind::Counter, "message_credits_logged_warnings_total", [],
        "Log lines at level WARN.";
    BUILD_INFO = Kind::Gauge, "message_credits_build_info",
        ["version": "the version", "commit": "the commit, or `unknown`", "schema": "the last migration it knows"],
        "1, with the build in labels.";
    PROCESS_CPU = Kind::Gauge, "process_cpu_seconds_total", [],
        "CPU time of the process in seconds, user and system; it only grows.";
    PROCESS_OPEN_FILES = Kind::Gauge, "process_open_fds", [],
        "Open file descriptors of the process.";
    PROCESS_MAX_FILES = Kind::Gauge, "process_max_fds", [],
        "File descriptors that the process may open.";
    PROCESS_RESIDENT = Kind::Gauge, "process_resident_memory_bytes", [],
        "Resident memory of the process in bytes.";
    PROCESS_VIRTUAL = Kind::Gauge, "process_virtual_memory_bytes", [],
        "Virtual memory of the process in bytes.";
    PROCESS_THREADS = Kind::Gauge, "process_threads", [],
        "Threads of the process.";
    PROCESS_START = Kind::Gauge, "process_start_time_seconds", [],
        "When the process started, in seconds since the epoch.";
}
