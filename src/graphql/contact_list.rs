//! Contact lists: the node, its connection and its edges.

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
    engine::{
        errors::ApiError,
        guard::edges,
        ids::PublicId,
        loaders::{self, LoadError, Loader, Rows},
        paging::{Nodes, connection, window},
        request::services,
    },
    message::{self, MessageConnection, MessageFilterInput},
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
        sql::paging::{Place, Window},
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

/// Recipients that are addressed together, counted by destination country.
#[Object(guard = edges(of::ContactList))]
impl ContactList {
    /// The node's id. It never changes.
    pub(super) async fn id(&self) -> ID {
        self.key().encode()
    }

    /// The list's name. Two lists may have the same name.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The account to which it belongs.
    async fn account(&self, ctx: &Context<'_>) -> Result<Account, ApiError> {
        let row = loaders::load(ctx, self.account_key()).await?;
        row.map(Account).ok_or(ApiError::NotFound)
    }

    /// The number of recipients in all countries.
    async fn recipients(&self, ctx: &Context<'_>) -> Result<i32, ApiError> {
        let rows = self.head_count(ctx).await?;
        Ok(int(rows.iter().map(|row| row.recipients).sum()))
    }

    /// The number of recipients by country, largest first, then by country code. Countries without
    /// recipients are left out.
    async fn destinations(&self, ctx: &Context<'_>) -> Result<Vec<Destination>, ApiError> {
        let rows = self.head_count(ctx).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// The credits that the list can spend. An archived list can spend none.
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

    /// The list's usage by whole intervals of its account's time zone, oldest first, including
    /// intervals without usage. Not for SENDER keys.
    async fn usage(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first instant of the period.")] from: DateTime,
        #[graphql(
            desc = "The first instant after the period. A period is at most ten years long."
        )]
        to: DateTime,
        #[graphql(
            default_with = "Interval::Day",
            desc = "The length of the intervals, of which the period may have at most 5,000."
        )]
        interval: Interval,
    ) -> Result<Vec<UsageBucket>, ApiError> {
        let of = (self.account_key(), self.key());
        usage::of_list(ctx, of, (&from, &to), interval).await
    }

    /// Its messages, by sendAt, latest first.
    async fn messages(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "The number of nodes from the start, 1 to 1,000; 50 if neither first nor last is given."
        )]
        first: Option<i32>,
        #[graphql(desc = "Returns only nodes after this cursor.")] after: Option<String>,
        #[graphql(desc = "The number of nodes from the end, 1 to 1,000.")] last: Option<i32>,
        #[graphql(desc = "Returns only nodes before this cursor.")] before: Option<String>,
        #[graphql(
            desc = "Conditions that the returned nodes meet. If it is left out, all are returned."
        )]
        filter: Option<MessageFilterInput>,
    ) -> Result<MessageConnection, ApiError> {
        let window = window(ctx, first, after.as_deref(), last, before.as_deref())?;
        let all = MessageFilter {
            lists: vec![Some(self.key())],
            ..MessageFilter::of(self.account_key())
        };
        message::connection(services(ctx)?, all, filter, window).await
    }

    /// The list's stored contacts, newest first, or by number if `search` is given. Empty if the
    /// list is archived or has only head-counts. Not for SENDER keys.
    async fn contacts(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "The number of nodes from the start, 1 to 1,000; 50 if neither first nor last is given."
        )]
        first: Option<i32>,
        #[graphql(desc = "Returns only nodes after this cursor.")] after: Option<String>,
        #[graphql(desc = "The number of nodes from the end, 1 to 1,000.")] last: Option<i32>,
        #[graphql(desc = "Returns only nodes before this cursor.")] before: Option<String>,
        #[graphql(
            desc = "Returns only numbers with this beginning, in E.164 form with or without the +, such as \"+39340\"."
        )]
        search: Option<String>,
    ) -> Result<ContactConnection, ApiError> {
        let window = window(ctx, first, after.as_deref(), last, before.as_deref())?;
        contact::connection(ctx, &self.0, search.as_deref(), window).await
    }

    /// The list's imports of contacts, newest first, including running ones. Not for SENDER keys.
    async fn imports(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "The number of nodes from the start, 1 to 1,000; 50 if neither first nor last is given."
        )]
        first: Option<i32>,
        #[graphql(desc = "Returns only nodes after this cursor.")] after: Option<String>,
        #[graphql(desc = "The number of nodes from the end, 1 to 1,000.")] last: Option<i32>,
        #[graphql(desc = "Returns only nodes before this cursor.")] before: Option<String>,
    ) -> Result<ContactImportConnection, ApiError> {
        let window = window(ctx, first, after.as_deref(), last, before.as_deref())?;
        contact_import::connection(ctx, (self.account_key(), self.key()), window).await
    }

    /// Whether the list is archived. An archived list can't be used and isn't listed, but its
    /// messages and reports still refer to it.
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

    /// Loads archived lists too, because their messages refer to them.
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

/// The loader key of a list's head-counts.
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
