//! One batch: lock the accounts in one order, read their books in the next statements, apply each
//! command in turn, and gather the rows that come of it. The caller commits.
//!
//! A refused command leaves no trace and does not touch its neighbours.

use std::{
    collections::{BTreeMap, BTreeSet},
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
    facts::Facts,
    failure::{Failure, Faults},
    fault::Fault,
    request::{Refused, Request, Undone},
    rollups::{self, UsageError},
    rows::{Changes, Rows},
    write,
};
use crate::store::{
    book::{self as books, Head, Loaded, Wanted},
    contact_list,
};

/// What each request of a batch comes to, in their order; `None` where its account was set aside.
pub(super) type Outcomes = Vec<Option<Result<Answer, Undone>>>;

/// What to do about an account that somebody else has locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Locked {
    /// Its commands are set aside, so that it does not hold up the others.
    SetAside,
    /// It is waited for, as long as the database lets a statement wait.
    WaitFor,
}

/// Applies the requests inside the caller's transaction. `now` is asked for the time once, when the accounts are
/// locked.
pub(super) async fn run(
    connection: &impl ConnectionTrait,
    requests: &[&Request],
    now: impl FnOnce() -> Timestamp,
    locked: Locked,
    chaining: Chaining,
) -> Result<Outcomes, Failure> {
    let wanted = wanted(requests);
    let ids = wanted.keys().copied();
    let ours = match locked {
        Locked::SetAside => books::lock_free(connection, ids).await?,
        Locked::WaitFor => books::lock(connection, ids).await?,
    };
    let busy = lock_audiences(connection, requests, &ours, locked).await?;
    // After the wait for the locks: a lot whose day came meanwhile can't be spent.
    let now = now();
    let Loaded { mut heads, unsound } =
        books::load_each(connection, &wanted, latest(requests, now)).await?;
    // An account that has a book, and yet was not locked, is somebody else's just now.
    let aside: BTreeSet<AccountId> = heads
        .keys()
        .filter(|id| !ours.contains(id) || busy.contains(id))
        .copied()
        .collect();
    heads.retain(|id, _| !aside.contains(id));
    let facts = Facts::read(connection, requests).await?;
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
    };
    let mut outcomes = Outcomes::with_capacity(requests.len());
    let mut faults = Faults::new();
    // What a fault leaves of an account's book must not be used: its later commands are not applied.
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
    for (id, head) in &batch.heads {
        let before = before.get(id).ok_or(Fault::MissingBook);
        let added = before.and_then(|before| changes.add(*id, before, head));
        added.map_err(|fault| of_account(requests, *id, &fault))?;
    }
    let rollups = rollups::of_batch(connection, &mut batch.heads, &batch.rows).await;
    batch.rows.rollups = rollups.map_err(|error| match error {
        UsageError::Database(cause) => Failure::Before(cause),
        UsageError::Fault(account, fault) => of_account(requests, account, &fault),
    })?;
    write::all(connection, &batch.heads, batch.rows, changes).await?;
    Ok(outcomes)
}

/// A fault of all commands of an account, met after they were applied.
fn of_account(requests: &[&Request], account: AccountId, fault: &Fault) -> Failure {
    let own = requests.iter().enumerate();
    let own = own.filter(|(_, request)| request.account == account);
    Failure::Faults(own.map(|(position, _)| (position, fault.clone())).collect())
}

/// Locks the lists whose contacts the commands of locked accounts concern, after the accounts: nobody who holds a list's
/// lock waits for an account's. Answers the accounts of lists that somebody else changes just now, if they are not
/// waited for.
async fn lock_audiences(
    connection: &impl ConnectionTrait,
    requests: &[&Request],
    accounts: &BTreeSet<AccountId>,
    locked: Locked,
) -> Result<BTreeSet<AccountId>, DbErr> {
    let lists: BTreeMap<ListId, AccountId> = requests
        .iter()
        .filter(|request| accounts.contains(&request.account))
        .filter_map(|request| Some((request.act.audience()?, request.account)))
        .collect();
    if lists.is_empty() {
        return Ok(BTreeSet::new());
    }
    let skip = match locked {
        Locked::SetAside => true,
        Locked::WaitFor => false,
    };
    let ours = contact_list::lock_shared(connection, lists.keys().copied(), skip).await?;
    let busy = lists
        .into_iter()
        .filter(|(list, _)| skip && !ours.contains(list));
    Ok(busy.map(|(_, account)| account).collect())
}

/// What the requests' keys were answered, once their accounts are locked: `None` where a key was not used.
pub(super) async fn first_answers(
    connection: &impl ConnectionTrait,
    requests: &[&Request],
) -> Result<Outcomes, DbErr> {
    let accounts: BTreeSet<AccountId> = requests.iter().map(|request| request.account).collect();
    books::lock(connection, accounts).await?;
    let facts = Facts::read(connection, requests).await?;
    let answers = requests.iter().map(|request| facts.first_answer(request));
    Ok(answers.map(Result::transpose).collect())
}

/// The last instant that any of the requests is booked at: lots that are due by then are due in the batch.
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
        entry.lists.extend(request.act.lists());
        entry.messages.extend(request.act.held_message());
        entry.commands.extend(request.act.sharing_command());
        entry.used_up_lots |= request.act.concerns_used_up_lots();
    }
    wanted
}

/// A batch at work: the books as its commands have left them so far, and what is to be written.
pub(super) struct Batch {
    pub heads: BTreeMap<AccountId, Head>,
    pub facts: Facts,
    pub rows: Rows,
}

impl Batch {
    /// Applies a command. A panic becomes a fault of its own command.
    fn apply_safely(&mut self, request: &Request, now: Timestamp) -> Result<Answer, Undone> {
        // Whatever it leaves of the batch is dropped.
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
        if let Some(replayed) = self.facts.first_answer(request)? {
            return Ok(replayed);
        }
        let answer = self.act(request, now)?;
        if let Some(key) = &request.key {
            let row = idempotency_key::Model {
                account_id: request.account.uuid(),
                key: key.key.clone(),
                fingerprint: key.fingerprint.to_vec(),
                answer: serde_json::to_string(&answer)
                    .map_err(|cause| Fault::UnsoundAnswer(cause.to_string()))?,
                created_at: now.as_microsecond(),
            };
            self.facts
                .keys
                .insert((row.account_id, row.key.clone()), row.clone());
            self.rows.keys.push(row);
        }
        Ok(answer)
    }
}
