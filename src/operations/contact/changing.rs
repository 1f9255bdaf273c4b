//! Changing one contact.
//!
//! Here: its number and its fields. A contact with another number is another recipient: messages
//! that were scheduled for the old number count it as having left the list, and don't include the
//! new one. Not here: adding contacts ([`super::adding`]).

use std::collections::BTreeMap;

use domain::{
    id::{AccountId, ContactId, ListId},
    private::Private,
};
use entity::contact_list;
use jiff::Timestamp;
use sea_orm::ConnectionTrait;

use super::{
    Contact,
    adding::stored_form,
    fields::{self, ContactWarning, FieldChange},
};
use crate::{
    operations::{
        OperationError, Path, RefusalCode, Services, Viewer, audience, phone_number::Accept,
        together::Together,
    },
    store::{self, contact::Which, sql::bounded::Transaction},
};

/// The input of `updateContact`. What is `None` stays as it is.
#[derive(Debug)]
pub struct UpdateContact {
    /// The contact to change.
    pub contact: ContactId,
    /// The new number, in E.164 form.
    pub number: Option<Private<String>>,
    /// The fields to set or to remove.
    pub fields: Option<Vec<FieldChange>>,
    /// Whether the new number may be a landline.
    pub accept_landlines: bool,
}

/// The result of `updateContact`.
#[derive(Debug)]
pub struct Changed {
    /// The contact after the change.
    pub contact: Contact,
    /// Its list, with its new head-count.
    pub list: contact_list::Model,
    /// Values that were left out.
    pub warnings: Vec<ContactWarning>,
}

impl Services {
    /// Changes a contact's number, its fields, or both.
    ///
    /// # Errors
    /// An unknown contact, an invalid number or one that the list has already, and invalid fields,
    /// each at its field.
    pub async fn update_contact(
        &self,
        viewer: &Viewer,
        change: UpdateContact,
    ) -> Result<Changed, OperationError> {
        let missing = || OperationError::from(Path::input("contactId").not_found(text!("contact")));
        let found = self.reader(viewer.clone()).by_key(change.contact).await?;
        let found = found.ok_or_else(missing);
        let path = Path::input("phoneNumber");
        let accept = Accept::landlines(change.accept_landlines);
        let number = change.number.as_ref();
        let number = number
            .map(|text| audience::number(text.unguarded(), accept, &path))
            .transpose();
        let changes = change.fields.unwrap_or_default();
        let names = fields::check(&changes, &Path::input("fields"));
        let (found, number, ()) = (found, number, names).together()?;
        let of = (found.account, found.list);

        let transaction = self.store().begin().await?;
        store::contact_list::lock(&transaction, of).await?;
        // Read again after waiting for the lock.
        let list = store::contact_list::find(&transaction, of.1).await?;
        let list = list.filter(|list| list.archived_at.is_none());
        let revision = list.ok_or_else(missing)?.revision + 1;
        let found = store::contact::find_all(&transaction, [change.contact]).await?;
        let mut contact = found.into_iter().next().ok_or_else(missing)?;

        let mut warnings = Vec::new();
        let mut fields = fields::parse(&contact.fields)?;
        let before = fields.clone();
        fields::apply(&mut fields, &changes, &Path::input("fields"), &mut warnings)?;
        let is_changed = fields != before;
        let now = self.clock().now();
        let updated_at = now.as_microsecond();
        if is_changed {
            contact.fields = fields::json(&fields)?;
        }
        match number {
            Some((number, country)) if number != *contact.number.unguarded() => {
                if !store::contact::known(&transaction, of, &[number])
                    .await?
                    .is_empty()
                {
                    let message = text!("The list has a contact with this number already.");
                    return Err(path.refuse(RefusalCode::Conflict, message).into());
                }
                self.leave(&transaction, of, contact.id).await?;
                contact.number = Private::new(number);
                contact.country_code = country.to_string();
                enter(&transaction, of, &contact, (revision, now)).await?;
                store::contact::set_updated(&transaction, of, contact.id, updated_at).await?;
                contact.updated_at = updated_at;
            }
            _ if is_changed => {
                let row = [stored_form(&contact)];
                store::contact::update(&transaction, of, &row, (updated_at, revision)).await?;
                store::contact_list::raise_revision(&transaction, of, now).await?;
                contact.updated_at = updated_at;
            }
            _ => {}
        }
        transaction.commit().await?;
        // Read even if it was archived meanwhile: it is the list that was changed.
        let path = Path::input("contactId");
        let list = self.seen_list(viewer, of.1, &path).await?;
        Ok(Changed {
            contact,
            list,
            warnings,
        })
    }

    /// Removes a contact from its locked list, as removeContacts does.
    async fn leave(
        &self,
        transaction: &Transaction,
        of: (AccountId, ListId),
        contact: ContactId,
    ) -> Result<(), OperationError> {
        let now = self.clock().now();
        let waiting = store::message_audience::waiting(transaction, of, now).await?;
        let which = [contact];
        let which = Which::Ids(&which);
        let gone = if waiting.is_empty() {
            store::contact::delete(transaction, of, which).await?
        } else {
            self.remove_departing(transaction, of, which, waiting)
                .await?
        };
        let mut counts = gone.counts;
        counts.values_mut().for_each(|count| *count = -*count);
        Ok(store::contact::count_towards(transaction, of, &counts, now).await?)
    }
}

/// Adds a contact to its locked list again.
async fn enter(
    connection: &impl ConnectionTrait,
    of: (AccountId, ListId),
    contact: &Contact,
    (revision, now): (i64, Timestamp),
) -> Result<(), OperationError> {
    let row = [stored_form(contact)];
    store::contact::insert(connection, of, &row, (contact.created_at, revision)).await?;
    let counts = BTreeMap::from([(contact.country_code.clone(), 1)]);
    Ok(store::contact::count_towards(connection, of, &counts, now).await?)
}
