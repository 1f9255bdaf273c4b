//! Stored contacts of a list: listing, finding by number, and removing.
//!
//! Not here: adding contacts without a file ([`adding`]), changing one ([`changing`]), and their
//! merge fields ([`merge_fields`]).
//!
//! Contacts are personal data and are deleted when they are no longer needed. Archiving a list
//! makes its contacts unreachable at once, and then deletes them together with the rows that its
//! imports refused.

mod adding;
mod changing;
mod fields;
mod merge_fields;
mod search;

use domain::id::{AccountId, ContactId, ListId};
use entity::contact_list;
use sea_orm::{ConnectionTrait, DbErr};

pub use adding::{AddContacts, Added, ContactToAdd, MAX_ADDED};
pub use changing::{Changed, UpdateContact};
pub use fields::{ContactWarning, FieldChange};
pub(super) use merge_fields::MergeFields;
pub use merge_fields::{ListMergeField, MAX_MERGE_FIELDS};
pub(super) use search::read as read_search;

use super::{
    OperationError, Path, Refusal, Services, Viewer, ViewerReader, audience, departure,
    last_change::AskedLastChanges,
    phone_number::Accept,
    policy::may_read,
    reader::{Contacts, Listing, Window},
    together::{Together, all},
};
pub use crate::store::contact::{Contact, ContactSort};
use crate::store::{
    self,
    contact::{ContactFilter, Gone, Search, Which},
};
use crate::tuning::Tuned;

/// The most contacts that one removal can name.
pub const MAX_NAMED: usize = 10_000;
/// How many contacts one transaction removes when all are removed. It takes a few hundredths of a
/// second, so charges can run in between.
/// Measured: docs/measured.md, "Imports and removals".
static PART: Tuned<u64> = Tuned::new("REMOVAL_PART", 5_000);
/// How many parts of an archived list one pass removes; the next pass continues.
const PARTS_AT_ONCE: usize = 20;
/// How many archived lists one pass reads.
const LISTS_AT_ONCE: u64 = 16;

/// Which contacts to remove.
#[derive(Debug)]
pub enum Removal {
    /// The contacts with these ids; `None` for one that can't be read.
    Ids(Vec<Option<ContactId>>),
    /// The contacts with these numbers, in E.164 form.
    Numbers(Vec<String>),
    /// All contacts of the list.
    All,
}

/// The result of a removal.
#[derive(Debug)]
pub struct Removals {
    /// The list after the removal.
    pub list: contact_list::Model,
    /// The number of contacts that were removed.
    pub count: u64,
    /// Their ids; none if all contacts were to be removed.
    pub ids: Vec<ContactId>,
}

/// The conditions of a list of contacts, and its order. `None` doesn't restrict the list.
#[derive(Debug, Default)]
pub struct AskedContacts<'a> {
    /// Only contacts that match this.
    pub search: Option<&'a str>,
    /// The order.
    pub sort: Option<ContactSort>,
    /// Only contacts that last changed in this period.
    pub changed: AskedLastChanges,
}

impl ViewerReader {
    /// A page of a list's contacts; empty for an archived list.
    ///
    /// # Errors
    /// `Forbidden` if the viewer's role may not read contacts. `Invalid` if `search` is neither the
    /// beginning of a number nor a text with letters, if the order isn't one of numbers with a
    /// beginning, or if an instant can't be read.
    pub async fn contacts(
        &self,
        list: &contact_list::Model,
        asked: AskedContacts<'_>,
        window: Window,
    ) -> Result<Listing<Contact>, OperationError> {
        may_read(self.viewer(), "ContactList", "contacts")?;
        let checks = (
            read_search(asked.search, &Path::argument("search")),
            asked.changed.read_at(Path::argument),
        );
        let (search, changed) = checks.together()?;
        let sort = asked.sort;
        if let (Some(Search::Prefix(_)), Some(ContactSort::CreatedAt)) = (&search, sort) {
            return Err(Path::argument("sortKey")
                .invalid(text!(
                    "Numbers with a beginning are sorted by number; must be PHONE_NUMBER, or be left out."
                ))
                .into());
        }
        let contacts = Contacts {
            filter: ContactFilter {
                account: AccountId::new(list.account_id),
                list: ListId::new(list.id),
                search,
                sort,
                changed,
            },
            stored: match list.archived_at {
                Some(_) => None,
                None => Some(list.contacts.unsigned_abs()),
            },
        };
        self.list(contacts, window).await
    }
}

impl Services {
    /// Removes contacts from a list. Contacts that aren't in the list are ignored, so a request
    /// whose answer was lost can be repeated.
    ///
    /// # Errors
    /// An unknown list, too many contacts, and invalid numbers, each at its field.
    pub async fn remove_contacts(
        &self,
        viewer: &Viewer,
        list: ListId,
        removal: Result<Removal, OperationError>,
    ) -> Result<Removals, OperationError> {
        let path = Path::input("listId");
        let row = self.open_list(viewer, list, &path).await;
        let removal = match removal {
            Ok(removal) => read_removal(removal).await,
            Err(wrong) => Err(wrong),
        };
        let (row, removal) = (row, removal).together()?;
        let mut ids_removed = Vec::new();
        let removed = match removal {
            Readable::Ids(ids) => {
                let (mut removed, mut rest) = (0, ids.as_slice());
                while !rest.is_empty() {
                    let part = self.remove_part(&row, Which::Ids(rest)).await?;
                    removed += part.removed;
                    ids_removed.extend(part.ids);
                    rest = rest.get(part.asked..).unwrap_or_default();
                }
                removed
            }
            Readable::Numbers(numbers) => {
                let (mut removed, mut rest) = (0, numbers.as_slice());
                while !rest.is_empty() {
                    let part = self.remove_part(&row, Which::Numbers(rest)).await?;
                    removed += part.removed;
                    ids_removed.extend(part.ids);
                    rest = rest.get(part.asked..).unwrap_or_default();
                }
                removed
            }
            Readable::All => self.remove_oldest(&row, usize::MAX).await?,
        };
        Ok(Removals {
            list: self.open_list(viewer, list, &path).await?,
            count: removed,
            ids: ids_removed,
        })
    }

    /// Removes contacts and lowers the head-count in one transaction. Scheduled messages to these
    /// contacts that are due later count them off. If such messages have merge fields, only the
    /// first contacts of a large removal are removed ([`super::departure::part`]).
    async fn remove_part(
        &self,
        list: &contact_list::Model,
        which: Which<'_>,
    ) -> Result<Removed, OperationError> {
        let of = (AccountId::new(list.account_id), ListId::new(list.id));
        let transaction = self.store().begin().await?;
        store::contact_list::lock(&transaction, of).await?;
        let forgets = list.archived_at.is_some() && matches!(which, Which::Oldest(_));
        if forgets && !is_archived(&transaction, of.1).await? {
            // It was restored since its contacts began to be deleted: these are new.
            let asked = asked(&which);
            return Ok(Removed {
                removed: 0,
                ids: Vec::new(),
                asked,
            });
        }
        // Read after waiting for the lock: messages that came due meanwhile are still sent to these
        // contacts.
        let now = self.clock().now();
        let waiting = store::message_audience::waiting(&transaction, of, now).await?;
        let (Gone { mut counts, ids }, asked) = if waiting.is_empty() {
            let asked = asked(&which);
            let gone = store::contact::delete(&transaction, of, which).await?;
            (gone, asked)
        } else {
            let which = departure::part(which, &waiting);
            let asked = asked(&which);
            let gone = self.remove_departing(&transaction, of, which, waiting);
            (gone.await?, asked)
        };
        let removed = ids.len() as u64;
        counts.values_mut().for_each(|count| *count = -*count);
        store::contact::count_towards(&transaction, of, &counts, now).await?;
        transaction.commit().await?;
        Ok(Removed {
            removed,
            ids,
            asked,
        })
    }

    /// Removes one named contact of a list, which may be archived. Returns its id, if it was there.
    pub(super) async fn remove_one(
        &self,
        list: &contact_list::Model,
        which: Which<'_>,
    ) -> Result<Vec<ContactId>, OperationError> {
        Ok(self.remove_part(list, which).await?.ids)
    }

    /// Removes contacts part by part until none is left or `parts` are done.
    async fn remove_oldest(
        &self,
        list: &contact_list::Model,
        parts: usize,
    ) -> Result<u64, OperationError> {
        let mut removed = 0;
        for _ in 0..parts {
            let part = self.remove_part(list, Which::Oldest(PART.get())).await?;
            removed += part.removed;
            if part.removed < part.asked as u64 {
                break;
            }
        }
        Ok(removed)
    }

    /// Deletes what is stored of an archived list's contacts: the refused rows and warnings of its
    /// imports, and as many contacts as one pass removes.
    pub(super) async fn forget_contacts(
        &self,
        list: &contact_list::Model,
    ) -> Result<u64, OperationError> {
        let of = (AccountId::new(list.account_id), ListId::new(list.id));
        loop {
            let transaction = self.store().begin().await?;
            store::contact_list::lock(&transaction, of).await?;
            if !is_archived(&transaction, of.1).await? {
                return Ok(0);
            }
            let refused =
                store::contact_import::forget_rejections(&transaction, of, PART.get()).await?;
            let warned =
                store::contact_import::warnings::forget(&transaction, of, PART.get()).await?;
            transaction.commit().await?;
            if refused.max(warned) < PART.get() {
                break;
            }
        }
        self.remove_oldest(list, PARTS_AT_ONCE).await
    }

    /// Deletes contacts of archived lists, and returns how many.
    ///
    /// # Errors
    /// Fails only with faults of the database. The next call continues.
    pub async fn forget_archived_contacts(&self) -> Result<usize, OperationError> {
        let reader = self.store().reader();
        let lists = store::contact_list::archived_with_contacts(reader, LISTS_AT_ONCE).await?;
        let mut removed = 0;
        for list in &lists {
            removed += self.forget_contacts(list).await?;
        }
        Ok(usize::try_from(removed).unwrap_or(usize::MAX))
    }
}

/// Whether a list is archived. The caller has locked it.
async fn is_archived(connection: &impl ConnectionTrait, list: ListId) -> Result<bool, DbErr> {
    let row = store::contact_list::find(connection, list).await?;
    Ok(row.is_none_or(|row| row.archived_at.is_some()))
}

/// What one transaction removed.
struct Removed {
    /// The number of contacts removed.
    removed: u64,
    /// Their ids.
    ids: Vec<ContactId>,
    /// The number of contacts it covered: of named contacts, the first so many.
    asked: usize,
}

fn asked(which: &Which<'_>) -> usize {
    match which {
        Which::Ids(ids) => ids.len(),
        Which::Numbers(numbers) => numbers.len(),
        Which::Oldest(most) => usize::try_from(*most).unwrap_or(usize::MAX),
    }
}

fn few(count: usize, path: &Path) -> Result<(), Refusal> {
    if count > MAX_NAMED {
        return Err(path.invalid(text!("Must be at most {limit}.", limit = MAX_NAMED)));
    }
    Ok(())
}

/// The contacts to remove, by ids and numbers that were read.
enum Readable {
    Ids(Vec<ContactId>),
    Numbers(Vec<i64>),
    All,
}

async fn read_removal(removal: Removal) -> Result<Readable, OperationError> {
    Ok(match removal {
        Removal::Ids(ids) => {
            let path = Path::input("contactIds");
            few(ids.len(), &path)?;
            let ids = ids.into_iter().enumerate();
            let ids =
                all(ids.map(|(index, id)| {
                    id.ok_or_else(|| path.at(index).not_found(text!("contact")))
                }));
            Readable::Ids(ids?)
        }
        Removal::Numbers(texts) => {
            let path = Path::input("phoneNumbers");
            few(texts.len(), &path)?;
            Readable::Numbers(read_numbers(texts, path).await?)
        }
        Removal::All => Readable::All,
    })
}

/// Reads numbers on a blocking thread, because 10,000 of them take 0.1 s.
async fn read_numbers(texts: Vec<String>, path: Path) -> Result<Vec<i64>, OperationError> {
    let read = move || {
        let numbers = texts.iter().enumerate();
        let digits = numbers
            .map(|(index, text)| Ok(audience::number(text, Accept::All, &path.at(index))?.0));
        all::<_, Refusal>(digits)
    };
    let numbers = tokio::task::spawn_blocking(read).await;
    numbers.map_err(|cause| OperationError::broken(format!("numbers were not read: {cause}")))?
}
