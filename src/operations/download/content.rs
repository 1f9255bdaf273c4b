//! What a file has beside its messages: read from the snapshot that its messages are from.

use std::collections::BTreeMap;

use domain::id::ListId;
use jiff::{Timestamp, tz::TimeZone};
use sea_orm::ConnectionTrait;

use super::super::{
    OperationError,
    usage_report::{UsageReport, figures, unread},
};
use crate::{
    reports::{
        file::ReportFile,
        usage::{About, Parts},
    },
    store::{self, usage::UsageFilter},
};

/// What a file has beside its messages.
#[derive(Debug)]
pub enum Content {
    /// The report of a workbook.
    Workbook(Box<ReportFile>),
    /// The zone whose times comma-separated values have: they are messages and nothing else.
    Csv(TimeZone),
}

/// Names of lists, by their ids.
pub type Names = BTreeMap<ListId, String>;

/// A workbook's figures, and the names of the lists in them.
pub(super) async fn workbook(
    snapshot: &impl ConnectionTrait,
    report: &UsageReport,
    now: Timestamp,
) -> Result<(Content, Names), OperationError> {
    let figures = figures(snapshot, report, Parts::FILE).await?;
    let account = report.filter.account;
    let names = store::usage::list_names(snapshot, account, &figures.lists()).await?;
    let about = About {
        account_name: report.account.name.clone(),
        time_zone: report.time_zone.clone(),
        from: report.filter.from,
        to: report.filter.to,
        interval: report.interval,
        generated_at: now,
    };
    let file = figures.file(about, &names).map_err(unread)?;
    Ok((Content::Workbook(Box::new(file)), names))
}

/// The names of the lists that messages may be of.
pub(super) async fn names(
    snapshot: &impl ConnectionTrait,
    filter: &UsageFilter,
) -> Result<Names, OperationError> {
    Ok(match &filter.lists {
        Some(lists) => store::usage::list_names(snapshot, filter.account, lists).await?,
        None => store::usage::all_list_names(snapshot, filter.account).await?,
    })
}
