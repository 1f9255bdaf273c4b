//! Monthly reports: the node, its connection, and the mutation that turns them on or off.

use async_graphql::{ComplexObject, Context, ID, InputObject, Object, SimpleObject};
use domain::id::{AccountId, ReportId};
use entity::{monthly_report, monthly_report_schedule};

use super::{
    account::{self, Account},
    engine::{
        errors::ApiError,
        ids::PublicId,
        loaders,
        paging::{Nodes, connection},
        request::{UserError, optional_id, payload, reader, services, viewer, viewer_of},
    },
    scalars::{Date, DateTime, TimeZone, WebUrl},
    usage_report::{Download, Interval, ReportFormat},
};
use crate::operations::{
    self,
    monthly_report::{UpdateMonthlyReports, format, interval, month, next_at},
    reader::Window,
};

/// The report of a month.
#[derive(Debug, Clone)]
pub struct MonthlyReport(pub monthly_report::Model);

/// The usage report of one calendar month, made available automatically after the month's end.
/// Requires PLATFORM_ADMIN, ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
#[Object]
impl MonthlyReport {
    /// The node's id. It never changes.
    pub(super) async fn id(&self) -> ID {
        ReportId::new(self.0.id).encode()
    }

    /// The account whose usage is reported.
    async fn account(&self, ctx: &Context<'_>) -> Option<Result<Account, ApiError>> {
        let account = loaders::load(ctx, AccountId::new(self.0.account_id)).await;
        Some(account.transpose()?.map(Account))
    }

    /// The first day of the reported month.
    async fn month(&self) -> Date {
        Date(self.0.month.clone())
    }

    /// The time zone of the month: the account's when the report was made.
    async fn time_zone(&self) -> TimeZone {
        TimeZone(self.0.time_zone.clone())
    }

    /// The first instant of the month.
    async fn from(&self) -> Result<DateTime, ApiError> {
        Ok(month(&self.0)?.1.from.into())
    }

    /// The first instant after the month.
    async fn to(&self) -> Result<DateTime, ApiError> {
        Ok(month(&self.0)?.1.to.into())
    }

    /// The format of the file.
    async fn format(&self) -> ReportFormat {
        format(self.0.format).into()
    }

    /// The length of the timeline's intervals.
    async fn interval(&self) -> Interval {
        interval(self.0.interval).into()
    }

    /// The instant at which the report was made available.
    async fn generated_at(&self) -> DateTime {
        DateTime::from_micros(self.0.generated_at)
    }

    /// A new link to the report's file. It needs no header and works for 15 minutes, or until the
    /// API key or the token that asked for it no longer works. The file is written from the ledger
    /// while it is downloaded.
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

/// A page of an account's reports, for viewers that may see usage.
pub(super) async fn connection(
    ctx: &Context<'_>,
    account: AccountId,
    window: Window,
) -> Result<MonthlyReportConnection, ApiError> {
    let reports = reader(ctx)?.monthly_reports(account, window).await?;
    Ok(MonthlyReportConnection(Nodes::new(reports, MonthlyReport)))
}

/// The settings of an account's monthly reports.
#[derive(Debug, Clone)]
pub struct MonthlyReportSchedule(pub monthly_report_schedule::Model);

/// The settings of an account's automatic monthly reports. Requires PLATFORM_ADMIN,
/// ACCOUNT_MANAGER, OWNER, MEMBER or VIEWER.
#[Object]
impl MonthlyReportSchedule {
    /// Whether monthly reports are made.
    async fn enabled(&self) -> bool {
        self.0.enabled
    }

    /// The format of the files.
    async fn format(&self) -> ReportFormat {
        format(self.0.format).into()
    }

    /// The length of the timelines' intervals.
    async fn interval(&self) -> Interval {
        interval(self.0.interval).into()
    }

    /// The instant at which the next report is made: the first of a month in the account's time
    /// zone. Null if reports are off, and for a moment after the time zone changed.
    async fn next_at(&self) -> Option<DateTime> {
        next_at(&self.0).map(DateTime::from)
    }

    /// The instant of the last change of these settings; null if nobody has changed them. nextAt
    /// moves on without it.
    async fn updated_at(&self) -> Option<DateTime> {
        self.0.updated_at.map(DateTime::from_micros)
    }
}

/// The settings of an account's monthly reports, for viewers that may see usage.
pub(super) async fn schedule(
    ctx: &Context<'_>,
    account: AccountId,
) -> Result<MonthlyReportSchedule, ApiError> {
    viewer_of(ctx, "usageReport")?;
    let found = reader(ctx)?.monthly_report_schedule(account).await?;
    Ok(MonthlyReportSchedule(found))
}

/// The settings of an account's monthly reports to change. What is left out stays as it is.
#[derive(Debug, InputObject)]
pub struct UpdateMonthlyReportsInput {
    /// The account. If it is left out, the viewer's own account is used; platform roles must name
    /// one.
    account_id: Option<ID>,
    /// Whether monthly reports are made. They are off until this is set. The first is that of the
    /// current month. Existing reports stay when it is switched off.
    enabled: Option<bool>,
    /// The format of the files, XLSX until it is set.
    format: Option<ReportFormat>,
    /// The length of the timelines' intervals, DAY until it is set.
    interval: Option<Interval>,
}

/// The result of updateMonthlyReports.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub struct UpdateMonthlyReportsPayload {
    /// The settings after the mutation; null if the mutation was refused.
    schedule: Option<MonthlyReportSchedule>,
    /// Why the mutation was refused; empty if it was done.
    user_errors: Vec<UserError>,
}

#[ComplexObject]
impl UpdateMonthlyReportsPayload {
    /// The account whose settings were changed; null if the mutation was refused.
    async fn account(&self, ctx: &Context<'_>) -> Option<Result<Account, ApiError>> {
        let account = AccountId::new(self.schedule.as_ref()?.0.account_id);
        Some(account::of(ctx, account).await)
    }
}

/// The mutation that turns monthly reports on or off.
#[derive(Debug, Default)]
pub struct MonthlyReportMutation;

#[Object]
impl MonthlyReportMutation {
    /// Turns automatic monthly usage reports on or off, or changes their files. Each is made on the
    /// first of the next month in the account's time zone, and listed by Account.monthlyReports.
    /// Requires PLATFORM_ADMIN, ACCOUNT_MANAGER or OWNER.
    async fn update_monthly_reports(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The settings to change.")] input: UpdateMonthlyReportsInput,
    ) -> Result<UpdateMonthlyReportsPayload, ApiError> {
        let viewer = viewer_of(ctx, "updateMonthlyReports")?;
        let services = services(ctx)?;
        let done = async {
            let account = input.account_id.as_ref();
            let change = UpdateMonthlyReports {
                account: optional_id(account),
                enabled: input.enabled,
                format: input.format.map(operations::download::Format::from),
                interval: input.interval.map(Into::into),
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
