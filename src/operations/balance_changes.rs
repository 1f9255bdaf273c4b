//! The subscription to an account's balance.

use std::time::Duration;

use domain::{book::Balance, id::AccountId};
use futures_util::{Stream, StreamExt, stream};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::{OperationError, Services, account::BalanceAt};

/// How often to read the balance without a notification: another process may have changed it, or a
/// lot may have expired.
const LOOK: Duration = Duration::from_secs(1);

struct Watching {
    services: Services,
    account: AccountId,
    changes: Receiver<AccountId>,
    told: Option<Balance>,
}

impl Services {
    /// The current balance, and the balance after each change. Rapid changes are coalesced into one
    /// event.
    pub fn balance_changes(
        &self,
        account: AccountId,
    ) -> impl Stream<Item = Result<BalanceAt, OperationError>> + use<> {
        let watching = Watching {
            services: self.clone(),
            account,
            // Subscribes before the first read, so that no change is missed in between.
            changes: self.ledger.changes(),
            told: None,
        };
        stream::unfold(Some(watching), |watching| async {
            let mut watching = watching?;
            match watching.next().await {
                Ok(balance) => Some((Ok(balance), Some(watching))),
                // The subscription ends with its first error.
                Err(error) => Some((Err(error), None)),
            }
        })
        .fuse()
    }
}

impl Watching {
    async fn next(&mut self) -> Result<BalanceAt, OperationError> {
        loop {
            if self.told.is_some() {
                self.wait().await;
            }
            let now = self.services.balance(self.account, None).await?;
            if self.told != Some(now.balance) {
                self.told = Some(now.balance);
                return Ok(now);
            }
        }
    }

    /// Waits until the account may have changed.
    async fn wait(&mut self) {
        let told = async {
            loop {
                match self.changes.recv().await {
                    Ok(account) if account != self.account => {}
                    // Notified, or so many notifications were missed that this account may have
                    // been among them.
                    Ok(_) | Err(RecvError::Lagged(_)) => return,
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        // A timeout is expected: it only triggers the next read.
        drop(tokio::time::timeout(LOOK, told).await);
    }
}
