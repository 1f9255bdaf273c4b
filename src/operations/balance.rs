//! An account's balance, now or at any past instant (law B3).
//!
//! Every transaction keeps the balance that it left, so that a balance is one look into an index however
//! long the history; the meaning stays the postings, and `verify` holds the two together. Here: which
//! transaction is the last one of an instant, for good. Not here: how one is told ([`crate::graphql`]).

use std::collections::BTreeMap;

use domain::{book::Balance, id::AccountId};
use entity::transaction;
use jiff::Timestamp;

use super::{OperationError, Path, Services, account::BalanceAt};
use crate::{
    clock::whole_micros,
    store::{self, book::Wanted},
};

impl Services {
    /// An account's balance now, or at a past instant. What was answered for an instant that is past is
    /// answered for good.
    ///
    /// # Errors
    /// A refusal for an instant to come.
    pub async fn balance(
        &self,
        account: AccountId,
        at: Option<Timestamp>,
    ) -> Result<BalanceAt, OperationError> {
        let now = self.clock.now();
        let (at, last) = match at {
            Some(at) if at > now => {
                return Err(Path::argument("at")
                    .invalid("Must not be in the future.")
                    .into());
            }
            Some(at) => (at, self.last_for_good(account, at).await?),
            None => {
                let last = store::balance::last(self.store.reader(), account).await?;
                // The books don't step back with this machine's clock, nor wait for it where another
                // machine's is ahead.
                let at = last.as_ref().map(|last| whole_micros(last.created_at));
                (at.map_or(now, |at| at.max(now)), last)
            }
        };
        let balance = match last {
            None => Balance::default(),
            Some(last) => {
                let left = store::balance::after(&last)?;
                if left.next_expiry.is_some_and(|next| next.expiry.at <= at) {
                    self.balance_with_due_expiries(account, at).await?
                } else {
                    left
                }
            }
        };
        Ok(BalanceAt {
            account,
            at,
            balance,
        })
    }

    /// The last transaction that was booked by an instant, once none can be added any more.
    ///
    /// A batch reads the clock when it holds the account's book, and is seen when it has committed. An instant
    /// before the last one that the book tells of is closed: nothing is booked before that. A later one may be
    /// a batch's at this moment, so whoever holds the book is waited for; whoever holds it next reads a clock
    /// that has passed the instant.
    async fn last_for_good(
        &self,
        account: AccountId,
        at: Timestamp,
    ) -> Result<Option<transaction::Model>, OperationError> {
        let reader = self.store.reader();
        let closed = store::balance::booked_until(reader, account).await?;
        if closed.is_some_and(|until| until > at) {
            return Ok(store::balance::last_at(reader, account, at).await?);
        }
        // On SQLite the transaction itself waits for the one that writes.
        let quiet = self.store.begin().await?;
        store::balance::wait_for_book(&quiet, account).await?;
        let last = store::balance::last_at(&quiet, account, at).await?;
        quiet.rollback().await?;
        Ok(last)
    }

    /// The balance where lots are due whose expiry nobody has booked yet: it is computed as it will be
    /// booked. Only the end of the books can be in that state, since every command books what is due.
    async fn balance_with_due_expiries(
        &self,
        account: AccountId,
        at: Timestamp,
    ) -> Result<Balance, OperationError> {
        let snapshot = self.store.snapshot().await?;
        let last = store::balance::last_at(&snapshot, account, at).await?;
        let wanted = BTreeMap::from([(
            account,
            Wanted {
                every_pool: true,
                ..Wanted::default()
            },
        )]);
        let heads = store::book::load(&snapshot, &wanted, at).await?;
        snapshot.commit().await?;
        match (last, heads.into_values().next()) {
            (Some(last), Some(mut head)) if last.sequence == head.sequence => {
                head.book.expire(at);
                Ok(head.book.balance())
            }
            // Meanwhile somebody booked it.
            (Some(last), _) => Ok(store::balance::after(&last)?),
            (None, _) => Ok(Balance::default()),
        }
    }
}
