//! Random histories. Steps are relative to the book, so that amounts fall just below, at and above
//! what is available, and instants just before, at and after an expiry.
//!
//! Here: the steps, how they are drawn, and how each becomes a command. Not here: what must be
//! true.

mod steps;

use std::collections::BTreeMap;

use domain::{
    book::{Allocation, ApplyError, Book, Command, Entry, Refusal, Source},
    credits::Credits,
    id::{ListId, LotId, MessageId},
    lot::{ConsumptionOrder, Expiry},
};
use jiff::{
    SignedDuration, Timestamp,
    tz::{Offset, TimeZone},
};
use proptest::sample::Index;
use uuid::Uuid;

pub use self::steps::any_step;

/// No more lots or holds than this are made, so that histories stay small enough to read.
const MOST: usize = 24;

/// One step: some time passes, then a command comes.
#[derive(Debug, Clone)]
pub struct Step {
    wait: Wait,
    act: Act,
}

#[derive(Debug, Clone, Copy)]
enum Wait {
    /// This many microseconds; a negative number is a clock that steps back.
    By(i64),
    /// Until the next expiry, plus this many microseconds.
    Expiry(i64),
}

#[derive(Debug, Clone, Copy)]
enum Amount {
    Units(i64),
    /// This many eighths of the available amount, plus this many units.
    Part(i64, i64),
}

#[derive(Debug, Clone, Copy)]
enum Until {
    Never,
    /// This many microseconds from now.
    In(i64),
    /// The expiry of an existing lot.
    LikeLot(Index),
}

#[derive(Debug, Clone)]
enum Act {
    Issue(Source, Amount, Until),
    Revoke(Option<Index>, Amount),
    /// From a lot that doesn't exist.
    RevokeNothing(Amount),
    /// This much of a lot with its payment, of which this much was used.
    TakeBack(Index, Amount, Amount),
    Allocate(Vec<(u8, Option<Amount>)>),
    Spend(u8, Amount),
    Hold(u8, Amount),
    /// A message is scheduled a second time.
    HoldAgain(Index, Amount),
    Settle(Index, Amount),
    /// The held amount, and a part of the available one.
    SettleBeyond(Index, Amount),
    /// With another list than the hold's.
    SettleAs(Index, u8, Amount),
    Cancel(Index),
    /// The hold is moved to a list, and to the held amount and a part of the available one.
    Move(Index, u8, Amount),
    /// The hold of a message without one is moved.
    MoveNothing(Amount),
    /// Settles or cancels a message without a hold.
    EndNothing(bool),
    Expire,
    Order(bool),
    /// To the zone in which today begins in this many seconds.
    Zone(i64),
}

/// The outcome of a step.
#[derive(Debug, Clone)]
pub enum Turn {
    Apply(Command),
    Expire,
    Order(ConsumptionOrder),
}

impl Turn {
    pub fn command(&self) -> Option<&Command> {
        match self {
            Self::Apply(command) => Some(command),
            Self::Expire | Self::Order(_) => None,
        }
    }
}

/// Turns steps into commands.
#[derive(Debug, Clone)]
pub struct History {
    /// The clock; it may step back.
    pub now: Timestamp,
    minted: u64,
    lists: BTreeMap<MessageId, Option<ListId>>,
    ended: Option<MessageId>,
}

pub fn micros(count: i64) -> SignedDuration {
    SignedDuration::from_micros(count)
}

pub fn expiry(at: Timestamp) -> Expiry {
    let on = at.to_zoned(TimeZone::UTC).date();
    Expiry { at, on }
}

/// Applies commands to a book that has no fault.
pub trait Attempt {
    fn attempt(&mut self, command: &Command, now: Timestamp) -> Result<Vec<Entry>, Refusal>;
}

impl Attempt for Book {
    fn attempt(&mut self, command: &Command, now: Timestamp) -> Result<Vec<Entry>, Refusal> {
        self.apply(command, now).map_err(|error| match error {
            ApplyError::Refused(refusal) => refusal,
            ApplyError::Fault(fault) => panic!("{command:?}: {fault}"),
        })
    }
}

impl Default for History {
    fn default() -> Self {
        Self {
            now: "2026-11-22T10:00:00Z".parse().unwrap(),
            minted: 0,
            lists: BTreeMap::new(),
            ended: None,
        }
    }
}

impl Amount {
    fn of(self, there_is: Credits) -> Credits {
        let units = match self {
            Self::Units(units) => units,
            Self::Part(eighths, more) => {
                let part = i128::from(there_is.units()) * i128::from(eighths) / 8;
                i64::try_from(part + i128::from(more)).unwrap()
            }
        };
        Credits::from_units(units)
    }
}

impl History {
    /// Advances the clock by the step's time and returns what is done then.
    pub fn turn(&mut self, step: &Step, book: &Book) -> Turn {
        self.now = match step.wait {
            Wait::By(by) => self.now + micros(by),
            Wait::Expiry(more) => match book.balance().unwrap().next_expiry {
                Some(next) => next.expiry.at + micros(more),
                None => self.now,
            },
        };
        match &step.act {
            Act::Issue(..) if book.lots.len() > MOST => Turn::Expire,
            Act::Hold(..) if book.holds.len() > MOST => Turn::Expire,
            Act::Expire => Turn::Expire,
            Act::Order(true) => Turn::Order(ConsumptionOrder::SoonestExpiryFirst),
            Act::Order(false) => Turn::Order(ConsumptionOrder::NonExpiringFirst),
            act => Turn::Apply(self.command(act, book)),
        }
    }

    fn command(&mut self, act: &Act, book: &Book) -> Command {
        match act {
            Act::Issue(source, amount, until) => Command::Issue {
                lot: LotId::new(self.mint()),
                source: *source,
                credits: amount.of(Credits::from_units(800)),
                expiry: self.until(*until, book),
            },
            Act::Revoke(which, amount) => {
                let lots: Vec<_> = book.lots.keys().copied().collect();
                let lot = which.map(|which| match lots.is_empty() {
                    true => LotId::new(self.mint()),
                    false => *which.get(&lots),
                });
                let there_is = match lot {
                    Some(lot) => book.lots.get(&lot).map(|lot| lot.remaining),
                    None => Some(book.balance().unwrap().available),
                };
                let credits = amount.of(there_is.unwrap_or_default());
                Command::Revoke { lot, credits }
            }
            Act::RevokeNothing(amount) => Command::Revoke {
                lot: Some(LotId::new(self.mint())),
                credits: amount.of(Credits::ZERO),
            },
            Act::TakeBack(which, amount, used) => {
                let lots: Vec<_> = book.lots.keys().copied().collect();
                let lot = match lots.is_empty() {
                    true => LotId::new(self.mint()),
                    false => *which.get(&lots),
                };
                let remaining = book.lots.get(&lot).map(|lot| lot.remaining);
                let remaining = remaining.unwrap_or_default();
                Command::TakeBack {
                    lot,
                    credits: amount.of(remaining),
                    used: used.of(remaining),
                }
            }
            Act::Allocate(wishes) => {
                let allocations = wishes.iter().map(|(list, amount)| {
                    let list = list_id(*list);
                    let had = book.pools.limited.get(&list).map_or(0, |free| free.units());
                    let there_is = Credits::from_units(book.pools.unassigned.units() + had);
                    let limit = amount.map(|amount| amount.of(there_is));
                    Allocation { list, limit }
                });
                Command::Allocate {
                    allocations: allocations.collect(),
                }
            }
            Act::Spend(list, amount) => {
                let list = maybe_list(*list);
                Command::Spend {
                    message: MessageId::new(self.mint()),
                    list,
                    credits: amount.of(book.pools.free(book.pools.of(list)).unwrap()),
                }
            }
            Act::Hold(list, amount) => {
                let (message, list) = (MessageId::new(self.mint()), maybe_list(*list));
                self.lists.insert(message, list);
                Command::Hold {
                    message,
                    list,
                    credits: amount.of(book.pools.free(book.pools.of(list)).unwrap()),
                }
            }
            Act::HoldAgain(which, amount) => {
                let message = self.held(*which, book);
                Command::Hold {
                    message,
                    list: self.list_of(message),
                    credits: amount.of(book.balance().unwrap().available),
                }
            }
            Act::Settle(which, amount) => self.settle(*which, None, *amount, book, false),
            Act::SettleBeyond(which, amount) => self.settle(*which, None, *amount, book, true),
            Act::SettleAs(which, list, amount) => {
                self.settle(*which, Some(*list), *amount, book, false)
            }
            Act::Cancel(which) => {
                let message = self.held(*which, book);
                self.ended = Some(message);
                Command::Cancel {
                    message,
                    list: self.list_of(message),
                }
            }
            Act::Move(which, list, amount) => {
                let message = self.held(*which, book);
                let from = self.list_of(message);
                let list = maybe_list(*list);
                let held = book.holds.get(&message).map(|hold| hold.credits());
                let free = book.pools.free(book.pools.of(list)).unwrap();
                let there_is = free.units() + held.unwrap_or_default().units();
                self.lists.insert(message, list);
                Command::MoveHold {
                    message,
                    from,
                    list,
                    credits: amount.of(Credits::from_units(there_is)),
                }
            }
            Act::MoveNothing(amount) => Command::MoveHold {
                message: self.ended.unwrap_or(MessageId::new(self.mint())),
                from: None,
                list: None,
                credits: amount.of(book.pools.unassigned),
            },
            Act::EndNothing(cancels) => {
                let message = self.ended.unwrap_or(MessageId::new(self.mint()));
                let list = self.list_of(message);
                match cancels {
                    true => Command::Cancel { message, list },
                    false => Command::Settle {
                        message,
                        list,
                        credits: Credits::from_units(1),
                    },
                }
            }
            Act::Zone(seconds) => Command::ChangeTimeZone {
                time_zone: zone(self.now, *seconds),
            },
            Act::Expire | Act::Order(_) => unreachable!("these are no commands"),
        }
    }

    fn settle(
        &mut self,
        which: Index,
        list: Option<u8>,
        amount: Amount,
        book: &Book,
        beyond: bool,
    ) -> Command {
        let message = self.held(which, book);
        self.ended = Some(message);
        let list = list.map_or(self.list_of(message), maybe_list);
        let held = book.holds.get(&message).map(|hold| hold.credits());
        let held = held.unwrap_or_default();
        let credits = if beyond {
            let more = amount.of(book.pools.free(book.pools.of(list)).unwrap());
            Credits::from_units(held.units().saturating_add(more.units()))
        } else {
            amount.of(held)
        };
        Command::Settle {
            message,
            list,
            credits,
        }
    }

    fn held(&mut self, which: Index, book: &Book) -> MessageId {
        let held: Vec<_> = book.holds.keys().copied().collect();
        match held.is_empty() {
            true => MessageId::new(self.mint()),
            false => *which.get(&held),
        }
    }

    fn list_of(&self, message: MessageId) -> Option<ListId> {
        self.lists.get(&message).copied().flatten()
    }

    fn until(&self, until: Until, book: &Book) -> Option<Expiry> {
        match until {
            Until::Never => None,
            Until::In(by) => Some(expiry(self.now + micros(by))),
            Until::LikeLot(which) => {
                let expiries: Vec<_> = book.lots.values().map(|lot| lot.expiry).collect();
                match expiries.is_empty() {
                    true => None,
                    false => *which.get(&expiries),
                }
            }
        }
    }

    /// A new id. Ids don't rise, so that ties decided by id show.
    fn mint(&mut self) -> Uuid {
        self.minted += 1;
        Uuid::from_u64_pair(self.minted.wrapping_mul(0x9e37_79b9_7f4a_7c15), self.minted)
    }
}

/// A zone in which UTC's current day begins this many seconds from now, give or take one.
fn zone(now: Timestamp, seconds: i64) -> TimeZone {
    let since_midnight = now.as_second().rem_euclid(24 * 3_600);
    let behind = i32::try_from(since_midnight + seconds).unwrap();
    TimeZone::fixed(Offset::from_seconds(-behind).unwrap())
}

fn list_id(number: u8) -> ListId {
    ListId::new(Uuid::from_u128(u128::from(number)))
}

fn maybe_list(number: u8) -> Option<ListId> {
    (number > 0).then(|| list_id(number))
}
