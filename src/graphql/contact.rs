//! Stored contacts of a list: the node, its connection, and the mutation that removes them.
//!
//! Not here: the mutations that add contacts and change one ([`editing`]).

mod editing;

use std::collections::BTreeMap;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use entity::contact_list;

use super::{
    contact_list::ContactList,
    destination::count as int,
    engine::{
        budget,
        errors::ApiError,
        ids::PublicId,
        loaders,
        new_edges::edge,
        paging::{Nodes, connection},
        request::{UserError, id, payload, reader, services, viewer, viewer_of},
    },
    scalars::{CountryCode, DateTime, PhoneNumber},
};
use crate::operations::{
    Fault, OperationError, Path,
    contact::{self, AskedContacts, Removal},
    reader::Window,
};
pub use editing::ContactEditMutation;

/// A stored recipient of a list.
#[derive(Debug, Clone)]
pub struct Contact(pub contact::Contact);

impl Contact {
    /// Its edge among the list's contacts.
    fn edge(&self) -> ContactEdge<'_> {
        edge("contacts", Some(self.0.list.uuid()), self, &self.0)
    }
}

/// One merge field of a contact. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
#[derive(Debug, Clone, SimpleObject)]
pub struct ContactField {
    /// The field's name, as a text uses it: `{{name}}`.
    name: String,
    /// The field's value, which is never empty.
    value: String,
}

/// A stored recipient of a contact list, with its merge fields. Requires PLATFORM_ADMIN,
/// ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
#[Object]
impl Contact {
    /// The node's id. It never changes.
    pub(super) async fn id(&self) -> ID {
        self.0.id.encode()
    }

    /// The telephone number, which is unique in its list.
    async fn phone_number(&self, ctx: &Context<'_>) -> Result<PhoneNumber, ApiError> {
        let number = self.0.number.shown_to(&viewer(ctx)?)?;
        Ok(PhoneNumber(format!("+{number}")))
    }

    /// The country to which the number belongs.
    async fn country_code(&self) -> CountryCode {
        CountryCode(self.0.country_code.clone())
    }

    /// The contact's merge fields that have a value.
    async fn fields(&self, ctx: &Context<'_>) -> Result<Vec<ContactField>, ApiError> {
        let Some(text) = self.0.fields.shown_to(&viewer(ctx)?)? else {
            return Ok(Vec::new());
        };
        let fields: BTreeMap<String, String> = serde_json::from_str(text).map_err(|cause| {
            ApiError::internal(Fault::Broken(format!("a contact's fields: {cause}")))
        })?;
        let fields = fields.into_iter();
        Ok(fields
            .map(|(name, value)| ContactField { name, value })
            .collect())
    }

    /// The list to which the contact belongs.
    async fn list(&self, ctx: &Context<'_>) -> Result<ContactList, ApiError> {
        let row = loaders::load(ctx, self.0.list).await?;
        row.map(ContactList).ok_or(ApiError::NotFound)
    }

    /// The instant at which it was added.
    async fn created_at(&self) -> DateTime {
        DateTime::from_micros(self.0.created_at)
    }

    /// The instant of the last change of its number or of a merge field; that of its creation if
    /// nothing changed.
    async fn updated_at(&self) -> DateTime {
        DateTime::from_micros(self.0.updated_at)
    }
}

connection!(
    Contact,
    ContactConnection,
    ContactEdge,
    "a list's stored contacts"
);

/// A page of a list's contacts.
pub(super) async fn connection(
    ctx: &Context<'_>,
    list: &contact_list::Model,
    asked: AskedContacts<'_>,
    window: Window,
) -> Result<ContactConnection, ApiError> {
    let contacts = reader(ctx)?.contacts(list, asked, window).await?;
    let bytes = contacts.rows.iter().map(|(_, row)| row.field_bytes());
    budget::take_read(ctx.data_opt(), bytes.sum())?;
    Ok(ContactConnection(Nodes::new(contacts, Contact)))
}

/// The contacts to remove from a list: exactly one of contactIds, phoneNumbers and all.
#[derive(Debug, InputObject)]
pub struct RemoveContactsInput {
    /// The contact list.
    list_id: ID,
    /// The ids of the contacts, at most 10,000. Contacts that aren't in the list are ignored.
    contact_ids: Option<Vec<ID>>,
    /// The telephone numbers of the contacts, at most 10,000. Numbers that aren't in the list are
    /// ignored.
    phone_numbers: Option<Vec<PhoneNumber>>,
    /// Removes every contact of the list; must be true. They are removed in parts: if the request
    /// times out, repeat it until `removed` is 0.
    all: Option<bool>,
}

/// The result of removeContacts.
#[derive(Debug, SimpleObject)]
pub struct RemoveContactsPayload {
    /// The list after the mutation; null if the mutation was refused.
    list: Option<ContactList>,
    /// The number of contacts that were removed.
    removed_count: i32,
    /// The ids of the contacts that were removed, in no particular order. Empty if all were to be
    /// removed.
    removed_contact_ids: Vec<ID>,
    /// Why the mutation was refused; empty if it was done.
    user_errors: Vec<UserError>,
}

/// The mutation that removes contacts.
#[derive(Debug, Default)]
pub struct ContactMutation;

#[Object]
impl ContactMutation {
    /// Deletes stored contacts from a list for good and lowers its head-counts. Messages that are
    /// scheduled for them are charged less if the server settles. The named contacts are removed
    /// all together or not at all, unless so many scheduled messages with merge fields wait for the
    /// list that it takes several parts: repeat the request if it fails. Requires PLATFORM_ADMIN,
    /// OWNER or MEMBER.
    async fn remove_contacts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The list and the contacts to remove.")] input: RemoveContactsInput,
    ) -> Result<RemoveContactsPayload, ApiError> {
        let viewer = viewer_of(ctx, "removeContacts")?;
        let services = services(ctx)?;
        let done = async {
            let list = id(&input.list_id);
            let removal = removal(input.contact_ids, input.phone_numbers, input.all);
            services.remove_contacts(&viewer, list, removal).await
        };
        let (done, user_errors) = payload(done.await)?;
        let (mut removed_count, mut removed_contact_ids) = (0, Vec::new());
        if let Some(removals) = &done {
            removed_count = int(i64::try_from(removals.count).unwrap_or(i64::MAX));
            removed_contact_ids = removals.ids.iter().map(|id| id.encode()).collect();
        }
        Ok(RemoveContactsPayload {
            list: done.map(|removals| ContactList(removals.list)),
            removed_count,
            removed_contact_ids,
            user_errors,
        })
    }
}

fn removal(
    ids: Option<Vec<ID>>,
    numbers: Option<Vec<PhoneNumber>>,
    all: Option<bool>,
) -> Result<Removal, OperationError> {
    match (ids, numbers, all) {
        (Some(ids), None, None) => {
            let ids = ids.iter().map(|text| PublicId::decode(text));
            Ok(Removal::Ids(ids.collect()))
        }
        (None, Some(numbers), None) => Ok(Removal::Numbers(
            numbers.into_iter().map(|number| number.0).collect(),
        )),
        (None, None, Some(true)) => Ok(Removal::All),
        (None, None, Some(false)) => Err(Path::input("all")
            .invalid(text!("Must be true or left out."))
            .into()),
        _ => Err(Path::argument("input")
            .invalid(text!(
                "Give exactly one of contactIds, phoneNumbers and all."
            ))
            .into()),
    }
}
