//! Automatic recharges: an account's settings and state, and the mutation that changes the
//! settings.

use async_graphql::{
    ComplexObject, Context, ID, InputObject, MaybeUndefined, Object, SimpleObject,
};

use super::{
    account::{self, Account},
    credit_package::CreditPackage,
    engine::{
        errors::ApiError,
        loaders,
        request::{UserError, language, optional_id, payload, services, viewer_of, written},
    },
    money::{Money, MoneyInput},
    purchase::Purchase,
    scalars::{Credits, DateTime, WebUrl},
};
use crate::operations::{self, auto_recharge::UpdateAutoRecharge};

/// The automatic recharge of an account.
#[derive(Debug, Clone)]
pub struct AutoRecharge(pub operations::auto_recharge::AutoRecharge);

/// The automatic recharge of an account: when the available balance falls below the threshold, it
/// buys as many packages as bring the balance back to the threshold, in one charge. Requires
/// PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
#[Object]
impl AutoRecharge {
    /// Whether the automatic recharge is on.
    async fn enabled(&self) -> bool {
        self.0.enabled()
    }

    /// A recharge is due when the available balance falls below this number of credits; null if it
    /// was never set.
    async fn threshold(&self) -> Option<Credits> {
        self.0.threshold().map(Into::into)
    }

    /// The package that a recharge buys, which may be archived by now; null if it was never set.
    async fn package(&self, ctx: &Context<'_>) -> Option<Result<CreditPackage, ApiError>> {
        let package = self.0.package()?;
        let found = loaders::load(ctx, package).await.transpose()?;
        Some(found.map(CreditPackage))
    }

    /// The most that recharges may cost in a calendar month of the account's time zone; null if
    /// there is no limit.
    async fn monthly_limit(&self) -> Result<Option<Money>, ApiError> {
        Ok(self.0.monthly_limit()?.map(Into::into))
    }

    /// The instant at which the settings were last set; null if nobody has set any. What recharges
    /// cost and what is held back change without it.
    async fn updated_at(&self) -> Option<DateTime> {
        self.0.updated_at().map(Into::into)
    }

    /// The cost of this month's recharges: those that were paid, and the one in flight. A payment
    /// that the provider took back later still counts.
    async fn spent_this_month(&self, ctx: &Context<'_>) -> Result<Money, ApiError> {
        let spending = services(ctx)?.recharge_spending(&self.0).await?;
        Ok(spending.spent.into())
    }

    /// What recharges may still cost this month, zero or more; null if there is no limit.
    async fn remaining_this_month(&self, ctx: &Context<'_>) -> Result<Option<Money>, ApiError> {
        let spending = services(ctx)?.recharge_spending(&self.0).await?;
        Ok(spending.remaining.map(Into::into))
    }

    /// Why no recharge is made until the owner changes the settings, and what to do, in words for
    /// the owner; null while the recharge works or is off. The third decline in a row suspends it.
    async fn suspended_reason(&self, ctx: &Context<'_>) -> Result<Option<String>, ApiError> {
        let reason = services(ctx)?.recharge_suspension(&self.0).await?;
        Ok(reason.map(|reason| reason.in_language(language(ctx))))
    }

    /// Why less was bought than the threshold asks for, or nothing, and until when, in words for
    /// the owner: a limit that is reached, a decline, or an approval that is missing. Null while
    /// nothing is held back.
    async fn held_back(&self, ctx: &Context<'_>) -> Option<String> {
        self.0.held_back().map(|reason| written(ctx, reason))
    }

    /// When the next recharge is tried at the earliest, if one is due: at the beginning of the next
    /// month if the monthly limit is reached, 1 hour or 24 hours after a decline. Null if none is
    /// due, if one is in flight, and while the recharge is suspended.
    async fn next_attempt_at(&self, ctx: &Context<'_>) -> Result<Option<DateTime>, ApiError> {
        let Some(at) = self.0.next_at() else {
            return Ok(None);
        };
        let in_flight = services(ctx)?.recharge_in_flight(&self.0).await?;
        Ok(in_flight.is_none().then(|| at.into()))
    }

    /// The purchase of a recharge that isn't decided yet; null if there is none. There is never
    /// more than one.
    async fn in_flight(&self, ctx: &Context<'_>) -> Result<Option<Purchase>, ApiError> {
        let found = services(ctx)?.recharge_in_flight(&self.0).await?;
        Ok(found.map(Purchase))
    }

    /// The payment provider's own limit, which applies besides monthlyLimit; null if it has none.
    async fn provider_limit(&self, ctx: &Context<'_>) -> Result<Option<ProviderLimit>, ApiError> {
        let mandate = services(ctx)?.recharge_mandate(&self.0).await?;
        let limit = mandate.and_then(|mandate| {
            Some(ProviderLimit {
                cap: mandate.cap?.into(),
                used: mandate.used.map(Into::into),
                period_end: mandate.period_end.map(Into::into),
            })
        });
        Ok(limit)
    }

    /// The payment provider's page on which the owner approves automatic charges, or a higher
    /// limit. Null if nothing waits for an approval.
    async fn confirmation_url(&self, ctx: &Context<'_>) -> Result<Option<WebUrl>, ApiError> {
        let mandate = services(ctx)?.recharge_mandate(&self.0).await?;
        let url = mandate.and_then(|mandate| mandate.confirmation_url);
        Ok(url.map(|url| WebUrl(url.into())))
    }
}

/// A payment provider's own limit for charges without the buyer, such as the capped amount of a
/// Shopify subscription. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
#[derive(Debug, Clone, SimpleObject)]
pub struct ProviderLimit {
    /// The most that the provider charges in one of its periods.
    cap: Money,
    /// What it has charged in the present period, when it was last asked; null if it doesn't say.
    used: Option<Money>,
    /// When its present period ends; null if it doesn't say. It isn't the end of a calendar month.
    period_end: Option<DateTime>,
}

/// The recharge settings of an account to change. A field that is left out keeps its value.
#[derive(Debug, InputObject)]
pub struct UpdateAutoRechargeInput {
    /// The account. If it is left out, the viewer's own account is used; platform roles must name
    /// one.
    account_id: Option<ID>,
    /// Whether the automatic recharge is on. It is off until this is set, and needs a threshold and
    /// a package.
    enabled: Option<bool>,
    /// A recharge is due when the available balance falls below this number of credits, which is
    /// more than zero.
    threshold: Option<Credits>,
    /// The package to buy, which must be for sale in the account's currency.
    package_id: Option<ID>,
    /// The most that recharges may cost in a calendar month of the account's time zone: at least
    /// the price of one package. Null removes the limit.
    monthly_limit: MaybeUndefined<MoneyInput>,
    /// The URL to which the owner returns after approving automatic charges at the payment
    /// provider, if it asks for that: http or https, at most 2,048 bytes, on one of the account's
    /// returnOrigins or on this server's origin. If it is left out, this server's page is used.
    return_url: Option<WebUrl>,
}

/// The result of updateAutoRecharge.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub struct UpdateAutoRechargePayload {
    /// The automatic recharge after the mutation; null if the mutation was refused.
    auto_recharge: Option<AutoRecharge>,
    /// Why the mutation was refused; empty if it was done.
    user_errors: Vec<UserError>,
}

#[ComplexObject]
impl UpdateAutoRechargePayload {
    /// The account whose recharge was changed; null if the mutation was refused.
    async fn account(&self, ctx: &Context<'_>) -> Option<Result<Account, ApiError>> {
        let account = self.auto_recharge.as_ref()?.0.account();
        Some(account::of(ctx, account).await)
    }
}

/// The mutation that changes an account's automatic recharge.
#[derive(Debug, Default)]
pub struct AutoRechargeMutation;

#[Object]
impl AutoRechargeMutation {
    /// Changes the automatic recharge of an account. The change takes effect at once: if the
    /// balance is below the threshold, a recharge is due, and declines before the change are
    /// forgotten. If the payment provider asks the owner to approve automatic charges,
    /// confirmationUrl is the address for that. Requires PLATFORM_ADMIN or OWNER.
    async fn update_auto_recharge(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The recharge settings to change.")] input: UpdateAutoRechargeInput,
    ) -> Result<UpdateAutoRechargePayload, ApiError> {
        let viewer = viewer_of(ctx, "updateAutoRecharge")?;
        let services = services(ctx)?;
        let done = async {
            let account = input.account_id.as_ref();
            let package = input.package_id.as_ref();
            let limit = |limit: MoneyInput| (limit.amount.0, limit.currency_code.0);
            let change = UpdateAutoRecharge {
                account: optional_id(account),
                enabled: input.enabled,
                threshold: input.threshold.map(|threshold| threshold.0),
                package: optional_id(package),
                monthly_limit: match input.monthly_limit {
                    MaybeUndefined::Undefined => None,
                    MaybeUndefined::Null => Some(None),
                    MaybeUndefined::Value(value) => Some(Some(limit(value))),
                },
                return_url: input.return_url.map(|url| url.0),
            };
            services.update_auto_recharge(&viewer, change).await
        };
        let (auto_recharge, user_errors) = payload(done.await)?;
        Ok(UpdateAutoRechargePayload {
            auto_recharge: auto_recharge.map(AutoRecharge),
            user_errors,
        })
    }
}
