//! Submitting a message's command to the ledger, and the answer to its idempotency key.
//!
//! Here: the answer to a key that was used before. Not here: which command it is ([`super`]).

use domain::id::{AccountId, ListId, MessageId};
use entity::{message, sql_enums::MessageStatus};

use super::Done;
use crate::{
    ledger::{self, Answer, Key, Refused, Request, RequestKind, SubmitError},
    operations::{OperationError, Path, Services, Viewer},
    store,
};

impl Services {
    /// Submits a command to the ledger. If the command was refused before it got there, its key is
    /// looked up: a repeated key is answered, whatever has changed since (law B4).
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
                let used = self.replayed(account, &key, amount).await?;
                used.ok_or(OperationError::Refused(refusals))?
            }
            Err(other) => return Err(other),
        };
        self.done(account, &answer).await.map(Some)
    }

    /// The answer of the command that used the key; `None` if the key is new.
    async fn replayed(
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
        let answer = ledger::stored_answer(&used);
        answer
            .map(Some)
            .map_err(|fault| refused(SubmitError::Fault { account, fault }))
    }

    /// The message and the balance after a command; as they are now, if it repeats an earlier one.
    async fn done(&self, account: AccountId, answer: &Answer) -> Result<Done, OperationError> {
        let broken = || OperationError::broken("a message's command was answered without it");
        let row = match &answer.row {
            Some(row) => Some(message::Model::clone(row)),
            None => {
                let id = MessageId::new(answer.message.ok_or_else(broken)?);
                store::message::find(self.store().reader(), id).await?
            }
        };
        let message = row.ok_or_else(broken)?;
        if message.status == MessageStatus::Canceled && !answer.replayed {
            self.count_cancelled(&message);
        }
        Ok(Done {
            message,
            replayed: answer.replayed,
            previous_list: answer.previous_list.map(ListId::new),
            balance: self.balance_after_command(account, answer).await?,
        })
    }
}
