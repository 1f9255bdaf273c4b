//! What the mutations of messages answer.

use async_graphql::{Context, Object, SimpleObject};

use super::{
    super::{
        balance::Balance,
        contact_list::ContactList,
        engine::{
            errors::ApiError,
            loaders,
            request::{UserError, payload},
        },
    },
    Message,
};
use crate::operations::{OperationError, message::Done};

/// The result of updateMessage.
#[derive(Debug)]
pub struct UpdateMessagePayload {
    done: Option<Done>,
    user_errors: Vec<UserError>,
}

impl UpdateMessagePayload {
    pub(super) fn of(done: Result<Done, OperationError>) -> Result<Self, ApiError> {
        let (done, user_errors) = payload(done)?;
        Ok(Self { done, user_errors })
    }
}

/// The result of updateMessage.
#[Object]
impl UpdateMessagePayload {
    /// The message after the mutation; null if the mutation was refused.
    async fn message(&self) -> Option<Message> {
        let done = self.done.as_ref()?;
        Some(Message::answering(done.message.clone()))
    }

    /// Whether the idempotencyKey had been used before, so that nothing was done now: everything is
    /// shown as it is now. False if the mutation was refused.
    async fn replayed(&self) -> bool {
        self.done.as_ref().is_some_and(|done| done.replayed)
    }

    /// The balance right after the mutation; null if the mutation was refused.
    async fn balance(&self) -> Option<Balance> {
        let done = self.done.as_ref()?;
        Some(Balance::now(done.balance))
    }

    /// The list whose credits were held before, if the mutation moved the message to another one;
    /// null otherwise. Its allocation has changed, as that of `message.list` has.
    async fn previous_list(&self, ctx: &Context<'_>) -> Result<Option<ContactList>, ApiError> {
        let done = self.done.as_ref();
        let Some(list) = done.and_then(|done| done.previous_list) else {
            return Ok(None);
        };
        Ok(loaders::load(ctx, list).await?.map(ContactList))
    }

    /// Why the mutation was refused; empty if it was done.
    async fn user_errors(&self) -> &[UserError] {
        &self.user_errors
    }
}

macro_rules! payloads {
    ($($(#[doc = $doc:literal])* $name:ident $(($complex:ident))?;)*) => {$(
        $(#[doc = $doc])*
        #[derive(Debug, SimpleObject)]
        $(#[graphql($complex)])?
        pub struct $name {
            /// The message after the mutation; null if the mutation was refused.
            pub(super) message: Option<Message>,
            /// Whether the idempotencyKey had been used before, so that nothing was done now:
            /// everything is shown as it is now. False if the mutation was refused.
            replayed: bool,
            /// The balance right after the mutation; null if the mutation was refused.
            balance: Option<Balance>,
            /// Why the mutation was refused; empty if it was done.
            user_errors: Vec<UserError>,
        }

        impl $name {
            pub(super) fn of(done: Result<Done, OperationError>) -> Result<Self, ApiError> {
                let (done, user_errors) = payload(done)?;
                let replayed = done.as_ref().is_some_and(|done| done.replayed);
                let (message, balance) = done
                    .map(|done| (Message::answering(done.message), Balance::now(done.balance)))
                    .unzip();
                Ok(Self { message, replayed, balance, user_errors })
            }
        }
    )*};
}

payloads! {
    /// The result of scheduleMessage.
    ScheduleMessagePayload(complex);
    /// The result of sendMessage.
    SendMessagePayload(complex);
    /// The result of settleMessage.
    SettleMessagePayload;
    /// The result of cancelMessage.
    CancelMessagePayload;
}
