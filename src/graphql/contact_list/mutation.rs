//! The mutations that make, change and archive lists.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::ContactList;
use crate::{
    graphql::{
        destination::DestinationInput,
        errors::ApiError,
        request::{UserError, id, optional_id, payload, services, viewer_of},
    },
    operations::{
        Path,
        contact_list::{CreateContactList, UpdateContactList},
    },
};

/// A new contact list.
#[derive(Debug, InputObject)]
pub struct CreateContactListInput {
    /// Whose; the viewer's own account where left out.
    account_id: Option<ID>,
    /// Its name; 1 to 200 characters. It need not be unique.
    name: String,
    /// Its recipients by country; at most 250 rows.
    #[graphql(default)]
    destinations: Vec<DestinationInput>,
}

/// What createContactList answers.
#[derive(Debug, SimpleObject)]
pub struct CreateContactListPayload {
    /// The new list; null where it was refused.
    list: Option<ContactList>,
    /// Why it was refused; empty where it was done.
    user_errors: Vec<UserError>,
}

/// What to change of a contact list; what is left out stays.
#[derive(Debug, InputObject)]
pub struct UpdateContactListInput {
    /// Which list.
    list_id: ID,
    /// Its name; 1 to 200 characters.
    name: Option<String>,
    /// Its recipients by country, in the place of those that it has; at most 250 rows. Refused with CONFLICT
    /// where the list has stored contacts: they are its head-count. With [] it has none, and takes contacts.
    destinations: Option<Vec<DestinationInput>>,
}

/// What updateContactList answers.
#[derive(Debug, SimpleObject)]
pub struct UpdateContactListPayload {
    /// The list as it is now; null where the change was refused.
    list: Option<ContactList>,
    /// Why it was refused; empty where it was done.
    user_errors: Vec<UserError>,
}

/// Which contact list to archive.
#[derive(Debug, InputObject)]
pub struct ArchiveContactListInput {
    /// Which list.
    list_id: ID,
}

/// What archiveContactList answers.
#[derive(Debug, SimpleObject)]
pub struct ArchiveContactListPayload {
    /// The archived list; null where it was refused.
    list: Option<ContactList>,
    /// Why it was refused; empty where it was done.
    user_errors: Vec<UserError>,
}

/// The mutations that make, change and archive lists.
#[derive(Debug, Default)]
pub struct ContactListMutation;

#[Object]
impl ContactListMutation {
    /// Adds a contact list. It shares the unassigned credits until allocateCredits gives it its own.
    async fn create_contact_list(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new list.")] input: CreateContactListInput,
    ) -> Result<CreateContactListPayload, ApiError> {
        let viewer = viewer_of(ctx, "createContactList")?;
        let services = services(ctx)?;
        let done = async {
            let path = Path::input("accountId");
            let new = CreateContactList {
                account: optional_id(input.account_id.as_ref(), &path, "account")?,
                name: input.name,
                destinations: input.destinations.into_iter().map(Into::into).collect(),
            };
            services.create_contact_list(&viewer, new).await
        };
        let (list, user_errors) = payload(done.await)?;
        Ok(CreateContactListPayload {
            list: list.map(ContactList),
            user_errors,
        })
    }

    /// Changes a contact list's name or its head-count.
    async fn update_contact_list(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to change.")] input: UpdateContactListInput,
    ) -> Result<UpdateContactListPayload, ApiError> {
        let viewer = viewer_of(ctx, "updateContactList")?;
        let services = services(ctx)?;
        let done = async {
            let rows = input.destinations;
            let change = UpdateContactList {
                list: id(&input.list_id, &Path::input("listId"), "list")?,
                name: input.name,
                destinations: rows.map(|rows| rows.into_iter().map(Into::into).collect()),
            };
            services.update_contact_list(&viewer, change).await
        };
        let (list, user_errors) = payload(done.await)?;
        Ok(UpdateContactListPayload {
            list: list.map(ContactList),
            user_errors,
        })
    }

    /// Takes a contact list out of use: its credits go back to the unassigned, and its messages stay in
    /// reports. Refused while it has scheduled messages. Its stored contacts can be read no more and are removed
    /// for good, with the rows that its imports refused: contacts are not kept beyond what they were stored for.
    /// Archiving it again changes nothing.
    async fn archive_contact_list(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which list.")] input: ArchiveContactListInput,
    ) -> Result<ArchiveContactListPayload, ApiError> {
        let viewer = viewer_of(ctx, "archiveContactList")?;
        let services = services(ctx)?;
        let done = async {
            let list = id(&input.list_id, &Path::input("listId"), "list")?;
            services.archive_contact_list(&viewer, list).await
        };
        let (list, user_errors) = payload(done.await)?;
        Ok(ArchiveContactListPayload {
            list: list.map(ContactList),
            user_errors,
        })
    }
}
