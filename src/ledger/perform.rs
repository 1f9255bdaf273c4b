//! What each kind of request does to its account's book and to the batch's rows.
//!
//! Here: one function for each kind. Not here: batching, locking and keys ([`super::batch`]), a
//! message's row ([`message`], [`update`]), and payments that are taken back ([`reversal`]).

mod message;
mod reversal;
mod update;

use domain::{
    book::{Allocation, Command, EntryKind, Refusal, Source},
    calendar,
    credits::Credits,
    id::{AccountId, ListId, LotId, PurchaseId},
    lot::Expiry,
};
use entity::{
    lot,
    sql_enums::{LotSource, MessageStatus, PurchaseStatus, SettingKind},
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{
    answer::{Answer, BalanceAnswer},
    batch::Batch,
    fault::Fault,
    request::{Given, Refused, Request, RequestKind, Undone},
};
use crate::store::{
    purchase::changes,
    setting_change::{Changed, Fields},
    sql::last_change::later,
    usage_rollup::{NO_RECENT, NOT_ROLLED},
};

impl Batch {
    /// Performs a request, or refuses it and leaves the batch unchanged.
    pub(super) fn perform(&mut self, request: &Request, now: Timestamp) -> Result<Answer, Undone> {
        let account = request.account;
        let given = Given {
            by: &request.actor.of(account),
            at: now,
        };
        match &request.kind {
            RequestKind::Grant {
                lot,
                credits,
                expires_on,
                note,
            } => {
                let expiry = match expires_on {
                    Some(on) => Some(self.expiry_on(account, *on)?),
                    None => None,
                };
                let command = Command::Issue {
                    lot: *lot,
                    source: Source::Grant,
                    credits: *credits,
                    expiry,
                };
                let answer = self.command(account, &command, given, |_| Some(note))?;
                self.insert_lot(account, *lot, *credits, LotSource::Grant)?;
                Ok(Answer {
                    lot: Some(lot.uuid()),
                    ..answer
                })
            }
            RequestKind::Credit {
                purchase,
                lot,
                is_confirmed,
            } => self.credit(account, *purchase, *lot, *is_confirmed, given),
            RequestKind::Reverse { purchase, minor } => {
                self.reverse(account, *purchase, *minor, given)
            }
            RequestKind::Revoke { lot, credits, note } => {
                let command = Command::Revoke {
                    lot: *lot,
                    credits: *credits,
                };
                self.command(account, &command, given, |_| Some(note))
            }
            RequestKind::Allocate { allocations } => {
                for allocation in allocations {
                    self.open_list(account, allocation.list)?;
                }
                self.command(
                    account,
                    &Command::Allocate {
                        allocations: allocations.clone(),
                    },
                    given,
                    |_| None,
                )
            }
            RequestKind::Archive { list } => self.archive(account, *list, given),
            RequestKind::Send(new) => {
                let (message, list, credits) = self.paid(account, new)?;
                let answer = self.command(
                    account,
                    &Command::Spend {
                        message,
                        list,
                        credits,
                    },
                    given,
                    |_| None,
                )?;
                self.add_message(account, new, (given.by, MessageStatus::Sent), answer)
            }
            RequestKind::Schedule(new) => {
                self.refuse_removed(account, new)?;
                let (message, list, credits) = self.paid(account, new)?;
                let answer = self.command(
                    account,
                    &Command::Hold {
                        message,
                        list,
                        credits,
                    },
                    given,
                    |_| None,
                )?;
                self.facts
                    .count_scheduled(account.uuid(), list.map(ListId::uuid), 1);
                self.add_message(account, new, (given.by, MessageStatus::Scheduled), answer)
            }
            RequestKind::Update(update) => self.update(account, update, given),
            RequestKind::End { message, list, end } => {
                self.end(account, (*message, *list), end, given)
            }
            RequestKind::Expire => {
                self.expire(account, given)?;
                Ok(Answer::default())
            }
            RequestKind::ChangeTimeZone { time_zone } => {
                self.change_time_zone(account, time_zone, given)
            }
        }
    }

    /// Applies a command to the account's book and writes its entries, each with the note that
    /// `note` returns for its kind. The answer's transaction is the command's own, which comes
    /// after the expiries that were due.
    fn command<'n>(
        &mut self,
        account: AccountId,
        command: &Command,
        given: Given<'_>,
        note: impl Fn(EntryKind) -> Option<&'n str>,
    ) -> Result<Answer, Undone> {
        let Given { by, at: now } = given;
        let head = self.heads.get_mut(&account).ok_or(Fault::MissingBook)?;
        // Due expiries are booked with the command, or not at all if it is refused. A refusal
        // leaves the book unchanged, so that the book is copied only if something is due.
        let (due, own) = if head.book.has_due_lots(head.book.instant(now)) {
            let mut after = head.book.clone();
            let due = after.expire(now)?;
            let own = after.apply(command, now)?;
            head.book = after;
            (due, own)
        } else {
            (Vec::new(), head.book.apply(command, now)?)
        };
        for entry in &due {
            self.rows.add_entry(account, head, entry, (by, None))?;
        }
        let mut transaction = None;
        for entry in &own {
            let note = note(entry.kind);
            let id = self.rows.add_entry(account, head, entry, (by, note))?;
            transaction.get_or_insert(id);
        }
        let at = head.book.instant(now);
        let balance = BalanceAnswer::from((at, head.book.balance()?));
        Ok(Answer {
            transaction,
            balance: Some(balance),
            ..Answer::default()
        })
    }

    fn expire(&mut self, account: AccountId, given: Given<'_>) -> Result<(), Undone> {
        let head = self.heads.get_mut(&account).ok_or(Fault::MissingBook)?;
        for entry in head.book.expire(given.at)? {
            self.rows
                .add_entry(account, head, &entry, (given.by, None))?;
        }
        Ok(())
    }

    /// Moves the expiry of lots with the account's zone, in which their days begin. The zone is
    /// read and written under the book's lock, so that no new lot uses the old zone's days.
    fn change_time_zone(
        &mut self,
        account: AccountId,
        zone: &TimeZone,
        given: Given<'_>,
    ) -> Result<Answer, Undone> {
        let unnamed = || Fault::UnknownTimeZone(format!("{zone:?}"));
        let name = zone.iana_name().ok_or_else(unnamed)?;
        let command = Command::ChangeTimeZone {
            time_zone: zone.clone(),
        };
        let answer = self.command(account, &command, given, |kind| {
            (kind == EntryKind::TimeZoneChange).then_some(name)
        })?;
        let head = self.heads.get_mut(&account).ok_or(Fault::MissingBook)?;
        if head.time_zone != name {
            let fields = Fields::default().set("timeZone", head.time_zone.as_str(), name);
            let changed = Changed {
                account,
                kind: SettingKind::Account,
                node: account.uuid(),
                fields,
            };
            self.rows.add_setting_change(changed, given)?;
            name.clone_into(&mut head.time_zone);
            // Days have changed: a job adds up the charges again from the beginning.
            head.usage_rolled_from = NOT_ROLLED;
            NO_RECENT.clone_into(&mut head.recent_usage);
            let zone = (name.to_owned(), given.at);
            self.rows.time_zones.insert(account, zone);
        }
        Ok(answer)
    }

    /// The zone in which an account's days begin.
    fn time_zone(&self, account: AccountId) -> Result<TimeZone, Fault> {
        let head = self.heads.get(&account).ok_or(Fault::MissingBook)?;
        calendar::parse_time_zone(&head.time_zone)
            .map_err(|_| Fault::UnknownTimeZone(head.time_zone.clone()))
    }

    /// The expiry of a lot whose credits can't be used from this day on (law L2).
    fn expiry_on(&self, account: AccountId, on: Date) -> Result<Expiry, Undone> {
        let at = calendar::start_of_day(on, &self.time_zone(account)?)
            .map_err(|_| Refused::Book(Refusal::NoSuchDay))?;
        Ok(Expiry { at, on })
    }

    /// Adds the row of a new lot.
    fn insert_lot(
        &mut self,
        account: AccountId,
        id: LotId,
        granted: Credits,
        source: LotSource,
    ) -> Result<(), Fault> {
        let head = self.heads.get_mut(&account).ok_or(Fault::MissingBook)?;
        let lot = head.book.lots.get(&id);
        let lot = lot.ok_or(domain::fault::Fault::MissingLot(id))?;
        let row = lot::Model {
            account_id: account.uuid(),
            id: id.uuid(),
            source,
            granted_units: granted.units(),
            remaining_units: lot.remaining.units(),
            expires_on: lot.expiry.map(|expiry| expiry.on.to_string()),
            expires_at: lot.expiry.map(|expiry| expiry.at.as_microsecond()),
            created_at: lot.created_at.as_microsecond(),
            taken_back: lot.taken_back,
            // Set as it is written.
            updated_at: None,
            is_open: lot.remaining > Credits::ZERO,
        };
        head.lot_rows.insert(id, row);
        Ok(())
    }

    /// Credits a purchase exactly once, however often the provider reports that it was paid
    /// (law R1).
    fn credit(
        &mut self,
        account: AccountId,
        purchase: PurchaseId,
        lot: LotId,
        is_confirmed: bool,
        given: Given<'_>,
    ) -> Result<Answer, Undone> {
        let key = (account.uuid(), purchase.uuid());
        let mut row = self
            .facts
            .purchases
            .get(&key)
            .cloned()
            .ok_or(Refused::UnknownPurchase)?;
        match row.status {
            PurchaseStatus::Pending | PurchaseStatus::Unknown => {}
            PurchaseStatus::Paid => return Err(Refused::AlreadyCredited.into()),
            PurchaseStatus::Declined | PurchaseStatus::Expired | PurchaseStatus::Failed => {
                if !is_confirmed {
                    return Err(Refused::PurchaseClosed.into());
                }
            }
        }
        let head = self.heads.get(&account).ok_or(Fault::MissingBook)?;
        let at = head.book.instant(given.at);
        let expiry = match row.validity_days {
            None => None,
            Some(days) => {
                let unsound = || Fault::Validity { purchase, days };
                let valid = u32::try_from(days).map_err(|_| unsound())?;
                let (on, at) = calendar::expires_at(at, valid, &self.time_zone(account)?)
                    .map_err(|_| unsound())?;
                Some(Expiry { at, on })
            }
        };
        let credits = Credits::from_units(row.credits_units);
        let (source, lot_source) = if row.automatic {
            (Source::AutoRecharge, LotSource::AutoRecharge)
        } else {
            (Source::Purchase, LotSource::Purchase)
        };
        let command = Command::Issue {
            lot,
            source,
            credits,
            expiry,
        };
        let answer = self.command(account, &command, given, |_| None)?;
        self.insert_lot(account, lot, credits, lot_source)?;
        row.status = PurchaseStatus::Paid;
        row.reason = None;
        row.decided_at = Some(at.as_microsecond());
        // Its provider may have taken it back already: the caller reads that, and then rests.
        if !is_confirmed {
            row.next_at = None;
        }
        row.lot_id = Some(lot.uuid());
        row.updated_at = Some(changes::later(&row, given.at));
        self.facts.purchases.insert(key, row.clone());
        self.rows.purchases.push(row);
        Ok(Answer {
            lot: Some(lot.uuid()),
            purchase: Some(purchase.uuid()),
            ..answer
        })
    }

    fn archive(
        &mut self,
        account: AccountId,
        list: ListId,
        given: Given<'_>,
    ) -> Result<Answer, Undone> {
        let key = (account.uuid(), list.uuid());
        self.open_list(account, list)?;
        if self
            .facts
            .scheduled
            .get(&key)
            .is_some_and(|count| *count > 0)
        {
            return Err(Refused::ScheduledMessages(list).into());
        }
        let command = Command::Allocate {
            allocations: vec![Allocation { list, limit: None }],
        };
        let answer = self.command(account, &command, given, |_| None)?;
        let row = self.facts.lists.get_mut(&key);
        let row = row.ok_or(Fault::MissingList(list))?;
        row.archived_at = Some(given.at.as_microsecond());
        row.updated_at = Some(later(row.updated_at, given.at));
        self.rows.archived.push(row.clone());
        let changed = Changed {
            account,
            kind: SettingKind::ContactList,
            node: list.uuid(),
            fields: Fields::default().set("archived", false, true),
        };
        self.rows.add_setting_change(changed, given)?;
        Ok(answer)
    }

    fn open_list(&self, account: AccountId, list: ListId) -> Result<(), Refused> {
        let row = self.facts.lists.get(&(account.uuid(), list.uuid()));
        match row {
            Some(row) if row.archived_at.is_none() => Ok(()),
            Some(_) | None => Err(Refused::UnknownList(list)),
        }
    }
}
