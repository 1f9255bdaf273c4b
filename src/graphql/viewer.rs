//! The viewer of a request.

use async_graphql::{Context, Enum, Object};
use entity::sql_enums;

use super::{
    account::{self, AccountConnection},
    engine::{errors::ApiError, paging::sorted, request::viewer_of},
    last_change::AccountFilterInput,
    scalars::DateTime,
    sorting::AccountSortKey,
};
use crate::operations;

/// The role of an API key, which decides what it may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "sql_enums::Role")]
pub enum Role {
    /// A platform administrator, who may do everything.
    PlatformAdmin,
    /// A platform account manager, who reads every account and its reports, and grants credits.
    AccountManager,
    /// An account's owner, who may do everything in the account that the platform doesn't decide
    /// (rate card, settlement, SENDER keys). Only owners approve charges and change auto-recharge
    /// and API keys.
    Owner,
    /// An account's member, who manages lists, allocation, quotes and messages, and may begin a
    /// purchase.
    Member,
    /// An account's viewer, who reads the account and its reports.
    Viewer,
    /// The platform's sending service for one account. It quotes, sends, schedules and cancels
    /// messages, and reports with settleMessage what was sent. Only the platform makes its keys.
    Sender,
}

/// The owner of the API key that is used.
#[derive(Debug, Clone)]
pub struct Viewer(pub operations::Viewer);

/// The owner of the API key that is used, with its role and accounts.
#[Object]
impl Viewer {
    /// The role, which decides what the key may do.
    async fn role(&self) -> Role {
        self.0.role.into()
    }

    /// The instant at which the access token or the OpenID provider's token that is used expires;
    /// null if a key is used.
    async fn token_expires_at(&self) -> Option<DateTime> {
        let token = self.0.token.as_ref()?;
        Some(token.expires_at().into())
    }

    /// The accounts that the viewer can see: its own, or all for a platform role.
    async fn accounts(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Conditions that the returned nodes meet. If it is left out, all are returned."
        )]
        filter: Option<AccountFilterInput>,
        #[graphql(default, desc = "What the nodes are sorted by, and which are first.")]
        sort_key: AccountSortKey,
    ) -> Result<AccountConnection, ApiError> {
        let window = sorted(ctx, None, &sort_key)?;
        account::connection(ctx, None, filter.into(), (sort_key, window)).await
    }
}

/// The root field that describes the viewer.
#[derive(Debug, Default)]
pub struct ViewerQuery;

#[Object]
impl ViewerQuery {
    /// The owner of the key that is used: its role and its accounts.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Viewer, ApiError> {
        Ok(Viewer(viewer_of(ctx, "viewer")?))
    }
}
