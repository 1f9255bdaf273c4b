//! The mutations that schedule, send, settle and cancel messages.
//!
//! Here: arguments and payloads. Not here: what is done ([`crate::operations::message`]).

use async_graphql::{Context, ID, Object};
use domain::id::AccountId;

use super::{
    super::{
        engine::{
            errors::ApiError,
            request::{id, optional_id, services, viewer_of},
        },
        quote::draft,
        segmentation::content,
    },
    CancelMessageInput, CancelMessagePayload, ScheduleMessageInput, ScheduleMessagePayload,
    SendMessageInput, SendMessagePayload, SettleMessageInput, SettleMessagePayload,
};
use crate::operations::{OperationError, Path, message::NewMessageInput};

/// The mutations that schedule, send, settle and cancel messages.
#[derive(Debug, Default)]
pub struct MessageMutation;

#[Object]
impl MessageMutation {
    /// Schedules a message and holds its credits until it is settled or canceled. A list's stored
    /// contacts are those of now: contacts who join later are neither counted nor charged. If the
    /// server settles (AUTOMATIC), it charges at sendAt for those who haven't left the list by
    /// then, at what each was to cost when scheduled, and releases the rest with a note that says
    /// how many have left. In a text with merge fields, a contact whose fields changed before it
    /// left counts as one of those in its country with the fewest segments.
    async fn schedule_message(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The message and its recipients.")] input: ScheduleMessageInput,
    ) -> Result<ScheduleMessagePayload, ApiError> {
        let viewer = viewer_of(ctx, "scheduleMessage")?;
        let services = services(ctx)?;
        let done = async {
            let arguments = arguments(&input)?;
            let content = content(
                input.text,
                input.media,
                input.smart_encoding,
                input.strip_accents,
            );
            let new = NewMessageInput {
                account: account(input.account_id.as_ref())?,
                draft: draft(
                    input.list_id.as_ref(),
                    input.audience,
                    input.accept_landlines,
                    content,
                )?,
                name: input.name,
                allow_empty: input.allow_empty,
                send_at: Some(input.send_at.0),
                max_credits: input.max_credits.map(|credits| credits.0),
                idempotency_key: input.idempotency_key,
            };
            services
                .add_message(&viewer, new, "scheduleMessage", &arguments)
                .await
        };
        ScheduleMessagePayload::of(done.await)
    }

    /// Charges a message that is sent now.
    async fn send_message(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The message and its recipients.")] input: SendMessageInput,
    ) -> Result<SendMessagePayload, ApiError> {
        let viewer = viewer_of(ctx, "sendMessage")?;
        let services = services(ctx)?;
        let done = async {
            let arguments = arguments(&input)?;
            let content = content(
                input.text,
                input.media,
                input.smart_encoding,
                input.strip_accents,
            );
            let new = NewMessageInput {
                account: account(input.account_id.as_ref())?,
                draft: draft(
                    input.list_id.as_ref(),
                    input.audience,
                    input.accept_landlines,
                    content,
                )?,
                name: input.name,
                allow_empty: input.allow_empty,
                send_at: None,
                max_credits: input.max_credits.map(|credits| credits.0),
                idempotency_key: input.idempotency_key,
            };
            services
                .add_message(&viewer, new, "sendMessage", &arguments)
                .await
        };
        SendMessagePayload::of(done.await)
    }

    /// Charges what was sent of a scheduled message and releases the rest. If `sent` is left out,
    /// it is charged for everybody for whom it was scheduled; if the server settles, less those who
    /// have left the list since. From sendAt on, a message that the server settles is charged this
    /// way, whoever asks.
    async fn settle_message(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The message, and what was sent of it.")] input: SettleMessageInput,
    ) -> Result<SettleMessagePayload, ApiError> {
        let viewer = viewer_of(ctx, "settleMessage")?;
        let services = services(ctx)?;
        let done = async {
            let message = id(&input.message_id, &Path::input("messageId"), "message")?;
            let sent = input.sent;
            let sent = sent.map(|rows| rows.into_iter().map(Into::into).collect());
            services
                .settle_message(&viewer, message, sent, &input.idempotency_key)
                .await
        };
        SettleMessagePayload::of(done.await)
    }

    /// Cancels a scheduled message and releases its hold. From sendAt on it is refused with
    /// CONFLICT if the server settles; otherwise only platform roles and SENDER keys may cancel,
    /// because the message may have been sent.
    async fn cancel_message(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The scheduled message.")] input: CancelMessageInput,
    ) -> Result<CancelMessagePayload, ApiError> {
        let viewer = viewer_of(ctx, "cancelMessage")?;
        let services = services(ctx)?;
        let done = async {
            let message = id(&input.message_id, &Path::input("messageId"), "message")?;
            services
                .cancel_message(&viewer, message, &input.idempotency_key)
                .await
        };
        CancelMessagePayload::of(done.await)
    }
}

fn account(id: Option<&ID>) -> Result<Option<AccountId>, OperationError> {
    optional_id(id, &Path::input("accountId"), "account")
}

/// What a key stands for: the input as the caller gave it, taken before its parts are.
fn arguments(input: &impl serde::Serialize) -> Result<serde_json::Value, OperationError> {
    serde_json::to_value(input)
        .map_err(|cause| OperationError::broken(format!("arguments have no JSON form: {cause}")))
}
