//! A partly loaded book gives the same results as the whole one.
//!
//! Here: loading as the server's store does (the open lots, and what the commands name) for one
//! command and for several that share one loading. Not here: what the commands should do.

use domain::{
    book::{Book, Command},
    id::{ListId, LotId, MessageId},
};
use jiff::Timestamp;
use proptest::prelude::*;

use crate::history::{Attempt, History, Step, Turn, any_step};

/// The lists and the message that a command names.
fn named(command: &Command) -> (Vec<ListId>, Option<MessageId>, Option<LotId>) {
    match command {
        Command::Issue { .. } | Command::ChangeTimeZone { .. } => (Vec::new(), None, None),
        Command::Revoke { lot, .. } => (Vec::new(), None, *lot),
        Command::TakeBack { lot, .. } => (Vec::new(), None, Some(*lot)),
        Command::Allocate { allocations } => {
            (allocations.iter().map(|one| one.list).collect(), None, None)
        }
        Command::Spend { list, .. } => (list.iter().copied().collect(), None, None),
        Command::MoveHold {
            message,
            from,
            list,
            ..
        } => {
            let lists = from.iter().chain(list).copied().collect();
            (lists, Some(*message), None)
        }
        Command::Hold { message, list, .. }
        | Command::Settle { message, list, .. }
        | Command::Cancel { message, list } => {
            (list.iter().copied().collect(), Some(*message), None)
        }
    }
}

/// The part of the book that the commands need, the last of them at `latest`.
fn loaded_for(commands: &[&Command], latest: Timestamp, whole: &Book) -> Book {
    let named: Vec<_> = commands.iter().map(|command| named(command)).collect();
    let mut part = whole.clone();
    part.holds
        .retain(|message, _| named.iter().any(|named| named.1 == Some(*message)));
    let holds = part.holds.clone();
    let changes_zone = |command: &&Command| matches!(command, Command::ChangeTimeZone { .. });
    let with_used_up = commands.iter().any(changes_zone);
    let last_at = part.last_at;
    part.lots.retain(|id, lot| {
        let is_held = || {
            holds
                .values()
                .flat_map(|hold| &hold.draws)
                .any(|draw| draw.lot == *id)
        };
        let is_ahead = lot.expiry.is_some_and(|expiry| expiry.at > last_at);
        lot.remaining.is_positive()
            || is_held()
            || (with_used_up && is_ahead)
            || named.iter().any(|named| named.2 == Some(*id))
    });
    if !commands
        .iter()
        .any(|command| part.needs_every_pool(command, latest))
    {
        part.pools.limited.retain(|list, _| {
            named.iter().any(|named| named.0.contains(list))
                || holds.values().any(|hold| hold.pool.list() == Some(*list))
        });
    }
    part
}

/// The whole book with the changes of a loaded part, as the store writes them.
fn written_back(whole: &Book, loaded: &Book, after: &Book) -> Book {
    let mut whole = whole.clone();
    whole.lots.extend(&after.lots);
    whole.pools.unassigned = after.pools.unassigned;
    whole.pools.limited.retain(|list, _| {
        after.pools.limited.contains_key(list) || !loaded.pools.limited.contains_key(list)
    });
    whole.pools.limited.extend(&after.pools.limited);
    whole.holds.retain(|message, _| {
        after.holds.contains_key(message) || !loaded.holds.contains_key(message)
    });
    whole.holds.extend(after.holds.clone());
    (whole.held, whole.last_at) = (after.held, after.last_at);
    whole.debt = after.debt;
    whole
}

/// Applies the steps, `batch` of them for each loading, to a whole book and to parts of it.
fn check(steps: &[Step], batch: usize) {
    let (mut history, mut whole) = (History::default(), Book::default());
    for steps in steps.chunks(batch) {
        let before = whole.clone();
        let mut taken = Vec::new();
        for step in steps {
            match history.turn(step, &whole) {
                Turn::Order(_) => {}
                Turn::Expire => {}
                Turn::Apply(command) => {
                    let outcome = whole.attempt(&command, history.now);
                    taken.push((command, history.now, outcome));
                }
            }
        }
        let commands: Vec<_> = taken.iter().map(|(command, ..)| command).collect();
        let latest = taken
            .iter()
            .map(|(_, now, _)| *now)
            .max()
            .unwrap_or(history.now);
        let loaded = loaded_for(&commands, latest, &before);
        let mut part = loaded.clone();
        for (command, now, outcome) in &taken {
            assert_eq!(part.attempt(command, *now), *outcome, "{command:?}");
        }
        assert_eq!(written_back(&before, &loaded, &part), whole);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_partly_loaded_book_serves_one_command(
        steps in prop::collection::vec(any_step(), 1..80),
    ) {
        check(&steps, 1);
    }

    #[test]
    fn a_partly_loaded_book_serves_a_batch(
        steps in prop::collection::vec(any_step(), 1..80),
        batch in 2_usize..40,
    ) {
        check(&steps, batch);
    }
}
