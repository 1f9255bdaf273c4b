//! Writing an import part by part.
//!
//! A part is one transaction: it locks the list, reads its state in the next statement, and inserts
//! the new contacts. The head-counts by country, the number of stored contacts and the import's own
//! figures rise by the same number. Rows are taken in the order of the file: of two rows with one
//! number the first counts, or the last if the import updates existing contacts.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use domain::{
    id::{AccountId, ImportId, ListId},
    private::Private,
};
use entity::sql_enums::ImportStatus;
use sea_orm::{ConnectionTrait, DbErr};

use super::{
    CANCELED, ENDED, FAILED, KEPT_REJECTIONS, counted_by_hand,
    reading::{Part, Reading, Rejected},
};
use crate::{
    operations::{OperationError, Services, changes::Topic},
    store::{
        self,
        contact::{Counts, NewContact},
        contact_import::{Progress, RejectedRow, warnings::ImportWarning},
    },
    telemetry::metrics::IMPORTS_ENDED,
};

/// The most stored contacts of one list: ten times the largest audience of the big platforms, and
/// far below the limit of a head-count.
pub(in crate::operations) const MAX_CONTACTS: i64 = 100_000_000;
/// How often to try a part that the database refused, and the pause between tries.
const TRIES: u32 = 4;
const BACKOFF: Duration = Duration::from_millis(100);

/// Why an import stops that was cancelled, or that another server took for lost. Its row keeps the
/// reason that it was ended with.
const ENDED_ELSEWHERE: &str = written!("The import was ended.");

/// Whether a list takes contacts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::operations) enum Standing {
    /// It does. It has this many contacts as of this revision.
    Open { contacts: i64, revision: i64 },
    /// The list is archived.
    Archived,
    /// Its head-count was set by hand.
    CountedByHand,
}

/// Whether a list takes contacts. The caller has locked the list.
pub(in crate::operations) async fn standing(
    connection: &impl ConnectionTrait,
    (account, list): (AccountId, ListId),
) -> Result<Standing, DbErr> {
    let row = store::contact_list::find(connection, list).await?;
    let (contacts, revision) = match row {
        Some(row) if row.archived_at.is_none() => (row.contacts, row.revision),
        _ => return Ok(Standing::Archived),
    };
    if contacts == 0 {
        let counted = store::contact_list::destinations(connection, [(account, list)]).await?;
        if counted.iter().any(|row| row.recipients > 0) {
            return Ok(Standing::CountedByHand);
        }
    }
    Ok(Standing::Open { contacts, revision })
}

/// A running import.
pub(super) struct Job {
    pub services: Services,
    pub account: AccountId,
    pub list: ListId,
    pub import: ImportId,
    pub update_existing: bool,
    /// The number of refused rows stored so far.
    pub kept: i64,
    /// The number of warnings so far.
    pub warned: i64,
}

impl Job {
    /// Writes parts to the end of the file, and stores how the import ended.
    pub async fn run(mut self, mut reading: Reading) -> Result<(), OperationError> {
        let (services, of) = (self.services.clone(), (self.account, self.import));
        let written = tokio::select! {
            written = self.write(&mut reading) => written,
            () = services.attend_import(of) => Err(ENDED_ELSEWHERE.to_owned()),
        };
        let read = reading.end().await;
        let reason = match (written, read) {
            (Err(reason), _) => Some(reason),
            (Ok(()), Err(ended)) => Some(ended.reason()),
            (Ok(()), Ok(())) => None,
        };
        let (status, outcome) = match reason.as_deref() {
            None => (ImportStatus::Done, ENDED),
            // The row was ended already and stays as it is.
            Some(ENDED_ELSEWHERE) => (ImportStatus::Failed, CANCELED),
            Some(_) => (ImportStatus::Failed, FAILED),
        };
        IMPORTS_ENDED.counter(&[outcome]).increment(1);
        let now = self.services.clock().now().as_microsecond();
        let writer = self.services.store().writer();
        let ended = store::contact_import::end(writer, of, status, reason.as_deref(), now).await;
        self.services.changes().tell(Topic::Imports(self.list));
        Ok(ended?)
    }

    async fn write(&mut self, reading: &mut Reading) -> Result<(), String> {
        while let Some(part) = reading.next().await {
            let turn = self.services.imports().turn.lock().await;
            if self.services.stop().is_cancelled() {
                return Err(written!("The server is being stopped. What came in until then stays; import the file again for the rest.").to_owned());
            }
            self.write_part(&part).await?;
            drop(turn);
            self.kept += length(self.kept_of(&part));
            self.warned += length(&part.warnings);
            self.services.changes().tell(Topic::Imports(self.list));
        }
        Ok(())
    }

    /// Writes one part. It retries if the database refused it before the commit, because then
    /// nothing was written.
    async fn write_part(&self, part: &Part) -> Result<(), String> {
        let mut tries = 0;
        let cause = loop {
            tries += 1;
            let transaction = match self.services.store().begin().await {
                Ok(transaction) => transaction,
                Err(cause) if tries >= TRIES => break cause,
                Err(_) => {
                    tokio::time::sleep(BACKOFF * tries).await;
                    continue;
                }
            };
            match self.add(&transaction, part).await {
                Ok(Ok(())) => match transaction.commit().await {
                    Ok(()) => return Ok(()),
                    // It may have been committed all the same: a retry would count its rows as
                    // duplicates.
                    Err(cause) => break cause,
                },
                Ok(Err(reason)) => return Err(reason),
                Err(cause) if tries >= TRIES => break cause,
                Err(cause) => {
                    tracing::warn!(%cause, "writing a part of an import failed; retrying");
                    drop(transaction);
                    tokio::time::sleep(BACKOFF * tries).await;
                }
            }
        };
        tracing::error!(%cause, "writing a part of an import failed; giving up");
        Err(written!("The database failed. What came in until then stays; import the file again for the rest.").to_owned())
    }

    async fn add(
        &self,
        connection: &impl ConnectionTrait,
        part: &Part,
    ) -> Result<Result<(), String>, DbErr> {
        let of = (self.account, self.list);
        store::contact_list::lock(connection, of).await?;
        let (stored, revision) = match standing(connection, of).await? {
            Standing::Open { contacts, revision } => (contacts, revision + 1),
            Standing::Archived => {
                return Ok(Err(written!("The list was archived meanwhile.").to_owned()));
            }
            Standing::CountedByHand => return Ok(Err(counted_by_hand().english())),
        };
        let numbers: Vec<i64> = part
            .contacts
            .iter()
            .map(|row| *row.number.unguarded())
            .collect();
        let known: HashSet<i64> = store::contact::known(connection, of, &numbers)
            .await?
            .into_iter()
            .collect();
        let sorted = sort(&part.contacts, &known, self.update_existing);
        let imported = i64::try_from(sorted.new.len()).unwrap_or(i64::MAX);
        if stored.saturating_add(imported) > MAX_CONTACTS {
            return Ok(Err(text!(
                "The list would have more than {limit} contacts.",
                limit = MAX_CONTACTS
            )
            .english()));
        }
        let at = self.services.clock().now();
        let now = at.as_microsecond();
        if !sorted.new.is_empty() {
            store::contact::insert(connection, of, &sorted.new, (now, revision)).await?;
            store::contact::count_towards(connection, of, &by_country(&sorted.new), at).await?;
        }
        if !sorted.changed.is_empty() {
            store::contact::update(connection, of, &sorted.changed, (now, revision)).await?;
            if sorted.new.is_empty() {
                store::contact_list::raise_revision(connection, of, at).await?;
            }
        }
        let rejected = length(&part.rejected);
        if rejected > 0 {
            store::contact_import::insert_rejections(
                connection,
                self.account,
                &self.rejections(part),
            )
            .await?;
        }
        if !part.warnings.is_empty() {
            let warnings = self.warnings(part);
            store::contact_import::warnings::insert(connection, self.account, &warnings).await?;
        }
        let progress = Progress {
            rows: part.rows,
            imported,
            duplicates: part.rows - rejected - imported,
            rejected,
            warnings: length(&part.warnings),
            bytes_read: part.bytes_read,
        };
        let of = (self.account, self.import);
        // Whoever ended it has told its clients so: nothing more may come in.
        if !store::contact_import::advance(connection, of, progress, now).await? {
            return Ok(Err(ENDED_ELSEWHERE.to_owned()));
        }
        Ok(Ok(()))
    }

    /// The refused rows of a part that there is still room to store.
    fn kept_of<'a>(&self, part: &'a Part) -> &'a [Rejected] {
        let room = usize::try_from(KEPT_REJECTIONS - self.kept).unwrap_or(0);
        part.rejected.get(..room).unwrap_or(&part.rejected)
    }

    fn rejections(&self, part: &Part) -> Vec<RejectedRow> {
        let rows = self.kept_of(part).iter().map(|row| RejectedRow {
            import: self.import,
            line: i64::try_from(row.line).unwrap_or(i64::MAX),
            value: row.value.clone(),
            reason: row.reason.to_string(),
            code: Some(row.code),
            cells: row.cells.clone(),
        });
        rows.collect()
    }

    fn warnings(&self, part: &Part) -> Vec<ImportWarning> {
        let warnings = part.warnings.iter().zip(self.warned..);
        let kept = warnings.map(|(warning, position)| ImportWarning {
            import: self.import,
            position,
            line: warning
                .line
                .map(|line| i64::try_from(line).unwrap_or(i64::MAX)),
            column: Private::new(warning.column.clone()),
            reason: Private::new(warning.reason.to_string()),
        });
        kept.collect()
    }
}

fn length<T>(rows: &[T]) -> i64 {
    i64::try_from(rows.len()).unwrap_or(i64::MAX)
}

/// The contacts of a part, by what to do with them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sorted {
    /// Contacts that are new to the list, each number once.
    new: Vec<NewContact>,
    /// Existing contacts that take new fields, each number once.
    changed: Vec<NewContact>,
}

fn sort(contacts: &[NewContact], known: &HashSet<i64>, update_existing: bool) -> Sorted {
    let mut sorted = Sorted::default();
    let mut places: HashMap<i64, usize> = HashMap::with_capacity(contacts.len());
    for contact in contacts {
        let is_known = known.contains(contact.number.unguarded());
        if is_known && !update_existing {
            continue;
        }
        let rows = if is_known {
            &mut sorted.changed
        } else {
            &mut sorted.new
        };
        match places.get(contact.number.unguarded()) {
            None => {
                places.insert(*contact.number.unguarded(), rows.len());
                rows.push(contact.clone());
            }
            Some(&place) if update_existing => {
                if let Some(row) = rows.get_mut(place) {
                    row.fields.clone_from(&contact.fields);
                }
            }
            Some(_) => {}
        }
    }
    sorted
}

fn by_country(contacts: &[NewContact]) -> Counts {
    let mut counts = BTreeMap::new();
    for contact in contacts {
        *counts.entry(contact.country_code.clone()).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use domain::{id::ContactId, private::Private};
    use uuid::Uuid;

    use super::{NewContact, sort};

    #[test]
    fn a_number_is_imported_once() {
        let row = |number: i64, fields: &str| NewContact {
            id: ContactId::new(Uuid::from_u128(u128::from(number.unsigned_abs()))),
            number: Private::new(number),
            country_code: "IT".to_owned(),
            fields: Private::new(Some(fields.to_owned())),
        };
        let rows = [
            row(1, "a"),
            row(2, "b"),
            row(1, "c"),
            row(3, "d"),
            row(2, "e"),
        ];
        let known = HashSet::from([2]);
        let check = |update: bool, new: &[(i64, &str)], changed: &[(i64, &str)]| {
            let sorted = sort(&rows, &known, update);
            let rows = |rows: &[(i64, &str)]| {
                rows.iter()
                    .map(|(number, fields)| row(*number, fields))
                    .collect::<Vec<_>>()
            };
            assert_eq!(
                (sorted.new, sorted.changed),
                (rows(new), rows(changed)),
                "{update}"
            );
        };
        check(false, &[(1, "a"), (3, "d")], &[]);
        check(true, &[(1, "c"), (3, "d")], &[(2, "e")]);
    }
}
