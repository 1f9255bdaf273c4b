//! Usage: sums of what was sent, in all and by time, list, country and channel.
//!
//! Not here: what a report is asked for ([`super::usage_report`]).

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
    errors::ApiError,
    loaders::{self, LoadError, Loader, Rows},
    message::{self, MessageConnection},
    money::Money,
    paging::window,
    request::services,
    scalars::{BigInt, CountryCode, Credits, DateTime, Decimal},
    segmentation::Channel,
    usage_report::Interval,
};
use crate::{
    operations::{Fault, Path, input, usage_report::UsageOfLists},
    reports::usage::Figures,
    store::{self, message::MessageFilter, usage::UsageFilter},
};

/// What was sent and what it took.
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

/// What was sent and what it took.
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

    /// Credits charged.
    async fn credits(&self) -> Credits {
        self.usage.credits.into()
    }

    /// What they were worth by the rate cards that priced the messages: added up exactly, rounded once,
    /// half-even.
    async fn cost(&self) -> Result<Money, ApiError> {
        let beyond = || ApiError::internal(Fault::Broken(UsageError::Overflow.to_string()));
        Ok(self.usage.cost(self.currency).ok_or_else(beyond)?.into())
    }
}

/// A sum as it is answered. One that clients would read as another number is an error.
fn exact(count: i64) -> Result<BigInt, ApiError> {
    BigInt::exact(count).ok_or_else(|| {
        ApiError::bad_input(
            ["input", "to"],
            format!("{count} is more than a BigInt holds: ask for a shorter period."),
        )
    })
}

/// What was sent in one interval.
#[derive(Debug, Clone, SimpleObject)]
pub struct UsageBucket {
    /// Its first instant.
    pub(super) start: DateTime,
    /// What was sent in it.
    pub(super) usage: Usage,
}

/// What was sent for one list.
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

/// What was sent for one list.
#[Object]
impl ListUsage {
    /// The list, even where it is archived by now; null for what was sent without one.
    async fn list(&self, ctx: &Context<'_>) -> Option<Result<ContactList, ApiError>> {
        let found = async {
            let Some(list) = self.found()?.list else {
                return Ok(None);
            };
            Ok(loaders::load(ctx, list).await?.map(ContactList))
        };
        found.await.transpose()
    }

    /// All of it.
    async fn usage(&self) -> Result<Usage, ApiError> {
        Ok(Usage::of(&self.figures, self.found()?.usage))
    }

    /// Its part of the report's credits, from "0.0000" to "1.0000", rounded half-even; "0.0000" where nothing
    /// was charged.
    async fn share(&self) -> Result<Decimal, ApiError> {
        Ok(share(&self.figures, self.found()?.usage))
    }

    /// The messages that were counted, the last to be sent first; what they say is of the whole message,
    /// wherever it went.
    async fn messages(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many: 1 to 1000, 50 where left out.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
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

    /// By interval, as the report's buckets.
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

/// What was sent to one country.
#[derive(Debug, Clone, SimpleObject)]
pub struct CountryUsage {
    /// Where.
    pub(super) country_code: CountryCode,
    /// What was sent there.
    pub(super) usage: Usage,
    /// Its part of the report's credits, from "0.0000" to "1.0000", rounded half-even; "0.0000" where nothing
    /// was charged.
    pub(super) share: Decimal,
}

/// What was sent by one channel.
#[derive(Debug, Clone, SimpleObject)]
pub struct ChannelUsage {
    /// How.
    pub(super) channel: Channel,
    /// What was sent so.
    pub(super) usage: Usage,
    /// Its part of the report's credits, from "0.0000" to "1.0000", rounded half-even; "0.0000" where nothing
    /// was charged.
    pub(super) share: Decimal,
}

/// What was sent in the period before a report's.
#[derive(Debug, Clone, SimpleObject)]
pub struct PreviousUsage {
    /// Its first instant.
    pub(super) from: DateTime,
    /// The first instant after it, with which the report's period begins.
    pub(super) to: DateTime,
    /// What was sent in it.
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
    // As the report: a sending service that sees a list does not see its usage.
    let of = UsageOf {
        account,
        list,
        from: input::instant(&from.0, &Path::argument("from"))?,
        to: input::instant(&to.0, &Path::argument("to"))?,
        interval: interval.into(),
    };
    loaders::load(ctx, of).await?.ok_or(ApiError::NotFound)?
}

/// Asks for a list's usage in its account's time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct UsageOf {
    account: AccountId,
    list: ListId,
    from: Timestamp,
    to: Timestamp,
    interval: buckets::Interval,
}

impl Loader<UsageOf> for Rows {
    /// A period that is refused is no other's failure.
    type Value = Result<Vec<UsageBucket>, ApiError>;

    /// Lists of one account that ask for the same period are read together.
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
