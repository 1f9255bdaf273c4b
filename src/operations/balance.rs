//! An account's balance, now or at any past instant (law B3).
//!
//! Every transaction stores the balance after it, so reading a balance is one index lookup however
//! long the history. The postings remain authoritative, and `verify` compares the two. Here:
//! finding the last transaction of an instant, once that answer is final. Not here: how a balance
//! is shown ([`crate::graphql`]).

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use domain::{
    book::{Balance, NextExpiry},
    credits::Credits,
    id::AccountId,
    lot::Expiry,
    statement::Bound,
};
use entity::transaction;
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use sea_orm::DatabaseBackend;

use super::{OperationError, Path, Services, reader::BalanceOf};
use crate::{
    clock::whole_micros,
    ledger::{Answer, BalanceAnswer},
    store::{self, book::Wanted, sql::reader::Reader},
};

/// How long a past balance waits for a transaction that may still be booked at its instant: as long
/// as a statement waits for a lock.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often to check whether another process has released a book. A batch takes a few
/// milliseconds.
const POLL: Duration = Duration::from_millis(10);
/// How many past balances one request computes at a time.
const AT_A_TIME: usize = 2;

/// An account's balance at an instant.
#[derive(Debug, Clone, Copy)]
pub struct BalanceAt {
    /// The account.
    pub account: AccountId,
    /// The instant.
    pub at: Timestamp,
    /// The balance.
    pub balance: Balance,
}

impl BalanceAt {
    /// The balance in a command's answer.
    ///
    /// # Errors
    /// A fault if the answer's expiration day is invalid.
    fn from_answer(account: AccountId, answer: &BalanceAnswer) -> Result<Self, OperationError> {
        let next_expiry = match &answer.next_expiry {
            Some((units, at, on)) => Some(NextExpiry {
                credits: Credits::from_units(*units),
                expiry: Expiry {
                    at: whole_micros(*at),
                    on: store::book::day(on)?,
                },
            }),
            None => None,
        };
        Ok(Self {
            account,
            at: whole_micros(answer.at),
            balance: Balance {
                available: Credits::from_units(answer.available),
                held: Credits::from_units(answer.held),
                unassigned: Credits::from_units(answer.unassigned),
                next_expiry,
            },
        })
    }
}

impl Services {
    /// An account's balance now or at a past instant. The answer for a past instant never changes.
    ///
    /// # Errors
    /// `Invalid` if `at` is in the future. `Unavailable` if the instant's balance isn't final
    /// within 10 seconds.
    pub(super) async fn balance(
        &self,
        account: AccountId,
        at: Option<Timestamp>,
    ) -> Result<BalanceAt, OperationError> {
        self.refuse_to_foresee(at)?;
        let last = match at {
            Some(at) => self.last_for_good(account, at).await?.1,
            None => store::balance::last(self.store().reader(), account).await?,
        };
        self.balance_after(account, at, last).await
    }

    /// The balance right after a command; that of now, if the command repeats an earlier one.
    ///
    /// # Errors
    /// A fault if the answer's expiration day is invalid.
    pub(super) async fn balance_after_command(
        &self,
        account: AccountId,
        answer: &Answer,
    ) -> Result<BalanceAt, OperationError> {
        match &answer.balance {
            Some(balance) => BalanceAt::from_answer(account, balance),
            None if answer.replayed => self.balance(account, None).await,
            None => Err(OperationError::broken(
                "a command was answered without a balance",
            )),
        }
    }

    /// An account's credits at a past instant as a bound of its statements, with the sequence
    /// number of the last transaction that counts in it, and a reader that has all up to it.
    ///
    /// # Errors
    /// `Unavailable` if the instant's balance isn't final within 10 seconds.
    pub(super) async fn bound(
        &self,
        account: AccountId,
        at: Timestamp,
    ) -> Result<(i64, Bound, &Reader), OperationError> {
        let (reader, last) = self.last_for_good(account, at).await?;
        let (sequence, booked) = match &last {
            None => (0, Credits::ZERO),
            Some(last) => (last.sequence, store::balance::after(last)?.total()),
        };
        let total = self.balance_after(account, Some(at), last).await?;
        let total = total.balance.total();
        Ok((sequence, Bound { booked, total }, reader))
    }

    /// Checks that an instant isn't in the future.
    ///
    /// # Errors
    /// `Invalid` if `at` is in the future.
    pub fn refuse_to_foresee(&self, at: Option<Timestamp>) -> Result<(), OperationError> {
        match at {
            Some(at) if at > self.clock().now() => Err(Path::argument("at")
                .invalid(text!("Must not be in the future."))
                .into()),
            _ => Ok(()),
        }
    }

    /// Several balances, each computed once. Current ones are read in one statement, past ones a
    /// few at a time.
    ///
    /// # Errors
    /// Those of [`Self::balance`].
    pub(super) async fn balances(
        &self,
        asked: &[BalanceOf],
    ) -> Result<HashMap<BalanceOf, BalanceAt>, OperationError> {
        let of_now = asked.iter().filter(|of| of.at.is_none());
        let reader = self.store().reader();
        let last = store::balance::last_of(reader, of_now.map(|of| of.account)).await?;
        let balances = asked.iter().copied().map(|of| {
            let last = last.get(&of.account).cloned();
            async move {
                let balance = match of.at {
                    Some(_) => self.balance(of.account, of.at).await,
                    None => self.balance_after(of.account, None, last).await,
                };
                Ok((of, balance?))
            }
        });
        stream::iter(balances)
            .buffer_unordered(AT_A_TIME)
            .try_collect()
            .await
    }

    /// The balance at an instant, from the account's last transaction up to it.
    async fn balance_after(
        &self,
        account: AccountId,
        at: Option<Timestamp>,
        last: Option<transaction::Model>,
    ) -> Result<BalanceAt, OperationError> {
        let at = at.unwrap_or_else(|| {
            // The books don't go back with this machine's clock, nor wait for it if another
            // machine's clock is ahead.
            let booked = last.as_ref().map(|last| whole_micros(last.created_at));
            booked.unwrap_or(Timestamp::MIN).max(self.clock().now())
        });
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

    /// The last transaction up to an instant, once no other can be added before it, and a reader
    /// that has it.
    async fn last_for_good(
        &self,
        account: AccountId,
        at: Timestamp,
    ) -> Result<(&Reader, Option<transaction::Model>), OperationError> {
        if let Some(found) = self.last_on_replica(account, at).await {
            return Ok(found);
        }
        let closed = tokio::time::timeout(PATIENCE, self.close(account, at)).await;
        closed.map_err(|_| OperationError::Unavailable)??;
        let reader = self.store().reader();
        Ok((reader, store::balance::last_at(reader, account, at).await?))
    }

    /// Waits until nothing can be booked at or before a past instant.
    ///
    /// An instant before the last transaction of the book is final, because the book never goes
    /// back in time. A later instant may still get the transactions of a batch in progress, which
    /// read the clock when it locked the book and become visible at its commit. For batches of this
    /// process it waits in memory; for those of other processes it checks whether the book is
    /// locked. Whoever locks the book next reads a clock that has passed the instant. SQLite serves
    /// one process, so a reader takes no lock there.
    async fn close(&self, account: AccountId, at: Timestamp) -> Result<(), OperationError> {
        loop {
            let booked = store::balance::booked_until(self.store().reader(), account).await?;
            if booked.is_none_or(|until| until > at) {
                return Ok(());
            }
            self.ledger().passed(at).await;
            let is_shared = self.store().backend() == DatabaseBackend::Postgres;
            if !is_shared || self.0.reads.free_books.load(account).await?.is_some() {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// The balance after expiries that are due but not booked yet, computed the way they will be
    /// booked. Only the end of the books can be in this state, because every command books what is
    /// due.
    async fn balance_with_due_expiries(
        &self,
        account: AccountId,
        at: Timestamp,
    ) -> Result<Balance, OperationError> {
        let snapshot = self.store().snapshot().await?;
        let last = store::balance::last_at(&snapshot, account, at).await?;
        let wanted = BTreeMap::from([(
            account,
            Wanted {
                every_pool: true,
                ..Wanted::default()
            },
        )]);
        let heads = store::book::load(&snapshot, &wanted, at).await?;
        snapshot.end().await?;
        match (last, heads.into_values().next()) {
            (Some(last), Some(mut head)) if last.sequence == head.sequence => {
                head.book.expire(at)?;
                Ok(head.book.balance()?)
            }
            // Another transaction booked it meanwhile.
            (Some(last), _) => Ok(store::balance::after(&last)?),
            (None, _) => Ok(Balance::default()),
        }
    }
}
