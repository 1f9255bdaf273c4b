//! Usage: sums over messages, in total and by interval, list, country and channel.
//!
//! Not here: the parameters of a report ([`super::usage_report`]).

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use async_graphql::{Context, Object, SimpleObject};
use domain::{
    calendar::buckets,
    id::{AccountId, ListId},
    money::Currency,
    usage::{self, UsageError},
};
use jiff::Timestamp;

use super::{
    contact_list::ContactList,
    engine::{
        errors::ApiError,
        loaders::{self, LoadError, Loader, Rows},
        paging::window,
        request::services,
    },
    message::{self, MessageConnection},
    money::Money,
    scalars::{BigInt, CountryCode, Credits, DateTime, Decimal},
    segmentation::Channel,
    usage_report::Interval,
};
use crate::{
    operations::{Fault, Path, input, usage_report::UsageOfLists},
    reports::usage::Figures,
    store::{self, message::MessageFilter, usage::UsageFilter},
};

/// The messages, recipients, segments and credits of a period.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    usage: usage::Usage,
    currency: Currency,
}

impl Usage {
    pub(super) fn of(figures: &Figures, usage: usage::Usage) -> Self {
        Self {
            usage,
            currency: figures.currency,
        }
    }
}

/// The messages, recipients, segments and credits of a period.
#[Object]
impl Usage {
    /// How many messages were sent.
    async fn messages(&self) -> Result<BigInt, ApiError> {
        exact(self.usage.messages)
    }

    /// How many recipients they were sent to. Somebody who got two messages counts twice.
    async fn recipients(&self) -> Result<BigInt, ApiError> {
        exact(self.usage.recipients)
    }

    /// How many segments were sent to all recipients, as carriers bill them.
    async fn segments(&self) -> Result<BigInt, ApiError> {
        exact(self.usage.segments)
    }

    /// The number of credits that were charged.
    async fn credits(&self) -> Credits {
        self.usage.credits.into()
    }

    /// The credits in money, by the rate cards that priced the messages: added up exactly and
    /// rounded once, half to even.
    async fn cost(&self) -> Result<Money, ApiError> {
        let beyond = || ApiError::internal(Fault::Broken(UsageError::Overflow.to_string()));
        Ok(self.usage.cost(self.currency).ok_or_else(beyond)?.into())
    }
}

/// A sum as a [`BigInt`], or an error if clients would read it as another number.
fn exact(count: i64) -> Result<BigInt, ApiError> {
    BigInt::exact(count).ok_or_else(|| {
        ApiError::bad_input(
            ["input", "to"],
            format!("{count} is more than a BigInt holds: ask for a shorter period."),
        )
    })
}

/// The usage of one interval.
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
    pub(super) place: usize,
}

impl ListUsage {
    fn found(&self) -> Result<&usage::ListUsage, ApiError> {
        let found = self.figures.report.lists.get(self.place);
        found.ok_or_else(|| ApiError::internal(Fault::Broken("a report lost a list".into())))
    }
}

/// The usage of one contact list.
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
        Ok(Usage::of(&self.figures, self.found()?.usage))
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
        #[graphql(desc = "The number of nodes, 1 to 1,000; 50 if it is left out.")] first: Option<
            i32,
        >,
        #[graphql(desc = "Returns only nodes after this cursor.")] after: Option<String>,
    ) -> Result<MessageConnection, ApiError> {
        let counted = &*self.filter;
        let all = MessageFilter {
            lists: vec![self.found()?.list],
            charged: Some((counted.from, counted.to)),
            channel: counted.channel,
            countries: counted.countries.clone(),
            ..MessageFilter::of(counted.account)
        };
        let window = window(ctx, first, after.as_deref(), None, None)?;
        message::connection(services(ctx)?, all, None, window).await
    }

    /// The list's usage by interval, with the same intervals as the report's buckets.
    async fn buckets(&self) -> Result<Vec<UsageBucket>, ApiError> {
        let usage = self.found()?;
        let buckets = self.figures.report.buckets.iter().enumerate();
        Ok(buckets
            .map(|(index, (bucket, _))| UsageBucket {
                start: bucket.start.into(),
                usage: Usage::of(&self.figures, usage.bucket(index)),
            })
            .collect())
    }
}

/// The usage in one destination country.
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

/// The usage of one channel.
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

/// The usage of the period before a report's period.
#[derive(Debug, Clone, SimpleObject)]
pub struct PreviousUsage {
    /// The first instant of the interval or period.
    pub(super) from: DateTime,
    /// The first instant after it, which is the report's `from`.
    pub(super) to: DateTime,
    /// The usage within the interval or period.
    pub(super) usage: Usage,
}

/// A part of the report's credits as a decimal.
pub(super) fn share(figures: &Figures, part: usage::Usage) -> Decimal {
    let points = usage::share_basis_points(part.credits, figures.report.totals.credits);
    Decimal(format!("{}.{:04}", points / 10_000, points % 10_000))
}

/// A list's usage by interval of its account's time zone.
pub(super) async fn of_list(
    ctx: &Context<'_>,
    (account, list): (AccountId, ListId),
    (from, to): (&DateTime, &DateTime),
    interval: Interval,
) -> Result<Vec<UsageBucket>, ApiError> {
    // As for reports: a sending service sees the list but not its usage.
    let of = UsageOf {
        account,
        list,
        from: input::instant(&from.0, &Path::argument("from"))?,
        to: input::instant(&to.0, &Path::argument("to"))?,
        interval: interval.into(),
    };
    loaders::load(ctx, of).await?.ok_or(ApiError::NotFound)?
}

/// The loader key of a list's usage in its account's time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct UsageOf {
    account: AccountId,
    list: ListId,
    from: Timestamp,
    to: Timestamp,
    interval: buckets::Interval,
}

impl Loader<UsageOf> for Rows {
    /// A refused period fails only the fields that ask for it.
    type Value = Result<Vec<UsageBucket>, ApiError>;

    /// Lists of one account with the same period are read together.
    async fn load(&self, keys: &[UsageOf]) -> Result<HashMap<UsageOf, Self::Value>, LoadError> {
        let mut periods: HashMap<_, Vec<UsageOf>> = HashMap::new();
        for key in keys.iter().filter(|key| self.viewer.sees(key.account)) {
            let period = (key.account, key.from, key.to, key.interval);
            periods.entry(period).or_default().push(*key);
        }
        let accounts: BTreeSet<AccountId> = periods.keys().map(|(account, ..)| *account).collect();
        let accounts = store::account::find_all(self.services.store.reader(), accounts).await?;
        let mut found = HashMap::new();
        for ((account, from, to, interval), keys) in periods {
            let Some(row) = accounts.iter().find(|row| row.id == account.uuid()) else {
                continue;
            };
            let lists: Vec<ListId> = keys.iter().map(|key| key.list).collect();
            let read = self
                .services
                .usage_of_lists(row, &lists, (from, to), interval)
                .await
                .map_err(ApiError::from);
            for key in keys {
                let usage = read.as_ref().map_err(ApiError::clone);
                found.insert(key, usage.map(|usage| buckets_of(usage, key.list)));
            }
        }
        Ok(found)
    }
}

fn buckets_of(usage: &UsageOfLists, list: ListId) -> Vec<UsageBucket> {
    let buckets = usage.by_list.get(&list).into_iter().flatten();
    buckets
        .map(|(start, found)| UsageBucket {
            start: (*start).into(),
            usage: Usage {
                usage: *found,
                currency: usage.currency,
            },
        })
        .collect()
}
