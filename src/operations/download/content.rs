//! The content of a file beside its messages, from the same snapshot as the messages.

use std::collections::BTreeMap;

use domain::{country::CountryCode, id::ListId};
use jiff::{Timestamp, tz::TimeZone};
use sea_orm::{ActiveEnum, ConnectionTrait};
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
    store::{self, sql::bulk::PinnedReads, usage::UsageFilter},
};

/// The most lists, countries or keys that a file names: one cell shows them.
const MOST_NAMES: usize = 20;

/// The content of a file beside its messages.
#[derive(Debug)]
pub enum Content {
    /// The report that a workbook shows.
    Workbook(Figures),
    /// A CSV file has only messages: the zone of their times, the dialect, and the names of the
    /// lists.
    Csv(TimeZone, Dialect, Names),
}

/// Names of lists by id.
pub type Names = BTreeMap<ListId, String>;

/// A workbook's figures, read while the file is already being sent.
#[derive(Debug)]
pub struct Figures {
    /// The report without its figures.
    pub about: Box<ReportFile>,
    /// The figures and the names of their lists. The sender is dropped if reading stops.
    pub read: oneshot::Receiver<Result<(ReportFile, Names), OperationError>>,
    /// The reading task. Dropping it aborts the task.
    pub reading: AbortOnDropHandle<()>,
}

/// Begins to read a workbook's figures, after checking that their costs are in one currency. After
/// the first byte of the file nothing can be refused any more.
pub(super) async fn workbook(
    snapshot: PinnedReads,
    report: UsageReport,
    (now, as_of): (Timestamp, Timestamp),
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
        filter: filter_text(&snapshot, &report.filter).await?,
        generated_at: now,
        as_of,
    };
    let (sender, read) = oneshot::channel();
    let without_figures = Box::new(about.clone().without_figures());
    let reading = tokio::spawn(async move {
        let file = file(&snapshot, &report, about).await;
        let ended = snapshot.rollback().await;
        // Sending fails only if nobody waits for it.
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

/// What a report is restricted to, in words.
async fn filter_text(
    snapshot: &impl ConnectionTrait,
    filter: &UsageFilter,
) -> Result<String, OperationError> {
    let mut parts = Vec::new();
    if let Some(lists) = &filter.lists {
        let names = store::usage::list_names(snapshot, filter.account, lists).await?;
        parts.push(("lists", enumerated(names.into_values())));
    }
    if let Some(countries) = &filter.countries {
        let codes = countries.iter().map(CountryCode::to_string);
        parts.push(("countries", enumerated(codes)));
    }
    if let Some(channel) = filter.channel {
        parts.push(("channel", channel.to_value()));
    }
    if let Some(actor) = &filter.actor {
        if let Some(label) = &actor.on_behalf_of {
            parts.push(("on behalf of", label.clone()));
        }
        if let Some(keys) = &actor.keys {
            let keys = store::api_key::find_all(snapshot, keys.iter().copied()).await?;
            parts.push(("API keys", enumerated(keys.into_iter().map(|key| key.name))));
        }
    }
    let parts: Vec<String> = parts
        .into_iter()
        .map(|(what, which)| format!("{what}: {which}"))
        .collect();
    Ok(parts.join("; "))
}

/// The first names in order, and how many more there are.
fn enumerated(names: impl Iterator<Item = String>) -> String {
    let mut names: Vec<String> = names.collect();
    names.sort_unstable();
    let more = names.len().saturating_sub(MOST_NAMES);
    names.truncate(MOST_NAMES);
    let names = names.join(", ");
    match more {
        0 => names,
        more => format!("{names} and {more} more"),
    }
}

/// The names of the lists that the messages may belong to.
pub(super) async fn names(
    snapshot: &impl ConnectionTrait,
    filter: &UsageFilter,
) -> Result<Names, OperationError> {
    Ok(match &filter.lists {
        Some(lists) => store::usage::list_names(snapshot, filter.account, lists).await?,
        None => store::usage::all_list_names(snapshot, filter.account).await?,
    })
}
