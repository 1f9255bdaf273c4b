//! When a command may be refused, and for which reason.

use domain::{
    book::{Book, Command, Refusal},
    credits::Credits,
    id::{ListId, LotId, MessageId},
};
use jiff::Timestamp;

use super::{commands::released, wide};

/// Checks that a refusal is justified and gives the right reason.
pub fn had_to_be_refused(command: &Command, refusal: Refusal, found: &Book, now: Timestamp) {
    let free = |list: &Option<ListId>| found.pools.free(found.pools.of(*list)).unwrap();
    let remaining = |lot: &LotId| found.lots.get(lot).map(|lot| lot.remaining);
    let is_held = |message: &MessageId| found.holds.contains_key(message);
    let is_right = match (refusal, command) {
        (
            Refusal::NotPositive,
            Command::Issue { credits, .. } | Command::Revoke { credits, .. },
        ) => *credits <= Credits::ZERO,
        (
            Refusal::NotPositive,
            Command::Spend { credits, .. }
            | Command::Hold { credits, .. }
            | Command::MoveHold { credits, .. }
            | Command::Settle { credits, .. },
        ) => *credits < Credits::ZERO,
        (Refusal::NotPositive, Command::TakeBack { credits, used, .. }) => {
            (*credits).min(*used) < Credits::ZERO
        }
        (Refusal::NotPositive, Command::Allocate { allocations }) => allocations
            .iter()
            .any(|one| one.limit < Some(Credits::ZERO) && one.limit.is_some()),
        (Refusal::TooMany, Command::Issue { credits, .. }) => {
            wide(*credits) + wide(found.balance().unwrap().total()) > wide(Book::MAX_TOTAL)
        }
        (Refusal::TooMany, Command::TakeBack { lot, credits, used }) => {
            let beyond = wide(*credits) - wide(remaining(lot).unwrap());
            wide(found.debt) + beyond.min(wide(*used)) > wide(Book::MAX_TOTAL)
        }
        (
            Refusal::UnknownLot,
            Command::Revoke { lot: Some(lot), .. } | Command::TakeBack { lot, .. },
        ) => remaining(lot).is_none(),
        (Refusal::AlreadyHeld, Command::Hold { message, .. }) => is_held(message),
        (
            Refusal::NotHeld,
            Command::Settle { message, .. }
            | Command::Cancel { message, .. }
            | Command::MoveHold { message, .. },
        ) => !is_held(message),
        // Histories stay far from the calendar's end.
        (Refusal::NoSuchDay, _) => false,
        (Refusal::Insufficient { needed, available }, command) => {
            assert!(needed > available, "{needed} would have done");
            match command {
                Command::Revoke {
                    lot: Some(lot),
                    credits,
                } => (Some(available), needed) == (remaining(lot), *credits),
                Command::Revoke { lot: None, credits } => {
                    (available, needed) == (found.balance().unwrap().available, *credits)
                }
                Command::Spend { list, credits, .. } | Command::Hold { list, credits, .. } => {
                    (available, needed) == (free(list), *credits)
                }
                Command::MoveHold { list, credits, .. } => {
                    let between = released(command, found, now).unwrap();
                    let free = between.pools.free(between.pools.of(*list)).unwrap();
                    (available, needed) == (free, *credits)
                }
                Command::Settle {
                    message,
                    list,
                    credits,
                } => {
                    let beyond = wide(*credits) - wide(found.holds[message].credits());
                    (available, wide(needed)) == (free(list), beyond)
                }
                Command::Allocate { .. } => available == found.pools.unassigned,
                _ => false,
            }
        }
        _ => false,
    };
    assert!(is_right, "{command:?} was refused: {refusal}");
}
