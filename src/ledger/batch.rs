//! One batch: lock the accounts in one order, read their books in the next statements, apply each
//! command in turn, and gather the rows that come of it. The caller commits.
//!
//! A refused command leaves no trace and does not touch its neighbours.

use std::collections::{BTreeMap, BTreeSet};

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
    request::{Refused, Request},
    rollups,
    rows::{Changes, Rows},
    write,
};
use crate::store::{
    book::{self as books, Head, Wanted},
    contact_list,
};

/// What each request of a batch comes to, in their order; `None` where its account was set aside.
pub(super) type Outcomes = Vec<Option<Result<Answer, Refused>>>;

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
) -> Result<Outcomes, DbErr> {
    let wanted = wanted(requests);
    let ids = wanted.keys().copied();
    let ours = match locked {
        Locked::SetAside => books::lock_free(connection, ids).await?,
        Locked::WaitFor => books::lock(connection, ids).await?,
    };
    let busy = lock_audiences(connection, requests, &ours, locked).await?;
    // After the wait for the locks: a lot whose day came meanwhile can't be spent.
    let now = now();
    let mut heads = books::load(connection, &wanted, latest(requests, now)).await?;
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
    let outcomes: Outcomes = requests
        .iter()
        .map(|request| {
            let is_ours = !aside.contains(&request.account);
            is_ours.then(|| batch.apply(request, request.at.unwrap_or(now)))
        })
        .collect();

    let mut changes = Changes::default();
    for (id, head) in &batch.heads {
        if let Some(before) = before.get(id) {
            changes.add(*id, before, head);
        }
    }
    batch.rows.rollups = rollups::of_batch(connection, &mut batch.heads, &batch.rows).await?;
    write::all(connection, &batch.heads, batch.rows, changes).await?;
    Ok(outcomes)
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
    fn apply(&mut self, request: &Request, now: Timestamp) -> Result<Answer, Refused> {
        if !self.heads.contains_key(&request.account) {
            return Err(Refused::UnknownAccount);
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
                    .map_err(|_| Refused::Broken("an answer has no text"))?,
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
