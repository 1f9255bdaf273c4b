//! Usage reports: sums by interval, list, country and channel, and links to their files.
//!
//! Not here: what a report is asked for with ([`input`]), and the reports of accounts and lists
//! below them ([`nested`]).

mod input;
mod nested;

use std::sync::Arc;

use async_graphql::{Context, ID, Object, SimpleObject};
use domain::{id::ListId, usage::UsageError};
use tokio::sync::OnceCell;

pub use self::input::{
    CalendarPeriod, CsvDecimal, CsvDelimiter, Interval, ReportFormat, UsageReportInput,
};
pub(super) use self::nested::nested;
use super::{
    engine::{
        errors::ApiError,
        ids::{self, PublicId},
        request::{services, viewer_of},
    },
    scalars::{CountryCode, DateTime, WebUrl},
    usage::{
        ChannelUsage, CountryUsage, ListUsage, PreviousUsage, Usage, UsageBucket, cost_at, share,
    },
};
use crate::{
    operations::{
        self, Path,
        usage_report::{Compared, MAX_LIST_BUCKETS},
    },
    reports::{
        csv,
        usage::{Figures, Parts},
    },
};

/// The most lists in one `lists` field.
const MAX_LIST_PAGE: i32 = 1_000;

/// A report of usage. All of its parts are read from one snapshot.
#[derive(Debug)]
pub struct UsageReport {
    report: operations::usage_report::UsageReport,
    parts: Parts,
    /// Whether the request selects the period before.
    compares: bool,
    /// Read once for all parts, when the first part is resolved.
    compared: OnceCell<Result<Arc<Compared>, ApiError>>,
}

impl UsageReport {
    /// A report of which a field selects parts.
    fn asked(ctx: &Context<'_>, report: operations::usage_report::UsageReport) -> Self {
        let asked = ctx.look_ahead();
        let lists = asked.field("lists");
        Self {
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
        }
    }

    async fn compared(&self, ctx: &Context<'_>) -> Result<Arc<Compared>, ApiError> {
        let services = services(ctx)?;
        let read = || async {
            let compared = if self.compares {
                Box::pin(services.usage_compared(&self.report, self.parts)).await?
            } else {
                Box::pin(services.usage_alone(&self.report, self.parts)).await?
            };
            Ok(Arc::new(compared))
        };
        self.compared.get_or_init(read).await.clone()
    }

    async fn figures(&self, ctx: &Context<'_>) -> Result<Arc<Figures>, ApiError> {
        Ok(self.compared(ctx).await?.figures.clone())
    }
}

/// The usage of a period: messages that were charged in it, with their recipients in countries that
/// the rate card serves. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
#[Object]
impl UsageReport {
    /// An id of the report's account and arguments, by which caches recognize the same report.
    /// `node` doesn't find it.
    async fn id(&self) -> Result<ID, ApiError> {
        let arguments = self.report.arguments()?;
        let account = self.report.filter.account.uuid();
        Ok(ids::derived("usagereport", account, arguments.as_bytes()))
    }

    /// The usage of the whole period.
    async fn totals(&self, ctx: &Context<'_>) -> Result<Usage, ApiError> {
        let figures = self.figures(ctx).await?;
        let cost = figures.costs.as_ref().map(|costs| costs.totals);
        Ok(Usage::of(
            figures.report.totals,
            cost.map_err(|error| *error),
            self.report.asked_in,
        ))
    }

    /// The instant whose state of the database the report shows. It is now, unless the server reads
    /// reports from a replica; then it is at most as long ago as the server allows, 30 seconds
    /// unless set.
    async fn as_of(&self, ctx: &Context<'_>) -> Result<DateTime, ApiError> {
        Ok(self.compared(ctx).await?.as_of.into())
    }

    /// The usage of the period before, with the same filters. A period that begins with a month and
    /// ends within one is compared with the same days of the month, quarter or year before: 1 to 27
    /// November with 1 to 27 October. Days that the earlier month lacks are left out. It is the
    /// shortest of the three that the period begins and that doesn't end before it, unless `partOf`
    /// names another, or else as many months. Without `partOf`, whole months are compared with as
    /// many months before. Other periods are compared with as many days before, or as much time if
    /// they aren't whole days of the time zone. Null if its costs are in another currency.
    async fn previous(&self, ctx: &Context<'_>) -> Option<Result<PreviousUsage, ApiError>> {
        let found = async {
            let compared = self.compared(ctx).await?;
            Ok(compared.previous.map(|(from, to, usage)| PreviousUsage {
                from: from.into(),
                to: to.into(),
                usage: Usage::of(
                    usage,
                    usage.cost(compared.figures.currency),
                    self.report.asked_in,
                ),
            }))
        };
        found.await.transpose()
    }

    /// The usage by channel, most credits first. Channels without usage are left out.
    async fn channels(&self, ctx: &Context<'_>) -> Result<Vec<ChannelUsage>, ApiError> {
        let figures = self.figures(ctx).await?;
        let costs = figures.channel_costs();
        let cost = |place: usize| {
            let cost = costs.as_ref().map_err(|error| *error)?.get(place);
            cost.copied().ok_or(UsageError::Disagreement)
        };
        let channels = figures.channels.iter().enumerate();
        Ok(channels
            .map(|(place, (channel, usage))| ChannelUsage {
                channel: (*channel).into(),
                usage: Usage::of(*usage, cost(place), self.report.asked_in),
                share: share(&figures, *usage),
            })
            .collect())
    }

    /// The usage by interval, oldest first, including intervals without usage. Each interval is
    /// whole in the report's time zone, so the first may start before the period.
    async fn buckets(&self, ctx: &Context<'_>) -> Result<Vec<UsageBucket>, ApiError> {
        let figures = self.figures(ctx).await?;
        let buckets = figures.report.buckets.iter().enumerate();
        Ok(buckets
            .map(|(place, (bucket, usage))| UsageBucket {
                start: bucket.start.into(),
                usage: Usage::of(
                    *usage,
                    cost_at(&figures, |costs| &costs.buckets, place),
                    self.report.asked_in,
                ),
            })
            .collect())
    }

    /// The usage by list, most credits first, then by id. Lists without usage are left out.
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
                Path::argument("first").invalid(text!(
                    "Must be between 1 and {limit}.",
                    limit = MAX_LIST_PAGE
                ))
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
                let unknown =
                    || Path::argument("after").invalid(text!("Must be a list of this report."));
                place.ok_or_else(unknown)? + 1
            }
        };
        let places = start..lists.len().min(start.saturating_add(limit));
        if ctx.look_ahead().field("buckets").exists()
            && places.len() * figures.report.buckets.len() > MAX_LIST_BUCKETS
        {
            return Err(Path::argument("first")
                .invalid(text!("Lists and their buckets must be at most {limit} together: ask for fewer lists, a shorter period or a longer interval.", limit = MAX_LIST_BUCKETS))
                .into());
        }
        let filter = Arc::new(self.report.filter.clone());
        Ok(places
            .map(|place| ListUsage {
                figures: figures.clone(),
                filter: filter.clone(),
                asked_in: self.report.asked_in,
                place,
            })
            .collect())
    }

    /// The usage by country, most credits first, then by code. Recipients, segments, credits and
    /// costs add up to the totals; a message to several countries counts once in each, so messages
    /// may add up to more.
    async fn countries(&self, ctx: &Context<'_>) -> Result<Vec<CountryUsage>, ApiError> {
        let figures = self.figures(ctx).await?;
        let countries = figures.report.countries.iter().enumerate();
        Ok(countries
            .map(|(place, country)| CountryUsage {
                country_code: CountryCode(country.country.to_string()),
                usage: Usage::of(
                    country.usage,
                    cost_at(&figures, |costs| &costs.countries, place),
                    self.report.asked_in,
                ),
                share: share(&figures, country.usage),
            })
            .collect())
    }
}

/// A temporary link to a file. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
#[derive(Debug, Clone, SimpleObject)]
pub struct Download {
    /// The link's absolute URL.
    pub(super) url: WebUrl,
    /// The file name that is suggested to the user.
    pub(super) file_name: String,
    /// The instant from which the link no longer works.
    pub(super) expires_at: DateTime,
}

/// The root field that reports usage.
#[derive(Debug, Default)]
pub struct UsageReportQuery;

#[Object]
impl UsageReportQuery {
    /// The usage of a period by list, time, country and channel. Requires PLATFORM_ADMIN,
    /// ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
    async fn usage_report(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The period, the interval and the filters of the report.")]
        input: UsageReportInput,
    ) -> Result<UsageReport, ApiError> {
        let viewer = viewer_of(ctx, "usageReport")?;
        let request = input.read();
        let report = services(ctx)?.usage_report(&viewer, request).await?;
        Ok(UsageReport::asked(ctx, report))
    }

    /// A link to the file of a usage report. It needs no header and works for 15 minutes, or until
    /// the API key or the token that asked for it no longer works. The file is written while it is
    /// downloaded, with the figures of that moment, so neither its length nor a part of it can be
    /// asked for. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
    async fn usage_report_download(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The period, the interval and the filters of the report.")]
        input: UsageReportInput,
        #[graphql(default_with = "ReportFormat::Xlsx", desc = "The format of the file.")]
        format: ReportFormat,
        #[graphql(
            default_with = "CsvDelimiter::Comma",
            desc = "The delimiter of a CSV file. It is ignored for workbooks."
        )]
        csv_delimiter: CsvDelimiter,
        #[graphql(
            default_with = "CsvDecimal::Point",
            desc = "The decimal separator of a CSV file. It can't be COMMA if the delimiter is."
        )]
        csv_decimal: CsvDecimal,
    ) -> Result<Download, ApiError> {
        let viewer = viewer_of(ctx, "usageReportDownload")?;
        let services = services(ctx)?;
        if (csv_delimiter, csv_decimal) == (CsvDelimiter::Comma, CsvDecimal::Comma) {
            return Err(Path::argument("csvDecimal")
                .invalid(text!("Must be POINT if csvDelimiter is COMMA; with csvDecimal COMMA take SEMICOLON or TAB."))
                .into());
        }
        let dialect = csv::Dialect {
            delimiter: csv_delimiter.into(),
            decimal: csv_decimal.into(),
        };
        let report = services.usage_report(&viewer, input.read()).await?;
        let link = services
            .download_link(&viewer, &report, format.into(), dialect)
            .await?;
        Ok(Download {
            url: WebUrl(link.url.into()),
            file_name: link.file_name,
            expires_at: link.expires_at.into(),
        })
    }
}
