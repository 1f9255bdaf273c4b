//! Automatic recharges: an account's settings, and the mutation that changes them.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::{
    credit_package::CreditPackage,
    errors::ApiError,
    money::{Money, MoneyInput},
    request::{UserError, optional_id, payload, services, viewer_of},
    scalars::Credits,
};
use crate::operations::{self, Path};

/// How an account recharges by itself.
#[derive(Debug, Clone, Copy)]
pub struct AutoRecharge(pub operations::auto_recharge::AutoRecharge);

/// How an account buys credits by itself when they run low.
#[Object]
impl AutoRecharge {
    /// Whether it recharges.
    async fn enabled(&self) -> bool {
        false
    }

    /// It recharges when the available balance falls below this; null where it never was set.
    async fn threshold(&self) -> Option<Credits> {
        None
    }

    /// What it buys; null where it never was set.
    async fn package(&self) -> Option<CreditPackage> {
        None
    }

    /// The most that recharges may cost in a calendar month of the account; null where there is no limit.
    async fn monthly_limit(&self) -> Option<Money> {
        None
    }

    /// What recharges cost this month, those in flight included.
    async fn spent_this_month(&self) -> Money {
        self.0.spent_this_month.into()
    }

    /// Why it does not recharge although it is enabled; null while it works.
    async fn suspended_reason(&self) -> Option<&str> {
        None
    }
}

/// How an account shall recharge.
#[derive(Debug, InputObject)]
pub struct UpdateAutoRechargeInput {
    /// Which account; the viewer's own where left out.
    account_id: Option<ID>,
    /// Whether to recharge.
    enabled: bool,
    /// Recharge when the available balance falls below this.
    threshold: Option<Credits>,
    /// What to buy.
    package_id: Option<ID>,
    /// The most that recharges may cost in a calendar month of the account.
    monthly_limit: Option<MoneyInput>,
}

/// What updateAutoRecharge answers.
#[derive(Debug, SimpleObject)]
pub struct UpdateAutoRechargePayload {
    /// How the account recharges now; null where the change was refused.
    auto_recharge: Option<AutoRecharge>,
    /// Why it was refused; empty where it was done.
    user_errors: Vec<UserError>,
}

/// The mutation that changes how an account recharges.
#[derive(Debug, Default)]
pub struct AutoRechargeMutation;

#[Object]
impl AutoRechargeMutation {
    /// Changes how an account recharges by itself. Refused for now: automatic recharge is not available yet.
    async fn update_auto_recharge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How to recharge.")] input: UpdateAutoRechargeInput,
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
