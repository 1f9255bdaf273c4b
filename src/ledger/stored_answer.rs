//! An answer as it is stored with its key, in few bytes: what the ledger's own rows say for good is
//! read from them.
//!
//! Here: what is stored, and reading it again. Not here: comparing a key with an earlier request
//! ([`super::facts`]).

use std::collections::{BTreeMap, BTreeSet};

use entity::{idempotency_key, message, sql_enums::MessageStatus, transaction};
use sea_orm::{ConnectionTrait, DbErr, prelude::Uuid};
use serde::{Deserialize, Serialize};

use super::{
    answer::{Answer, BalanceAnswer, MessageAnswer},
    fault::Fault,
};
use crate::store::sql::row_set::RowSet;

/// What is stored with a key. The names of its fields are short, since there is one for every
/// message that was ever sent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Stored {
    Short(Short),
    /// An answer whose balance is no transaction's, such as that of an allocation that moved
    /// nothing; and every answer that was stored before there were short ones.
    Whole(Box<Answer>),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Short {
    /// The number of the account's transaction with the answered balance.
    s: i64,
    /// The command's own transaction, if it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    t: Option<Uuid>,
    /// The message, if it is as its row says for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    m: Option<Uuid>,
    /// The message, if it may change later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    d: Option<MessageAnswer>,
    /// The new lot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    l: Option<Uuid>,
    /// The new lot's expiry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    x: Option<i64>,
    /// The purchase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    p: Option<Uuid>,
}

/// The text to store for an answer. `last` is the last transaction of its account.
///
/// # Errors
/// The answer can't be written as JSON.
pub(super) fn text(answer: &Answer, last: Option<&transaction::Model>) -> Result<String, Fault> {
    let short = last.and_then(|last| Short::of(answer, last));
    let text = match &short {
        Some(short) => serde_json::to_string(short),
        None => serde_json::to_string(answer),
    };
    text.map_err(|cause| Fault::UnsoundAnswer(cause.to_string()))
}

/// What the answer of a key names that a later command may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unfinished {
    /// A message that was scheduled.
    pub message: Option<Uuid>,
    /// A purchase that was begun.
    pub purchase: Option<Uuid>,
}

/// What the answer stored with a key names that a later command may end.
///
/// # Errors
/// The answer can't be read.
pub fn unfinished(answer: &str) -> Result<Unfinished, Fault> {
    let stored: Stored =
        serde_json::from_str(answer).map_err(|cause| Fault::UnsoundAnswer(cause.to_string()))?;
    let (message, purchase) = match stored {
        Stored::Short(short) => (short.d, short.p),
        Stored::Whole(answer) => (answer.message, answer.purchase),
    };
    let message = message.filter(|message| !is_final(message));
    Ok(Unfinished {
        message: message.map(|message| message.id),
        purchase,
    })
}

impl Short {
    /// `None` if the answer's balance is not that of its account's last transaction.
    fn of(answer: &Answer, last: &transaction::Model) -> Option<Self> {
        let own = answer.transaction?;
        if answer.balance.as_ref() != Some(&balance(last)) {
            return None;
        }
        let (m, d) = match &answer.message {
            Some(message) if is_final(message) => (Some(message.id), None),
            other => (None, other.clone()),
        };
        Some(Self {
            s: last.sequence,
            t: (own != last.id).then_some(own),
            m,
            d,
            l: answer.lot,
            x: answer.lot_expires_at,
            p: answer.purchase,
        })
    }

    /// The answer, given the rows that it names.
    fn into_answer(
        self,
        last: Option<&transaction::Model>,
        message: Option<&message::Model>,
    ) -> Result<Answer, Fault> {
        let missing = |what: String| Fault::UnsoundAnswer(what);
        let last = last.ok_or_else(|| missing(format!("there is no transaction {}", self.s)))?;
        let message = match self.m {
            None => None,
            Some(id) => Some(message.ok_or_else(|| missing(format!("there is no message {id}")))?),
        };
        Ok(Answer {
            transaction: Some(self.t.unwrap_or(last.id)),
            lot: self.l,
            lot_expires_at: self.x,
            purchase: self.p,
            message: message.map(MessageAnswer::from).or(self.d),
            balance: Some(balance(last)),
            row: message.map(|row| Box::new(row.clone())),
        })
    }
}

/// Whether no later command changes the message.
fn is_final(message: &MessageAnswer) -> bool {
    match message.status {
        MessageStatus::Sent | MessageStatus::Canceled => message.lines.is_none(),
        MessageStatus::Scheduled => false,
    }
}

/// The balance after a transaction.
fn balance(row: &transaction::Model) -> BalanceAnswer {
    let next = row.next_expiry_units.zip(row.next_expiry_at);
    BalanceAnswer {
        at: row.created_at,
        available: row.available_units,
        held: row.held_units,
        unassigned: row.unassigned_units,
        next_expiry: next
            .zip(row.next_expiry_on.clone())
            .map(|((units, at), on)| (units, at, on)),
    }
}

/// Reads the answers stored with keys, in the keys' order. One that can't be read is a fault, not a
/// reused key: a client that hears that its key was reused takes a new one, and is charged twice.
///
/// # Errors
/// The database's error.
pub async fn read(
    connection: &impl ConnectionTrait,
    keys: &[idempotency_key::Model],
) -> Result<Vec<Result<Answer, Fault>>, DbErr> {
    let parse = |key: &idempotency_key::Model| {
        serde_json::from_str::<Stored>(&key.answer)
            .map_err(|cause| Fault::UnsoundAnswer(cause.to_string()))
    };
    let stored: Vec<(Uuid, Result<Stored, Fault>)> = keys
        .iter()
        .map(|key| (key.account_id, parse(key)))
        .collect();
    let mut numbers: BTreeSet<(Uuid, i64)> = BTreeSet::new();
    let mut ids: BTreeSet<(Uuid, Uuid)> = BTreeSet::new();
    for (account, answer) in &stored {
        if let Ok(Stored::Short(short)) = answer {
            numbers.insert((*account, short.s));
            ids.extend(short.m.map(|id| (*account, id)));
        }
    }
    let numbers = numbers.into_iter();
    let transactions = RowSet::of(numbers.map(|(account, s)| [account.into(), s.into()]))
        .find::<transaction::Entity>(connection, &["account_id", "sequence"], "")
        .await?;
    let transactions: BTreeMap<(Uuid, i64), transaction::Model> = transactions
        .into_iter()
        .map(|row| ((row.account_id, row.sequence), row))
        .collect();
    let messages = RowSet::of_pairs(ids)
        .find::<message::Entity>(connection, &["account_id", "id"], "")
        .await?;
    let messages: BTreeMap<(Uuid, Uuid), message::Model> = messages
        .into_iter()
        .map(|row| ((row.account_id, row.id), row))
        .collect();
    let answer = |(account, stored): (Uuid, Result<Stored, Fault>)| match stored? {
        Stored::Whole(answer) => Ok(*answer),
        Stored::Short(short) => {
            let last = transactions.get(&(account, short.s));
            let message = short.m.and_then(|id| messages.get(&(account, id)));
            short.into_answer(last, message)
        }
    };
    Ok(stored.into_iter().map(answer).collect())
}
