//! A change of the account's time zone: each lot keeps its day, and the day begins at another
//! instant.
//!
//! Here: law L2 across the change. Not here: when a day begins in a zone, which is
//! [`crate::calendar`].

use jiff::{Timestamp, tz::TimeZone};

use super::{ApplyError, Book, Entry, EntryKind, ExpiryChange, Refusal};
use crate::{calendar, id::LotId, lot::Expiry};

impl Book {
    /// Moves the expiry of every lot whose day has not begun to that day's first instant in `zone`.
    /// A lot that has expired stays expired. If the day has already begun in the new zone, the
    /// remainder of the lot expires now: earlier spending was in time.
    ///
    /// A book that is loaded for this includes the used-up lots, because holds may give credits
    /// back to them.
    pub(super) fn change_time_zone(
        &mut self,
        zone: &TimeZone,
        at: Timestamp,
    ) -> Result<Vec<Entry>, ApplyError> {
        let changes = self.expiry_changes(zone, at)?;
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let mut late: Vec<LotId> = Vec::new();
        for change in &changes {
            let lot = self.lot_mut(change.lot)?;
            lot.expiry = lot.expiry.map(|expiry| Expiry {
                at: change.to,
                ..expiry
            });
            if change.to <= at {
                late.push(lot.id);
            }
        }
        let entry = self.entry(EntryKind::TimeZoneChange, at, None, None, Vec::new())?;
        let mut entries = vec![Entry {
            expiry_changes: changes,
            ..entry
        }];
        entries.extend(self.expire_late(&late, at)?);
        Ok(entries)
    }

    /// The changes, by lot. Nothing is changed before all of them are known to be possible.
    fn expiry_changes(&self, zone: &TimeZone, at: Timestamp) -> Result<Vec<ExpiryChange>, Refusal> {
        let mut changes = Vec::new();
        for lot in self.lots.values() {
            let Some(expiry) = lot.expiry.filter(|expiry| expiry.at > at) else {
                continue;
            };
            let to = calendar::start_of_day(expiry.on, zone).map_err(|_| Refusal::NoSuchDay)?;
            if to != expiry.at {
                changes.push(ExpiryChange {
                    lot: lot.id,
                    from: expiry.at,
                    to,
                });
            }
        }
        Ok(changes)
    }
}
