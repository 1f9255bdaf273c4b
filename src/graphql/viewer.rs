//! Who is asking.

use async_graphql::{Context, Enum, Object};
use entity::sql_enums;

use super::{
    account::{self, AccountConnection},
    errors::ApiError,
    paging::window,
    request::{services, viewer_of},
};
use crate::operations;

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "sql_enums::Role")]
pub enum Role {
    /// Platform: everything.
    PlatformAdmin,
    /// Platform: reads and reports over its accounts, and grants.
    AccountManager,
    /// Account: everything in it but what the platform decides: its rate card, who settles its messages, and SENDER keys.
    /// Alone may approve charges and change auto-recharge and keys.
    Owner,
    /// Account: lists, allocation, quotes and messages; may start a purchase.
    Member,
    /// Account: reads and reports.
    Viewer,
    /// Account: the platform's sending service. Quotes, sends, schedules and cancels; reports with settleMessage what was
    /// sent. Made by the platform only.
    Sender,
}

/// Who is asking.
#[derive(Debug, Clone, Copy)]
pub struct Viewer(pub operations::Viewer);

/// Who is asking: what the key or token may do, and where.
#[Object]
impl Viewer {
    /// What it may do.
    async fn role(&self) -> Role {
        self.0.role.into()
    }

    /// The accounts that it sees, the oldest first: its own, or all for a platform role.
    async fn accounts(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "How many from the start: 1 to 1000, 50 where neither first nor last is given."
        )]
        first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 1 to 1000.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<AccountConnection, ApiError> {
        let window = window(ctx, first, after.as_deref(), last, before.as_deref())?;
        account::connection(services(ctx)?, &self.0, None, window).await
    }
}

/// The root field that says who is asking.
#[derive(Debug, Default)]
pub struct ViewerQuery;

#[Object]
impl ViewerQuery {
    /// Who is asking: the key or token, its role, its accounts.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Viewer, ApiError> {
        Ok(Viewer(viewer_of(ctx, "viewer")?))
    }
}
