//! Monthly reports: the node, its connection, and the mutation that has them made.

use std::collections::HashMap;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use domain::id::{AccountId, ReportId};
use entity::{monthly_report, monthly_report_schedule};
use futures_util::FutureExt;

use super::{
    account::Account,
    errors::ApiError,
    ids::PublicId,
    loaders::{self, LoadError, Loader, Rows},
    paging::{Nodes, connection},
    request::{UserError, optional_id, payload, services, viewer, viewer_of},
    scalars::{Date, DateTime, TimeZone, WebUrl},
    usage_report::{Download, Interval, ReportFormat},
};
use crate::{
    operations::{
        self, Path, Services,
        monthly_report::{UpdateMonthlyReports, format, interval, month, next_at},
    },
    store::{
        self,
        paging::{Place, Window},
    },
};

/// A month's report.
#[derive(Debug, Clone)]
pub struct MonthlyReport(pub monthly_report::Model);

/// A month's usage report, made available by itself when the month was over.
#[Object]
impl MonthlyReport {
    /// Its id.
    pub(super) async fn id(&self) -> ID {
        ReportId::new(self.0.id).encode()
    }

    /// Whose usage it reports.
    async fn account(&self, ctx: &Context<'_>) -> Option<Result<Account, ApiError>> {
        let account = loaders::load(ctx, AccountId::new(self.0.account_id)).await;
        Some(account.transpose()?.map(Account))
    }

    /// The first day of its month.
    async fn month(&self) -> Date {
        Date(self.0.month.clone())
    }

    /// The zone whose month it is: the account's when the report was made.
    async fn time_zone(&self) -> TimeZone {
        TimeZone(self.0.time_zone.clone())
    }

    /// Its first instant.
    async fn from(&self) -> Result<DateTime, ApiError> {
        Ok(month(&self.0)?.1.from.into())
    }

    /// The first instant of the next month.
    async fn to(&self) -> Result<DateTime, ApiError> {
        Ok(month(&self.0)?.1.to.into())
    }

    /// How its file is written.
    async fn format(&self) -> ReportFormat {
        format(self.0.format).into()
    }

    /// How its timeline is cut.
    async fn interval(&self) -> Interval {
        interval(self.0.interval).into()
    }

    /// When it was made available.
    async fn generated_at(&self) -> DateTime {
        DateTime::from_micros(self.0.generated_at)
    }

    /// A new link to its file. It needs no header and works for 15 minutes, or until the API key that asks for it
    /// is revoked; the file is written from the ledger
    /// as it is fetched.
    async fn download(&self, ctx: &Context<'_>) -> Result<Download, ApiError> {
        let link = services(ctx)?
            .monthly_report_link(&viewer(ctx)?, &self.0)
            .await?;
        Ok(Download {
            url: WebUrl(link.url.into()),
            file_name: link.file_name,
            expires_at: link.expires_at.into(),
        })
    }
}

connection!(
    MonthlyReport,
    MonthlyReportConnection,
    MonthlyReportEdge,
    "monthly reports"
);

/// A page of an account's reports. Who does not see usage does not see them.
pub(super) async fn connection(
    ctx: &Context<'_>,
    account: AccountId,
    window: Window,
) -> Result<MonthlyReportConnection, ApiError> {
    let services = services(ctx)?;
    let page = services.monthly_reports(account, window).await?;
    let counting = services.clone();
    Ok(MonthlyReportConnection(Nodes::new(
        page,
        |row| Place {
            key: row.generated_at,
            id: row.id,
        },
        MonthlyReport,
        move || count(counting.clone(), account).boxed(),
    )))
}

async fn count(services: Services, account: AccountId) -> Result<u64, sea_orm::DbErr> {
    store::monthly_report::count(services.store.reader(), account).await
}

impl Loader<ReportId> for Rows {
    type Value = monthly_report::Model;

    async fn load(
        &self,
        ids: &[ReportId],
    ) -> Result<HashMap<ReportId, monthly_report::Model>, LoadError> {
        let reader = self.services.store.reader();
        let rows = store::monthly_report::find_all(reader, ids.iter().copied()).await?;
        Ok(rows
            .into_iter()
            .filter(|row| self.viewer.sees(AccountId::new(row.account_id)))
            .map(|row| (ReportId::new(row.id), row))
            .collect())
    }
}

/// Whether and how an account's monthly reports are made.
#[derive(Debug, Clone)]
pub struct MonthlyReportSchedule(pub monthly_report_schedule::Model);

/// Whether and how an account's monthly reports are made available by themselves.
#[Object]
impl MonthlyReportSchedule {
    /// Whether they are made.
    async fn enabled(&self) -> bool {
        self.0.enabled
    }

    /// How files are written.
    async fn format(&self) -> ReportFormat {
        format(self.0.format).into()
    }

    /// How timelines are cut.
    async fn interval(&self) -> Interval {
        interval(self.0.interval).into()
    }

    /// When the next report is made: the first instant of a month of the account's time zone. Null while none
    /// is, and for moments after the account's time zone was changed.
    async fn next_at(&self) -> Option<DateTime> {
        next_at(&self.0).map(DateTime::from)
    }
}

/// How an account's monthly reports are made. Who does not see usage does not see that.
pub(super) async fn schedule(
    ctx: &Context<'_>,
    account: AccountId,
) -> Result<MonthlyReportSchedule, ApiError> {
    viewer_of(ctx, "usageReport")?;
    let found = services(ctx)?.monthly_report_schedule(account).await?;
    Ok(MonthlyReportSchedule(found))
}

/// Whether and how monthly reports shall be made.
#[derive(Debug, InputObject)]
pub struct UpdateMonthlyReportsInput {
    /// Which account; the viewer's own where left out.
    account_id: Option<ID>,
    /// Whether they are made. The first is that of the month in which this is said; reports that are there
    /// stay when it is switched off.
    enabled: bool,
    /// How files are written.
    #[graphql(default_with = "ReportFormat::Xlsx")]
    format: ReportFormat,
    /// How timelines are cut.
    #[graphql(default_with = "Interval::Day")]
    interval: Interval,
}

/// What updateMonthlyReports answers.
#[derive(Debug, SimpleObject)]
pub struct UpdateMonthlyReportsPayload {
    /// The schedule as it is now; null where the change was refused.
    schedule: Option<MonthlyReportSchedule>,
    /// Why it was refused; empty where it was done.
    user_errors: Vec<UserError>,
}

/// The mutation that has monthly reports made.
#[derive(Debug, Default)]
pub struct MonthlyReportMutation;

#[Object]
impl MonthlyReportMutation {
    /// Has the usage report of each month made available on the first of the next, in the account's time zone;
    /// Account.monthlyReports lists them.
    async fn update_monthly_reports(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whether and how.")] input: UpdateMonthlyReportsInput,
    ) -> Result<UpdateMonthlyReportsPayload, ApiError> {
        let viewer = viewer_of(ctx, "updateMonthlyReports")?;
        let services = services(ctx)?;
        let done = async {
            let account = input.account_id.as_ref();
            let change = UpdateMonthlyReports {
                account: optional_id(account, &Path::input("accountId"), "account")?,
                enabled: input.enabled,
                format: operations::download::Format::from(input.format),
                interval: input.interval.into(),
            };
            services.update_monthly_reports(&viewer, change).await
        };
        let (schedule, user_errors) = payload(done.await)?;
        Ok(UpdateMonthlyReportsPayload {
            schedule: schedule.map(MonthlyReportSchedule),
            user_errors,
        })
    }
}
