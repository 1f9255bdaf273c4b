//! What a file has beside its messages: read from the snapshot that its messages are from.

use std::collections::BTreeMap;

use domain::id::ListId;
use jiff::{Timestamp, tz::TimeZone};
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use tokio::sync::oneshot;
use tokio_util::task::AbortOnDropHandle;

use super::super::{
    OperationError,
    rate_card::credit_value,
    usage_report::{UsageReport, figures, unread},
};
use crate::{
    reports::{
        csv::Dialect,
        file::ReportFile,
        usage::{About, Parts, check_currency},
    },
    store::{self, usage::UsageFilter},
};

/// What a file has beside its messages.
#[derive(Debug)]
pub enum Content {
    /// The report of a workbook.
    Workbook(Figures),
    /// The zone whose times comma-separated values have, and the names of the lists: they are messages and nothing
    /// else.
    Csv(TimeZone, Dialect, Names),
}

/// Names of lists, by their ids.
pub type Names = BTreeMap<ListId, String>;

/// A workbook's figures, being read while the file is begun.
#[derive(Debug)]
pub struct Figures {
    /// The report without them.
    pub about: Box<ReportFile>,
    /// They, and the names of the lists in them. Cut off where the reading was.
    pub read: oneshot::Receiver<Result<(ReportFile, Names), OperationError>>,
    /// The reading. Dropping it ends it.
    pub reading: AbortOnDropHandle<()>,
}

/// Begins to read a workbook's figures, once it is sure that their costs are in one currency: with the first byte
/// nothing can be refused any more.
pub(super) async fn workbook(
    snapshot: DatabaseTransaction,
    report: UsageReport,
    now: Timestamp,
) -> Result<Figures, OperationError> {
    let value = |card: &_| credit_value(card).ok();
    let checked = check_currency(&snapshot, &report.filter, report.source, value);
    checked.await.map_err(unread)?;
    let about = About {
        account_name: report.account.name.clone(),
        time_zone: report.time_zone.clone(),
        from: report.filter.from,
        to: report.filter.to,
        interval: report.interval,
        generated_at: now,
    };
    let (sender, read) = oneshot::channel();
    let without_figures = Box::new(about.clone().without_figures());
    let reading = tokio::spawn(async move {
        let file = file(&snapshot, &report, about).await;
        let ended = snapshot.rollback().await;
        // Nobody waits for it where this fails.
        let _ = sender.send(file.and_then(|file| Ok(ended.map(|()| file)?)));
    });
    Ok(Figures {
        about: without_figures,
        read,
        reading: AbortOnDropHandle::new(reading),
    })
}

async fn file(
    snapshot: &impl ConnectionTrait,
    report: &UsageReport,
    about: About,
) -> Result<(ReportFile, Names), OperationError> {
    let figures = figures(snapshot, report, Parts::FILE).await?;
    let account = report.filter.account;
    let names = store::usage::list_names(snapshot, account, &figures.lists()).await?;
    let file = figures.file(about, &names).map_err(unread)?;
    Ok((file, names))
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
