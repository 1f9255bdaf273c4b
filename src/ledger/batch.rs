//! One batch: lock the accounts in id order, read their books in the following statements, apply
//! the commands in turn, and collect the resulting rows. The caller commits.
//!
//! A refused command changes nothing, for itself or for the other commands.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    panic::{self, AssertUnwindSafe},
};

use domain::{
    book::Book,
    id::{AccountId, ListId},
};
use entity::idempotency_key;
use jiff::Timestamp;
use sea_orm::{ConnectionTrait, DbErr};

use super::{
    answer::Answer,
    chain::Chaining,
    facts::{Facts, Used},
    failure::{Failure, Faults},
    fault::Fault,
    known_actors::{ActorKey, KnownActors},
    measured::{Phase, Stopwatch},
    request::{Refused, Request, Undone},
    rollups::{self, UsageError},
    rows::{Changes, Rows},
    stored_answer, write,
};
use crate::store::{
    book::{self as books, Head, Loaded, Wanted},
    contact_list,
};

/// The outcome of each request of a batch, in their order; `None` if its account was set aside.
pub(super) type Outcomes = Vec<Option<Result<Answer, Undone>>>;

/// A batch whose rows are written.
pub(super) struct Applied {
    pub outcomes: Outcomes,
    /// Whether an account fell below the threshold of its automatic recharge.
    pub makes_recharge_due: bool,
    /// The actors whose rows were written.
    pub actors: Vec<ActorKey>,
    /// Requests whose key had been used before.
    pub replays: u64,
}

/// What to do about an account that another transaction has locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Locked {
    /// Set its commands aside, so that they don't delay the others.
    SetAside,
    /// Wait for it, as long as the database lets a statement wait.
    WaitFor,
    /// This transaction has locked it already.
    Held,
}

/// Applies the requests inside the caller's transaction. `now` is called once, after the accounts
/// are locked. Rows of actors are written unless they are known to be stored.
pub(super) async fn run(
    connection: &impl ConnectionTrait,
    requests: &[&Request],
    now: impl FnOnce() -> Timestamp,
    locked: Locked,
    (chaining, known): (Chaining, &KnownActors),
) -> Result<Applied, Failure> {
    let mut watch = Stopwatch::start();
    let mut wanted = wanted(requests);
    let ids = wanted.keys().copied();
    let ours = match locked {
        Locked::SetAside => books::lock_free(connection, ids).await?,
        Locked::WaitFor => books::lock(connection, ids).await?,
        Locked::Held => ids.collect(),
    };
    if ours.is_empty() && locked == Locked::SetAside {
        // Nothing can be done here for any of them.
        return Ok(Applied {
            outcomes: requests.iter().map(|_| None).collect(),
            makes_recharge_due: false,
            actors: Vec::new(),
            replays: 0,
        });
    }
    let mut aside = lock_audiences(connection, requests, &ours, locked).await?;
    if locked == Locked::SetAside {
        // One that wasn't locked is locked by another transaction at the moment, or does not exist.
        aside.extend(wanted.keys().filter(|id| !ours.contains(id)));
    }
    wanted.retain(|id, _| !aside.contains(id));
    if locked != Locked::Held {
        watch.ended(Phase::Lock);
    }
    // Read after the wait for the locks: a lot that expired during the wait can't be spent.
    let now = now();
    let Loaded { mut heads, unsound } =
        books::load_each(connection, &wanted, latest(requests, now)).await?;
    // A book that began after the locks were taken isn't locked.
    aside.extend(heads.keys().filter(|id| !ours.contains(id)));
    heads.retain(|id, _| !aside.contains(id));
    let of_ours: Vec<&Request> = (requests.iter().copied())
        .filter(|request| !aside.contains(&request.account))
        .collect();
    let facts = Facts::read(connection, &of_ours).await?;
    watch.ended(Phase::Load);
    let before: BTreeMap<AccountId, Book> = heads
        .iter()
        .map(|(id, head)| (*id, head.book.clone()))
        .collect();

    let mut batch = Batch {
        heads,
        facts,
        rows: Rows {
            chaining,
            ..Rows::default()
        },
        replays: 0,
    };
    let mut outcomes = Outcomes::with_capacity(requests.len());
    let mut faults = Faults::new();
    // After a fault the account's book in memory is unusable: its later commands are not applied.
    let mut faulty: BTreeSet<AccountId> = BTreeSet::new();
    for (position, request) in requests.iter().enumerate() {
        let account = request.account;
        if let Some(cause) = unsound.get(&account) {
            faults.insert(position, Fault::UnsoundBook(cause.clone()));
        }
        if aside.contains(&account) || unsound.contains_key(&account) || faulty.contains(&account) {
            outcomes.push(None);
            continue;
        }
        let outcome = batch.apply_safely(request, request.at.unwrap_or(now));
        if let Err(Undone::Fault(fault)) = &outcome {
            faults.insert(position, fault.clone());
            faulty.insert(account);
        }
        outcomes.push(Some(outcome));
    }
    if !faults.is_empty() {
        return Err(Failure::Faults(faults));
    }

    let mut changes = Changes::default();
    let at = latest(requests, now);
    for (id, head) in &batch.heads {
        let before = before.get(id).ok_or(Fault::MissingBook);
        let added = before.and_then(|before| {
            changes.add(*id, before, head, at)?;
            changes.add_recharge(*id, before, head, now)
        });
        added.map_err(|fault| of_account(requests, *id, &fault))?;
    }
    watch.ended(Phase::Apply);
    let rollups = rollups::of_batch(&mut batch.heads, &batch.rows);
    batch.rows.rollups = rollups.map_err(|error| match error {
        UsageError::Database(cause) => Failure::Before(cause),
        UsageError::Fault(account, fault) => of_account(requests, account, &fault),
    })?;
    let replays = batch.replays;
    let makes_recharge_due = !changes.due_recharges.is_empty();
    let new_actors = known.unknown(mem::take(&mut batch.rows.actors));
    let actors = new_actors.iter().map(|row| (row.account_id, row.id));
    let actors: Vec<ActorKey> = actors.collect();
    write::all(connection, &batch.heads, batch.rows, (changes, new_actors)).await?;
    watch.ended(Phase::Write);
    Ok(Applied {
        outcomes,
        makes_recharge_due,
        actors,
        replays,
    })
}

/// A fault of all commands of an account, found after they were applied.
fn of_account(requests: &[&Request], account: AccountId, fault: &Fault) -> Failure {
    let own = requests.iter().enumerate();
    let own = own.filter(|(_, request)| request.account == account);
    Failure::Faults(own.map(|(position, _)| (position, fault.clone())).collect())
}

/// Locks the lists whose contacts the commands concern. It comes after the accounts' locks: no
/// holder of a list's lock waits for an account's. Returns the accounts of lists that another
/// transaction is changing, if those are not waited for.
async fn lock_audiences(
    connection: &impl ConnectionTrait,
    requests: &[&Request],
    accounts: &BTreeSet<AccountId>,
    locked: Locked,
) -> Result<BTreeSet<AccountId>, DbErr> {
    let lists: BTreeMap<ListId, AccountId> = requests
        .iter()
        .filter(|request| accounts.contains(&request.account))
        .flat_map(|request| {
            let lists = request.kind.audiences().into_iter();
            lists.map(|list| (list, request.account))
        })
        .collect();
    if lists.is_empty() {
        return Ok(BTreeSet::new());
    }
    let skip = match locked {
        Locked::SetAside => true,
        Locked::WaitFor | Locked::Held => false,
    };
    let ours = contact_list::lock_shared(connection, &lists, skip).await?;
    let busy = lists
        .into_iter()
        .filter(|(list, _)| skip && !ours.contains(list));
    Ok(busy.map(|(_, account)| account).collect())
}

/// The answers of the commands that used the requests' keys, read after their accounts are locked;
/// `None` for a key that was not used.
pub(super) async fn first_answers(
    connection: &impl ConnectionTrait,
    requests: &[&Request],
) -> Result<Outcomes, DbErr> {
    let accounts: BTreeSet<AccountId> = requests.iter().map(|request| request.account).collect();
    books::lock(connection, accounts).await?;
    let facts = Facts::read(connection, requests).await?;
    let answers = requests.iter().map(|request| facts.replayed(request));
    Ok(answers.map(Result::transpose).collect())
}

/// The latest instant that any of the requests is booked at. Lots that are due by then are due in
/// the batch.
fn latest(requests: &[&Request], now: Timestamp) -> Timestamp {
    requests
        .iter()
        .map(|request| request.at.unwrap_or(now))
        .max()
        .unwrap_or(now)
}

fn wanted(requests: &[&Request]) -> BTreeMap<AccountId, Wanted> {
    let mut wanted: BTreeMap<AccountId, Wanted> = BTreeMap::new();
    for request in requests {
        let entry = wanted.entry(request.account).or_default();
        entry.lists.extend(request.kind.lists());
        entry.messages.extend(request.kind.held_message());
        entry.commands.extend(request.kind.sharing_command());
        entry.used_up_lots |= request.kind.concerns_used_up_lots();
        if let Some(purchase) = request.kind.reversed_purchase() {
            entry.purchases.insert(purchase);
            // What is left of its lot may come off every pool (law L3).
            entry.every_pool = true;
        }
    }
    wanted
}

/// A batch in progress: the books as changed so far, and the rows to write.
pub(super) struct Batch {
    pub heads: BTreeMap<AccountId, Head>,
    pub facts: Facts,
    pub rows: Rows,
    replays: u64,
}

impl Batch {
    /// Applies a command. A panic becomes a fault of this command.
    fn apply_safely(&mut self, request: &Request, now: Timestamp) -> Result<Answer, Undone> {
        // After a panic the batch's state is dropped.
        panic::catch_unwind(AssertUnwindSafe(|| self.apply(request, now))).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<&str>().copied();
            let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
            let text = text.unwrap_or("without a text").to_owned();
            Err(Fault::Panicked(text).into())
        })
    }

    fn apply(&mut self, request: &Request, now: Timestamp) -> Result<Answer, Undone> {
        if !self.heads.contains_key(&request.account) {
            return Err(Refused::UnknownAccount.into());
        }
        if let Some(replayed) = self.facts.replayed(request)? {
            self.replays += 1;
            return Ok(replayed);
        }
        let answer = self.perform(request, now)?;
        if let Some(key) = &request.key {
            let row = idempotency_key::Model {
                account_id: request.account.uuid(),
                key: key.key.clone(),
                fingerprint: key.fingerprint.to_vec(),
                answer: stored_answer::text(&answer)?,
                created_at: now.as_microsecond(),
            };
            let used = Used {
                fingerprint: row.fingerprint.clone(),
                answer: stored_answer::read(&row),
            };
            self.facts
                .keys
                .insert((row.account_id, row.key.clone()), used);
            self.rows.keys.push(row);
        }
        Ok(answer)
    }
}
