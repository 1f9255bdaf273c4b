//! What is stored with a key: in few bytes, the rows that its command added or changed.
//!
//! Here: what is stored, and reading it again. Not here: comparing a key with an earlier request
//! ([`super::facts`]).

use entity::{idempotency_key, sql_enums::MessageStatus};
use sea_orm::prelude::Uuid;
use serde::{Deserialize, Serialize};

use super::{answer::Answer, fault::Fault};

/// What is stored with a key. The names of its fields are short, since there is one for every
/// message that was ever sent. Answers of earlier versions have further fields, which are ignored,
/// and the long names.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Stored {
    /// The message, if no later command changes it.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    ended: Option<Uuid>,
    /// The message, if a later command may end it.
    #[serde(
        rename = "d",
        alias = "message",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    waiting: Option<Waiting>,
    /// The new lot.
    #[serde(
        rename = "l",
        alias = "lot",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    lot: Option<Uuid>,
    /// The purchase.
    #[serde(
        rename = "p",
        alias = "purchase",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    purchase: Option<Uuid>,
    /// The command's own transaction, if nothing else leads to it.
    #[serde(
        rename = "t",
        alias = "transaction",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    transaction: Option<Uuid>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Waiting {
    id: Uuid,
    /// The list whose credits were held before, if the command moved the message to another one.
    #[serde(rename = "b", default, skip_serializing_if = "Option::is_none")]
    previous_list: Option<Uuid>,
}

/// The text to store for an answer.
///
/// # Errors
/// The answer can't be written as JSON.
pub fn text(answer: &Answer) -> Result<String, Fault> {
    let status = answer.row.as_ref().map(|row| row.status);
    let is_waiting = status == Some(MessageStatus::Scheduled);
    let waiting = answer.message.filter(|_| is_waiting);
    let leads_on = [answer.message, answer.lot, answer.purchase];
    let leads_on = leads_on.iter().any(Option::is_some);
    let stored = Stored {
        ended: answer.message.filter(|_| !is_waiting),
        waiting: waiting.map(|id| Waiting {
            id,
            previous_list: answer.previous_list,
        }),
        lot: answer.lot,
        purchase: answer.purchase,
        transaction: answer.transaction.filter(|_| !leads_on),
    };
    serde_json::to_string(&stored).map_err(|cause| Fault::UnsoundAnswer(cause.to_string()))
}

/// Reads the answer stored with a key, for a command that repeats it. One that can't be read is a
/// fault, not a reused key: a client that hears that its key was reused takes a new one, and is
/// charged twice.
///
/// # Errors
/// The answer can't be read.
pub fn read(key: &idempotency_key::Model) -> Result<Answer, Fault> {
    let stored = parse(&key.answer)?;
    let (message, previous_list) = match stored.waiting {
        Some(waiting) => (Some(waiting.id), waiting.previous_list),
        None => (stored.ended, None),
    };
    Ok(Answer {
        replayed: true,
        transaction: stored.transaction,
        lot: stored.lot,
        purchase: stored.purchase,
        message,
        previous_list,
        row: None,
        balance: None,
    })
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
    let stored = parse(answer)?;
    Ok(Unfinished {
        message: stored.waiting.map(|waiting| waiting.id),
        purchase: stored.purchase,
    })
}

fn parse(answer: &str) -> Result<Stored, Fault> {
    serde_json::from_str(answer).map_err(|cause| Fault::UnsoundAnswer(cause.to_string()))
}

#[cfg(test)]
mod tests {
    use entity::{idempotency_key, sql_enums::MessageStatus};
    use uuid::Uuid;

    use super::{read, text, unfinished};
    use crate::ledger::Answer;

    fn key(answer: &str) -> idempotency_key::Model {
        idempotency_key::Model {
            account_id: Uuid::nil(),
            key: "once".to_owned(),
            fingerprint: Vec::new(),
            answer: answer.to_owned(),
            created_at: 0,
        }
    }

    #[test]
    fn a_repetition_names_the_rows_of_the_first_command() {
        let id = Uuid::from_u128(7);
        let answers = [
            Answer {
                message: Some(id),
                ..Answer::default()
            },
            Answer {
                lot: Some(id),
                ..Answer::default()
            },
            Answer {
                purchase: Some(id),
                ..Answer::default()
            },
            Answer {
                transaction: Some(id),
                ..Answer::default()
            },
        ];
        for answer in answers {
            let expected = Answer {
                replayed: true,
                ..answer.clone()
            };
            let stored = text(&answer).unwrap();
            assert_eq!(stored.len(), r#"{"m":""}"#.len() + 36, "{stored}");
            assert_eq!(read(&key(&stored)).unwrap(), expected);
        }
    }

    /// Answers that earlier versions stored: short ones, and whole ones.
    #[test]
    fn answers_of_earlier_versions_are_read() {
        let id = Uuid::from_u128(7);
        let status = serde_json::to_string(&MessageStatus::Scheduled).unwrap();
        let waiting = format!(
            r#"{{"id":"{id}","status":{status},"units":1,"recipients":1,"sent_at":null,"plan":{{"l":null}}}}"#
        );
        let check = |answer: String, is_unfinished: bool| {
            assert_eq!(read(&key(&answer)).unwrap().message, Some(id), "{answer}");
            let message = unfinished(&answer).unwrap().message;
            assert_eq!(message, is_unfinished.then_some(id), "{answer}");
        };
        check(format!(r#"{{"s":3,"m":"{id}"}}"#), false);
        check(format!(r#"{{"s":3,"d":{waiting}}}"#), true);
        check(
            format!(
                r#"{{"transaction":null,"lot":null,"purchase":null,"message":{waiting},"balance":null}}"#
            ),
            true,
        );
        assert!(read(&key("[1")).is_err());
    }
}
