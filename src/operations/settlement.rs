//! Jobs that book what is due: scheduled messages that the server settles, and lots that expire. A
//! lot counts as expired even before the job has run. A message is charged when the job runs, by
//! the settlement setting that the account has at its `sendAt`: before that setting changes, all
//! messages due by then are settled.

use std::time::Duration;

use domain::id::AccountId;
use futures_util::future::join_all;

use super::{OperationError, Path, Services};
use crate::{
    ledger::{Answer, End, Request, RequestKind, SubmitError},
    store::{
        self,
        actor::{Actor, Job},
    },
    telemetry::episode::Limited,
    tuning::Tuned,
};

/// The job meets a broken account in each of its passes: one line a minute is enough.
static FAULTS: Limited = Limited::new(Duration::from_secs(60));

/// How many commands are submitted together: about as many as the ledger takes in one batch.
/// Measured: docs/measured.md, "Jobs".
static PAGE: Tuned<u64> = Tuned::new("SETTLEMENT_PAGE", 500);

impl Services {
    /// Charges due messages in full, in accounts whose messages the server settles (law H3).
    /// Returns how many it charged.
    ///
    /// # Errors
    /// A fault of the database, or the ledger is busy. The next call does the rest.
    pub async fn settle_due(&self) -> Result<usize, OperationError> {
        self.settle_due_of(None).await
    }

    /// Like [`Self::settle_due`], but only in one account if it is given.
    ///
    /// # Errors
    /// Those of [`Self::settle_due`].
    pub(super) async fn settle_due_of(
        &self,
        account: Option<AccountId>,
    ) -> Result<usize, OperationError> {
        let now = self.clock().now();
        let (mut settled, mut after) = (0, None);
        loop {
            let due =
                store::message::due(self.store().reader(), account, now, after, PAGE.get()).await?;
            let Some(last) = due.last() else {
                return Ok(settled);
            };
            after = Some(last.place);
            let requests = due.iter().map(|due| Request {
                account: due.account,
                actor: Actor::Job(Job::Settlement),
                kind: RequestKind::End {
                    message: due.message,
                    list: due.list,
                    end: End::Due,
                },
                key: None,
                at: None,
            });
            settled += self.submit_all(requests).await?;
        }
    }

    /// Books the expiry of lots whose expiration day has come (law L2). Returns in how many
    /// accounts.
    ///
    /// # Errors
    /// A fault of the database, or the ledger is busy. The next call does the rest.
    pub async fn expire_due(&self) -> Result<usize, OperationError> {
        let now = self.clock().now();
        let (mut expired, mut after) = (0, None);
        loop {
            let reader = self.store().reader();
            let due = store::book::accounts_with_due_lots(reader, now, after, PAGE.get()).await?;
            let Some(last) = due.last() else {
                return Ok(expired);
            };
            after = Some(*last);
            expired += self.submit_all(due.iter().copied().map(expiry)).await?;
        }
    }

    /// Submits commands together and returns how many succeeded. A refused one was done by another
    /// process meanwhile.
    async fn submit_all(
        &self,
        requests: impl Iterator<Item = Request>,
    ) -> Result<usize, OperationError> {
        let submitted = requests.map(|request| self.ledger().submit(request));
        let results: Vec<Result<Answer, SubmitError>> = join_all(submitted).await;
        let mut done = 0;
        for result in results {
            match result {
                Ok(_) => done += 1,
                Err(SubmitError::Refused(refused)) => {
                    tracing::debug!(%refused, "a due command was done already");
                }
                // One account's fault must not keep what the others have due waiting.
                Err(fault @ SubmitError::Fault { .. }) => {
                    if let Some(left_out) = FAULTS.left_out() {
                        tracing::error!(%fault, left_out, "what is due met a fault");
                    }
                }
                Err(other) => {
                    return Err(OperationError::from_ledger(other, &Path::argument("due")));
                }
            }
        }
        Ok(done)
    }
}

fn expiry(account: AccountId) -> Request {
    Request {
        account,
        actor: Actor::Job(Job::Expiry),
        kind: RequestKind::Expire,
        key: None,
        at: None,
    }
}
