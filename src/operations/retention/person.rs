//! Erasing one person everywhere, by telephone number (law E2).
//!
//! Here: the request, account by account, and its trace. Not here: removing contacts
//! ([`crate::operations::contact`]), which counts them off scheduled messages too.
//!
//! Credits, transactions and messages' figures stay: they say how many recipients there were, and
//! never who.

use std::time::{Duration, Instant};

use domain::id::{AccountId, ContactId, ListId, MessageId};
use entity::{erasure, message};

use crate::{
    operations::{
        OperationError, Path, Services, Viewer, audience,
        phone_number::Accept,
        together::{Together, all},
    },
    store::{self, contact::Which},
};

/// The most messages that one request may name.
pub const MAX_MESSAGES: usize = 1_000;
/// How long one request goes on to further accounts. A query may take 30 seconds.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many removed contacts end a request about all accounts: each is named in the answer.
const MAX_REMOVED: usize = 1_000;
/// How many accounts are read at a time.
const PAGE: u64 = 100;
/// How many rows of imports are read at a time.
const ROWS: u64 = 2_000;
/// A row of an import is about the person if it has these many last digits of the number, one after
/// the other: it may lack the country's code, which has up to three of at least ten digits.
const DIGITS: usize = 7;

/// The person to erase.
#[derive(Debug)]
pub struct ErasePerson {
    /// The account; the viewer's own if `None`, and every account for the platform.
    pub account: Option<AccountId>,
    /// For every account: the first one, in the order of ids.
    pub from: Option<AccountId>,
    /// The number, in E.164 form.
    pub number: String,
    /// Messages of the account whose names and texts are about the person.
    /// `None` for one whose id can't be read.
    pub messages: Vec<Option<MessageId>>,
}

/// What was erased.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Erased {
    /// Contacts that were removed from lists.
    pub contacts: Vec<ContactId>,
    /// The lists that they were removed from.
    pub lists: Vec<ListId>,
    /// Rejected rows and warnings of imports that were deleted.
    pub import_rows: u64,
    /// Messages whose names and texts were erased, as they are then.
    pub messages: Vec<message::Model>,
    /// The account that another request goes on with; `None` if all were done.
    pub next: Option<AccountId>,
}

impl Services {
    /// Erases a person in an account, or in as many accounts as a request has time for. Nothing is
    /// left out silently: `next` says where to go on. Done again, it finds nothing more.
    ///
    /// # Errors
    /// An unknown account, an invalid number, and messages that are too many or that no account is
    /// named for, each at its field. What was erased before a fault stays erased.
    pub async fn erase_person(
        &self,
        viewer: &Viewer,
        person: ErasePerson,
    ) -> Result<Erased, OperationError> {
        let path = Path::input("phoneNumber");
        let number = audience::number(&person.number, Accept::All, &path);
        let is_of_one = person.account.is_some() || !viewer.is_platform();
        let path = Path::input("fromAccountId");
        let from = match person.from {
            None => Ok(None),
            Some(_) if is_of_one => Err(path
                .invalid(text!(
                    "Must be left out for one account: it is for all accounts."
                ))
                .into()),
            Some(from) => {
                let found = self.account_for(viewer, Some(from), &path).await;
                found.map(|_| Some(from))
            }
        };
        let account = if is_of_one {
            let path = Path::input("accountId");
            let found = self.account_for(viewer, person.account, &path).await;
            found.map(|account| Some(AccountId::new(account.id)))
        } else {
            Ok(None)
        };
        let messages = named_messages(person.messages, is_of_one);
        let ((number, _), from, account, messages) =
            (number, from, account, messages).together()?;
        let Some(account) = account else {
            return self.erase_everywhere(viewer, from, number).await;
        };
        let erased = self.erase_in(account, number, &messages).await?;
        self.trace(viewer, account, &erased).await?;
        Ok(erased)
    }

    /// Goes through all accounts from one of them on, as long as the request has time, and names no
    /// more contacts than an answer takes.
    async fn erase_everywhere(
        &self,
        viewer: &Viewer,
        from: Option<AccountId>,
        number: i64,
    ) -> Result<Erased, OperationError> {
        let began = Instant::now();
        let mut all = Erased::default();
        if let Some(from) = from {
            self.erase_one(viewer, from, number, &mut all).await?;
        }
        let mut after = from;
        loop {
            let accounts = store::account::ids(self.store().reader(), after, PAGE).await?;
            if accounts.is_empty() {
                return Ok(all);
            }
            for account in accounts {
                if began.elapsed() >= PATIENCE || all.contacts.len() >= MAX_REMOVED {
                    all.next = Some(account);
                    return Ok(all);
                }
                self.erase_one(viewer, account, number, &mut all).await?;
                after = Some(account);
            }
        }
    }

    /// Erases a person in one of all accounts, with a trace if anything was there.
    async fn erase_one(
        &self,
        viewer: &Viewer,
        account: AccountId,
        number: i64,
        all: &mut Erased,
    ) -> Result<(), OperationError> {
        let erased = self.erase_in(account, number, &[]).await?;
        if erased != Erased::default() {
            self.trace(viewer, account, &erased).await?;
            all.contacts.extend(erased.contacts);
            all.lists.extend(erased.lists);
            all.import_rows += erased.import_rows;
        }
        Ok(())
    }

    async fn erase_in(
        &self,
        account: AccountId,
        number: i64,
        messages: &[MessageId],
    ) -> Result<Erased, OperationError> {
        let mut erased = Erased::default();
        let lists = store::contact::lists_with(self.store().reader(), account, number).await?;
        for list in &lists {
            let removed = self.remove_one(list, Which::Numbers(&[number])).await?;
            if !removed.is_empty() {
                erased.contacts.extend(removed);
                erased.lists.push(ListId::new(list.id));
            }
        }
        let number = number.to_string();
        let digits = number.get(number.len().saturating_sub(DIGITS)..);
        erased.import_rows = self
            .erase_import_rows(account, digits.unwrap_or(&number))
            .await?;
        let (writer, now) = (self.store().writer(), self.clock().now());
        erased.messages = store::retention::erase_named(writer, account, messages, now).await?;
        Ok(erased)
    }

    /// Deletes the rejected rows and the warnings of an account's imports that have these digits.
    async fn erase_import_rows(
        &self,
        account: AccountId,
        digits: &str,
    ) -> Result<u64, OperationError> {
        let (mut after, mut gone) = (None, 0);
        loop {
            let reader = self.store().reader();
            let rows =
                store::contact_import::rejections_after(reader, account, after, ROWS).await?;
            let Some(last) = rows.last() else {
                break;
            };
            after = Some((last.import, last.line));
            let about = rows.iter().filter(|row| {
                let cells = row.cells.unguarded().as_deref().unwrap_or_default();
                [row.value.unguarded(), row.reason.as_str(), cells]
                    .iter()
                    .any(|text| has_digits(text, digits))
            });
            let places: Vec<_> = about.map(|row| (row.import, row.line)).collect();
            let writer = self.store().writer();
            gone += store::contact_import::delete_rejections(writer, account, &places).await?;
        }
        let mut after = None;
        loop {
            let reader = self.store().reader();
            let rows = store::contact_import::warnings::after(reader, account, after, ROWS).await?;
            let Some(last) = rows.last() else {
                return Ok(gone);
            };
            after = Some((last.import, last.position));
            let about = rows.iter().filter(|row| {
                let header = row.column.unguarded().as_deref().unwrap_or_default();
                has_digits(header, digits) || has_digits(row.reason.unguarded(), digits)
            });
            let places: Vec<_> = about.map(|row| (row.import, row.position)).collect();
            let writer = self.store().writer();
            gone += store::contact_import::warnings::delete(writer, account, &places).await?;
        }
    }

    /// Records who had what erased, and when, without the number.
    async fn trace(
        &self,
        viewer: &Viewer,
        account: AccountId,
        erased: &Erased,
    ) -> Result<(), OperationError> {
        let count = |rows: usize| i64::try_from(rows).unwrap_or(i64::MAX);
        let (contacts, messages) = (count(erased.contacts.len()), count(erased.messages.len()));
        let actor = viewer.actor().of(account).row;
        let row = erasure::Model {
            account_id: account.uuid(),
            id: self.clock().new_id(),
            erased_at: self.clock().now().as_microsecond(),
            api_key_id: viewer.key.map(|key| key.uuid()),
            contacts,
            import_rows: i64::try_from(erased.import_rows).unwrap_or(i64::MAX),
            messages,
            actor_id: Some(actor.id),
        };
        let transaction = self.store().begin().await?;
        store::actor::insert_missing(&transaction, vec![actor]).await?;
        store::retention::insert_erasure(&transaction, row).await?;
        transaction.commit().await?;
        tracing::info!(
            account = %account.uuid(),
            contacts,
            import_rows = erased.import_rows,
            messages,
            "a person's data was erased on request"
        );
        Ok(())
    }
}

/// The messages of one account that are about the person.
fn named_messages(
    messages: Vec<Option<MessageId>>,
    is_of_one: bool,
) -> Result<Vec<MessageId>, OperationError> {
    let path = Path::input("messageIds");
    if messages.len() > MAX_MESSAGES {
        let text = text!(
            "At most {limit} messages may be named; got {got}.",
            limit = MAX_MESSAGES,
            got = messages.len()
        );
        return Err(path.invalid(text).into());
    }
    if !is_of_one && !messages.is_empty() {
        let text = text!("Must be left out unless accountId names their account.");
        return Err(path.invalid(text).into());
    }
    let messages = messages.into_iter().enumerate();
    all(messages
        .map(|(index, message)| message.ok_or_else(|| path.at(index).not_found(text!("message")))))
}

/// Whether a text has these digits one after the other, whatever stands between them.
fn has_digits(text: &str, digits: &str) -> bool {
    let found: String = text.chars().filter(char::is_ascii_digit).collect();
    found.contains(digits)
}

#[cfg(test)]
mod tests {
    use super::has_digits;

    #[test]
    fn a_number_is_found_however_it_is_written() {
        for text in [
            "+39 340 123-4567 x",
            "0340/1234567",
            "1234567",
            "a 12345678",
        ] {
            assert!(has_digits(text, "1234567"), "{text}");
        }
        for text in ["", "123456", "7654321", "no number"] {
            assert!(!has_digits(text, "1234567"), "{text}");
        }
    }
}
