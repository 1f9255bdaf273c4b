//! The subscription to an account's balance.
//!
//! Here: reading the balance once it may have changed. Not here: what wakes the subscription
//! ([`super::changes`]).

use domain::{book::Balance, id::AccountId};
use futures_util::{Stream, StreamExt, stream};

use super::{
    OperationError, Services,
    balance::BalanceAt,
    changes::{Topic, Watch},
};

struct Watching {
    services: Services,
    account: AccountId,
    watch: Watch,
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
            // Waits from before the first read on, so that no change is missed in between.
            watch: self.watch(Topic::Books(account)),
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
                self.watch.changed().await;
            }
            let now = self.services.balance(self.account, None).await?;
            if self.told != Some(now.balance) {
                self.told = Some(now.balance);
                return Ok(now);
            }
        }
    }
}
