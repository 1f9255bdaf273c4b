//! What each kind of command must do (laws L3, L4, P1, P2 and H1 to H4). Not here: when it may be
//! refused ([`super::refusals`]).

use std::collections::BTreeMap;

use domain::{
    book::{Allocation, Book, BookName, Command, Entry, EntryKind, Refusal, Source},
    credits::Credits,
    id::{ListId, LotId, MessageId},
    pool::Pool,
};
use jiff::{Timestamp, tz::TimeZone};

use super::{Taken, draws, follow_the_draw_order, less, wide};
use crate::history::Attempt;

/// Checks that an accepted command moved what it says, and nothing else.
pub fn did_what_it_says(command: &Command, taken: &Taken) {
    let kinds: Vec<_> = taken.entries.iter().map(|entry| entry.kind).collect();
    let (found, after) = (
        taken.found.balance().unwrap(),
        taken.after.balance().unwrap(),
    );
    let change = wide(after.available) - wide(found.available);
    let held_change = wide(after.held) - wide(found.held);
    for entry in taken.entries {
        assert_eq!(
            entry.at, taken.at,
            "a command's own entries are booked as of its instant"
        );
    }
    match command {
        Command::Issue {
            lot,
            source,
            credits,
            expiry,
        } => {
            // What was bought pays the debt first, what was granted doesn't (R5).
            let paid = match source {
                Source::Purchase | Source::AutoRecharge => (*credits).min(taken.found.debt),
                Source::Grant => Credits::ZERO,
            };
            let rest = less(*credits, paid.units());
            let is_late = expiry.is_some_and(|expiry| expiry.at <= taken.at);
            let left = if is_late { Credits::ZERO } else { rest };
            assert_eq!(taken.after.lots[lot].remaining, left);
            assert_eq!((change, held_change), (wide(left), 0));
            assert_eq!(wide(taken.found.debt) - wide(taken.after.debt), wide(paid));
            // It comes in unassigned (P1), and no list gains or loses anything.
            assert_eq!(taken.after.pools.limited, taken.found.pools.limited);
            let (pays, expires) = (paid.is_positive(), is_late && rest.is_positive());
            assert_eq!(kinds.len(), 1 + usize::from(pays) + usize::from(expires));
        }
        Command::TakeBack { lot, credits, used } => {
            assert_eq!(held_change, 0);
            taken_back(*lot, (wide(*credits), wide(*used)), change, taken);
        }
        Command::Revoke { lot, credits } => {
            assert_eq!((change, held_change), (-wide(*credits), 0));
            let [entry] = taken.entries else {
                panic!("{kinds:?}")
            };
            is_shared_out(taken.found, entry);
            match lot {
                Some(lot) => assert_eq!(draws(entry), [(*lot, wide(*credits))], "L4"),
                None => follow_the_draw_order(taken.found, entry),
            }
        }
        Command::Allocate { allocations } => allocated(allocations, taken),
        Command::Spend { list, credits, .. } => {
            assert_eq!((change, held_change), (-wide(*credits), 0));
            drawn_from(taken.found.pools.of(*list), *credits, taken);
            assert_eq!(kinds, [EntryKind::Spend]);
        }
        Command::Hold { list, credits, .. } => {
            // Available falls, the total doesn't (H1).
            assert_eq!((change, held_change), (-wide(*credits), wide(*credits)));
            assert_eq!(after.total(), found.total());
            drawn_from(taken.found.pools.of(*list), *credits, taken);
            assert_eq!(kinds, [EntryKind::Hold]);
        }
        Command::MoveHold {
            message,
            list,
            credits,
            ..
        } => moved(command, (*message, *list, *credits), taken),
        Command::Settle {
            message,
            list,
            credits,
        } => {
            assert_eq!(kinds[0], EntryKind::Spend);
            assert_eq!(settled_into(BookName::Spent, taken), wide(*credits), "H2");
            ended(*message, *list, *credits, taken);
        }
        Command::Cancel { message, list } => {
            assert_eq!(kinds[0], EntryKind::Release);
            assert_eq!(settled_into(BookName::Spent, taken), 0);
            ended(*message, *list, Credits::ZERO, taken);
        }
        Command::ChangeTimeZone { time_zone } => days_begin_elsewhere(time_zone, taken),
    }
}

/// R5: what is left of the lot goes first, off the pools by L3, and of the rest what was used
/// becomes debt.
fn taken_back(lot: LotId, (credits, used): (i128, i128), change: i128, taken: &Taken) {
    let [entry] = taken.entries else {
        panic!("{:?}", taken.entries)
    };
    assert_eq!(entry.kind, EntryKind::Chargeback);
    let had = taken.found.lots[&lot];
    let gone = credits.min(wide(had.remaining));
    let owed = used.min(credits - gone);
    assert_eq!(change, -gone);
    assert_eq!(wide(taken.after.debt) - wide(taken.found.debt), owed);
    assert_eq!(settled_into(BookName::Revoked, taken), gone + owed);
    is_shared_out(taken.found, entry);
    let mut lots = taken.found.lots.clone();
    let left = lots.get_mut(&lot).unwrap();
    left.remaining = less(had.remaining, i64::try_from(gone).unwrap());
    left.taken_back |= gone + owed > 0;
    assert_eq!(taken.after.lots, lots, "no other lot pays");
}

/// L2 across a change of zone: every lot keeps its day and expires when that begins in the new
/// zone, unless it has expired. The remainders of lots whose day has begun there expire now, and
/// nothing else moves.
fn days_begin_elsewhere(zone: &TimeZone, taken: &Taken) {
    let mut lost = 0;
    let mut changes = Vec::new();
    for (id, lot) in &taken.after.lots {
        let had = taken.found.lots[id];
        let (Some(before), Some(after)) = (had.expiry, lot.expiry) else {
            assert_eq!(*lot, had, "a lot that never expires stays as it is");
            continue;
        };
        assert_eq!(after.on, before.on, "the day stays");
        let begins = after.on.to_zoned(zone.clone()).unwrap().timestamp();
        let is_open = before.at > taken.at;
        assert_eq!(after.at, if is_open { begins } else { before.at });
        if after.at != before.at {
            changes.push((*id, before.at, after.at));
        }
        let is_late = is_open && begins <= taken.at;
        let left = if is_late {
            Credits::ZERO
        } else {
            had.remaining
        };
        assert_eq!(lot.remaining, left);
        lost += wide(had.remaining) - wide(left);
    }
    assert_eq!(settled_into(BookName::Expired, taken), lost);
    assert_eq!(taken.after.held, taken.found.held);
    assert_eq!(taken.after.holds, taken.found.holds);
    let [entry, expiries @ ..] = taken.entries else {
        assert!(changes.is_empty(), "lots moved without an entry");
        return;
    };
    assert_eq!(
        (entry.kind, entry.postings.len()),
        (EntryKind::TimeZoneChange, 0)
    );
    let told = entry.expiry_changes.iter();
    let told: Vec<_> = told.map(|one| (one.lot, one.from, one.to)).collect();
    assert_eq!(told, changes);
    assert_eq!(expiries.len(), usize::from(lost > 0));
    for entry in expiries {
        is_shared_out(taken.found, entry);
    }
}

/// H4: the old hold comes back as if the message were cancelled, and the new one is taken as if it
/// were scheduled then.
fn moved(
    command: &Command,
    (message, list, credits): (MessageId, Option<ListId>, Credits),
    taken: &Taken,
) {
    let [back @ .., hold] = taken.entries else {
        panic!("{command:?} has no entries")
    };
    let between = released(command, taken.found, taken.at).unwrap();
    let cancel = Taken {
        found: taken.found,
        after: &between,
        at: taken.at,
        entries: back,
    };
    assert_eq!(back[0].kind, EntryKind::Release);
    ended(message, list, Credits::ZERO, &cancel);
    assert_eq!(hold.kind, EntryKind::Hold);
    let schedule = Taken {
        found: &between,
        after: taken.after,
        at: taken.at,
        entries: std::slice::from_ref(hold),
    };
    drawn_from(between.pools.of(list), credits, &schedule);
    assert_eq!(taken.after.holds[&message].credits(), credits);
}

/// The book once the old hold of a message that moves came back.
pub fn released(command: &Command, found: &Book, at: Timestamp) -> Option<Book> {
    let Command::MoveHold { message, from, .. } = command else {
        return None;
    };
    let mut between = found.clone();
    let cancel = Command::Cancel {
        message: *message,
        list: *from,
    };
    between.attempt(&cancel, at).ok()?;
    Some(between)
}

fn settled_into(book: BookName, taken: &Taken) -> i128 {
    let postings = taken.entries.iter().flat_map(|entry| &entry.postings);
    let there = postings.filter(|posting| posting.book == book);
    there.map(|posting| wide(posting.credits)).sum()
}

/// P1, with L1: one pool pays, and the lots pay in draw order.
fn drawn_from(pool: Pool, credits: Credits, taken: &Taken) {
    let mut pools = taken.found.pools.clone();
    take(&mut pools, pool, wide(credits));
    assert_eq!(taken.after.pools, pools);
    follow_the_draw_order(taken.found, &taken.entries[0]);
}

fn take(pools: &mut domain::pool::Pools, pool: Pool, units: i128) {
    let units = i64::try_from(units).unwrap();
    match pool {
        Pool::Unassigned => pools.unassigned = less(pools.unassigned, units),
        Pool::Limited(list) => {
            let free = pools.limited.get_mut(&list).unwrap();
            *free = less(*free, units);
        }
    }
}

/// P2: each named list has what was requested, and no other credits moved.
fn allocated(allocations: &[Allocation], taken: &Taken) {
    assert_eq!(
        taken.after.lots, taken.found.lots,
        "lots know nothing of pools"
    );
    assert_eq!(taken.after.held, taken.found.held);
    let mut limited = taken.found.pools.limited.clone();
    for Allocation { list, limit } in allocations {
        match limit {
            Some(limit) => limited.insert(*list, *limit),
            None => limited.remove(list),
        };
    }
    assert_eq!(taken.after.pools.limited, limited);
}

/// H2: what was drawn last returns first, to its lots and its pool; late returns expire from there.
/// What returns to a lot whose payment was taken back pays the debt before that (R5).
fn ended(message: MessageId, list: Option<ListId>, charge: Credits, taken: &Taken) {
    let hold = &taken.found.holds[&message];
    let pool = taken.found.pools.of(hold.pool.list());
    let mut back = (wide(hold.credits()) - wide(charge)).max(0);
    let beyond = (wide(charge) - wide(hold.credits())).max(0);
    let mut lots = taken.found.lots.clone();
    let mut parts = Vec::new();
    for draw in hold.draws.iter().rev() {
        let part = back.min(wide(draw.credits));
        back -= part;
        parts.push((draw.lot, part));
    }
    let (mut returned, mut late, mut debt) = (0, 0, wide(taken.found.debt));
    for (id, part) in parts.into_iter().rev() {
        let lot = lots.get_mut(&id).unwrap();
        let paid = if lot.taken_back { part.min(debt) } else { 0 };
        debt -= paid;
        let part = part - paid;
        if lot.has_expired(taken.at) {
            late += part;
        } else {
            lot.remaining = less(lot.remaining, -i64::try_from(part).unwrap());
            returned += part;
        }
    }
    if beyond == 0 {
        assert_eq!(taken.after.lots, lots);
    }
    let mut pools = taken.found.pools.clone();
    take(&mut pools, pool, -returned);
    take(&mut pools, taken.found.pools.of(list), beyond);
    assert_eq!(taken.after.pools, pools);
    let fallen = wide(taken.found.held) - wide(taken.after.held);
    assert_eq!(fallen, wide(hold.credits()));
    assert_eq!(settled_into(BookName::Expired, taken), late);
    assert_eq!(wide(taken.after.debt), debt);
    follow_the_draw_order_beyond(taken, beyond);
}

fn follow_the_draw_order_beyond(taken: &Taken, beyond: i128) {
    let drawn: i128 = draws(&taken.entries[0])
        .iter()
        .map(|(_, units)| units)
        .sum();
    assert_eq!(
        drawn, beyond,
        "only what goes beyond the hold is drawn anew"
    );
    follow_the_draw_order(taken.found, &taken.entries[0]);
}

/// H3: a message is settled or cancelled at most once.
pub fn holds_nothing(after: &Book, message: MessageId, list: Option<ListId>, now: Timestamp) {
    let mut book = after.clone();
    let credits = Credits::ZERO;
    let settle = Command::Settle {
        message,
        list,
        credits,
    };
    assert_eq!(book.attempt(&settle, now), Err(Refusal::NotHeld));
    assert_eq!(
        book.attempt(&Command::Cancel { message, list }, now),
        Err(Refusal::NotHeld)
    );
}

/// L3: the unassigned pool pays what it can; the lists pay the rest in proportion, by largest
/// remainder.
pub fn is_shared_out(found: &Book, entry: &Entry) {
    let amount: i128 = draws(entry).iter().map(|(_, units)| units).sum();
    let mut shares: BTreeMap<Option<ListId>, i128> = BTreeMap::new();
    for posting in super::taken_from_lots(entry) {
        *shares.entry(posting.list).or_default() -= wide(posting.credits);
    }
    let unassigned = shares.remove(&None).unwrap_or_default();
    assert_eq!(unassigned, amount.min(wide(found.pools.unassigned)));
    let rest = amount - unassigned;
    let total: i128 = found.pools.limited.values().map(|free| wide(*free)).sum();
    let mut rounded: Vec<(bool, i128, ListId)> = Vec::new();
    for (list, free) in &found.pools.limited {
        let exact = rest * wide(*free);
        let share = shares.remove(&Some(*list)).unwrap_or_default();
        if total == 0 {
            continue;
        }
        let above = share - exact / total;
        assert!(above == 0 || above == 1, "{list:?} pays {share} of {rest}");
        assert!(share <= wide(*free));
        rounded.push((above == 1, exact % total, *list));
    }
    assert!(shares.is_empty(), "a list without a pool pays");
    for up in rounded.iter().filter(|one| one.0) {
        for down in rounded.iter().filter(|one| !one.0) {
            let goes_first = up.1 > down.1 || (up.1 == down.1 && up.2 < down.2);
            assert!(goes_first, "{up:?} was rounded up before {down:?}");
        }
    }
}
