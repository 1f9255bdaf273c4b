//! The subscription to an account's messages.

use async_graphql::{Context, ID, Subscription};
use domain::id::AccountId;
use futures_util::{Stream, StreamExt};

use super::{
    engine::{
        errors::ApiError,
        request::{optional_id, services, viewer_of},
    },
    message::Message,
};
use crate::operations::Path;

/// The subscription to messages.
#[derive(Debug, Default)]
pub struct MessageSubscription;

#[Subscription]
impl MessageSubscription {
    /// The message that changed last, if the account has any, and each message again after it was
    /// scheduled, updated, sent or canceled, whoever did it. Rapid changes of one message are
    /// coalesced into one event, which has the message as it is by then.
    async fn message_changed<'ctx>(
        &self,
        ctx: &Context<'ctx>,
        #[graphql(
            desc = "The account. If it is left out, the viewer's own account is used; platform roles must name one."
        )]
        account_id: Option<ID>,
    ) -> Result<impl Stream<Item = Result<Message, ApiError>> + use<'ctx>, ApiError> {
        let viewer = viewer_of(ctx, "messageChanged")?;
        let services = services(ctx)?;
        let path = Path::argument("accountId");
        let id = optional_id(account_id.as_ref());
        let account = services.account_for(&viewer, id, &path).await?;
        let changes = services.message_changes(AccountId::new(account.id));
        Ok(changes.map(|message| message.map(Message::new).map_err(ApiError::from)))
    }
}
