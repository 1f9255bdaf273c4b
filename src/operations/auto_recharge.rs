//! Automatic recharges: their settings. No provider of this server can charge without its buyer yet, so they
//! are off, and asking for them is refused rather than remembered.

use domain::{id::AccountId, money::Money};
use entity::account;

use super::{OperationError, Path, Services, Viewer, account::currency};

/// An account's automatic recharge, which is off.
#[derive(Debug, Clone, Copy)]
pub struct AutoRecharge {
    /// What it spent this month, in the account's currency.
    pub spent_this_month: Money,
}

/// How an account recharges.
///
/// # Errors
/// A fault, where the row holds what it never should.
pub fn auto_recharge(account: &account::Model) -> Result<AutoRecharge, OperationError> {
    Ok(AutoRecharge {
        spent_this_month: Money::zero(currency(account)?),
    })
}

impl Services {
    /// Changes how an account recharges.
    ///
    /// # Errors
    /// Always: there is no such account, or recharging is not available.
    pub async fn update_auto_recharge(
        &self,
        viewer: &Viewer,
        account: Option<AccountId>,
    ) -> Result<AutoRecharge, OperationError> {
        self.account_for(viewer, account, &Path::input("accountId"))
            .await?;
        Err(Path::input("enabled")
            .invalid("Automatic recharge is not available yet.")
            .into())
    }
}
