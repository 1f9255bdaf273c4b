//! The platform's fee for an account, by month.

use std::collections::{HashMap, HashSet};

use domain::id::AccountId;
use entity::subscription_fee::{self, Column};
use jiff::civil::Date;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    sea_query::OnConflict,
};

/// Sets an account's fee from the month of a day on. Earlier months keep theirs.
pub async fn set(
    connection: &impl ConnectionTrait,
    account: AccountId,
    day: Date,
    fee_minor: i64,
) -> Result<(), DbErr> {
    let row = subscription_fee::Model {
        account_id: account.uuid(),
        from_month: month(day),
        fee_minor,
    };
    let same_month = OnConflict::columns([Column::AccountId, Column::FromMonth])
        .update_column(Column::FeeMinor)
        .to_owned();
    subscription_fee::Entity::insert(row.into_active_model())
        .on_conflict(same_month)
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

/// Reads the fees of accounts, each in the month of a day, in the minor unit of the account's
/// currency. A month without a fee is left out.
pub async fn in_months(
    connection: &impl ConnectionTrait,
    asked: impl IntoIterator<Item = (AccountId, Date)>,
) -> Result<HashMap<(AccountId, Date), i64>, DbErr> {
    let asked: HashSet<(AccountId, Date)> = asked.into_iter().collect();
    let accounts = asked.iter().map(|(account, _)| account.uuid());
    // An account has a row for each month in which its fee changed, which are few.
    let rows = subscription_fee::Entity::find()
        .filter(Column::AccountId.is_in(accounts))
        .order_by_asc(Column::FromMonth)
        .all(connection)
        .await?;
    let mut by_account: HashMap<AccountId, Vec<subscription_fee::Model>> = HashMap::new();
    for row in rows {
        let account = AccountId::new(row.account_id);
        by_account.entry(account).or_default().push(row);
    }
    let fee = |(account, day): (AccountId, Date)| {
        let month = month(day);
        let rows = by_account.get(&account)?.iter();
        let last = rows.take_while(|row| row.from_month <= month).last()?;
        Some(((account, day), last.fee_minor))
    };
    Ok(asked.into_iter().filter_map(fee).collect())
}

/// The month of a day as it is stored, such as `2026-11`. The texts are in the order of the months.
fn month(day: Date) -> String {
    format!("{:04}-{:02}", day.year(), day.month())
}
