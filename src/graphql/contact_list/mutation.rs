//! The mutations that create, change, archive and restore lists.

use async_graphql::{ComplexObject, Context, ID, InputObject, Object, SimpleObject};

use domain::id::ListId;

use super::{ContactList, ContactListEdge};
use crate::{
    graphql::{
        balance::{self, Balance},
        destination::DestinationInput,
        engine::{
            errors::ApiError,
            ids::PublicId,
            request::{UserError, id, optional_id, payload, services, viewer_of},
        },
    },
    operations::contact_list::{CreateContactList, UpdateContactList},
};

/// The settings of a new contact list.
#[derive(Debug, InputObject)]
pub struct CreateContactListInput {
    /// The account. If it is left out, the viewer's own account is used; platform roles must name
    /// one.
    account_id: Option<ID>,
    /// The list's name, of 1 to 200 characters. It need not be unique.
    name: String,
    /// The number of recipients by country, in at most 250 rows.
    #[graphql(default)]
    destinations: Vec<DestinationInput>,
}

/// The result of createContactList.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub struct CreateContactListPayload {
    /// The new list; null if the mutation was refused.
    list: Option<ContactList>,
    /// Why the mutation was refused; empty if it was done.
    user_errors: Vec<UserError>,
}

#[ComplexObject]
impl CreateContactListPayload {
    /// The new list as an edge of `Account.lists`, with a cursor of the default order; null if the
    /// mutation was refused.
    async fn list_edge(&self) -> Option<ContactListEdge<'_>> {
        self.list.as_ref().map(ContactList::edge)
    }
}

/// The settings of a contact list to change. What is left out stays as it is.
#[derive(Debug, InputObject)]
pub struct UpdateContactListInput {
    /// The contact list.
    list_id: ID,
    /// The name that people see, of 1 to 200 characters.
    name: Option<String>,
    /// The number of recipients by country, replacing the present ones, in at most 250 rows.
    /// Refused with CONFLICT if the list has stored contacts, which are its head-count. With [] the
    /// list has no recipients and can take contacts.
    destinations: Option<Vec<DestinationInput>>,
}

/// The result of updateContactList.
#[derive(Debug, SimpleObject)]
pub struct UpdateContactListPayload {
    /// The list after the mutation; null if the mutation was refused.
    list: Option<ContactList>,
    /// Why the mutation was refused; empty if it was done.
    user_errors: Vec<UserError>,
}

/// The contact list to archive.
#[derive(Debug, InputObject)]
pub struct ArchiveContactListInput {
    /// The contact list.
    list_id: ID,
}

/// The result of archiveContactList.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub struct ArchiveContactListPayload {
    /// The archived list; null if the mutation was refused.
    list: Option<ContactList>,
    /// The id of the list, which leaves the lists in use; null if the mutation was refused.
    archived_list_id: Option<ID>,
    /// Why the mutation was refused; empty if it was done.
    user_errors: Vec<UserError>,
}

#[ComplexObject]
impl ArchiveContactListPayload {
    /// The account's balance after the mutation, with the list's credits unassigned; null if the
    /// mutation was refused.
    async fn balance(&self, ctx: &Context<'_>) -> Option<Result<Balance, ApiError>> {
        let account = self.list.as_ref()?.account_key();
        Some(balance::balance(ctx, account, None).await)
    }
}

/// The archived contact list to restore.
#[derive(Debug, InputObject)]
pub struct RestoreContactListInput {
    /// The contact list.
    list_id: ID,
}

/// The result of restoreContactList.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub struct RestoreContactListPayload {
    /// The list, which is in use again; null if the mutation was refused.
    list: Option<ContactList>,
    /// Why the mutation was refused; empty if it was done.
    user_errors: Vec<UserError>,
}

#[ComplexObject]
impl RestoreContactListPayload {
    /// The restored list as an edge of `Account.lists`, with a cursor of the default order; null if
    /// the mutation was refused.
    async fn list_edge(&self) -> Option<ContactListEdge<'_>> {
        self.list.as_ref().map(ContactList::edge)
    }
}

/// The mutations that create, change, archive and restore lists.
#[derive(Debug, Default)]
pub struct ContactListMutation;

#[Object]
impl ContactListMutation {
    /// Creates a contact list. It shares the unassigned credits until allocateCredits gives it a
    /// limit of its own. Requires PLATFORM_ADMIN, OWNER or MEMBER.
    async fn create_contact_list(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new list.")] input: CreateContactListInput,
    ) -> Result<CreateContactListPayload, ApiError> {
        let viewer = viewer_of(ctx, "createContactList")?;
        let services = services(ctx)?;
        let done = async {
            let new = CreateContactList {
                account: optional_id(input.account_id.as_ref()),
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

    /// Changes a contact list's name or its head-counts. Requires PLATFORM_ADMIN, OWNER or MEMBER.
    async fn update_contact_list(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The settings to change.")] input: UpdateContactListInput,
    ) -> Result<UpdateContactListPayload, ApiError> {
        let viewer = viewer_of(ctx, "updateContactList")?;
        let services = services(ctx)?;
        let done = async {
            let rows = input.destinations;
            let change = UpdateContactList {
                list: id(&input.list_id),
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

    /// Archives a contact list: its own credits become unassigned, and its messages stay in
    /// reports. Its stored contacts and its imports' rejected rows are deleted for good. It is
    /// refused while the list has scheduled messages. Archiving it again changes nothing. Requires
    /// PLATFORM_ADMIN, OWNER or MEMBER.
    async fn archive_contact_list(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The contact list.")] input: ArchiveContactListInput,
    ) -> Result<ArchiveContactListPayload, ApiError> {
        let viewer = viewer_of(ctx, "archiveContactList")?;
        let services = services(ctx)?;
        let done = async {
            let list = id(&input.list_id);
            services.archive_contact_list(&viewer, list).await
        };
        let (list, user_errors) = payload(done.await)?;
        Ok(ArchiveContactListPayload {
            archived_list_id: list.as_ref().map(|list| ListId::new(list.id).encode()),
            list: list.map(ContactList),
            user_errors,
        })
    }

    /// Puts an archived contact list in use again, with its name, its imports, its messages and the
    /// head-counts that were given by hand. It shares the unassigned credits: a limit that it had
    /// is gone. The contacts that archiving deleted don't come back; import them again. Refused
    /// with CONFLICT if the list isn't archived, or if its contacts are still being deleted.
    /// Requires PLATFORM_ADMIN, OWNER or MEMBER.
    async fn restore_contact_list(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The contact list.")] input: RestoreContactListInput,
    ) -> Result<RestoreContactListPayload, ApiError> {
        let viewer = viewer_of(ctx, "restoreContactList")?;
        let services = services(ctx)?;
        let done = async {
            let list = id(&input.list_id);
            services.restore_contact_list(&viewer, list).await
        };
        let (list, user_errors) = payload(done.await)?;
        Ok(RestoreContactListPayload {
            list: list.map(ContactList),
            user_errors,
        })
    }
}
