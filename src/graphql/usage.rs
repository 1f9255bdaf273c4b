//! Usage: sums over messages, in total and by interval, list, country and channel.
//!
//! Not here: the parameters of a report ([`super::usage_report`]).

use std::sync::Arc;

use async_graphql::{Context, Object, SimpleObject};
use domain::{
    id::ListId,
    money,
    usage::{self, UsageError, costs::Costs},
};

use super::{
    contact_list::ContactList,
    engine::{errors::ApiError, loaders, paging::window},
    message::{self, MessageConnection},
    money::Money,
    scalars::{BigInt, CountryCode, Credits, DateTime, Decimal},
    segmentation::Channel,
    sorting::MessageSortKey,
};
use crate::{
    operations::{
        Fault,
        message::MessageFilter,
        usage_report::{AskedIn, UsageFilter},
    },
    reports::usage::Figures,
};

/// The messages, recipients, segments and credits of a period.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    usage: usage::Usage,
    /// The displayed cost; parts of a report are rounded together (law Q5).
    cost: Result<money::Money, UsageError>,
    /// Where the period is asked for.
    asked_in: AskedIn,
}

impl Usage {
    pub(super) fn of(
        usage: usage::Usage,
        cost: Result<money::Money, UsageError>,
        asked_in: AskedIn,
    ) -> Self {
        Self {
            usage,
            cost,
            asked_in,
        }
    }

    /// A sum as a [`BigInt`], or an error if clients would read it as another number.
    fn exact(&self, count: i64) -> Result<BigInt, ApiError> {
        BigInt::exact(count).ok_or_else(|| {
            let text = text!(
                "{count} is more than a BigInt holds: ask for a shorter period.",
                count = count
            );
            self.asked_in.path("to").invalid(text).into()
        })
    }
}

/// The messages, recipients, segments and credits of a period. Requires PLATFORM_ADMIN,
/// ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
#[Object]
impl Usage {
    /// How many messages were sent.
    async fn message_count(&self) -> Result<BigInt, ApiError> {
        self.exact(self.usage.messages)
    }

    /// How many recipients they were sent to. Somebody who got two messages counts twice.
    async fn recipient_count(&self) -> Result<BigInt, ApiError> {
        self.exact(self.usage.recipients)
    }

    /// How many segments were sent to all recipients, as carriers bill them.
    async fn segment_count(&self) -> Result<BigInt, ApiError> {
        self.exact(self.usage.segments)
    }

    /// The number of credits that were charged.
    async fn credits(&self) -> Credits {
        self.usage.credits.into()
    }

    /// The credits in money, by the rate cards that priced the messages. A total is added up
    /// exactly and rounded once, half to even. Its parts add up to it: each is rounded down, and
    /// the minor units then missing go to the largest remainders, the first of equal ones first.
    async fn cost(&self) -> Result<Money, ApiError> {
        let cost = self.cost.map_err(|error| {
            ApiError::internal(Fault::Broken(format!(
                "usage has no displayed cost: {error}"
            )))
        })?;
        Ok(cost.into())
    }
}

/// The usage of one interval. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
#[derive(Debug, Clone, SimpleObject)]
pub struct UsageBucket {
    /// The first instant of the interval or period.
    pub(super) start: DateTime,
    /// The usage within the interval or period.
    pub(super) usage: Usage,
}

/// The usage of one contact list.
#[derive(Debug, Clone)]
pub struct ListUsage {
    pub(super) figures: Arc<Figures>,
    pub(super) filter: Arc<UsageFilter>,
    pub(super) asked_in: AskedIn,
    pub(super) place: usize,
}

impl ListUsage {
    fn found(&self) -> Result<&usage::ListUsage, ApiError> {
        let found = self.figures.report.lists.get(self.place);
        found.ok_or_else(|| ApiError::internal(Fault::Broken("a report lost a list".into())))
    }

    /// The list's displayed cost, which its buckets add up to.
    fn cost(&self) -> Result<money::Money, UsageError> {
        cost_at(&self.figures, |costs| &costs.lists, self.place)
    }
}

/// The usage of one contact list. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or
/// VIEWER.
#[Object]
impl ListUsage {
    /// The list, including archived ones; null for messages without a list.
    async fn list(&self, ctx: &Context<'_>) -> Option<Result<ContactList, ApiError>> {
        let found = async {
            let Some(list) = self.found()?.list else {
                return Ok(None);
            };
            Ok(loaders::load(ctx, list).await?.map(ContactList))
        };
        found.await.transpose()
    }

    /// The usage of the whole period.
    async fn usage(&self) -> Result<Usage, ApiError> {
        Ok(Usage::of(self.found()?.usage, self.cost(), self.asked_in))
    }

    /// The part of the report's credits, from "0.0000" to "1.0000", rounded half to even; "0.0000"
    /// if the report has none.
    async fn share(&self) -> Result<Decimal, ApiError> {
        Ok(share(&self.figures, self.found()?.usage))
    }

    /// The messages that were counted, by sendAt, latest first. Their figures are those of the
    /// whole message, in all countries and channels.
    async fn messages(
        &self,
        ctx: &Context<'_>,
        // `window` reads them; this list has no `last` and no `before`.
        #[graphql(
            name = "first",
            desc = "The number of nodes, 1 to 1,000; 20 if it is left out."
        )]
        _first: Option<i32>,
        #[graphql(name = "after", desc = "Returns only nodes after this cursor.")] _after: Option<
            String,
        >,
    ) -> Result<MessageConnection, ApiError> {
        let counted = &*self.filter;
        let all = MessageFilter {
            lists: vec![self.found()?.list],
            sent_from: Some(counted.from),
            sent_to: Some(counted.to),
            channel: counted.channel,
            countries: counted.countries.clone(),
            actor: counted.actor.clone(),
            ..MessageFilter::of(counted.account)
        };
        // The messages without a list are those of the account.
        let of = self
            .found()?
            .list
            .map_or(counted.account.uuid(), ListId::uuid);
        let order = MessageSortKey::default();
        message::connection(ctx, all, None, (order, window(ctx, Some(of))?)).await
    }

    /// The list's usage by interval, with the same intervals as the report's buckets. Their costs
    /// add up to the list's.
    async fn buckets(&self) -> Result<Vec<UsageBucket>, ApiError> {
        let usage = self.found()?;
        let costs = self.cost().and_then(|own| usage.bucket_costs(own));
        let none = money::Money::zero(self.figures.currency);
        let cost = |index| {
            let costs = costs.as_ref().map_err(|error| *error)?;
            Ok(costs.get(&index).copied().unwrap_or(none))
        };
        let buckets = self.figures.report.buckets.iter().enumerate();
        Ok(buckets
            .map(|(index, (bucket, _))| UsageBucket {
                start: bucket.start.into(),
                usage: Usage::of(usage.bucket(index), cost(index), self.asked_in),
            })
            .collect())
    }
}

/// The usage in one destination country. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or
/// VIEWER.
#[derive(Debug, Clone, SimpleObject)]
pub struct CountryUsage {
    /// The destination country.
    pub(super) country_code: CountryCode,
    /// The usage in this country.
    pub(super) usage: Usage,
    /// The part of the report's credits, from "0.0000" to "1.0000", rounded half to even; "0.0000"
    /// if the report has none.
    pub(super) share: Decimal,
}

/// The usage of one channel. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
#[derive(Debug, Clone, SimpleObject)]
pub struct ChannelUsage {
    /// The channel, SMS or MMS.
    pub(super) channel: Channel,
    /// The usage on this channel.
    pub(super) usage: Usage,
    /// The part of the report's credits, from "0.0000" to "1.0000", rounded half to even; "0.0000"
    /// if the report has none.
    pub(super) share: Decimal,
}

/// The usage of the period that a report is compared with. Requires PLATFORM_ADMIN,
/// ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
#[derive(Debug, Clone, SimpleObject)]
pub struct PreviousUsage {
    /// The first instant of the period.
    pub(super) from: DateTime,
    /// The first instant after it: at most the report's `from`.
    pub(super) to: DateTime,
    /// The usage of the period.
    pub(super) usage: Usage,
}

/// The displayed cost of one of a report's parts.
pub(super) fn cost_at(
    figures: &Figures,
    parts: impl Fn(&Costs) -> &Vec<money::Money>,
    place: usize,
) -> Result<money::Money, UsageError> {
    let costs = figures.costs.as_ref().map_err(|error| *error)?;
    let cost = parts(costs).get(place);
    cost.copied().ok_or(UsageError::Disagreement)
}

/// A part of the report's credits as a decimal.
pub(super) fn share(figures: &Figures, part: usage::Usage) -> Decimal {
    let points = usage::share_basis_points(part.credits, figures.report.totals.credits);
    Decimal(format!("{}.{:04}", points / 10_000, points % 10_000))
}
