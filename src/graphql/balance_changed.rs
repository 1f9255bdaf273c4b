//! The subscription to an account's balance.

use async_graphql::{Context, ID, Subscription};
use domain::id::AccountId;
use futures_util::{Stream, StreamExt};

use super::{
    balance::Balance,
    engine::{
        errors::ApiError,
        request::{optional_id, services, viewer_of},
    },
};
use crate::operations::Path;

/// The subscription to balances.
#[derive(Debug, Default)]
pub struct BalanceSubscription;

#[Subscription]
impl BalanceSubscription {
    /// The balance now, and again after every change. Rapid changes are coalesced into one event.
    async fn balance_changed<'ctx>(
        &self,
        ctx: &Context<'ctx>,
        #[graphql(
            desc = "The account. If it is left out, the viewer's own account is used; platform roles must name one."
        )]
        account_id: Option<ID>,
    ) -> Result<impl Stream<Item = Result<Balance, ApiError>> + use<'ctx>, ApiError> {
        let viewer = viewer_of(ctx, "balanceChanged")?;
        let services = services(ctx)?;
        let path = Path::argument("accountId");
        let id = optional_id(account_id.as_ref());
        let account = services.account_for(&viewer, id, &path).await?;
        let changes = services.balance_changes(AccountId::new(account.id));
        Ok(changes.map(|balance| balance.map(Balance::now).map_err(ApiError::from)))
    }
}
