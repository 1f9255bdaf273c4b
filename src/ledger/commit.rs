//! Committing a batch: retrying after a lost race, splitting in halves if one command breaks the
//! batch, and asking by key if a commit has no answer.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use domain::id::AccountId;
use futures_util::{FutureExt, future::BoxFuture};
use sea_orm::DbErr;
use tokio::sync::Notify;

use super::{
    answer::Answer,
    batch::{self, Locked, Outcomes},
    bookings::Bookings,
    chain::Chaining,
    failure::{Failure, Faults, is_out_of_reach},
    known_actors::KnownActors,
    measured::{Phase, SERIES, Stopwatch},
    request::{Request, SubmitError, Undone},
    ticket::Reply,
};
use crate::{
    clock::Clock,
    store::{
        Store, book as books,
        sql::{bounded::Transaction, errors},
    },
    telemetry::episode::DATABASE,
};

/// How often a batch that lost a race is retried.
const MAX_TRIES: u32 = 8;
/// How long a batch is retried. A try that has begun by then is waited for.
const MAX_RETRY: Duration = Duration::from_secs(5);
/// The wait before a retry, multiplied by the number of tries so far.
const BACKOFF: Duration = Duration::from_millis(5);
/// How often the keys are looked up after a commit without an answer.
const MAX_ASKED: u32 = 3;

/// A transaction that has locked the accounts of a batch, or why there is none.
pub(super) type Held = Result<Transaction, DbErr>;

/// What committing a batch needs.
#[derive(Debug, Clone)]
pub(super) struct Committer {
    pub store: Store,
    pub clock: Clock,
    /// The batches in progress, for readers of past balances.
    pub bookings: Arc<Bookings>,
    pub chaining: Chaining,
    /// The actors whose rows are stored.
    pub actors: Arc<KnownActors>,
    /// Notified when an account's recharge is due.
    pub recharges: Arc<Notify>,
    /// The number of the writer; none for a task that waits for a locked account.
    pub seat: Option<usize>,
}

impl Committer {
    /// Serves requests and returns the outcome of each; `None` if its account is locked by another
    /// transaction and nothing was done for it.
    ///
    /// A command that meets a fault fails with it, and the others are done without it. If a second
    /// command of the same account meets one, all commands of the account fail: its books are
    /// broken, and one account must not cost a batch more than two extra tries.
    ///
    /// The first try uses `held` if there is one: a transaction that has locked all the accounts.
    pub(super) async fn serve(
        &self,
        requests: &[&Request],
        locked: Locked,
        mut held: Option<Held>,
    ) -> Vec<Option<Reply>> {
        let mut faults = Faults::new();
        let mut faulty: BTreeSet<AccountId> = BTreeSet::new();
        loop {
            let (positions, sound): (Vec<usize>, Vec<&Request>) = (requests.iter().enumerate())
                .filter(|(position, _)| !faults.contains_key(position))
                .map(|(position, request)| (position, *request))
                .unzip();
            let found = if sound.is_empty() {
                Ok(Vec::new())
            } else {
                self.serve_sound(&sound, locked, held.take()).await
            };
            let found = match found {
                Ok(replies) => return merged(requests, faults, positions, replies),
                Err(found) => found,
            };
            let known = faults.len();
            for (place, fault) in found {
                let Some((position, request)) = positions.get(place).zip(sound.get(place)) else {
                    continue;
                };
                faults.insert(*position, fault.clone());
                if !faulty.insert(request.account) {
                    let all = requests.iter().enumerate();
                    let own = all.filter(|(_, other)| other.account == request.account);
                    for (position, _) in own {
                        faults.entry(position).or_insert_with(|| fault.clone());
                    }
                }
            }
            if faults.len() == known {
                // A fault of none of these requests would be met again and again.
                return merged(requests, faults, Vec::new(), Vec::new());
            }
        }
    }

    /// Serves requests, or returns the faults that some of them meet; then nothing was done.
    fn serve_sound<'a>(
        &'a self,
        requests: &'a [&'a Request],
        locked: Locked,
        held: Option<Held>,
    ) -> BoxFuture<'a, Result<Vec<Option<Reply>>, Faults>> {
        async move {
            Ok(match self.commit(requests, locked, held).await {
                Ok(outcomes) => replies(requests, outcomes),
                Err(Failure::Faults(faults)) => return Err(faults),
                Err(Failure::Before(cause)) if requests.len() > 1 && !is_out_of_reach(&cause) => {
                    tracing::warn!(%cause, commands = requests.len(), "a batch failed; trying it in halves");
                    SERIES.halved.increment(1);
                    // One bad command doesn't fail the others.
                    let (first, second) = requests.split_at(requests.len() / 2);
                    let mut replies = self.serve(first, locked, None).await;
                    replies.extend(self.serve(second, locked, None).await);
                    replies
                }
                Err(Failure::Before(cause)) => {
                    if is_out_of_reach(&cause) {
                        tracing::debug!(%cause, commands = requests.len(), "a batch was not done");
                        DATABASE.failed(&cause);
                    } else {
                        tracing::error!(%cause, commands = requests.len(), "a batch was not done");
                    }
                    let not_done = || SubmitError::NotDone(cause.to_string());
                    requests.iter().map(|_| Some(Err(not_done()))).collect()
                }
                Err(Failure::AtCommit(cause)) => {
                    tracing::error!(%cause, commands = requests.len(), "a commit has no answer");
                    SERIES.in_doubt.increment(1);
                    self.ask_by_key(requests, &cause.to_string()).await
                }
            })
        }
        .boxed()
    }

    /// Repeats the requests that have a key: those that were committed get their first answer, the
    /// others are done now. Waiting for the accounts' locks also waits for the commit in doubt,
    /// whose transaction holds them. Without a key the outcome stays unknown.
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
            match self.commit(&keyed, Locked::WaitFor, None).await {
                Ok(outcomes) => {
                    answers = Some(replies(&keyed, outcomes));
                    break;
                }
                Err(failure) => {
                    tracing::warn!(?failure, asked, "a commit still has no answer");
                }
            }
        }
        if answers.is_none() && !keyed.is_empty() {
            // They can't be done now. Whether they were done before can be learned by their keys.
            answers = match self.first_answers(&keyed).await {
                Ok(found) => Some(
                    replies(&keyed, found)
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

    /// Waits for the lock of an account's book, and returns what holds it; `None` if the account
    /// has no book. The second value says whether another transaction held it before.
    pub(super) async fn hold(&self, account: AccountId, is_locked: bool) -> (Option<Held>, bool) {
        match self.locked(account, is_locked).await {
            Ok((transaction, was_locked)) => (transaction.map(Ok), was_locked),
            Err(cause) => (Some(Err(cause)), false),
        }
    }

    async fn locked(
        &self,
        account: AccountId,
        is_locked: bool,
    ) -> Result<(Option<Transaction>, bool), DbErr> {
        let mut watch = Stopwatch::start();
        let transaction = self.store.begin().await?;
        watch.ended(Phase::Begin);
        if !is_locked && !books::lock_free(&transaction, [account]).await?.is_empty() {
            watch.ended(Phase::Lock);
            return Ok((Some(transaction), false));
        }
        let found = books::lock(&transaction, [account]).await?;
        watch.ended(Phase::Lock);
        Ok(((!found.is_empty()).then_some(transaction), true))
    }

    /// Commits one batch, with retries if the failure is likely to pass.
    async fn commit(
        &self,
        requests: &[&Request],
        locked: Locked,
        mut held: Option<Held>,
    ) -> Result<Outcomes, Failure> {
        let began = Instant::now();
        let mut tries = 0;
        loop {
            tries += 1;
            let failure = match self.attempt(requests, locked, held.take()).await {
                Ok(outcomes) => return Ok(outcomes),
                Err(failure) => failure,
            };
            if let Some(cause) = failure.cause() {
                errors::count(cause);
            }
            if tries >= MAX_TRIES || !failure.may_pass() || began.elapsed() > MAX_RETRY {
                return Err(failure);
            }
            SERIES.retries.increment(1);
            tokio::time::sleep(BACKOFF * tries).await;
        }
    }

    async fn attempt(
        &self,
        requests: &[&Request],
        locked: Locked,
        held: Option<Held>,
    ) -> Result<Outcomes, Failure> {
        let (transaction, locked) = match held {
            Some(held) => (held?, Locked::Held),
            None => {
                let mut watch = Stopwatch::start();
                let begun = self.store.begin_for(self.seat).await;
                watch.ended(Phase::Begin);
                (begun?, locked)
            }
        };
        // Dropped only after the commit has ended: until then its instant is open.
        let mut booking = None;
        let now = || booking.insert(self.bookings.begin(&self.clock)).at;
        let written = (self.chaining, &*self.actors);
        let applied = batch::run(&transaction, requests, now, locked, written).await?;
        let mut watch = Stopwatch::start();
        transaction.commit().await.map_err(Failure::AtCommit)?;
        watch.ended(Phase::Commit);
        self.actors.add(applied.actors);
        SERIES.replays.increment(applied.replays);
        if applied.makes_recharge_due {
            self.recharges.notify_one();
        }
        Ok(applied.outcomes)
    }
}

fn replies(requests: &[&Request], outcomes: Outcomes) -> Vec<Option<Reply>> {
    let reply = |(request, outcome): (&&Request, Option<Result<Answer, Undone>>)| {
        outcome.map(|outcome| outcome.map_err(|undone| undone.of(request.account)))
    };
    requests.iter().zip(outcomes).map(reply).collect()
}

/// Merges the replies: faults for some requests, and for those at `positions` their replies.
fn merged(
    requests: &[&Request],
    mut faults: Faults,
    positions: Vec<usize>,
    replies: Vec<Option<Reply>>,
) -> Vec<Option<Reply>> {
    let mut replies: BTreeMap<usize, Option<Reply>> = positions.into_iter().zip(replies).collect();
    let reply = |(position, request): (usize, &&Request)| match faults.remove(&position) {
        Some(fault) => Some(Err(SubmitError::Fault {
            account: request.account,
            fault,
        })),
        None => replies.remove(&position).unwrap_or_else(|| {
            let missing = "a batch left out the reply to a command";
            Some(Err(SubmitError::Unknown(missing.to_owned())))
        }),
    };
    requests.iter().enumerate().map(reply).collect()
}
