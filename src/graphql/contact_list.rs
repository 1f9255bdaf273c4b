//! Contact lists: the node, its connection and edges, and the mutations that make, change and archive them.

use std::collections::HashMap;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject, dataloader::Loader};
use domain::id::{AccountId, ListId};
use entity::{contact_list, list_destination};
use futures_util::FutureExt;

use super::{
    account::Account,
    allocation::{Allocation, AllocationOf},
    contact::{self, ContactConnection},
    contact_import::{self, ContactImportConnection},
    destination::{Destination, DestinationInput, count as int},
    errors::ApiError,
    ids::PublicId,
    loaders::{self, LoadError, Rows},
    message::{self, MessageConnection, MessageFilterInput},
    paging::{Nodes, connection, window},
    request::{UserError, id, optional_id, payload, services, viewer_of},
    scalars::DateTime,
    usage_report::{self, Interval, UsageBucket},
};
use crate::{
    operations::{
        Fault, Path, Services,
        allocation::ListAllocation,
        contact_list::{CreateContactList, UpdateContactList},
    },
    store::{
        self,
        contact_list::ListFilter,
        message::MessageFilter,
        paging::{Place, Window},
    },
};

/// Recipients that are addressed together.
#[derive(Debug, Clone)]
pub struct ContactList(pub contact_list::Model);

impl ContactList {
    pub(super) fn key(&self) -> ListId {
        ListId::new(self.0.id)
    }

    pub(super) fn account_key(&self) -> AccountId {
        AccountId::new(self.0.account_id)
    }

    async fn head_count(
        &self,
        ctx: &Context<'_>,
    ) -> Result<Vec<list_destination::Model>, ApiError> {
        let of = DestinationsOf {
            account: self.account_key(),
            list: self.key(),
        };
        Ok(loaders::load(ctx, of).await?.unwrap_or_default())
    }
}

/// Recipients that are addressed together, with a head-count by destination country.
#[Object]
impl ContactList {
    /// Its id.
    pub(super) async fn id(&self) -> ID {
        self.key().encode()
    }

    /// Its name. Two lists may have the same.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Whose it is.
    async fn account(&self, ctx: &Context<'_>) -> Result<Account, ApiError> {
        let row = loaders::load(ctx, self.account_key()).await?;
        row.map(Account).ok_or(ApiError::NotFound)
    }

    /// How many recipients it has in all countries.
    async fn recipients(&self, ctx: &Context<'_>) -> Result<i32, ApiError> {
        let rows = self.head_count(ctx).await?;
        Ok(int(rows.iter().map(|row| row.recipients).sum()))
    }

    /// Its recipients by country, most first, then by country code. Countries without any are left out.
    async fn destinations(&self, ctx: &Context<'_>) -> Result<Vec<Destination>, ApiError> {
        let rows = self.head_count(ctx).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// What it can spend. An archived list can spend nothing.
    async fn allocation(&self, ctx: &Context<'_>) -> Result<Allocation, ApiError> {
        if self.0.archived_at.is_some() {
            return Ok(ListAllocation::ARCHIVED.into());
        }
        let of = AllocationOf {
            account: self.account_key(),
            list: self.key(),
        };
        let found = loaders::load(ctx, of).await?;
        let without_book = || ApiError::internal(Fault::Broken("an account without a book".into()));
        Ok(found.ok_or_else(without_book)?.into())
    }

    /// What was sent for it and what that took, by whole intervals of its account's time zone, the oldest
    /// first. Intervals in which nothing was sent are there.
    #[graphql(complexity = "10 * child_complexity")]
    async fn usage(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first instant.")] from: DateTime,
        #[graphql(desc = "The first instant after the period, which is at most ten years long.")]
        to: DateTime,
        #[graphql(
            default_with = "Interval::Day",
            desc = "How time is cut; at most 5000 intervals."
        )]
        interval: Interval,
    ) -> Result<Vec<UsageBucket>, ApiError> {
        let of = (self.account_key(), self.key());
        usage_report::of_list(ctx, of, (&from, &to), interval).await
    }

    /// Its messages, the last to be sent first.
    #[graphql(complexity = "super::paging::PAGE_COST * child_complexity")]
    async fn messages(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "How many from the start: 1 to 1000, 50 where neither first nor last is given."
        )]
        first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 1 to 1000.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
        #[graphql(desc = "Only some of them.")] filter: Option<MessageFilterInput>,
    ) -> Result<MessageConnection, ApiError> {
        let window = window(first, after.as_deref(), last, before.as_deref())?;
        let all = MessageFilter {
            lists: vec![Some(self.key())],
            ..MessageFilter::of(self.account_key())
        };
        message::connection(services(ctx)?, all, filter, window).await
    }

    /// Its stored contacts: the newest first, or by number where some are searched for. None where it is
    /// archived or counted by hand. Every role reads them but SENDER.
    #[graphql(complexity = "super::paging::PAGE_COST * child_complexity")]
    async fn contacts(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "How many from the start: 1 to 1000, 50 where neither first nor last is given."
        )]
        first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 1 to 1000.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
        #[graphql(
            desc = "Only numbers that begin so: in E.164 form, with or without the +, such as \"+39340\"."
        )]
        search: Option<String>,
    ) -> Result<ContactConnection, ApiError> {
        let window = window(first, after.as_deref(), last, before.as_deref())?;
        contact::connection(ctx, &self.0, search.as_deref(), window).await
    }

    /// Its imports of contacts, the newest first, those that run included. Every role reads them but SENDER.
    #[graphql(complexity = "super::paging::PAGE_COST * child_complexity")]
    async fn imports(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "How many from the start: 1 to 1000, 50 where neither first nor last is given."
        )]
        first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 1 to 1000.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<ContactImportConnection, ApiError> {
        let window = window(first, after.as_deref(), last, before.as_deref())?;
        contact_import::connection(ctx, (self.account_key(), self.key()), window).await
    }

    /// Whether it is out of use. An archived list is not listed and can't be used, but its messages and
    /// reports still lead to it.
    async fn archived(&self) -> bool {
        self.0.archived_at.is_some()
    }
}

connection!(
    ContactList,
    ContactListConnection,
    ContactListEdge,
    "contact lists"
);

/// A page of an account's lists.
pub(super) async fn connection(
    services: &Services,
    account: AccountId,
    search: Option<String>,
    window: Window,
) -> Result<ContactListConnection, ApiError> {
    let (filter, page) = services.contact_lists(account, search, window).await?;
    let counting = services.clone();
    Ok(ContactListConnection(Nodes::new(
        page,
        |row| Place {
            key: row.created_at,
            id: row.id,
        },
        ContactList,
        move || count(counting.clone(), filter.clone()).boxed(),
    )))
}

async fn count(services: Services, filter: ListFilter) -> Result<u64, sea_orm::DbErr> {
    store::contact_list::count(services.store.reader(), &filter).await
}

impl Loader<ListId> for Rows {
    type Value = contact_list::Model;
    type Error = LoadError;

    /// Archived lists too: what was sent to them still leads there.
    async fn load(
        &self,
        ids: &[ListId],
    ) -> Result<HashMap<ListId, contact_list::Model>, LoadError> {
        let rows = store::contact_list::find_all(self.services.store.reader(), ids.iter().copied())
            .await?;
        Ok(rows
            .into_iter()
            .filter(|row| self.viewer.sees(AccountId::new(row.account_id)))
            .map(|row| (ListId::new(row.id), row))
            .collect())
    }
}

/// Asks for a list's head-count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct DestinationsOf {
    account: AccountId,
    list: ListId,
}

impl Loader<DestinationsOf> for Rows {
    type Value = Vec<list_destination::Model>;
    type Error = LoadError;

    async fn load(
        &self,
        keys: &[DestinationsOf],
    ) -> Result<HashMap<DestinationsOf, Vec<list_destination::Model>>, LoadError> {
        let seen = || keys.iter().filter(|key| self.viewer.sees(key.account));
        let rows = store::contact_list::destinations(
            self.services.store.reader(),
            // Nearly always one account, and always few beside its lists.
            seen()
                .map(|key| key.account)
                .collect::<std::collections::BTreeSet<_>>(),
            seen().map(|key| key.list),
        )
        .await?;
        let mut found: HashMap<DestinationsOf, Vec<list_destination::Model>> = HashMap::new();
        for row in rows {
            let key = DestinationsOf {
                account: AccountId::new(row.account_id),
                list: ListId::new(row.list_id),
            };
            found.entry(key).or_default().push(row);
        }
        for rows in found.values_mut() {
            rows.sort_by(|a, b| {
                let most_first = b.recipients.cmp(&a.recipients);
                most_first.then_with(|| a.country_code.cmp(&b.country_code))
            });
        }
        Ok(found)
    }
}

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
