//! The forecast of an account's credits.
//!
//! Here: the types. Not here: how it is made ([`crate::operations::forecast`]).

use async_graphql::{Context, Object};
use domain::{credits::Credits as Amount, forecast::Lapse};

use super::{
    credit_package::CreditPackage,
    engine::{errors::ApiError, guard::edges, request::services},
    scalars::{Credits, Date, DateTime},
};
use crate::operations::{Fault, forecast::AccountForecast, policy::of};

/// The days in which credits count as expiring soon.
const SOON: i32 = 30;

/// What becomes of an account's credits.
pub struct Forecast(pub(super) AccountForecast);

impl Forecast {
    /// The sum of an amount over the days on which lots expire, up to some.
    fn sum(&self, within: Option<i32>, amount: fn(&Lapse) -> Amount) -> Result<Amount, ApiError> {
        let days = |lapse: &Lapse| (lapse.on - self.0.today).get_days();
        let lapses = self.0.usual.lapses.iter();
        let lapses = lapses.filter(|lapse| within.is_none_or(|most| days(lapse) <= most));
        let sum = lapses
            .map(amount)
            .try_fold(Amount::ZERO, Amount::checked_add);
        sum.ok_or_else(|| ApiError::internal(Fault::Broken("a sum is beyond its range".into())))
    }
}

/// What becomes of an account's available credits within two years if nothing is bought and
/// messages go on at the present pace: the credits that they cost in the 30 whole days before
/// today, in the account's time zone. Credits that are held for scheduled messages are out of it:
/// they are spent already, and can't expire. It is an estimate and promises nothing. Requires
/// PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
#[Object(guard = edges(of::Forecast))]
impl Forecast {
    /// The instant whose state of the database it starts from.
    async fn as_of(&self) -> DateTime {
        self.0.as_of.into()
    }

    /// The credits that messages cost in the 30 whole days before today.
    async fn used_in_thirty_days(&self) -> Credits {
        self.0.used.into()
    }

    /// The credits that messages have cost in the present month of the account's time zone, today's
    /// included.
    async fn used_this_month(&self) -> Credits {
        self.0.used_this_month.into()
    }

    /// The credits that messages cost in the month before.
    async fn used_last_month(&self) -> Credits {
        self.0.used_last_month.into()
    }

    /// The credits that messages cost in the present month's namesake of last year.
    async fn used_in_month_a_year_ago(&self) -> Credits {
        self.0.used_a_year_ago.into()
    }

    /// The first day for whose messages there aren't enough credits; null if there are for two
    /// years.
    async fn runs_out_on(&self) -> Option<Date> {
        let end = self.0.usual.runs_out.as_ref();
        end.map(|end| Date(end.on.to_string()))
    }

    /// The whole days until runsOutOn, from today on: 0 if today's messages can't be paid. Null if
    /// runsOutOn is.
    async fn runway_days(&self) -> Option<i32> {
        self.0.usual.runs_out.map(|end| end.days.into())
    }

    /// The same as runsOutOn at the fastest pace of the last 90 days: the most that 30 of them
    /// cost, counted from today back.
    async fn earliest_runs_out_on(&self) -> Option<Date> {
        let end = self.0.fastest.runs_out.as_ref();
        end.map(|end| Date(end.on.to_string()))
    }

    /// The same as runsOutOn at the slowest pace of the last 90 days.
    async fn latest_runs_out_on(&self) -> Option<Date> {
        let end = self.0.slowest.runs_out.as_ref();
        end.map(|end| Date(end.on.to_string()))
    }

    /// The available credits whose day comes within 30 days, however many of them are used before.
    /// Held credits are not among them.
    async fn expiring_in_thirty_days(&self) -> Result<Credits, ApiError> {
        Ok(self.sum(Some(SOON), |lapse| lapse.credits)?.into())
    }

    /// The credits that expire unused within two years at the present pace.
    async fn lost(&self) -> Result<Credits, ApiError> {
        Ok(self.sum(None, |lapse| lapse.lost)?.into())
    }

    /// The days within two years on which lots expire, soonest first.
    async fn expiries(&self) -> Vec<ForecastExpiry> {
        let lapses = self.0.usual.lapses.iter();
        let each = lapses.map(|lapse| ForecastExpiry {
            lapse: *lapse,
            held: self.0.held.get(&lapse.on).copied().unwrap_or_default(),
        });
        each.collect()
    }

    /// The smallest package for sale in the account's currency that pays 30 days at the present
    /// pace. Null if nothing was used in the last 30 days, or if no package is large enough.
    async fn suggested_package(
        &self,
        ctx: &Context<'_>,
    ) -> Option<Result<CreditPackage, ApiError>> {
        let found = async { Ok(services(ctx)?.package_for_pace(&self.0).await?) };
        let found: Result<_, ApiError> = found.await;
        found.transpose().map(|row| row.map(CreditPackage))
    }
}

/// A day on which credits expire.
pub struct ForecastExpiry {
    lapse: Lapse,
    held: Amount,
}

/// A day on which lots of credits expire: credits = used + lost. Requires PLATFORM_ADMIN,
/// ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
#[Object(guard = edges(of::ForecastExpiry))]
impl ForecastExpiry {
    /// The expiration day: the credits can be used until the end of the day before.
    async fn expires_on(&self) -> Date {
        Date(self.lapse.on.to_string())
    }

    /// The credits of these lots that can be spent now.
    async fn credits(&self) -> Credits {
        self.lapse.credits.into()
    }

    /// The part of `credits` that messages will have cost by then.
    async fn used(&self) -> Result<Credits, ApiError> {
        let used = self.lapse.credits.checked_sub(self.lapse.lost);
        let used = used.map(Credits::from);
        used.ok_or_else(|| ApiError::internal(Fault::Broken("more is lost than there is".into())))
    }

    /// The part of `credits` that will be left, and expires.
    async fn lost(&self) -> Credits {
        self.lapse.lost.into()
    }

    /// Further credits of these lots, which are held for scheduled messages and so are safe. If
    /// such a message is cancelled after the day, they expire at once.
    async fn held(&self) -> Credits {
        self.held.into()
    }
}
