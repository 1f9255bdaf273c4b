//! The settings of automatic recharges. No provider of this server can charge without its buyer
//! yet, so recharges are off, and a request to turn them on is refused rather than stored.

use domain::{id::AccountId, money::Money};
use entity::{account, purchase};

use super::{OperationError, Path, Services, Viewer, account::currency};

/// The automatic recharge of an account, which is always off.
#[derive(Debug, Clone, Copy)]
pub struct AutoRecharge {
    /// Money spent on recharges this month, in the account's currency.
    pub spent_this_month: Money,
}

/// The automatic recharge of an account.
///
/// # Errors
/// A fault if the row holds an unknown currency.
pub fn auto_recharge(account: &account::Model) -> Result<AutoRecharge, OperationError> {
    Ok(AutoRecharge {
        spent_this_month: Money::zero(currency(account)?),
    })
}

impl Services {
    /// Changes an account's automatic recharge.
    ///
    /// # Errors
    /// Always: the account is unknown, or recharges are not available.
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

    /// Carries on after the payment of a recharge was decided.
    ///
    /// # Errors
    /// The database's error.
    pub(super) async fn recharge_was_decided(
        &self,
        _: &purchase::Model,
    ) -> Result<(), OperationError> {
        Ok(())
    }
}
