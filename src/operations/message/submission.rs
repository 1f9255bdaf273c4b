//! Submitting a message's command to the ledger, and the answer to its idempotency key.
//!
//! Here: the first answer to a key, whatever has changed since. Not here: which command it is
//! ([`super`]).

use domain::id::{AccountId, ListId, MessageId};
use entity::{message, message_line, sql_enums::MessageStatus};
use sea_orm::prelude::Uuid;

use super::Done;
use crate::{
    ledger::{self, Answer, Key, LineAnswer, Refused, Request, RequestKind, SubmitError},
    operations::{OperationError, Path, Services, Viewer, balance::BalanceAt},
    store,
};

impl Services {
    /// Submits a command to the ledger. If the command was refused before it got there, its key is
    /// looked up: a repeated key gets its first answer, whatever has changed since (law B4).
    pub(super) async fn submit(
        &self,
        viewer: &Viewer,
        account: AccountId,
        kind: Result<RequestKind, OperationError>,
        key: Key,
        amount: &Path,
    ) -> Result<Done, OperationError> {
        let done = self.try_submit(viewer, account, kind, key, amount).await?;
        done.ok_or(OperationError::RateLimited)
    }

    /// Submits a command; `None` if contacts were removed from the message's list since it was
    /// priced, or the message was changed.
    pub(super) async fn try_submit(
        &self,
        viewer: &Viewer,
        account: AccountId,
        kind: Result<RequestKind, OperationError>,
        key: Key,
        amount: &Path,
    ) -> Result<Option<Done>, OperationError> {
        let answer = match kind {
            Ok(kind) => {
                let request = Request {
                    account,
                    actor: viewer.actor(),
                    kind,
                    key: Some(key),
                    at: None,
                };
                match self.ledger().submit(request).await {
                    Err(SubmitError::Refused(
                        Refused::ContactsRemoved | Refused::MessageChanged,
                    )) => return Ok(None),
                    answer => answer.map_err(|error| OperationError::from_ledger(error, amount))?,
                }
            }
            Err(OperationError::Refused(refusals)) => {
                let first = self.first_answer(account, &key, amount).await?;
                first.ok_or(OperationError::Refused(refusals))?
            }
            Err(other) => return Err(other),
        };
        self.done(account, &answer).await.map(Some)
    }

    /// The first answer to a key; `None` if the key is new.
    async fn first_answer(
        &self,
        account: AccountId,
        key: &Key,
        amount: &Path,
    ) -> Result<Option<Answer>, OperationError> {
        let reader = self.store().reader();
        let Some(used) = store::idempotency_key::find(reader, account, &key.key).await? else {
            return Ok(None);
        };
        let refused = |error| OperationError::from_ledger(error, amount);
        if used.fingerprint != key.fingerprint {
            return Err(refused(Refused::KeyReused.into()));
        }
        let stored = ledger::stored_answers(reader, std::slice::from_ref(&used)).await?;
        let answer = stored.into_iter().next().transpose();
        answer.map_err(|fault| refused(SubmitError::Fault { account, fault }))
    }

    /// The message and the balance as a command left them, whatever has changed since.
    async fn done(&self, account: AccountId, answer: &Answer) -> Result<Done, OperationError> {
        let broken = || OperationError::broken("a message's command was answered without it");
        let (changed, balance) = (answer.message.as_ref(), answer.balance.as_ref());
        let (changed, balance) = changed.zip(balance).ok_or_else(broken)?;
        let row = match &answer.row {
            Some(row) => Some(message::Model::clone(row)),
            None => store::message::find(self.store().reader(), MessageId::new(changed.id)).await?,
        };
        let row = row.ok_or_else(broken)?;
        if changed.status == MessageStatus::Canceled {
            self.count_cancelled(&row);
        }
        let mut message = message::Model {
            status: changed.status,
            units: changed.units,
            recipients: changed.recipients,
            sent_at: changed.sent_at,
            ..row
        };
        let plan = changed.plan.as_ref();
        if let Some(plan) = plan {
            message.list_id = plan.list;
            message.channel = plan.channel;
            message.encoding = plan.encoding;
            message.segment_count = plan.segments;
            message.rate_card_id = plan.rate_card;
            message.send_at = plan.send_at;
        }
        Ok(Done {
            message,
            lines: changed.lines.as_ref().map(|lines| {
                let of = |line| answered_line(account, changed.id, line);
                lines.iter().map(of).collect()
            }),
            previous_list: plan.and_then(|plan| plan.previous_list).map(ListId::new),
            balance: BalanceAt::from_answer(account, balance)?,
        })
    }
}

fn answered_line(account: AccountId, message_id: Uuid, line: &LineAnswer) -> message_line::Model {
    message_line::Model {
        account_id: account.uuid(),
        message_id,
        country_code: line.country.clone(),
        segment_count: line.segments,
        recipients: line.recipients,
        units_per_segment: line.rate,
        units: line.units,
    }
}
