//! Automatic recharges: an account's settings, and the mutation that changes them.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::{
    credit_package::CreditPackage,
    engine::{
        errors::ApiError,
        request::{UserError, optional_id, payload, services, viewer_of},
    },
    money::{Money, MoneyInput},
    scalars::Credits,
};
use crate::operations::{self, Path};

/// The automatic recharge of an account.
#[derive(Debug, Clone, Copy)]
pub struct AutoRecharge(pub operations::auto_recharge::AutoRecharge);

/// The automatic recharge of an account, which buys a package when credits run low.
#[Object]
impl AutoRecharge {
    /// Whether the automatic recharge is on.
    async fn enabled(&self) -> bool {
        false
    }

    /// A recharge is due when the available balance falls below this number of credits; null if it
    /// was never set.
    async fn threshold(&self) -> Option<Credits> {
        None
    }

    /// The package that a recharge buys; null if it was never set.
    async fn package(&self) -> Option<CreditPackage> {
        None
    }

    /// The most that recharges may cost in a calendar month of the account's time zone; null if
    /// there is no limit.
    async fn monthly_limit(&self) -> Option<Money> {
        None
    }

    /// The cost of this month's recharges, including those in flight.
    async fn spent_this_month(&self) -> Money {
        self.0.spent_this_month.into()
    }

    /// Why no recharge is made although it is enabled; null while it works.
    async fn suspended_reason(&self) -> Option<&str> {
        None
    }
}

/// The recharge settings of an account to change.
#[derive(Debug, InputObject)]
pub struct UpdateAutoRechargeInput {
    /// The account. If it is left out, the viewer's own account is used; platform roles must name
    /// one.
    account_id: Option<ID>,
    /// Whether the automatic recharge is on.
    enabled: bool,
    /// A recharge is due when the available balance falls below this number of credits.
    threshold: Option<Credits>,
    /// The package to buy.
    package_id: Option<ID>,
    /// The most that recharges may cost in a calendar month of the account's time zone.
    monthly_limit: Option<MoneyInput>,
}

/// The result of updateAutoRecharge.
#[derive(Debug, SimpleObject)]
pub struct UpdateAutoRechargePayload {
    /// The automatic recharge after the mutation; null if the mutation was refused.
    auto_recharge: Option<AutoRecharge>,
    /// Why the mutation was refused; empty if it was done.
    user_errors: Vec<UserError>,
}

/// The mutation that changes an account's automatic recharge.
#[derive(Debug, Default)]
pub struct AutoRechargeMutation;

#[Object]
impl AutoRechargeMutation {
    /// Changes the automatic recharge of an account. It is refused for now, because automatic
    /// recharge is not available yet.
    async fn update_auto_recharge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The recharge settings to change.")] input: UpdateAutoRechargeInput,
    ) -> Result<UpdateAutoRechargePayload, ApiError> {
        let viewer = viewer_of(ctx, "updateAutoRecharge")?;
        let services = services(ctx)?;
        let done = async {
            let account = input.account_id.as_ref();
            let account = optional_id(account, &Path::input("accountId"), "account")?;
            services.update_auto_recharge(&viewer, account).await
        };
        let (auto_recharge, user_errors) = payload(done.await)?;
        Ok(UpdateAutoRechargePayload {
            auto_recharge: auto_recharge.map(AutoRecharge),
            user_errors,
        })
    }
}
