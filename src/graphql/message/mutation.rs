//! The mutations that schedule, change, send, settle and cancel messages.
//!
//! Here: arguments and payloads. Not here: what is done ([`crate::operations::message`]).

use async_graphql::{Context, ID, Object};
use domain::id::MessageId;

use super::{
    super::engine::{
        errors::ApiError,
        request::{id, services, viewer_of},
    },
    CancelMessageInput, CancelMessagePayload, ScheduleMessageInput, ScheduleMessagePayload,
    SendMessageInput, SendMessagePayload, SettleMessageInput, SettleMessagePayload,
    UpdateMessageInput, UpdateMessagePayload,
    input::NewMessageArguments,
};
use crate::operations::{OperationError, Services, Viewer, message::Done};

/// The mutations that schedule, change, send, settle and cancel messages.
#[derive(Debug, Default)]
pub struct MessageMutation;

#[Object]
impl MessageMutation {
    /// Schedules a message and holds its credits until it is settled or canceled. A list's stored
    /// contacts are those of now: contacts who join later are neither counted nor charged. If the
    /// server settles (AUTOMATIC), it charges at sendAt for those who haven't left the list by
    /// then, at what each was to cost when scheduled, and releases the rest with a note that says
    /// how many have left. In a text with merge fields, a contact whose fields changed before it
    /// left counts as one of those in its country with the fewest segments. Requires
    /// PLATFORM_ADMIN, OWNER, MEMBER or SENDER.
    async fn schedule_message(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The message and its recipients.")] input: ScheduleMessageInput,
    ) -> Result<ScheduleMessagePayload, ApiError> {
        ScheduleMessagePayload::of(add(ctx, "scheduleMessage", input).await?)
    }

    /// Changes a scheduled message before its sendAt. If it is priced anew, its hold is released
    /// and the new price is held in one step: no other message can take the credits in between, and
    /// a refusal leaves everything as it was. Credits that come back to an expired lot expire, as
    /// by a cancellation; if price and list stay, the credits stay held. A message that is no
    /// longer scheduled, or whose sendAt has come, is refused with CONFLICT, whoever asks. Requires
    /// PLATFORM_ADMIN, OWNER, MEMBER or SENDER.
    async fn update_message(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The message, and what to change of it.")] input: UpdateMessageInput,
    ) -> Result<UpdateMessagePayload, ApiError> {
        let viewer = viewer_of(ctx, "updateMessage")?;
        let services = services(ctx)?;
        let done = async {
            // Before the input's parts are taken.
            let arguments = json(&input)?;
            services
                .update_message(&viewer, input.read(), &arguments)
                .await
        };
        UpdateMessagePayload::of(done.await)
    }

    /// Charges a message that is sent now. Requires PLATFORM_ADMIN, OWNER, MEMBER or SENDER.
    async fn send_message(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The message and its recipients.")] input: SendMessageInput,
    ) -> Result<SendMessagePayload, ApiError> {
        SendMessagePayload::of(add(ctx, "sendMessage", input).await?)
    }

    /// Charges what was sent of a scheduled message and releases the rest. If `sent` is left out,
    /// it is charged for everybody for whom it was scheduled; if the server settles, less those who
    /// have left the list since. From sendAt on, a message that the server settles is charged this
    /// way, whoever asks. Requires PLATFORM_ADMIN, OWNER, MEMBER or SENDER.
    async fn settle_message(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The message, and what was sent of it.")] input: SettleMessageInput,
    ) -> Result<SettleMessagePayload, ApiError> {
        let sent = input.sent;
        let sent = sent.map(|rows| rows.into_iter().map(Into::into).collect());
        let key = input.idempotency_key;
        let ended = end(
            ctx,
            "settleMessage",
            &input.message_id,
            async |services, viewer, id| services.settle_message(viewer, id, sent, &key).await,
        );
        SettleMessagePayload::of(ended.await?)
    }

    /// Cancels a scheduled message and releases its hold. From sendAt on it is refused with
    /// CONFLICT if the server settles; otherwise only platform roles and SENDER keys may cancel,
    /// because the message may have been sent. Requires PLATFORM_ADMIN, OWNER, MEMBER or SENDER.
    async fn cancel_message(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The scheduled message.")] input: CancelMessageInput,
    ) -> Result<CancelMessagePayload, ApiError> {
        let key = input.idempotency_key;
        let ended = end(
            ctx,
            "cancelMessage",
            &input.message_id,
            async |services, viewer, id| services.cancel_message(viewer, id, &key).await,
        );
        CancelMessagePayload::of(ended.await?)
    }
}

/// Schedules or sends a message. Its key stands for the input as the caller gave it.
async fn add(
    ctx: &Context<'_>,
    root_field: &str,
    input: impl NewMessageArguments,
) -> Result<Result<Done, OperationError>, ApiError> {
    let viewer = viewer_of(ctx, root_field)?;
    let services = services(ctx)?;
    let done = async {
        // Before the input's parts are taken.
        let arguments = json(&input)?;
        let new = input.read();
        services
            .add_message(&viewer, new, root_field, &arguments)
            .await
    };
    Ok(done.await)
}

/// The arguments as their key stands for them.
fn json(input: &impl serde::Serialize) -> Result<serde_json::Value, OperationError> {
    serde_json::to_value(input)
        .map_err(|cause| OperationError::broken(format!("arguments have no JSON form: {cause}")))
}

/// Settles or cancels a scheduled message.
async fn end(
    ctx: &Context<'_>,
    root_field: &str,
    message: &ID,
    how: impl AsyncFnOnce(&Services, &Viewer, MessageId) -> Result<Done, OperationError>,
) -> Result<Result<Done, OperationError>, ApiError> {
    let viewer = viewer_of(ctx, root_field)?;
    let services = services(ctx)?;
    let done = async {
        let message = id(message);
        how(services, &viewer, message).await
    };
    Ok(done.await)
}
