//! The subscription to an account's purchases.

use async_graphql::{Context, ID, Subscription};
use domain::id::AccountId;
use futures_util::{Stream, StreamExt};

use super::{
    engine::{
        errors::ApiError,
        request::{optional_id, services, viewer_of},
    },
    purchase::Purchase,
};
use crate::operations::Path;

/// The subscription to purchases.
#[derive(Debug, Default)]
pub struct PurchaseSubscription;

#[Subscription]
impl PurchaseSubscription {
    /// The purchase that changed last, if the account has any, and each purchase again after it was
    /// begun, got its approval page, was paid, declined, canceled, confirmed or refunded, or
    /// expired, whoever did it, also by an automatic recharge. Rapid changes of one purchase are
    /// coalesced into one event. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
    async fn purchase_changed<'ctx>(
        &self,
        ctx: &Context<'ctx>,
        #[graphql(
            desc = "The account. If it is left out, the viewer's own account is used; platform roles must name one."
        )]
        account_id: Option<ID>,
    ) -> Result<impl Stream<Item = Result<Purchase, ApiError>> + use<'ctx>, ApiError> {
        let viewer = viewer_of(ctx, "purchaseChanged")?;
        let services = services(ctx)?;
        let path = Path::argument("accountId");
        let id = optional_id(account_id.as_ref());
        let account = services.account_for(&viewer, id, &path).await?;
        let changes = services.purchase_changes(AccountId::new(account.id));
        Ok(changes.map(|purchase| purchase.map(Purchase).map_err(ApiError::from)))
    }
}
