//! An account's balance, now or at any past instant (law B3).
//!
//! Every transaction keeps the balance that it left, so that a balance is one look into an index however
//! long the history; the meaning stays the postings, and `verify` holds the two together. Here: which
//! transaction is the last one of an instant, for good. Not here: how one is told ([`crate::graphql`]).

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use domain::{book::Balance, id::AccountId};
use entity::transaction;
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use sea_orm::DatabaseBackend;

use super::{OperationError, Path, Services, account::BalanceAt};
use crate::{
    clock::whole_micros,
    store::{self, book::Wanted},
};

/// How long a past balance waits for what may still be booked at its instant: as long as a statement waits
/// for a lock.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is asked again whether another process has let go of a book. A batch takes some milliseconds.
const POLL: Duration = Duration::from_millis(10);
/// Past balances that one request computes at a time.
const AT_A_TIME: usize = 2;

/// Which account's balance, and of which past instant; now if there is none.
pub type Asked = (AccountId, Option<Timestamp>);

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
        self.refuse_to_foresee(at)?;
        let last = match at {
            Some(at) => self.last_for_good(account, at).await?,
            None => store::balance::last(self.store.reader(), account).await?,
        };
        self.balance_after(account, at, last).await
    }

    /// That an instant is past.
    ///
    /// # Errors
    /// A refusal for an instant to come.
    pub fn refuse_to_foresee(&self, at: Option<Timestamp>) -> Result<(), OperationError> {
        match at {
            Some(at) if at > self.clock.now() => Err(Path::argument("at")
                .invalid("Must not be in the future.")
                .into()),
            _ => Ok(()),
        }
    }

    /// Several balances, each question answered once. Those of now are read in one statement, those of past
    /// instants a few at a time.
    ///
    /// # Errors
    /// As for one.
    pub async fn balances(
        &self,
        asked: &[Asked],
    ) -> Result<HashMap<Asked, BalanceAt>, OperationError> {
        let of_now = asked.iter().filter(|(_, at)| at.is_none());
        let reader = self.store.reader();
        let last = store::balance::last_of(reader, of_now.map(|(account, _)| *account)).await?;
        let balances = asked.iter().copied().map(|(account, at)| {
            let last = last.get(&account).cloned();
            async move {
                let balance = match at {
                    Some(_) => self.balance(account, at).await,
                    None => self.balance_after(account, None, last).await,
                };
                Ok(((account, at), balance?))
            }
        });
        stream::iter(balances)
            .buffer_unordered(AT_A_TIME)
            .try_collect()
            .await
    }

    /// The balance that an account's last transaction left, as it stands at an instant.
    async fn balance_after(
        &self,
        account: AccountId,
        at: Option<Timestamp>,
        last: Option<transaction::Model>,
    ) -> Result<BalanceAt, OperationError> {
        let at = at.unwrap_or_else(|| {
            // The books don't step back with this machine's clock, nor wait for it if another machine's is
            // ahead.
            let booked = last.as_ref().map(|last| whole_micros(last.created_at));
            booked.unwrap_or(Timestamp::MIN).max(self.clock.now())
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

    /// The last transaction that was booked by an instant, once none can be added any more.
    async fn last_for_good(
        &self,
        account: AccountId,
        at: Timestamp,
    ) -> Result<Option<transaction::Model>, OperationError> {
        let closed = tokio::time::timeout(PATIENCE, self.close(account, at)).await;
        closed.map_err(|_| OperationError::Unavailable)??;
        Ok(store::balance::last_at(self.store.reader(), account, at).await?)
    }

    /// Waits until nothing can be booked at or before a past instant.
    ///
    /// An instant before the last one in the book is closed: the book does not step back. A later one may be
    /// that of a batch in progress, which read the clock when it held the book, and is seen when it has
    /// committed. The batches of this process are waited for in memory, those of others by asking whether the
    /// book is locked; who locks it next reads a clock that has passed the instant. SQLite serves one process,
    /// so that a reader takes no lock there.
    async fn close(&self, account: AccountId, at: Timestamp) -> Result<(), OperationError> {
        loop {
            let booked = store::balance::booked_until(self.store.reader(), account).await?;
            if booked.is_none_or(|until| until > at) {
                return Ok(());
            }
            self.ledger.passed(at).await;
            let is_shared = self.store.backend() == DatabaseBackend::Postgres;
            if !is_shared || self.0.reads.free_books.load(account).await?.is_some() {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
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
        snapshot.end().await?;
        match (last, heads.into_values().next()) {
            (Some(last), Some(mut head)) if last.sequence == head.sequence => {
                head.book.expire(at)?;
                Ok(head.book.balance()?)
            }
            // Meanwhile somebody booked it.
            (Some(last), _) => Ok(store::balance::after(&last)?),
            (None, _) => Ok(Balance::default()),
        }
    }
}
