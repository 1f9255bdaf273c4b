//! Contact lists: the node, its connection and its edges.

mod mutation;

use async_graphql::{Context, ID, Object, SimpleObject};
use domain::id::{AccountId, ListId};
use entity::{contact_list, list_destination};

use super::{
    account::{self, Account},
    allocation::Allocation,
    contact::{self, ContactConnection},
    contact_import::{self, ContactImportConnection},
    destination::{Destination, count as int},
    engine::{
        errors::ApiError,
        guard::edges,
        ids::PublicId,
        loaders,
        new_edges::edge,
        paging::{Nodes, connection, sorted, window},
        request::reader,
    },
    last_change::ContactImportFilterInput,
    message::{self, MessageConnection, MessageFilterInput},
    scalars::DateTime,
    sorting::{ContactListSortKey, ContactSortKey, MessageSortKey},
    usage_report::{self, Interval, UsageReport},
};
use crate::operations::{
    Fault,
    allocation::ListAllocation,
    contact::AskedContacts,
    contact_list::updated_at,
    last_change::AskedLastChanges,
    message::MessageFilter,
    policy::of,
    reader::{AllocationOf, DestinationsOf, Window},
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

    /// Its edge among the account's lists.
    fn edge(&self) -> ContactListEdge<'_> {
        edge("lists", Some(self.0.account_id), self, &self.0)
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
        account::of(ctx, self.account_key()).await
    }

    /// The number of recipients in all countries.
    async fn recipient_count(&self, ctx: &Context<'_>) -> Result<i32, ApiError> {
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
            return Ok(Allocation::of(self.key(), ListAllocation::ARCHIVED));
        }
        let of = AllocationOf {
            account: self.account_key(),
            list: self.key(),
        };
        let found = loaders::load(ctx, of).await?;
        let without_book = || ApiError::internal(Fault::Broken("an account without a book".into()));
        Ok(Allocation::of(self.key(), found.ok_or_else(without_book)?))
    }

    /// The list's usage in a period: the report that `usageReport` returns for this list alone, in
    /// its account's time zone. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
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
    ) -> Result<UsageReport, ApiError> {
        let Account(account) = account::of(ctx, self.account_key()).await?;
        usage_report::nested(ctx, account, Some(self.key()), (&from, &to), interval).await
    }

    /// The messages whose credits the list pays.
    async fn messages(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Conditions that the returned nodes meet. If it is left out, all are returned."
        )]
        filter: Option<MessageFilterInput>,
        #[graphql(default, desc = "What the nodes are sorted by, and which are first.")]
        sort_key: MessageSortKey,
    ) -> Result<MessageConnection, ApiError> {
        let window = sorted(ctx, Some(self.0.id), &sort_key)?;
        let all = MessageFilter {
            lists: vec![Some(self.key())],
            ..MessageFilter::of(self.account_key())
        };
        message::connection(ctx, all, filter, (sort_key, window)).await
    }

    /// The list's stored contacts, newest first unless `sortKey` or `search` says otherwise. Empty
    /// if the list is archived or has only head-counts. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER,
    /// OWNER, MEMBER or VIEWER.
    async fn contacts(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Returns only numbers with this beginning, in E.164 form with or without the +, such as \"+39340\". A text with letters returns the contacts that have each of its words, at most 8, in the value of some merge field, ignoring case in every script. Numbers are found by an index. For words, the whole list is read: about a second for 1,000,000 contacts of whom few have the word, or for 200,000 who all have it, and as long again for totalCount."
        )]
        search: Option<String>,
        #[graphql(
            desc = "The order. If search is the beginning of a number, only PHONE_NUMBER is allowed, and is the default; otherwise the default is CREATED_AT."
        )]
        sort_key: Option<ContactSortKey>,
        #[graphql(
            desc = "Returns only contacts with an updatedAt at or after this instant. The whole list is read, as for a search for words."
        )]
        updated_from: Option<DateTime>,
        #[graphql(desc = "Returns only contacts with an updatedAt before this instant.")]
        updated_to: Option<DateTime>,
    ) -> Result<ContactConnection, ApiError> {
        let window = sorted(ctx, Some(self.0.id), &sort_key)?;
        let asked = AskedContacts {
            search: search.as_deref(),
            sort: sort_key.map(Into::into),
            changed: AskedLastChanges {
                from: updated_from.map(|at| at.0),
                to: updated_to.map(|at| at.0),
            },
        };
        contact::connection(ctx, &self.0, asked, window).await
    }

    /// The merge fields that the list's stored contacts have, those of most contacts first, then by
    /// name: at most 200. They are counted when they are asked for after a change of the contacts,
    /// about a second for a million contacts, and remembered until the next change. Requires
    /// PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
    async fn merge_fields(&self, ctx: &Context<'_>) -> Result<Vec<ListMergeField>, ApiError> {
        let fields = reader(ctx)?.merge_fields(&self.0).await?;
        let fields = fields.iter().map(|field| ListMergeField {
            name: field.name.clone(),
            contact_count: int(field.contacts),
        });
        Ok(fields.collect())
    }

    /// The list's imports of contacts, newest first, including running ones. Requires
    /// PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
    async fn imports(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Conditions that the returned nodes meet. If it is left out, all are returned."
        )]
        filter: Option<ContactImportFilterInput>,
    ) -> Result<ContactImportConnection, ApiError> {
        let window = window(ctx, Some(self.0.id))?;
        let of = (self.account_key(), self.key());
        contact_import::connection(ctx, of, filter.into(), window).await
    }

    /// The number of stored contacts. If it isn't 0, it equals `recipients`; it is 0 for a list
    /// with head-counts given by hand, and for an archived one.
    async fn contact_count(&self) -> i32 {
        match self.0.archived_at {
            Some(_) => 0,
            None => int(self.0.contacts),
        }
    }

    /// Whether the list is archived. An archived list can't be used and is only listed with
    /// `lists(archived: true)`, but its messages and reports still refer to it.
    async fn archived(&self) -> bool {
        self.0.archived_at.is_some()
    }

    /// The instant at which the list was archived; null if it isn't archived.
    async fn archived_at(&self) -> Option<DateTime> {
        self.0.archived_at.map(DateTime::from_micros)
    }

    /// The instant of the list's last change: of its name, its head-counts or its contacts, or when
    /// it was archived or restored. Its allocation and its messages change without it.
    async fn updated_at(&self) -> DateTime {
        DateTime::from_micros(updated_at(&self.0))
    }
}

/// A merge field that contacts of a list have. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER,
/// MEMBER or VIEWER.
#[derive(Debug, Clone, SimpleObject)]
pub struct ListMergeField {
    /// The field's name, as a text uses it: `{{name}}`.
    name: String,
    /// The number of the list's contacts that have a value of this field.
    contact_count: i32,
}

connection!(
    ContactList,
    ContactListConnection,
    ContactListEdge,
    "contact lists"
);

/// A page of an account's lists, archived ones or those in use.
pub(super) async fn connection(
    ctx: &Context<'_>,
    account: AccountId,
    which: (bool, Option<String>),
    changed: AskedLastChanges,
    (sort, window): (ContactListSortKey, Window),
) -> Result<ContactListConnection, ApiError> {
    let reader = reader(ctx)?;
    let lists = reader.contact_lists(account, which, changed, sort.into(), window);
    let lists = lists.await?;
    Ok(ContactListConnection(Nodes::new(lists, ContactList)))
}

/// A page of the lists that share an account's unassigned credits.
pub(super) async fn shared(
    ctx: &Context<'_>,
    account: AccountId,
    window: Window,
) -> Result<ContactListConnection, ApiError> {
    let lists = reader(ctx)?.shared_lists(account, window).await?;
    Ok(ContactListConnection(Nodes::new(lists, ContactList)))
}
