//! Usage reports: what was sent, added up by time, list and country, and a link to the file of it.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject, dataloader::Loader};
use domain::{
    calendar::buckets,
    id::{AccountId, ListId},
    money::Currency,
    usage::{self, UsageError},
};
use jiff::Timestamp;
use tokio::sync::OnceCell;

use super::{
    contact_list::ContactList,
    errors::ApiError,
    ids::PublicId,
    loaders::{self, LoadError, Rows},
    message::{self, MessageConnection},
    money::Money,
    paging::window,
    request::{optional_id, services, viewer_of},
    scalars::{CountryCode, Credits, DateTime, Decimal, TimeZone, WebUrl},
    segmentation::Channel,
};
use crate::{
    operations::{
        self, Fault, Path, download, input,
        usage_report::{Compared, MAX_LIST_BUCKETS, MAX_LISTS, UsageOfLists, UsageReportRequest},
    },
    reports::usage::{Figures, Parts},
    store::{self, message::MessageFilter, usage::UsageFilter},
};

/// The most lists that one `lists` answers.
const MAX_LIST_PAGE: i32 = 1_000;

/// How a report cuts time: into whole intervals of its time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "buckets::Interval")]
pub enum Interval {
    /// Hours. The hour that comes twice in autumn is two.
    Hour,
    /// Days, of 23 and 25 hours where clocks change.
    Day,
    /// Weeks from Monday.
    Week,
    /// Calendar months.
    Month,
}

/// How a report's file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "download::Format")]
pub enum ReportFormat {
    /// An Excel workbook with a summary, a timeline and every message.
    Xlsx,
    /// Every message as comma-separated values.
    Csv,
}

/// What to report on.
#[derive(Debug, InputObject)]
pub struct UsageReportInput {
    /// Whose usage; the viewer's own account where left out.
    account_id: Option<ID>,
    /// The first instant.
    from: DateTime,
    /// The first instant after the period, which is at most ten years long.
    to: DateTime,
    /// How time is cut; at most 5000 intervals.
    #[graphql(default_with = "Interval::Day")]
    interval: Interval,
    /// Whose days and hours count; the account's zone where left out.
    time_zone: Option<TimeZone>,
    /// Only what was sent for these lists; at most 1000.
    list_ids: Option<Vec<ID>>,
    /// Only what was sent to these countries. Of a message that went elsewhere too, only that part counts.
    country_codes: Option<Vec<CountryCode>>,
    /// Only what travelled so.
    channel: Option<Channel>,
}

/// A report of what was sent and what it took. All of its parts are from one instant.
#[derive(Debug)]
pub struct UsageReport {
    report: operations::usage_report::UsageReport,
    parts: Parts,
    /// Whether the period before is asked for.
    compares: bool,
    /// Read when the first part is asked for, and once for all of them.
    compared: OnceCell<Result<Arc<Compared>, ApiError>>,
}

impl UsageReport {
    async fn compared(&self, ctx: &Context<'_>) -> Result<Arc<Compared>, ApiError> {
        let services = services(ctx)?;
        let read = || async {
            let compared = if self.compares {
                services.usage_compared(&self.report, self.parts).await?
            } else {
                services.usage_alone(&self.report, self.parts).await?
            };
            Ok(Arc::new(compared))
        };
        self.compared.get_or_init(read).await.clone()
    }

    async fn figures(&self, ctx: &Context<'_>) -> Result<Arc<Figures>, ApiError> {
        Ok(self.compared(ctx).await?.figures.clone())
    }
}

/// What was sent and what it took, in a period. What counts are messages that were charged in it, and of
/// their recipients those in countries that the rate card serves.
#[Object]
impl UsageReport {
    /// All of it.
    async fn totals(&self, ctx: &Context<'_>) -> Result<Usage, ApiError> {
        let figures = self.figures(ctx).await?;
        Ok(Usage::of(&figures, figures.report.totals))
    }

    /// All of the period before: as many calendar months where the report's period is whole months of its time
    /// zone, as many days where it is whole days, else as much time; with the report's filters. Null where its
    /// costs are in other currencies than the report's.
    #[graphql(complexity = "10 + child_complexity")]
    async fn previous(&self, ctx: &Context<'_>) -> Option<Result<PreviousUsage, ApiError>> {
        let found = async {
            let compared = self.compared(ctx).await?;
            Ok(compared.previous.map(|(from, to, usage)| PreviousUsage {
                from: from.into(),
                to: to.into(),
                usage: Usage::of(&compared.figures, usage),
            }))
        };
        found.await.transpose()
    }

    /// By channel, most credits first. A channel in which nothing was sent is left out.
    async fn channels(&self, ctx: &Context<'_>) -> Result<Vec<ChannelUsage>, ApiError> {
        let figures = self.figures(ctx).await?;
        let channels = figures.channels.iter();
        Ok(channels
            .map(|(channel, usage)| ChannelUsage {
                channel: (*channel).into(),
                usage: Usage::of(&figures, *usage),
                share: share(&figures, *usage),
            })
            .collect())
    }

    /// By interval, the oldest first. Each is whole in the report's time zone, so that the first may start
    /// before the period; intervals in which nothing was sent are there.
    // A tenth of the most that it answers: some twenty whole reports are all that one request gets.
    #[graphql(complexity = "500 * child_complexity")]
    async fn buckets(&self, ctx: &Context<'_>) -> Result<Vec<UsageBucket>, ApiError> {
        let figures = self.figures(ctx).await?;
        let buckets = figures.report.buckets.iter();
        Ok(buckets
            .map(|(bucket, usage)| UsageBucket {
                start: bucket.start.into(),
                usage: Usage::of(&figures, *usage),
            })
            .collect())
    }

    /// By list, most credits first, then by id. Lists for which nothing was sent are left out.
    #[graphql(complexity = "100 * child_complexity")]
    async fn lists(
        &self,
        ctx: &Context<'_>,
        #[graphql(default = 100, desc = "How many: 1 to 1000.")] first: i32,
        #[graphql(
            desc = "Only those after this list, which is one of the report's. What was sent without a list is passed over with the list before it."
        )]
        after: Option<ID>,
    ) -> Result<Vec<ListUsage>, ApiError> {
        let limit = usize::try_from(first)
            .ok()
            .filter(|_| (1..=MAX_LIST_PAGE).contains(&first))
            .ok_or_else(|| {
                Path::argument("first").invalid(format!("Must be between 1 and {MAX_LIST_PAGE}."))
            })?;
        let figures = self.figures(ctx).await?;
        let lists = &figures.report.lists;
        let start = match after {
            None => 0,
            Some(after) => {
                let after = ListId::decode(&after);
                let place = lists
                    .iter()
                    .position(|usage| after.is_some() && usage.list == after);
                let unknown = || Path::argument("after").invalid("Must be a list of this report.");
                place.ok_or_else(unknown)? + 1
            }
        };
        let places = start..lists.len().min(start.saturating_add(limit));
        if ctx.look_ahead().field("buckets").exists()
            && places.len() * figures.report.buckets.len() > MAX_LIST_BUCKETS
        {
            return Err(Path::argument("first")
                .invalid(format!(
                    "Lists and their buckets must be at most {MAX_LIST_BUCKETS} together: ask for fewer lists, a shorter period or a longer interval."
                ))
                .into());
        }
        let filter = Arc::new(self.report.filter.clone());
        Ok(places
            .map(|place| ListUsage {
                figures: figures.clone(),
                filter: filter.clone(),
                place,
            })
            .collect())
    }

    /// By country, most credits first, then by code. A message to several countries is one in each of
    /// them and one in `totals`, so that messages by country may add up to more; recipients, segments and
    /// credits add up to the totals.
    async fn countries(&self, ctx: &Context<'_>) -> Result<Vec<CountryUsage>, ApiError> {
        let figures = self.figures(ctx).await?;
        let countries = figures.report.countries.iter();
        Ok(countries
            .map(|country| CountryUsage {
                country_code: CountryCode(country.country.to_string()),
                usage: Usage::of(&figures, country.usage),
                share: share(&figures, country.usage),
            })
            .collect())
    }

    /// A link to the report's file. It needs no header and works for 15 minutes; the file is written as it
    /// is fetched, and shows what there is then.
    async fn download(
        &self,
        ctx: &Context<'_>,
        #[graphql(default_with = "ReportFormat::Xlsx", desc = "How it is written.")]
        format: ReportFormat,
    ) -> Result<Download, ApiError> {
        let link = services(ctx)?
            .download_link(&self.report, format.into())
            .await?;
        Ok(Download {
            url: WebUrl(link.url.into()),
            file_name: link.file_name,
            expires_at: link.expires_at.into(),
        })
    }
}

/// What was sent and what it took.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    usage: usage::Usage,
    currency: Currency,
}

impl Usage {
    fn of(figures: &Figures, usage: usage::Usage) -> Self {
        Self {
            usage,
            currency: figures.currency,
        }
    }
}

/// What was sent and what it took.
#[Object]
impl Usage {
    /// Messages sent.
    async fn messages(&self) -> Result<i32, ApiError> {
        int(self.usage.messages)
    }

    /// Recipients reached; somebody who is reached twice is two.
    async fn recipients(&self) -> Result<i32, ApiError> {
        int(self.usage.recipients)
    }

    /// Segments sent to all of them, as carriers bill them.
    async fn segments(&self) -> Result<i32, ApiError> {
        int(self.usage.segments)
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

/// A sum as GraphQL's `Int`, or that it can't be one: a number that is not the sum would be worse.
fn int(count: i64) -> Result<i32, ApiError> {
    i32::try_from(count).map_err(|_| {
        ApiError::bad_input(
            ["input", "to"],
            format!("{count} is more than an Int can say: ask for a shorter period."),
        )
    })
}

/// What was sent in one interval.
#[derive(Debug, Clone, SimpleObject)]
pub struct UsageBucket {
    /// Its first instant.
    start: DateTime,
    /// What was sent in it.
    usage: Usage,
}

/// What was sent for one list.
#[derive(Debug, Clone)]
pub struct ListUsage {
    figures: Arc<Figures>,
    filter: Arc<UsageFilter>,
    place: usize,
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
    #[graphql(complexity = "super::paging::PAGE_COST * child_complexity")]
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
        let window = window(first, after.as_deref(), None, None)?;
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
    country_code: CountryCode,
    /// What was sent there.
    usage: Usage,
    /// Its part of the report's credits, from "0.0000" to "1.0000", rounded half-even; "0.0000" where nothing
    /// was charged.
    share: Decimal,
}

/// What was sent by one channel.
#[derive(Debug, Clone, SimpleObject)]
pub struct ChannelUsage {
    /// How.
    channel: Channel,
    /// What was sent so.
    usage: Usage,
    /// Its part of the report's credits, from "0.0000" to "1.0000", rounded half-even; "0.0000" where nothing
    /// was charged.
    share: Decimal,
}

/// What was sent in the period before a report's.
#[derive(Debug, Clone, SimpleObject)]
pub struct PreviousUsage {
    /// Its first instant.
    from: DateTime,
    /// The first instant after it, with which the report's period begins.
    to: DateTime,
    /// What was sent in it.
    usage: Usage,
}

/// A part of the report's credits as a decimal.
fn share(figures: &Figures, part: usage::Usage) -> Decimal {
    let points = usage::share_basis_points(part.credits, figures.report.totals.credits);
    Decimal(format!("{}.{:04}", points / 10_000, points % 10_000))
}

/// A link to a file.
#[derive(Debug, Clone, SimpleObject)]
pub struct Download {
    /// Where it is.
    pub(super) url: WebUrl,
    /// What it is called.
    pub(super) file_name: String,
    /// From when on the link does not work any more.
    pub(super) expires_at: DateTime,
}

/// The root field that reports usage.
#[derive(Debug, Default)]
pub struct UsageReportQuery;

#[Object]
impl UsageReportQuery {
    /// What was sent and what it took, by list and time.
    async fn usage_report(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What to report on.")] input: UsageReportInput,
    ) -> Result<UsageReport, ApiError> {
        let viewer = viewer_of(ctx, "usageReport")?;
        let lists = input.list_ids.map(|ids| {
            // One more than is taken is enough to refuse the rest.
            let ids = ids.iter().take(MAX_LISTS + 1);
            ids.map(|id| ListId::decode(id)).collect()
        });
        let request = UsageReportRequest {
            account: optional_id(
                input.account_id.as_ref(),
                &Path::input("accountId"),
                "account",
            )?,
            from: input.from.0,
            to: input.to.0,
            interval: input.interval.into(),
            time_zone: input.time_zone.map(|zone| zone.0),
            lists,
            countries: input
                .country_codes
                .map(|codes| codes.into_iter().map(|code| code.0).collect()),
            channel: input.channel.map(Into::into),
        };
        let report = services(ctx)?.usage_report(&viewer, request).await?;
        let asked = ctx.look_ahead();
        let lists = asked.field("lists");
        Ok(UsageReport {
            report,
            parts: Parts {
                buckets: asked.field("buckets").exists(),
                lists: lists.exists(),
                list_buckets: lists.field("buckets").exists(),
                countries: asked.field("countries").exists(),
                channels: asked.field("channels").exists(),
            },
            compares: asked.field("previous").exists(),
            compared: OnceCell::new(),
        })
    }
}

/// A list's usage by interval of its account's time zone.
pub(super) async fn of_list(
    ctx: &Context<'_>,
    (account, list): (AccountId, ListId),
    (from, to): (&DateTime, &DateTime),
    interval: Interval,
) -> Result<Vec<UsageBucket>, ApiError> {
    // As the report: a sending service that sees a list does not see its usage.
    viewer_of(ctx, "usageReport")?;
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
    type Error = LoadError;

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
