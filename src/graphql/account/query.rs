//! The root fields that read accounts.

use async_graphql::{Context, ID, Object};
use domain::id::AccountId;

use super::{
    super::{
        engine::{
            errors::ApiError,
            ids::PublicId,
            loaders,
            paging::{Nodes, sorted},
            request::{reader, viewer_of},
        },
        last_change::AccountFilterInput,
        sorting::AccountSortKey,
    },
    Account, AccountConnection,
};
use crate::operations::{last_change::AskedLastChanges, reader::Window};

/// A page of the accounts that a viewer sees.
pub(in crate::graphql) async fn connection(
    ctx: &Context<'_>,
    search: Option<String>,
    changed: AskedLastChanges,
    (sort, window): (AccountSortKey, Window),
) -> Result<AccountConnection, ApiError> {
    let reader = reader(ctx)?;
    let accounts = reader.accounts(search, changed, sort.into(), window);
    let accounts = accounts.await?;
    Ok(AccountConnection(Nodes::new(accounts, Account)))
}

/// The root fields that read accounts.
#[derive(Debug, Default)]
pub struct AccountQuery;

#[Object]
impl AccountQuery {
    /// The account with this id, or the viewer's own if `id` is left out. Null if there is none
    /// that the viewer can see.
    async fn account(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "The account. If it is left out, the viewer's own account is used; platform roles must name one."
        )]
        id: Option<ID>,
    ) -> Option<Result<Account, ApiError>> {
        one(ctx, id).await.transpose()
    }

    /// All accounts. Requires PLATFORM_ADMIN or ACCOUNT_MANAGER.
    async fn accounts(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Returns only those whose name contains this text, ignoring case in every script; at most 200 characters."
        )]
        search: Option<String>,
        #[graphql(
            desc = "Conditions that the returned nodes meet. If it is left out, all are returned."
        )]
        filter: Option<AccountFilterInput>,
        #[graphql(default, desc = "What the nodes are sorted by, and which are first.")]
        sort_key: AccountSortKey,
    ) -> Result<AccountConnection, ApiError> {
        viewer_of(ctx, "accounts")?;
        let window = sorted(ctx, None, &sort_key)?;
        connection(ctx, search, filter.into(), (sort_key, window)).await
    }
}

async fn one(ctx: &Context<'_>, id: Option<ID>) -> Result<Option<Account>, ApiError> {
    let viewer = viewer_of(ctx, "account")?;
    let id = match id {
        // An id of another type names no account.
        Some(id) => AccountId::decode(&id),
        None => viewer.account,
    };
    let Some(id) = id else { return Ok(None) };
    Ok(loaders::load(ctx, id).await?.map(Account))
}
