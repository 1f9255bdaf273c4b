//! The mutations that add contacts without a file, and change one.
//!
//! Here: arguments and payloads. Not here: the contact itself, and removing contacts (the parent);
//! importing a file ([`crate::graphql::contact_import`]).

use async_graphql::{ComplexObject, Context, ID, InputObject, Object, SimpleObject};
use domain::private::Private;

use super::{Contact, ContactEdge};
use crate::{
    graphql::{
        contact_list::ContactList,
        destination::count as int,
        engine::{
            errors::ApiError,
            request::{UserError, id, language, payload, services, viewer_of},
        },
        scalars::PhoneNumber,
    },
    operations::contact::{
        self as contacts, AddContacts, ContactToAdd, FieldChange, UpdateContact,
    },
};

/// A merge field of a contact to set or to remove.
#[derive(Debug, InputObject)]
pub struct ContactFieldInput {
    /// The field's name: a letter or _, then letters, digits, _, . or -, all of ASCII; at most 64
    /// characters.
    name: String,
    /// The field's new value, of at most 1,000 characters; spaces around it are removed. Null or a
    /// blank value removes the field.
    value: Option<String>,
}

/// A contact to add to a list.
#[derive(Debug, InputObject)]
pub struct AddContactInput {
    /// The telephone number in E.164 form, such as "+393401234567".
    phone_number: PhoneNumber,
    /// The contact's merge fields, at most 100, which replace those of an existing contact. If they
    /// are left out, an existing contact keeps its own.
    fields: Option<Vec<ContactFieldInput>>,
}

/// The contacts to add to a list.
#[derive(Debug, InputObject)]
pub struct AddContactsInput {
    /// The contact list. A list with head-counts of its own takes no contacts (CONFLICT): set its
    /// destinations to [] first.
    list_id: ID,
    /// The contacts, 1 to 1,000, each with another number.
    contacts: Vec<AddContactInput>,
    /// Whether landlines are accepted. They are refused otherwise, because most receive no
    /// messages. Numbers that never do, such as premium-rate and toll-free ones, are always
    /// refused.
    #[graphql(default)]
    accept_landlines: bool,
    /// Whether the fields of a contact that the list has already are replaced. Its number is
    /// refused otherwise (CONFLICT). If it is true, the request can be repeated after a lost
    /// answer.
    #[graphql(default)]
    update_existing: bool,
}

/// A value of a contact's field that can't be used and was not stored.
#[derive(Debug)]
pub struct ContactWarning(contacts::ContactWarning);

/// A value of a contact's field that can't be used and was not stored.
#[Object]
impl ContactWarning {
    /// The path to the value, such as `["input", "contacts", "0", "fields", "1", "value"]`.
    async fn field(&self) -> &[String] {
        &self.0.field
    }

    /// What is wrong with the value.
    async fn message(&self, ctx: &Context<'_>) -> String {
        self.0.message.in_language(language(ctx))
    }
}

impl From<contacts::ContactWarning> for ContactWarning {
    fn from(warning: contacts::ContactWarning) -> Self {
        Self(warning)
    }
}

/// The result of addContacts.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub struct AddContactsPayload {
    /// The contacts as they are stored now, in the order of the input; empty if the mutation was
    /// refused.
    contacts: Vec<Contact>,
    /// The number of contacts that are new; the others were in the list already.
    added_count: i32,
    /// The list with its new head-counts; null if the mutation was refused.
    list: Option<ContactList>,
    /// Values that were left out: longer than 1,000 characters, with control characters, or beyond
    /// the 8 KiB of a contact's fields.
    warnings: Vec<ContactWarning>,
    /// Why the mutation was refused, the first 100 reasons; empty if it was done.
    user_errors: Vec<UserError>,
}

#[ComplexObject]
impl AddContactsPayload {
    /// The same contacts as edges of `ContactList.contacts`, with cursors of the default order;
    /// empty if the mutation was refused.
    async fn contact_edges(&self) -> Vec<ContactEdge<'_>> {
        self.contacts.iter().map(Contact::edge).collect()
    }
}

/// The properties of a contact to change. What is left out stays as it is.
#[derive(Debug, InputObject)]
pub struct UpdateContactInput {
    /// The contact to change.
    contact_id: ID,
    /// The new telephone number in E.164 form. Refused with CONFLICT if the list has a contact with
    /// this number.
    phone_number: Option<PhoneNumber>,
    /// The merge fields to set or to remove by name, at most 100; fields that aren't named stay.
    fields: Option<Vec<ContactFieldInput>>,
    /// Whether the new number may be a landline. If it is left out, it may not.
    accept_landlines: Option<bool>,
}

/// The result of updateContact.
#[derive(Debug, SimpleObject)]
pub struct UpdateContactPayload {
    /// The contact after the mutation; null if the mutation was refused.
    contact: Option<Contact>,
    /// Its list, with new head-counts if the number is in another country; null if the mutation was
    /// refused.
    list: Option<ContactList>,
    /// Values that were not stored; their fields stay as they were. They are longer than 1,000
    /// characters, have control characters, or exceed the 8 KiB of a contact's fields.
    warnings: Vec<ContactWarning>,
    /// Why the mutation was refused; empty if it was done.
    user_errors: Vec<UserError>,
}

/// The mutations that add contacts, and change one.
#[derive(Debug, Default)]
pub struct ContactEditMutation;

#[Object]
impl ContactEditMutation {
    /// Adds contacts to a list without a file, all of them or none, and raises its head-counts.
    /// Messages that are scheduled already don't include them. Requires PLATFORM_ADMIN, OWNER or
    /// MEMBER.
    async fn add_contacts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The list and the contacts.")] input: AddContactsInput,
    ) -> Result<AddContactsPayload, ApiError> {
        let viewer = viewer_of(ctx, "addContacts")?;
        let services = services(ctx)?;
        let done = async {
            let contact = |contact: AddContactInput| ContactToAdd {
                number: Private::new(contact.phone_number.0),
                fields: contact.fields.map(changes),
            };
            let add = AddContacts {
                list: id(&input.list_id),
                contacts: input.contacts.into_iter().map(contact).collect(),
                accept_landlines: input.accept_landlines,
                update_existing: input.update_existing,
            };
            services.add_contacts(&viewer, add).await
        };
        let (done, user_errors) = payload(done.await)?;
        let Some(done) = done else {
            return Ok(AddContactsPayload {
                contacts: Vec::new(),
                added_count: 0,
                list: None,
                warnings: Vec::new(),
                user_errors,
            });
        };
        Ok(AddContactsPayload {
            contacts: done.contacts.into_iter().map(Contact).collect(),
            added_count: int(i64::try_from(done.added).unwrap_or(i64::MAX)),
            list: Some(ContactList(done.list)),
            warnings: done.warnings.into_iter().map(Into::into).collect(),
            user_errors,
        })
    }

    /// Changes a contact's number or its merge fields. A contact with a new number is a new
    /// recipient: messages that are scheduled for the old number count it as a contact that left
    /// the list, and don't include the new one. Requires PLATFORM_ADMIN, OWNER or MEMBER.
    async fn update_contact(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The properties to change.")] input: UpdateContactInput,
    ) -> Result<UpdateContactPayload, ApiError> {
        let viewer = viewer_of(ctx, "updateContact")?;
        let services = services(ctx)?;
        let done = async {
            let number = input.phone_number;
            let change = UpdateContact {
                contact: id(&input.contact_id),
                number: number.map(|number| Private::new(number.0)),
                fields: input.fields.map(changes),
                accept_landlines: input.accept_landlines.unwrap_or_default(),
            };
            services.update_contact(&viewer, change).await
        };
        let (done, user_errors) = payload(done.await)?;
        let Some(done) = done else {
            return Ok(UpdateContactPayload {
                contact: None,
                list: None,
                warnings: Vec::new(),
                user_errors,
            });
        };
        Ok(UpdateContactPayload {
            contact: Some(Contact(done.contact)),
            list: Some(ContactList(done.list)),
            warnings: done.warnings.into_iter().map(Into::into).collect(),
            user_errors,
        })
    }
}

fn changes(fields: Vec<ContactFieldInput>) -> Vec<FieldChange> {
    let change = |field: ContactFieldInput| FieldChange {
        name: field.name,
        value: Private::new(field.value),
    };
    fields.into_iter().map(change).collect()
}
