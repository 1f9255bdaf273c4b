//! One account's books, rebuilt from its transactions one by one. Pure: rows in, findings out.

use std::collections::{BTreeMap, HashMap};

use entity::{
    lot, lot_expiry_change, posting,
    sql_enums::{BookName, TransactionKind},
    transaction,
};
use sea_orm::prelude::Uuid;

use super::{Findings, credits, hex};
use crate::{clock::whole_micros, ledger::chain, store::book::CHAIN_START};

/// A draw of an open hold: the message, the limited list whose pool paid, and the lot.
pub(super) type HeldDraw = (Uuid, Option<Uuid>, Option<Uuid>);

/// What the actors of an account are, by their ids.
pub(super) type Actors = HashMap<i64, [u8; 32]>;

/// The charge of a message, as the ledger records it.
#[derive(Debug)]
pub(super) struct Spend {
    pub message: Uuid,
    pub list: Option<Uuid>,
    pub units: i128,
    /// In microseconds since the epoch.
    pub at: i64,
}

/// The sums of the postings so far. They are wider than the stored values, so that no corrupt value
/// overflows them.
#[derive(Debug)]
pub(super) struct Walk {
    pub sequence: i64,
    pub hash: Vec<u8>,
    pub last_at: i64,
    /// By limited list; the unassigned pool is under `None`.
    pub pools: BTreeMap<Option<Uuid>, i128>,
    pub lots: HashMap<Uuid, Lot>,
    pub holds: BTreeMap<HeldDraw, i128>,
    pub held: i128,
    pub debt: i128,
    pub spent: i128,
    pub spends: u64,
    available: i128,
    /// Remainders of lots by the instant at which they expire, with the day that begins then.
    expiries: BTreeMap<i64, (i128, String)>,
    told: Vec<&'static str>,
    /// Whether the chain was broken.
    broken: bool,
}

/// A lot according to the postings.
#[derive(Debug, Default)]
pub(super) struct Lot {
    pub issued: i128,
    pub remaining: i128,
    /// When it expires, and the day that begins then.
    pub expiry: Option<(i64, String)>,
    /// Whether its payment was taken back.
    pub taken_back: bool,
}

impl Walk {
    /// The state before the first transaction. Only the lots' expiry comes from the stored rows, as
    /// it was before its first change.
    pub(super) fn new(lots: &[lot::Model], changes: &[lot_expiry_change::Model]) -> Self {
        let mut first: HashMap<Uuid, i64> = HashMap::new();
        for change in changes {
            first.entry(change.lot_id).or_insert(change.from_at);
        }
        let lots = lots.iter().map(|row| {
            let expires_at = row.expires_at;
            let expires_at = expires_at.map(|at| first.get(&row.id).copied().unwrap_or(at));
            let lot = Lot {
                expiry: expires_at.zip(row.expires_on.clone()),
                ..Lot::default()
            };
            (row.id, lot)
        });
        Self {
            sequence: 0,
            hash: CHAIN_START.to_vec(),
            last_at: 0,
            pools: BTreeMap::new(),
            lots: lots.collect(),
            holds: BTreeMap::new(),
            held: 0,
            debt: 0,
            spent: 0,
            spends: 0,
            available: 0,
            expiries: BTreeMap::new(),
            told: Vec::new(),
            broken: false,
        }
    }

    /// Adds one transaction, and returns its charge if it is one.
    pub(super) fn step(
        &mut self,
        row: &transaction::Model,
        (postings, changes): (&[posting::Model], &[lot_expiry_change::Model]),
        actors: &Actors,
        findings: &mut Findings,
    ) -> Option<Spend> {
        let (number, previous) = (row.sequence, self.sequence);
        self.once(findings, "number", previous + 1, number, || {
            format!("number of the transaction after {previous}")
        });
        let actor = row.actor_id.map(|id| {
            actors.get(&id).copied().unwrap_or_else(|| {
                findings.add(
                    format!("actor of transaction {number}"),
                    hex(&id.to_be_bytes()),
                    "none",
                );
                [0; 32]
            })
        });
        let hash = chain::hash(&self.hash, row, actor.as_ref(), postings, changes);
        if hash[..] != row.hash[..] {
            // Later hashes are checked against what they were made from, so that one broken link is
            // reported once.
            let first = match self.broken {
                true => "",
                false => ", the first broken link of the chain",
            };
            self.broken = true;
            findings.add(
                format!("hash of transaction {number}{first}"),
                hex(&hash),
                hex(&row.hash),
            );
        }
        if row.created_at < self.last_at {
            findings.add(
                format!("instant of transaction {number}"),
                format!("{} µs or later", self.last_at),
                format!("{} µs", row.created_at),
            );
        }
        self.sequence = number;
        self.hash.clone_from(&row.hash);
        self.last_at = row.created_at;

        let (mut sum, mut available, mut spent) = (0, 0, 0);
        for posting in postings {
            let units = i128::from(posting.units);
            sum += units;
            if let (TransactionKind::Chargeback, Some(id)) = (row.kind, posting.lot_id) {
                self.lots.entry(id).or_default().taken_back = true;
            }
            match posting.book {
                BookName::Available => {
                    available += units;
                    self.move_available(posting, units);
                }
                BookName::Held => self.move_held(row, posting, units),
                BookName::Issued => {
                    if let Some(id) = posting.lot_id {
                        self.lots.entry(id).or_default().issued -= units;
                    }
                }
                BookName::Spent => spent += units,
                BookName::Debt => self.debt -= units,
                BookName::Expired | BookName::Revoked => {}
            }
        }
        let of = |what: &str| format!("{what} of transaction {number}");
        findings.expect(credits(0), credits(sum), || of("sum of the postings"));
        findings.expect(
            credits(available),
            credits(row.available_change_units.into()),
            || of("available change"),
        );
        if row.kind != TransactionKind::TimeZoneChange && !changes.is_empty() {
            let what = of("changes of expiry");
            findings.add(
                what,
                "none but of a change of time zone",
                changes.len().to_string(),
            );
        }
        for change in changes {
            self.change_expiry(change, findings);
        }
        self.check_balance(row, findings);
        self.spent += spent;
        self.charge(row, spent, findings)
    }

    fn move_available(&mut self, posting: &posting::Model, units: i128) {
        self.available += units;
        *self.pools.entry(posting.list_id).or_default() += units;
        let Some(id) = posting.lot_id else { return };
        let lot = self.lots.entry(id).or_default();
        let before = lot.remaining.max(0);
        lot.remaining += units;
        if let Some((at, on)) = &lot.expiry {
            let change = lot.remaining.max(0) - before;
            let (left, _) = self.expiries.entry(*at).or_insert((0, on.clone()));
            *left += change;
            if *left == 0 {
                self.expiries.remove(at);
            }
        }
    }

    /// Moves the expiry of a lot, and its remainder with it.
    fn change_expiry(&mut self, change: &lot_expiry_change::Model, findings: &mut Findings) {
        let id = change.lot_id;
        let lot = self.lots.entry(id).or_default();
        let kept = (lot.expiry.as_ref())
            .map_or("never".to_owned(), |(at, _)| whole_micros(*at).to_string());
        let from = whole_micros(change.from_at).to_string();
        findings.expect(kept, from, || {
            format!("expiry of lot {id} before transaction {}", change.sequence)
        });
        let Some((at, on)) = lot.expiry.take() else {
            return;
        };
        let left = lot.remaining.max(0);
        lot.expiry = Some((change.to_at, on.clone()));
        if left == 0 {
            return;
        }
        if let Some((units, _)) = self.expiries.get_mut(&at) {
            *units -= left;
            if *units == 0 {
                self.expiries.remove(&at);
            }
        }
        let (units, _) = self.expiries.entry(change.to_at).or_insert((0, on));
        *units += left;
    }

    fn move_held(&mut self, row: &transaction::Model, posting: &posting::Model, units: i128) {
        self.held += units;
        let message = row.message_id.unwrap_or_default();
        let key = (message, posting.list_id, posting.lot_id);
        let held = self.holds.entry(key).or_default();
        *held += units;
        if *held == 0 {
            self.holds.remove(&key);
        }
    }

    /// Checks the balance that the transaction recorded. A balance that is off once stays off, so
    /// each kind is reported at its first transaction only.
    fn check_balance(&mut self, row: &transaction::Model, findings: &mut Findings) {
        let of = |what: &str| format!("{what} after transaction {}", row.sequence);
        let unassigned = self.pools.get(&None).copied().unwrap_or_default();
        for (what, expected, found) in [
            ("available credits", self.available, row.available_units),
            ("held credits", self.held, row.held_units),
            ("unassigned credits", unassigned, row.unassigned_units),
        ] {
            let (expected, found) = (credits(expected), credits(found.into()));
            self.once(findings, what, expected, found, || of(what));
        }
        if self.debt < 0 {
            let (least, debt) = ("0 credits or more".to_owned(), credits(self.debt));
            self.once(findings, "debt", least, debt, || {
                of("debt") + ", by the postings"
            });
        }
        let next = self.expiries.first_key_value();
        let next = expiry(next.map(|(at, (units, on))| (*units, *at, on.as_str())));
        let told = row.next_expiry_units.map(|units| {
            let on = row.next_expiry_on.as_deref().unwrap_or_default();
            let at = row.next_expiry_at.unwrap_or_default();
            (units.into(), at, on)
        });
        let told = expiry(told);
        self.once(findings, "next expiry", next, told, || of("next expiry"));
    }

    fn charge(
        &mut self,
        row: &transaction::Model,
        spent: i128,
        findings: &mut Findings,
    ) -> Option<Spend> {
        if row.kind != TransactionKind::Spend {
            findings.expect(credits(0), credits(spent), || {
                format!("credits spent by transaction {}, no charge", row.sequence)
            });
            return None;
        }
        self.spends += 1;
        let Some(message) = row.message_id else {
            let what = format!("message of transaction {}", row.sequence);
            findings.add(what, "a message", "none");
            return None;
        };
        Some(Spend {
            message,
            list: row.list_id,
            units: spent,
            at: row.created_at,
        })
    }

    /// Records the first drift of a kind.
    fn once<T: PartialEq + std::fmt::Display>(
        &mut self,
        findings: &mut Findings,
        kind: &'static str,
        expected: T,
        found: T,
        what: impl FnOnce() -> String,
    ) {
        if !self.told.contains(&kind) && !findings.expect(expected, found, what) {
            self.told.push(kind);
        }
    }
}

fn expiry(next: Option<(i128, i64, &str)>) -> String {
    next.map_or_else(
        || "nothing".to_owned(),
        |(units, at, on)| format!("{} on {on} at {}", credits(units), whole_micros(at)),
    )
}
