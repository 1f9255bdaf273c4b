//! Contact lists: the node, its connection and edges, and the mutations that make, change and archive them.

mod mutation;

use std::collections::HashMap;

use async_graphql::{Context, ID, Object};
use domain::id::{AccountId, ListId};
use entity::{contact_list, list_destination};
use futures_util::FutureExt;

use super::{
    account::Account,
    allocation::{Allocation, AllocationOf},
    contact::{self, ContactConnection},
    contact_import::{self, ContactImportConnection},
    destination::{Destination, count as int},
    errors::ApiError,
    guard::edges,
    ids::PublicId,
    loaders::{self, LoadError, Loader, Rows},
    message::{self, MessageConnection, MessageFilterInput},
    paging::{Nodes, connection, window},
    request::services,
    scalars::DateTime,
    usage::{self, UsageBucket},
    usage_report::Interval,
};
use crate::{
    operations::{Fault, Services, allocation::ListAllocation, policy::of},
    store::{
        self,
        contact_list::ListFilter,
        message::MessageFilter,
        paging::{Place, Window},
    },
};

pub use mutation::ContactListMutation;

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
#[Object(guard = edges(of::ContactList))]
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
    /// first. Intervals in which nothing was sent are there. Not for SENDER keys.
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
        usage::of_list(ctx, of, (&from, &to), interval).await
    }

    /// Its messages, the last to be sent first.
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
        let window = window(ctx, first, after.as_deref(), last, before.as_deref())?;
        let all = MessageFilter {
            lists: vec![Some(self.key())],
            ..MessageFilter::of(self.account_key())
        };
        message::connection(services(ctx)?, all, filter, window).await
    }

    /// Its stored contacts: the newest first, or by number where some are searched for. None where it is
    /// archived or counted by hand. Not for SENDER keys.
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
        let window = window(ctx, first, after.as_deref(), last, before.as_deref())?;
        contact::connection(ctx, &self.0, search.as_deref(), window).await
    }

    /// Its imports of contacts, the newest first, those that run included. Not for SENDER keys.
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
        let window = window(ctx, first, after.as_deref(), last, before.as_deref())?;
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

    async fn load(
        &self,
        keys: &[DestinationsOf],
    ) -> Result<HashMap<DestinationsOf, Vec<list_destination::Model>>, LoadError> {
        let seen = keys.iter().filter(|key| self.viewer.sees(key.account));
        let seen = seen.map(|key| (key.account, key.list));
        let rows = store::contact_list::destinations(self.services.store.reader(), seen).await?;
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
