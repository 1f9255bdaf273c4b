//! The usage of an account and of a contact list, as fields of theirs: the report that
//! `usageReport` returns for the same arguments.

use async_graphql::Context;
use domain::id::{AccountId, ListId};
use entity::account;
use tokio::sync::OnceCell;

use super::{
    super::{
        engine::{errors::ApiError, loaders},
        scalars::DateTime,
    },
    Interval, UsageReport,
};
use crate::{
    operations::{Path, input, reader::UsageOf, usage_report},
    reports::usage::Parts,
};

/// The report of an account, or of one of its lists. Its totals and buckets are read with those of
/// its siblings; if other parts are asked for, it is read alone.
pub async fn nested(
    ctx: &Context<'_>,
    account: account::Model,
    list: Option<ListId>,
    (from, to): (&DateTime, &DateTime),
    interval: Interval,
) -> Result<UsageReport, ApiError> {
    let period = (
        input::instant(&from.0, &Path::argument("from"))?,
        input::instant(&to.0, &Path::argument("to"))?,
    );
    let key = AccountId::new(account.id);
    let lists = list.map(|list| vec![list]);
    let report = usage_report::UsageReport::of(account, lists, period, interval.into())?;
    let asked = UsageReport::asked(ctx, report);
    let together = Parts {
        buckets: asked.parts.buckets,
        ..Parts::default()
    };
    if asked.compares || asked.parts != together {
        let report = asked.report.checked()?;
        return Ok(UsageReport { report, ..asked });
    }
    let of = UsageOf {
        account: key,
        list,
        from: period.0,
        to: period.1,
        interval: interval.into(),
        buckets: asked.parts.buckets,
    };
    // In a box, as what it reads is: the fields around it have taken much of the stack.
    let found = Box::pin(loaders::load(ctx, of)).await?;
    let found = found.ok_or(ApiError::NotFound)??;
    let compared = OnceCell::new_with(Some(Ok(found)));
    Ok(UsageReport { compared, ..asked })
}
