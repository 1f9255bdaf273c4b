//! Committing a batch: trying again where it lost a race, in halves where something in it is bad, and
//! asking by the keys where a commit has no answer.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{FutureExt, future::BoxFuture};
use sea_orm::DbErr;

use super::{
    batch::{self, Locked, Outcomes},
    bookings::Bookings,
    chain::Chaining,
    failure::{Failure, is_out_of_reach},
    request::{Request, SubmitError},
    ticket::Reply,
};
use crate::{clock::Clock, store::Store};

/// How often a batch that lost a race is tried again.
const MAX_TRIES: u32 = 8;
/// How long a batch is tried again for; a try that has begun by then is waited for.
const MAX_RETRY: Duration = Duration::from_secs(5);
/// What a lost race waits before it is tried again, times the tries so far.
const BACKOFF: Duration = Duration::from_millis(5);
/// How often the keys are asked for where a commit has no answer.
const MAX_ASKED: u32 = 3;

/// What batches are committed with.
#[derive(Debug, Clone)]
pub(super) struct Committer {
    pub store: Store,
    pub clock: Clock,
    /// Who books when, for those who read past balances.
    pub bookings: Arc<Bookings>,
    pub chaining: Chaining,
    /// Which writer it is, where it is one; whoever waits for a locked account is none.
    pub seat: Option<usize>,
}

impl Committer {
    /// Serves requests, and tells what each came to; `None` where its account is locked by somebody else
    /// and nothing was done for it.
    pub(super) fn serve<'a>(
        &'a self,
        requests: &'a [&'a Request],
        locked: Locked,
    ) -> BoxFuture<'a, Vec<Option<Reply>>> {
        async move {
            match self.commit(requests, locked).await {
                Ok(outcomes) => replies(outcomes),
                Err(Failure::Before(cause)) if requests.len() > 1 && !is_out_of_reach(&cause) => {
                    tracing::warn!(%cause, commands = requests.len(), "a batch failed; trying it in halves");
                    // One bad command does not fail its neighbours.
                    let (first, second) = requests.split_at(requests.len() / 2);
                    let mut replies = self.serve(first, locked).await;
                    replies.extend(self.serve(second, locked).await);
                    replies
                }
                Err(Failure::Before(cause)) => {
                    tracing::error!(%cause, commands = requests.len(), "a batch was not done");
                    let not_done = || SubmitError::NotDone(cause.to_string());
                    requests.iter().map(|_| Some(Err(not_done()))).collect()
                }
                Err(Failure::AtCommit(cause)) => {
                    tracing::error!(%cause, commands = requests.len(), "a commit has no answer");
                    self.ask_by_key(requests, &cause.to_string()).await
                }
            }
        }
        .boxed()
    }

    /// Serves the requests that have a key once more: those that were committed get their first answer, the
    /// others are done now. The wait for the accounts' locks is also the wait for the commit in doubt, whose
    /// transaction holds them. Without a key there is no telling.
    async fn ask_by_key(&self, requests: &[&Request], cause: &str) -> Vec<Option<Reply>> {
        let unknown = || Some(Err(SubmitError::Unknown(cause.to_owned())));
        let keyed: Vec<&Request> = requests
            .iter()
            .filter(|request| request.key.is_some())
            .copied()
            .collect();
        let mut answers: Option<Vec<Option<Reply>>> = None;
        for asked in 1..=MAX_ASKED {
            if keyed.is_empty() {
                break;
            }
            tokio::time::sleep(BACKOFF * asked * 10).await;
            match self.commit(&keyed, Locked::WaitFor).await {
                Ok(outcomes) => {
                    answers = Some(replies(outcomes));
                    break;
                }
                Err(Failure::Before(cause) | Failure::AtCommit(cause)) => {
                    tracing::error!(%cause, asked, "a commit still has no answer");
                }
            }
        }
        if answers.is_none() && !keyed.is_empty() {
            // They can't be done now; whether they were, their keys tell.
            answers = match self.first_answers(&keyed).await {
                Ok(found) => Some(
                    replies(found)
                        .into_iter()
                        .map(|reply| {
                            reply.or_else(|| Some(Err(SubmitError::NotDone(cause.to_owned()))))
                        })
                        .collect(),
                ),
                Err(cause) => {
                    tracing::error!(%cause, "the keys can't be read either");
                    None
                }
            };
        }
        let mut answers = answers.map(Vec::into_iter);
        requests
            .iter()
            .map(|request| match (&request.key, &mut answers) {
                (Some(_), Some(answers)) => answers.next().flatten().or_else(unknown),
                _ => unknown(),
            })
            .collect()
    }

    async fn first_answers(&self, keyed: &[&Request]) -> Result<Outcomes, DbErr> {
        let transaction = self.store.begin().await?;
        let found = batch::first_answers(&transaction, keyed).await?;
        transaction.rollback().await?;
        Ok(found)
    }

    /// Commits one batch, trying again where that may pass.
    async fn commit(&self, requests: &[&Request], locked: Locked) -> Result<Outcomes, Failure> {
        let began = Instant::now();
        let mut tries = 0;
        loop {
            tries += 1;
            let failure = match self.attempt(requests, locked).await {
                Ok(outcomes) => return Ok(outcomes),
                Err(failure) => failure,
            };
            self.store.notice(failure.cause());
            if tries >= MAX_TRIES || !failure.may_pass() || began.elapsed() > MAX_RETRY {
                return Err(failure);
            }
            tokio::time::sleep(BACKOFF * tries).await;
        }
    }

    async fn attempt(&self, requests: &[&Request], locked: Locked) -> Result<Outcomes, Failure> {
        let transaction = self.store.begin_at(self.seat).await;
        let transaction = transaction.map_err(Failure::Before)?;
        // Kept until the commit has ended: only then is the instant closed.
        let mut booking = None;
        let now = || booking.insert(self.bookings.begin(&self.clock)).at;
        let outcomes = batch::run(&transaction, requests, now, locked, self.chaining)
            .await
            .map_err(Failure::Before)?;
        transaction.commit().await.map_err(Failure::AtCommit)?;
        Ok(outcomes)
    }
}

fn replies(outcomes: Outcomes) -> Vec<Option<Reply>> {
    outcomes
        .into_iter()
        .map(|outcome| outcome.map(|outcome| outcome.map_err(Into::into)))
        .collect()
}
