//! One writer: gathers what has queued into a batch, commits it, answers, and begins again.
//!
//! A batch that the database refuses is retried: at once where it only lost a race, and otherwise command
//! by command, so that one bad command does not fail its neighbours.

use std::{panic::AssertUnwindSafe, time::Duration};

use domain::id::AccountId;
use futures_util::FutureExt;
use sea_orm::{DbErr, RuntimeErr, sqlx};
use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;

use super::{
    Ticket,
    batch::{self, Outcomes},
    request::{Answer, Request, SubmitError},
};
use crate::{clock::Clock, store::Store};

/// Commands in one batch: larger ones gain little and make the first caller wait for the last.
const MAX_BATCH: usize = 512;
/// How often a batch that lost a race is tried again.
const MAX_TRIES: u32 = 8;
/// What a lost race waits before it is tried again, times the tries so far.
const BACKOFF: Duration = Duration::from_millis(5);

/// Why a batch was not committed.
#[derive(Debug)]
enum Failure {
    /// Nothing was written.
    Before(DbErr),
    /// The commit itself failed: it may have been done.
    AtCommit(DbErr),
}

/// Serves tickets until `stop`, and then those that had come by then.
pub(super) async fn run(
    store: Store,
    clock: Clock,
    mut tickets: mpsc::Receiver<Ticket>,
    changes: broadcast::Sender<AccountId>,
    stop: CancellationToken,
) {
    let mut batch = Vec::with_capacity(MAX_BATCH);
    loop {
        let came = tokio::select! {
            biased;
            came = tickets.recv_many(&mut batch, MAX_BATCH) => came,
            () = stop.cancelled(), if !tickets.is_closed() => {
                // No more are taken; what is queued is served.
                tickets.close();
                continue;
            }
        };
        if came == 0 {
            return;
        }
        // Who hung up before the batch began is not worked for.
        let waiting: Vec<Ticket> = batch
            .drain(..)
            .filter(|ticket| !ticket.reply.is_closed())
            .collect();
        if !waiting.is_empty() {
            let served = AssertUnwindSafe(serve(&store, &clock, waiting, &changes));
            // A bug in one batch must not end the writer: its callers learn that they have no answer.
            if served.catch_unwind().await.is_err() {
                tracing::error!("a batch panicked; the writer goes on");
            }
        }
    }
}

async fn serve(
    store: &Store,
    clock: &Clock,
    tickets: Vec<Ticket>,
    changes: &broadcast::Sender<AccountId>,
) {
    let requests: Vec<&Request> = tickets.iter().map(|ticket| &ticket.request).collect();
    metrics::histogram!("ledger_batch_commands")
        .record(u32::try_from(requests.len()).unwrap_or(u32::MAX));
    let results = match commit(store, clock, &requests).await {
        Ok(outcomes) => outcomes
            .into_iter()
            .map(|outcome| outcome.map_err(Into::into))
            .collect(),
        Err(Failure::Before(cause)) if requests.len() > 1 && !is_out_of_reach(&cause) => {
            tracing::warn!(%cause, commands = requests.len(), "a batch failed; trying its commands one by one");
            one_by_one(store, clock, &requests).await
        }
        Err(Failure::Before(cause) | Failure::AtCommit(cause)) => requests
            .iter()
            .map(|_| Err(SubmitError::Database(cause.to_string())))
            .collect(),
    };
    for (ticket, result) in tickets.into_iter().zip(results) {
        if result.is_ok() {
            // Nobody may be listening.
            let _ = changes.send(ticket.request.account);
        }
        // A caller that left meanwhile learns the outcome by its key.
        let _ = ticket.reply.send(result);
    }
}

async fn one_by_one(
    store: &Store,
    clock: &Clock,
    requests: &[&Request],
) -> Vec<Result<Answer, SubmitError>> {
    let mut results = Vec::with_capacity(requests.len());
    for request in requests {
        let result = match commit(store, clock, &[request]).await {
            Ok(mut outcomes) => match outcomes.pop() {
                Some(outcome) => outcome.map_err(Into::into),
                None => Err(SubmitError::Database(
                    "a batch of one has no outcome".to_owned(),
                )),
            },
            Err(Failure::Before(cause) | Failure::AtCommit(cause)) => {
                Err(SubmitError::Database(cause.to_string()))
            }
        };
        results.push(result);
    }
    results
}

/// Commits one batch, trying again where it lost a race.
async fn commit(store: &Store, clock: &Clock, requests: &[&Request]) -> Result<Outcomes, Failure> {
    let mut tries = 0;
    loop {
        tries += 1;
        let failure = match attempt(store, clock, requests).await {
            Ok(outcomes) => return Ok(outcomes),
            Err(failure) => failure,
        };
        let (Failure::Before(cause) | Failure::AtCommit(cause)) = &failure;
        if tries >= MAX_TRIES || !lost_a_race(cause) {
            return Err(failure);
        }
        tokio::time::sleep(BACKOFF * tries).await;
    }
}

async fn attempt(store: &Store, clock: &Clock, requests: &[&Request]) -> Result<Outcomes, Failure> {
    let transaction = store.begin().await.map_err(Failure::Before)?;
    let outcomes = batch::run(&transaction, requests, clock)
        .await
        .map_err(Failure::Before)?;
    transaction.commit().await.map_err(Failure::AtCommit)?;
    Ok(outcomes)
}

/// Whether the database could not be reached, or kept a lock or a statement too long: then each command by
/// itself would fare no better, and every one would wait as long.
fn is_out_of_reach(cause: &DbErr) -> bool {
    matches!(cause, DbErr::ConnectionAcquire(_) | DbErr::Conn(_))
        || matches!(code(cause).as_deref(), Some("55P03" | "57014"))
}

/// Whether the database rolled the transaction back only because another one was in its way: a
/// serialization failure or a deadlock on PostgreSQL, a lock held too long on SQLite. Nothing was written.
fn lost_a_race(cause: &DbErr) -> bool {
    matches!(
        code(cause).as_deref(),
        Some("40001" | "40P01" | "5" | "6" | "261" | "517")
    )
}

/// The database's own code of an error: SQLSTATE, or SQLite's extended result code.
fn code(cause: &DbErr) -> Option<String> {
    let (DbErr::Conn(RuntimeErr::SqlxError(cause))
    | DbErr::Exec(RuntimeErr::SqlxError(cause))
    | DbErr::Query(RuntimeErr::SqlxError(cause))) = cause
    else {
        return None;
    };
    match &**cause {
        sqlx::Error::Database(cause) => cause.code().map(|code| code.into_owned()),
        _ => None,
    }
}
