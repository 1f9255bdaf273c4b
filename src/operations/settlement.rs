//! What is due without anybody asking: scheduled messages that the server settles, and lots that expire.
//! Both are booked by jobs. What has expired counts as expired whether or not they have run; a message is
//! charged when they run, and who settles it is the account's setting at its sendAt: before the setting
//! changes, what is due by then is settled.

use domain::id::AccountId;
use futures_util::future::join_all;

use super::{OperationError, Path, Services};
use crate::{
    ledger::{Act, Answer, End, Request, SubmitError},
    store,
};

/// Commands that are submitted together: about as many as one batch of the ledger takes.
const PAGE: u64 = 500;

impl Services {
    /// Charges the scheduled messages whose time has come, in full, in the accounts that leave it to the
    /// server (law H3). Answers how many were charged.
    ///
    /// # Errors
    /// A fault, or that the ledger is busy; what is left is done with the next call.
    pub async fn settle_due(&self) -> Result<usize, OperationError> {
        self.settle_due_of(None).await
    }

    /// The same in one account alone, where it is named.
    ///
    /// # Errors
    /// As above.
    pub(super) async fn settle_due_of(
        &self,
        account: Option<AccountId>,
    ) -> Result<usize, OperationError> {
        let now = self.clock.now();
        let (mut settled, mut after) = (0, None);
        loop {
            let due = store::message::due(self.store.reader(), account, now, after, PAGE).await?;
            let Some(last) = due.last() else {
                return Ok(settled);
            };
            after = Some(last.place);
            let requests = due.iter().map(|due| Request {
                account: due.account,
                act: Act::End {
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

    /// Books the expiry of the lots whose day has come (law L2). Answers in how many accounts.
    ///
    /// # Errors
    /// A fault, or that the ledger is busy; what is left is done with the next call.
    pub async fn expire_due(&self) -> Result<usize, OperationError> {
        let now = self.clock.now();
        let (mut expired, mut after) = (0, None);
        loop {
            let reader = self.store.reader();
            let due = store::book::accounts_with_due_lots(reader, now, after, PAGE).await?;
            let Some(last) = due.last() else {
                return Ok(expired);
            };
            after = Some(*last);
            expired += self.submit_all(due.iter().copied().map(expiry)).await?;
        }
    }

    /// Submits commands together and answers how many were done. One that is refused was done by somebody
    /// else meanwhile.
    async fn submit_all(
        &self,
        requests: impl Iterator<Item = Request>,
    ) -> Result<usize, OperationError> {
        let submitted = requests.map(|request| self.ledger.submit(request));
        let results: Vec<Result<Answer, SubmitError>> = join_all(submitted).await;
        let mut done = 0;
        for result in results {
            match result {
                Ok(_) => done += 1,
                Err(SubmitError::Refused(refused)) => {
                    tracing::debug!(%refused, "what was due is done already");
                }
                // One account's fault must not keep what the others have due waiting.
                Err(fault @ SubmitError::Fault { .. }) => {
                    tracing::error!(%fault, "what is due met a fault");
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
        act: Act::Expire,
        key: None,
        at: None,
    }
}
