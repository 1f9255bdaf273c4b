//! Monthly reports: on the first of a month, in the account's time zone, the report of the month
//! before becomes available. Only the fact that it is available is stored. Each link writes its
//! file anew from the ledger, so it agrees with any other report of that month.

use domain::{
    calendar::{
        self,
        buckets::{self, Interval},
    },
    id::AccountId,
};
use entity::{
    monthly_report, monthly_report_schedule,
    sql_enums::{self, SettingKind},
};
use jiff::{Span, Timestamp, civil::Date, tz::TimeZone};
use sea_orm::ActiveEnum;
use serde_json::json;

use super::{
    OperationError, Path, Services, Viewer, ViewerReader,
    account::time_zone,
    download::{DownloadLink, Format},
    reader::{Listing, MonthlyReports, Window},
    usage_report::{AskedIn, UsageReport},
    viewer::Visibility,
};
use crate::{
    clock::whole_micros,
    reports::{csv::Dialect, usage::Source},
    store::{
        self,
        monthly_report::{Changed, NEVER},
        setting_change::{self, Fields, Values},
        sql::last_change::later,
        usage::UsageFilter,
    },
};

/// How many schedules one pass of the job reads.
const PASS: u64 = 500;

/// The input of `updateMonthlyReports`. What is `None` keeps its value.
#[derive(Debug, Clone, Copy)]
pub struct UpdateMonthlyReports {
    /// The account; the viewer's own if `None`.
    pub account: Option<AccountId>,
    /// Whether reports are made.
    pub enabled: Option<bool>,
    /// The format of the files.
    pub format: Option<Format>,
    /// The interval of the timelines.
    pub interval: Option<Interval>,
}

/// A calendar month in a time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month {
    /// The first instant of the month.
    pub from: Timestamp,
    /// The first instant of the next month.
    pub to: Timestamp,
}

impl Services {
    /// Changes whether and how an account's monthly reports are made. The first report covers the
    /// month in which they were turned on.
    ///
    /// # Errors
    /// `NotFound` at `input.accountId` if the viewer doesn't see the account.
    pub async fn update_monthly_reports(
        &self,
        viewer: &Viewer,
        change: UpdateMonthlyReports,
    ) -> Result<monthly_report_schedule::Model, OperationError> {
        let account = self
            .account_for(viewer, change.account, &Path::input("accountId"))
            .await?;
        let zone = time_zone(&account)?;
        let id = AccountId::new(account.id);
        let transaction = self.store().begin().await?;
        let found = store::monthly_report::locked_schedule(&transaction, id).await?;
        let before = found.unwrap_or_else(|| unset(id));
        let mut row = before.clone();
        let mut changed = Changed {
            switched: false,
            format: change.format.is_some(),
            interval: change.interval.is_some(),
        };
        if let Some(format) = change.format {
            row.format = stored_format(format);
        }
        if let Some(interval) = change.interval {
            row.interval = stored_interval(interval);
        }
        // Reports that are already on keep the months that they wait for.
        if let Some(enabled) = change.enabled
            && !(row.enabled && enabled)
        {
            let month = calendar::date_of(self.clock().now(), &zone).first_of_month();
            let end = calendar::month_of_date(month, &zone).map_err(beyond)?.1;
            row.enabled = enabled;
            row.month = month.to_string();
            row.due_at = if enabled { end.as_microsecond() } else { NEVER };
            changed.switched = true;
        }
        let at = self.clock().now();
        let is_changed = settings_of(&before) != settings_of(&row);
        if is_changed {
            row.updated_at = Some(later(row.updated_at, at));
        }
        let row = store::monthly_report::set_schedule(&transaction, row, changed).await?;
        let change = setting_change::Changed {
            account: id,
            kind: SettingKind::MonthlyReports,
            node: id.uuid(),
            fields: Fields::between(settings_of(&before), settings_of(&row)),
        };
        setting_change::insert(&transaction, (&viewer.actor(), at), [change]).await?;
        transaction.commit().await?;
        Ok(row)
    }
}

/// The settings of a schedule, as the journal has them.
fn settings_of(row: &monthly_report_schedule::Model) -> Values {
    vec![
        ("enabled", json!(row.enabled)),
        ("format", json!(row.format.to_value())),
        ("interval", json!(row.interval.to_value())),
    ]
}

/// The schedule of an account that never had one: off.
fn unset(account: AccountId) -> monthly_report_schedule::Model {
    monthly_report_schedule::Model {
        account_id: account.uuid(),
        enabled: false,
        format: sql_enums::ReportFormat::Xlsx,
        interval: sql_enums::Interval::Day,
        month: String::new(),
        due_at: NEVER,
        updated_at: None,
    }
}

impl ViewerReader {
    /// An account's schedule. An account that never had one gets one that is off.
    pub async fn monthly_report_schedule(
        &self,
        account: AccountId,
    ) -> Result<monthly_report_schedule::Model, OperationError> {
        self.refuse_unseen(Visibility::Account(account))?;
        let connection = self.services().store().reader();
        let found = store::monthly_report::schedule(connection, account).await?;
        Ok(found.unwrap_or_else(|| unset(account)))
    }

    /// A page of an account's reports, newest first.
    pub async fn monthly_reports(
        &self,
        account: AccountId,
        window: Window,
    ) -> Result<Listing<monthly_report::Model>, OperationError> {
        self.list(MonthlyReports(account), window).await
    }
}

impl Services {
    /// Makes a link to a report's file.
    ///
    /// # Errors
    /// A fault if the report's account or month can't be read.
    pub async fn monthly_report_link(
        &self,
        viewer: &Viewer,
        row: &monthly_report::Model,
    ) -> Result<DownloadLink, OperationError> {
        let id = AccountId::new(row.account_id);
        let account = store::account::find(self.store().reader(), id).await?;
        let account = account.ok_or_else(|| OperationError::broken("a report of no account"))?;
        let (zone, month) = month(row)?;
        let interval = interval(row.interval);
        let buckets = buckets::buckets(month.from, month.to, interval, &zone)
            .map_err(|cause| OperationError::broken(format!("a report's month {cause}")))?;
        let report = UsageReport {
            account,
            filter: UsageFilter::of(id, (month.from, month.to)),
            interval,
            time_zone: zone,
            buckets,
            part_of: None,
            source: Source::Days,
            asked_in: AskedIn::Input,
        };
        self.download_link(viewer, &report, format(row.format), Dialect::default())
            .await
    }

    /// Makes available the reports of past months. Returns how many it made.
    ///
    /// # Errors
    /// Fails only with faults of the database. The next call does the rest.
    pub async fn make_monthly_reports(&self) -> Result<usize, OperationError> {
        let now = self.clock().now();
        let due = store::monthly_report::due(self.store().reader(), now, PASS).await?;
        let mut made = 0;
        for schedule in due {
            made += self.make_reports_of(schedule, now).await?;
        }
        Ok(made)
    }

    /// Makes an account's reports: one for each past month in the account's current zone.
    async fn make_reports_of(
        &self,
        mut schedule: monthly_report_schedule::Model,
        now: Timestamp,
    ) -> Result<usize, OperationError> {
        let id = AccountId::new(schedule.account_id);
        let account = store::account::find(self.store().reader(), id).await?;
        let account = account.ok_or_else(|| OperationError::broken("a schedule of no account"))?;
        let zone = time_zone(&account)?;
        let mut made = 0;
        loop {
            let first = day(&schedule.month)?;
            let (_, end) = calendar::month_of_date(first, &zone).map_err(beyond)?;
            let transaction = self.store().begin().await?;
            let is_over = end <= now;
            let (next, due_at) = if is_over {
                let next = first
                    .checked_add(Span::new().months(1))
                    .map_err(|_| OperationError::broken("a month beyond the calendar"))?;
                let end = calendar::month_of_date(next, &zone).map_err(beyond)?.1;
                (next.to_string(), end.as_microsecond())
            } else {
                (schedule.month.clone(), end.as_microsecond())
            };
            let moved = (next.as_str(), due_at);
            if !store::monthly_report::move_on(&transaction, &schedule, moved).await? {
                // Another process made it, or the schedule was changed meanwhile.
                transaction.rollback().await?;
                return Ok(made);
            }
            if !is_over {
                transaction.commit().await?;
                return Ok(made);
            }
            let row = monthly_report::Model {
                account_id: schedule.account_id,
                month: schedule.month.clone(),
                id: self.clock().new_id_in(schedule.account_id),
                time_zone: account.time_zone.clone(),
                format: schedule.format,
                interval: schedule.interval,
                generated_at: now.as_microsecond(),
            };
            store::monthly_report::insert(&transaction, row).await?;
            transaction.commit().await?;
            made += 1;
            (schedule.month, schedule.due_at) = (next, due_at);
        }
    }
}

/// The zone of a report's month, and its instants.
///
/// # Errors
/// A fault if the row holds an unknown zone or month.
pub fn month(row: &monthly_report::Model) -> Result<(TimeZone, Month), OperationError> {
    let zone = calendar::parse_time_zone(&row.time_zone)
        .map_err(|_| OperationError::broken(format!("report {} has no time zone", row.id)))?;
    let (from, to) = calendar::month_of_date(day(&row.month)?, &zone).map_err(beyond)?;
    Ok((zone, Month { from, to }))
}

/// When an account's next report is due; `None` while the schedule is off.
#[must_use]
pub fn next_at(row: &monthly_report_schedule::Model) -> Option<Timestamp> {
    (row.enabled && row.due_at > 0).then(|| whole_micros(row.due_at))
}

fn day(text: &str) -> Result<Date, OperationError> {
    Ok(store::book::day(text)?)
}

fn beyond(cause: calendar::CalendarError) -> OperationError {
    OperationError::broken(format!("a report's month {cause}"))
}

fn stored_format(format: Format) -> sql_enums::ReportFormat {
    match format {
        Format::Xlsx => sql_enums::ReportFormat::Xlsx,
        Format::Csv => sql_enums::ReportFormat::Csv,
    }
}

/// The format of a report's file.
#[must_use]
pub fn format(stored: sql_enums::ReportFormat) -> Format {
    match stored {
        sql_enums::ReportFormat::Xlsx => Format::Xlsx,
        sql_enums::ReportFormat::Csv => Format::Csv,
    }
}

fn stored_interval(interval: Interval) -> sql_enums::Interval {
    match interval {
        Interval::Hour => sql_enums::Interval::Hour,
        Interval::Day => sql_enums::Interval::Day,
        Interval::Week => sql_enums::Interval::Week,
        Interval::Month => sql_enums::Interval::Month,
    }
}

/// The interval of a report's timeline.
#[must_use]
pub fn interval(stored: sql_enums::Interval) -> Interval {
    match stored {
        sql_enums::Interval::Hour => Interval::Hour,
        sql_enums::Interval::Day => Interval::Day,
        sql_enums::Interval::Week => Interval::Week,
        sql_enums::Interval::Month => Interval::Month,
    }
}
