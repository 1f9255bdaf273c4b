//! The rows of a batch: collected while its commands are applied, then written as row sets.

mod audiences;
mod settings;

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    book::{Book, BookName, Entry, EntryKind, Posting},
    credits::Credits,
    hold::Hold,
    id::{AccountId, LotId, MessageId},
    quote::Line,
    segmentation::Encoding,
};
use entity::{
    actor, contact_list, due_recharge, hold_draw, idempotency_key, lot, lot_expiry_change, message,
    message_audience, message_line, pool, posting, posting_row, purchase, setting_change,
    sql_enums, transaction, usage_rollup,
};
use jiff::Timestamp;
use sea_orm::prelude::Uuid;

pub(super) use self::audiences::audience_row;
use super::{
    chain::{self, Chaining},
    fault::Fault,
    request::NewMessage,
};
use crate::{
    clock::id_in,
    store::{
        self,
        actor::{Acting, Actor, Job},
        book::Head,
        sql::last_change::later,
    },
};

/// The rows that a batch inserts, and its changes to existing rows.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub transactions: Vec<transaction::Model>,
    pub postings: Vec<posting_row::Model>,
    pub expiry_changes: Vec<lot_expiry_change::Model>,
    /// The new zones of accounts and when they change, by account.
    pub time_zones: BTreeMap<AccountId, (String, Timestamp)>,
    pub messages: Vec<message::Model>,
    /// The destinations of the messages that the batch priced; they are written with the messages.
    pub lines: Vec<message_line::Model>,
    pub ended: Vec<message::Model>,
    /// The scheduled messages that changed, by account and message.
    pub updated: BTreeMap<(Uuid, Uuid), message::Model>,
    /// When scheduled messages changed although their holds stayed, by account and message.
    pub unmoved: BTreeMap<(Uuid, Uuid), i64>,
    /// By account and message.
    pub departures_gone: Vec<(Uuid, Uuid)>,
    pub audiences: Vec<message_audience::Model>,
    /// By account, list and message.
    pub audiences_gone: Vec<[Uuid; 3]>,
    pub purchases: Vec<purchase::Model>,
    pub archived: Vec<contact_list::Model>,
    pub setting_changes: Vec<setting_change::Model>,
    pub keys: Vec<idempotency_key::Model>,
    /// The actors of the batch, by account and id.
    pub actors: BTreeMap<(Uuid, i64), actor::Model>,
    pub rollups: Vec<usage_rollup::Model>,
    /// Whether transactions are hashed.
    pub chaining: Chaining,
}

/// The difference between two states of a book, as rows.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub lots: Vec<lot::Model>,
    pub pools: Vec<pool::Model>,
    pub pools_gone: Vec<(Uuid, Uuid)>,
    pub holds: Vec<hold_draw::Model>,
    pub holds_gone: Vec<(Uuid, Uuid)>,
    pub due_recharges: Vec<due_recharge::Model>,
    pub recharges_gone: Vec<Uuid>,
}

impl Rows {
    /// Adds one entry to the account's chain and returns its id. What expired meanwhile is booked
    /// with a command, but not by who gave it (law B7).
    ///
    /// The sum of its postings is checked here, where they become rows (law B1).
    pub(super) fn add_entry(
        &mut self,
        account: AccountId,
        head: &mut Head,
        entry: &Entry,
        (by, note): (&Acting, Option<&str>),
    ) -> Result<Uuid, Fault> {
        entry.check_sum()?;
        let expiry = (entry.kind == EntryKind::Expiry).then(|| Actor::Job(Job::Expiry).of(account));
        let actor = expiry.as_ref().unwrap_or(by);
        head.sequence += 1;
        let balance = &entry.balance;
        let mut row = transaction::Model {
            account_id: account.uuid(),
            sequence: head.sequence,
            id: id_in(account.uuid(), entry.at),
            kind: kind(entry.kind),
            created_at: entry.at.as_microsecond(),
            list_id: entry.list.map(Into::into),
            message_id: entry.message.map(Into::into),
            note: note.map(str::to_owned),
            available_change_units: entry.available().units(),
            available_units: balance.available.units(),
            held_units: balance.held.units(),
            unassigned_units: balance.unassigned.units(),
            next_expiry_units: balance.next_expiry.map(|next| next.credits.units()),
            next_expiry_at: balance
                .next_expiry
                .map(|next| next.expiry.at.as_microsecond()),
            next_expiry_on: balance.next_expiry.map(|next| next.expiry.on.to_string()),
            hash: Vec::new(),
            paid_lot_id: None,
            paid_by_list: None,
            actor_id: Some(actor.row.id),
        };
        let postings = |(position, posting): (i32, &Posting)| posting::Model {
            account_id: account.uuid(),
            sequence: head.sequence,
            position,
            book: book_name(posting.book),
            list_id: posting.list.map(Into::into),
            lot_id: posting.lot.map(Into::into),
            units: posting.credits.units(),
        };
        let postings: Vec<posting::Model> = (0..).zip(&entry.postings).map(postings).collect();
        let moved: Vec<_> = (entry.expiry_changes.iter())
            .map(|change| lot_expiry_change::Model {
                account_id: account.uuid(),
                sequence: head.sequence,
                lot_id: change.lot.uuid(),
                from_at: change.from.as_microsecond(),
                to_at: change.to.as_microsecond(),
            })
            .collect();
        row.hash = match self.chaining {
            Chaining::On => {
                chain::hash(&head.hash, &row, Some(&actor.digest), &postings, &moved).to_vec()
            }
            #[cfg(feature = "bench")]
            Chaining::Off => Vec::new(),
        };
        match one_lot(entry) {
            Some((lot, by_list)) => {
                row.paid_lot_id = Some(lot.uuid());
                row.paid_by_list = Some(by_list);
            }
            None => self.postings.extend(postings.into_iter().map(stored)),
        }
        let key = (actor.row.account_id, actor.row.id);
        self.actors.entry(key).or_insert_with(|| actor.row.clone());
        self.expiry_changes.extend(moved);
        head.hash.clone_from(&row.hash);
        let id = row.id;
        self.transactions.push(row);
        Ok(id)
    }

    /// Adds a message with its lines.
    pub(super) fn add_message(
        &mut self,
        account: AccountId,
        new: &NewMessage,
        by: &Acting,
        (status, at): (sql_enums::MessageStatus, Timestamp),
    ) -> Result<message::Model, Fault> {
        let sent = status == sql_enums::MessageStatus::Sent;
        let lines = lines(account.uuid(), new.id.uuid(), &new.price.lines)?;
        let row = message::Model {
            account_id: account.uuid(),
            id: new.id.uuid(),
            list_id: new.list.map(Into::into),
            name: new.name.clone(),
            text: new.text.clone(),
            channel: new.channel.into(),
            encoding: new.encoding.map(encoding),
            segment_count: count(new.segment_count)?,
            recipients: head_count(new.price.recipients)?,
            units: new.price.credits.units(),
            status,
            rate_card_id: new.rate_card.uuid(),
            send_at: new.send_at.unwrap_or(at).as_microsecond(),
            sent_at: sent.then(|| at.as_microsecond()),
            created_at: at.as_microsecond(),
            lines: lines_text(new.id, &lines)?,
            erased_at: None,
            actor_id: Some(by.row.id),
            updated_at: (!sent).then(|| at.as_microsecond()),
            media: new.media.clone(),
        };
        self.messages.push(row.clone());
        self.lines.extend(lines);
        if let (Some(list), Some(audience), Some(send_at)) = (new.list, new.audience, new.send_at) {
            let key = [account.uuid(), list.uuid(), new.id.uuid()];
            self.audiences
                .push(audience_row(key, audience, send_at.as_microsecond()));
        }
        Ok(row)
    }
}

/// The lines of a message as rows.
pub(super) fn lines(
    account_id: Uuid,
    message_id: Uuid,
    lines: &[Line],
) -> Result<Vec<message_line::Model>, Fault> {
    let row = |line: &Line| {
        Ok(message_line::Model {
            account_id,
            message_id,
            country_code: line.country.to_string(),
            segment_count: count(line.segment_count)?,
            recipients: head_count(line.recipients)?,
            units_per_segment: line.credits_per_segment.map(|credits| credits.units()),
            units: line.credits.units(),
        })
    };
    lines.iter().map(row).collect()
}

/// The column of a message with these lines.
pub(super) fn lines_text(
    message: MessageId,
    lines: &[message_line::Model],
) -> Result<String, Fault> {
    store::message_line::text(lines).map_err(|cause| Fault::UnsoundLine { message, cause })
}

impl Changes {
    /// Adds the changes of one account, as of an instant.
    ///
    /// # Errors
    /// A lot has no row.
    pub(super) fn add(
        &mut self,
        account: AccountId,
        before: &Book,
        after: &Head,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let account_id = account.uuid();
        let at = after.book.instant(now);
        for (id, lot) in store::lot::changed(before, &after.book) {
            let row = after.lot_rows.get(&id).ok_or(Fault::MissingLotRow(id))?;
            self.lots.push(lot::Model {
                remaining_units: lot.remaining.units(),
                expires_at: lot.expiry.map(|expiry| expiry.at.as_microsecond()),
                taken_back: lot.taken_back,
                updated_at: Some(later(row.updated_at, at)),
                is_open: lot.remaining > Credits::ZERO,
                ..row.clone()
            });
        }
        let after = &after.book;
        for (list, free) in &after.pools.limited {
            if before.pools.limited.get(list) != Some(free) {
                self.pools.push(pool::Model {
                    account_id,
                    list_id: list.uuid(),
                    free_units: free.units(),
                });
            }
        }
        let gone = before
            .pools
            .limited
            .keys()
            .filter(|list| !after.pools.limited.contains_key(list));
        self.pools_gone
            .extend(gone.map(|list| (account_id, list.uuid())));

        let messages: BTreeSet<_> = before.holds.keys().chain(after.holds.keys()).collect();
        for message in messages {
            match (before.holds.get(message), after.holds.get(message)) {
                (None, Some(hold)) => self.holds.extend(draws(account_id, *message, hold)),
                (Some(_), None) => self.holds_gone.push((account_id, message.uuid())),
                // A message was planned anew. Rows that are gone are deleted first.
                (Some(before), Some(after)) if before != after => {
                    self.holds_gone.push((account_id, message.uuid()));
                    self.holds.extend(draws(account_id, *message, after));
                }
                (Some(_), Some(_)) | (None, None) => {}
            }
        }
        Ok(())
    }
}

fn draws(account_id: Uuid, message: MessageId, hold: &Hold) -> Vec<hold_draw::Model> {
    let row = |position, lot_id, units| hold_draw::Model {
        account_id,
        message_id: message.uuid(),
        position,
        pool_list_id: hold.pool.list().map(Into::into),
        lot_id,
        units,
        changed_at: None,
    };
    if hold.draws.is_empty() {
        return vec![row(0, None, 0)];
    }
    (0_i32..)
        .zip(&hold.draws)
        .map(|(position, draw)| row(position, Some(draw.lot.uuid()), draw.credits.units()))
        .collect()
}

/// The lot of a charge that drew from one lot, and whether its list's own credits paid. Its two
/// postings follow from this and from what it changed: the view `postings` makes them.
fn one_lot(entry: &Entry) -> Option<(LotId, bool)> {
    let [drawn, spent] = &entry.postings[..] else {
        return None;
    };
    let is_charge = entry.kind == EntryKind::Spend
        && (drawn.book, spent.book) == (BookName::Available, BookName::Spent)
        && drawn.list == spent.list
        && drawn.credits == entry.available()
        && spent.lot.is_none();
    let by_list = match drawn.list {
        None => false,
        Some(list) if entry.list == Some(list) => true,
        Some(_) => return None,
    };
    drawn.lot.filter(|_| is_charge).map(|lot| (lot, by_list))
}

fn stored(posting: posting::Model) -> posting_row::Model {
    posting_row::Model {
        account_id: posting.account_id,
        sequence: posting.sequence,
        position: posting.position,
        book: posting.book,
        list_id: posting.list_id,
        lot_id: posting.lot_id,
        units: posting.units,
    }
}

fn kind(kind: EntryKind) -> sql_enums::TransactionKind {
    use sql_enums::TransactionKind as Kind;
    match kind {
        EntryKind::Purchase => Kind::Purchase,
        EntryKind::Recharge => Kind::Recharge,
        EntryKind::Grant => Kind::Grant,
        EntryKind::Revocation => Kind::Revocation,
        EntryKind::Allocation => Kind::Allocation,
        EntryKind::Hold => Kind::Hold,
        EntryKind::Release => Kind::Release,
        EntryKind::Spend => Kind::Spend,
        EntryKind::Expiry => Kind::Expiry,
        EntryKind::TimeZoneChange => Kind::TimeZoneChange,
        EntryKind::Chargeback => Kind::Chargeback,
        EntryKind::DebtPayment => Kind::DebtPayment,
    }
}

fn book_name(name: BookName) -> sql_enums::BookName {
    use sql_enums::BookName as Name;
    match name {
        BookName::Issued => Name::Issued,
        BookName::Available => Name::Available,
        BookName::Held => Name::Held,
        BookName::Spent => Name::Spent,
        BookName::Expired => Name::Expired,
        BookName::Revoked => Name::Revoked,
        BookName::Debt => Name::Debt,
    }
}

pub(super) fn encoding(encoding: Encoding) -> sql_enums::Encoding {
    match encoding {
        Encoding::Gsm7 => sql_enums::Encoding::Gsm7,
        Encoding::Ucs2 => sql_enums::Encoding::Ucs2,
    }
}

/// At most 255 segments (law S2).
pub(super) fn count(segments: u32) -> Result<i32, Fault> {
    i32::try_from(segments).map_err(|_| Fault::TooMany {
        what: "segments",
        value: segments.into(),
    })
}

/// Head-counts are bounded at the edge, far below `i64`.
pub(super) fn head_count(recipients: u64) -> Result<i64, Fault> {
    i64::try_from(recipients).map_err(|_| Fault::TooMany {
        what: "recipients",
        value: recipients,
    })
}
