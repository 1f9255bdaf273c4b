//! Adding contacts one by one, without a file.
//!
//! Here: checking the contacts, and writing them in one transaction with their list's head-count.
//! Not here: changing one ([`super::changing`]), and files ([`crate::operations::contact_import`]).

use std::collections::{BTreeMap, HashMap};

use domain::{
    country::CountryCode,
    id::{AccountId, ContactId, ListId},
    private::Private,
};
use entity::contact_list;
use sea_orm::ConnectionTrait;

use super::{
    Contact,
    fields::{self, ContactWarning, FieldChange, Fields},
};
use crate::{
    operations::{
        OperationError, Path, RefusalCode, Services, Viewer, audience,
        contact_import::{MAX_CONTACTS, Standing, counted_by_hand, standing},
        phone_number::Accept,
        together::{MAX_REFUSED, Together, all},
    },
    store::{self, contact::NewContact},
};

/// The most contacts of one request.
pub const MAX_ADDED: usize = 1_000;

/// The input of `addContacts`.
#[derive(Debug)]
pub struct AddContacts {
    /// The list to add to.
    pub list: ListId,
    /// The contacts.
    pub contacts: Vec<ContactToAdd>,
    /// Whether to accept landlines.
    pub accept_landlines: bool,
    /// Whether an existing contact takes the given fields; it is refused otherwise.
    pub update_existing: bool,
}

/// A contact to add.
#[derive(Debug)]
pub struct ContactToAdd {
    /// The number, in E.164 form.
    pub number: Private<String>,
    /// The fields; an existing contact keeps its own if `None`.
    pub fields: Option<Vec<FieldChange>>,
}

/// The result of `addContacts`.
#[derive(Debug)]
pub struct Added {
    /// The list with its new head-count.
    pub list: contact_list::Model,
    /// The contacts, in the order of the request.
    pub contacts: Vec<Contact>,
    /// How many of them are new.
    pub added: usize,
    /// Values that were left out.
    pub warnings: Vec<ContactWarning>,
}

/// A contact of the request, checked.
struct Row {
    number: i64,
    country: CountryCode,
    fields: Option<Fields>,
}

impl Services {
    /// Adds contacts to a list, all of them or none.
    ///
    /// # Errors
    /// An unknown list and one whose head-count was set by hand; invalid and repeated numbers,
    /// invalid fields, and numbers that the list has already, each at its row.
    pub async fn add_contacts(
        &self,
        viewer: &Viewer,
        input: AddContacts,
    ) -> Result<Added, OperationError> {
        let path = Path::input("listId");
        let list = self.open_list(viewer, input.list, &path).await;
        let read = read_all(input.contacts, Accept::landlines(input.accept_landlines)).await;
        let (list, (rows, warnings)) = (list, read).together()?;

        let transaction = self.store().begin().await?;
        let of = (AccountId::new(list.account_id), input.list);
        store::contact_list::lock(&transaction, of).await?;
        let written = self.write_contacts(&transaction, of, &rows, input.update_existing);
        let (contacts, added) = written.await?;
        transaction.commit().await?;
        Ok(Added {
            list: self.open_list(viewer, input.list, &path).await?,
            contacts,
            added,
            warnings,
        })
    }

    /// Writes contacts to a list that is locked. Returns them, and how many are new.
    async fn write_contacts(
        &self,
        connection: &impl ConnectionTrait,
        of: (AccountId, ListId),
        rows: &[Row],
        update_existing: bool,
    ) -> Result<(Vec<Contact>, usize), OperationError> {
        let path = Path::input("contacts");
        let (stored, revision) = self.takes_contacts(connection, of).await?;
        let numbers: Vec<i64> = rows.iter().map(|row| row.number).collect();
        let known = store::contact::with_numbers(connection, of, &numbers).await?;
        let mut known: HashMap<i64, Contact> = known
            .into_iter()
            .map(|contact| (*contact.number.unguarded(), contact))
            .collect();
        if !known.is_empty() && !update_existing {
            let taken = rows.iter().enumerate();
            let taken = taken.filter(|(_, row)| known.contains_key(&row.number));
            let refuse = |(index, _)| {
                path.at(index).at("phoneNumber").refuse(
                    RefusalCode::Conflict,
                    text!("The list has a contact with this number; set updateExisting to set its fields."),
                )
            };
            return Err(OperationError::Refused(
                taken.map(refuse).take(MAX_REFUSED).collect(),
            ));
        }
        let added = rows.len() - known.len();
        if stored.saturating_add(i64::try_from(added).unwrap_or(i64::MAX)) > MAX_CONTACTS {
            let message = text!(
                "The list would have more than {limit} contacts.",
                limit = MAX_CONTACTS,
            );
            return Err(path.refuse(RefusalCode::LimitReached, message).into());
        }
        let at = self.clock().now();
        let now = at.as_microsecond();
        let (mut contacts, mut new, mut changed) = (Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            let existing = known.remove(&row.number);
            let is_new = existing.is_none();
            let mut contact = existing.unwrap_or_else(|| Contact {
                account: of.0,
                list: of.1,
                id: ContactId::new(self.clock().new_id_in(of.0.uuid())),
                number: Private::new(row.number),
                country_code: row.country.to_string(),
                fields: Private::new(None),
                created_at: now,
                updated_at: now,
            });
            if let Some(fields) = &row.fields {
                let before = contact.fields.clone();
                contact.fields = fields::json(fields)?;
                if !is_new && contact.fields != before {
                    contact.updated_at = now;
                }
            }
            if is_new {
                new.push(stored_form(&contact));
            } else if row.fields.is_some() {
                changed.push(stored_form(&contact));
            }
            contacts.push(contact);
        }
        if !new.is_empty() {
            store::contact::insert(connection, of, &new, (now, revision)).await?;
            let mut counts = BTreeMap::new();
            for contact in &new {
                *counts.entry(contact.country_code.clone()).or_default() += 1;
            }
            store::contact::count_towards(connection, of, &counts, at).await?;
        }
        if !changed.is_empty() {
            store::contact::update(connection, of, &changed, (now, revision)).await?;
            if new.is_empty() {
                store::contact_list::raise_revision(connection, of, at).await?;
            }
        }
        Ok((contacts, added))
    }

    /// The number of a locked list's contacts, and the revision of its next change.
    ///
    /// # Errors
    /// `NotFound` if it is archived, `Conflict` if its head-count was set by hand.
    pub(super) async fn takes_contacts(
        &self,
        connection: &impl ConnectionTrait,
        of: (AccountId, ListId),
    ) -> Result<(i64, i64), OperationError> {
        let path = Path::input("listId");
        match standing(connection, of).await? {
            Standing::Open { contacts, revision } => Ok((contacts, revision + 1)),
            Standing::Archived => Err(path.not_found(text!("list")).into()),
            Standing::CountedByHand => {
                Err(path.refuse(RefusalCode::Conflict, counted_by_hand()).into())
            }
        }
    }
}

/// A contact as the store writes it.
pub(super) fn stored_form(contact: &Contact) -> NewContact {
    NewContact {
        id: contact.id,
        number: contact.number,
        country_code: contact.country_code.clone(),
        fields: contact.fields.clone(),
    }
}

/// Reads contacts on a blocking thread, because a thousand of them take some hundredths of a
/// second.
async fn read_all(
    contacts: Vec<ContactToAdd>,
    accept: Accept,
) -> Result<(Vec<Row>, Vec<ContactWarning>), OperationError> {
    let at = Path::input("contacts");
    let count = contacts.len();
    if !(1..=MAX_ADDED).contains(&count) {
        let message = text!(
            "Must be 1 to {limit} contacts; got {got}.",
            limit = MAX_ADDED,
            got = count,
        );
        return Err(at.invalid(message).into());
    }
    let read = tokio::task::spawn_blocking(move || read(&contacts, accept, &at)).await;
    read.map_err(|cause| OperationError::broken(format!("contacts were not read: {cause}")))?
}

/// Checks contacts, each at its position below `path`.
fn read(
    contacts: &[ContactToAdd],
    accept: Accept,
    path: &Path,
) -> Result<(Vec<Row>, Vec<ContactWarning>), OperationError> {
    let mut warnings = Vec::new();
    let mut seen: HashMap<i64, usize> = HashMap::with_capacity(contacts.len());
    let rows = contacts.iter().enumerate().map(|(index, contact)| {
        let row = read_one(contact, accept, &path.at(index), &mut warnings)?;
        match seen.insert(row.number, index) {
            None => Ok(row),
            Some(first) => Err(OperationError::from(
                path.at(index).at("phoneNumber").invalid(text!(
                    "Is the number of contacts.{first} too; give each number once.",
                    first = first
                )),
            )),
        }
    });
    let rows = all(rows)?;
    Ok((rows, warnings))
}

fn read_one(
    contact: &ContactToAdd,
    accept: Accept,
    path: &Path,
    warnings: &mut Vec<ContactWarning>,
) -> Result<Row, OperationError> {
    let number = contact.number.unguarded();
    let number = audience::number(number, accept, &path.at("phoneNumber"));
    let given = contact.fields.as_deref().map(|changes| {
        let path = path.at("fields");
        fields::check(changes, &path)?;
        let mut fields = Fields::new();
        fields::apply(&mut fields, changes, &path, warnings)?;
        Ok::<_, OperationError>(fields)
    });
    let ((number, country), fields) = (number, given.transpose()).together()?;
    Ok(Row {
        number,
        country,
        fields,
    })
}
