//! What a shop has set: its automatic recharge and its monthly reports, with those of the last
//! months.

use domain::{
    credits::Credits,
    id::{AccountId, PackageId},
};
use entity::{auto_recharge, monthly_report, monthly_report_schedule, sql_enums::Interval};
use jiff::{Timestamp, ToSpan, tz::TimeZone};

use super::{DemoError, history, shops::Shop};
use crate::{
    clock::id_in,
    store::{self, Store, monthly_report::Changed},
};

/// The months that have a report.
const REPORTS: i64 = 3;

/// Writes the settings of a shop whose history is written.
pub(super) async fn set(
    store: &Store,
    shop: &Shop,
    account: AccountId,
    (recharges_from, now): (Timestamp, Timestamp),
) -> Result<(), DemoError> {
    let package = history::packages(store).await?.remove(shop.package);
    if let (Some((threshold, limit)), Some(package)) = (shop.recharge, package) {
        set_recharge(store, account, (threshold, limit, package), recharges_from).await?;
    }
    set_reports(store, shop, account, now).await
}

async fn set_recharge(
    store: &Store,
    account: AccountId,
    (threshold, limit_minor, package): (i32, i64, PackageId),
    at: Timestamp,
) -> Result<(), DemoError> {
    let row = auto_recharge::Model {
        account_id: account.uuid(),
        enabled: true,
        threshold_units: Some(Credits::whole(threshold).units()),
        package_id: Some(package.uuid()),
        monthly_limit_minor: Some(limit_minor),
        held_back: None,
        updated_at: at.as_microsecond(),
    };
    let transaction = store.begin().await?;
    store::book::lock(&transaction, [account]).await?;
    store::auto_recharge::set(&transaction, row).await?;
    transaction.commit().await?;
    Ok(())
}

async fn set_reports(
    store: &Store,
    shop: &Shop,
    account: AccountId,
    now: Timestamp,
) -> Result<(), DemoError> {
    let zone = TimeZone::get(shop.time_zone)?;
    let present = now.to_zoned(zone.clone()).date().first_of_month();
    let transaction = store.begin().await?;
    let schedule = monthly_report_schedule::Model {
        account_id: account.uuid(),
        enabled: true,
        format: shop.report,
        interval: Interval::Day,
        month: present.to_string(),
        due_at: store::monthly_report::UNKNOWN,
        updated_at: None,
    };
    let all = Changed {
        switched: true,
        format: true,
        interval: true,
    };
    store::monthly_report::set_schedule(&transaction, schedule, all).await?;
    for back in (1..=REPORTS).rev() {
        let month = present.checked_sub(back.months())?;
        let end = month.checked_add(1.month())?.to_zoned(zone.clone())?;
        let end = end.timestamp();
        let report = monthly_report::Model {
            account_id: account.uuid(),
            month: month.to_string(),
            id: id_in(account.uuid(), end),
            time_zone: shop.time_zone.to_owned(),
            format: shop.report,
            interval: Interval::Day,
            generated_at: end.as_microsecond(),
        };
        store::monthly_report::insert(&transaction, report).await?;
    }
    transaction.commit().await?;
    Ok(())
}
