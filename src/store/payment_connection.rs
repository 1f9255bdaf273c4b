//! Connections of accounts to payment providers.
//!
//! Here: finding and writing them. Secrets are encrypted bytes here. Not here: their keys
//! ([`crate::vault`]), and renewing credentials ([`crate::operations::payment_connection`]).
//!
//! Secrets change by compare-and-swap on their old bytes: a renewal, a change of keys and a new
//! connection may meet, and none of them overwrites what it hasn't read.

use domain::id::AccountId;
use entity::{payment_connection, sql_enums::ConnectionStatus};
use jiff::Timestamp;
use sea_orm::{
    ActiveEnum, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect, UpdateMany,
    prelude::Uuid,
    sea_query::{Expr, OnConflict},
};

use super::sql::row_set::RowSet;
use crate::vault::Sealed;

/// Finds an account's connection to a provider.
pub async fn find(
    connection: &impl ConnectionTrait,
    account: AccountId,
    provider: &str,
) -> Result<Option<payment_connection::Model>, DbErr> {
    payment_connection::Entity::find_by_id((account.uuid(), provider.to_owned()))
        .one(connection)
        .await
}

/// Finds the connections of several accounts to a provider, in no particular order.
pub async fn find_all(
    connection: &impl ConnectionTrait,
    accounts: impl IntoIterator<Item = AccountId>,
    provider: &str,
) -> Result<Vec<payment_connection::Model>, DbErr> {
    let rows = accounts.into_iter();
    RowSet::of(rows.map(|account| [account.uuid().into(), provider.into()]))
        .find::<payment_connection::Entity>(connection, &["account_id", "provider"], "")
        .await
}

/// Finds the connections to a shop or customer of a provider.
pub async fn find_by_merchant(
    connection: &impl ConnectionTrait,
    provider: &str,
    merchant: &str,
) -> Result<Vec<payment_connection::Model>, DbErr> {
    payment_connection::Entity::find()
        .filter(payment_connection::Column::Provider.eq(provider))
        .filter(payment_connection::Column::Merchant.eq(merchant))
        .order_by_asc(payment_connection::Column::AccountId)
        .all(connection)
        .await
}

/// Reads a page of the connections that have secrets, after a key.
pub async fn page_with_secrets(
    connection: &impl ConnectionTrait,
    after: Option<&(Uuid, String)>,
    limit: u64,
) -> Result<Vec<payment_connection::Model>, DbErr> {
    use payment_connection::Column::{AccountId, Provider, Secrets};
    let mut rows = payment_connection::Entity::find().filter(Secrets.is_not_null());
    if let Some((account, provider)) = after {
        let later = Condition::any().add(AccountId.gt(*account)).add(
            Condition::all()
                .add(AccountId.eq(*account))
                .add(Provider.gt(provider)),
        );
        rows = rows.filter(later);
    }
    rows.order_by_asc(AccountId)
        .order_by_asc(Provider)
        .limit(limit)
        .all(connection)
        .await
}

/// The ids of the keys that secrets are encrypted with, and the number of secrets of each.
pub async fn key_ids(connection: &impl ConnectionTrait) -> Result<Vec<(String, i64)>, DbErr> {
    let column = payment_connection::Column::SecretKeyId;
    payment_connection::Entity::find()
        .select_only()
        .column(column)
        .column_as(Expr::cust("COUNT(*)"), "secrets")
        .filter(column.is_not_null())
        .group_by(column)
        .order_by_asc(column)
        .into_tuple()
        .all(connection)
        .await
}

/// Adds a connection, or replaces the account's connection to the same provider.
pub async fn put(
    connection: &impl ConnectionTrait,
    row: payment_connection::Model,
) -> Result<(), DbErr> {
    use payment_connection::Column;
    let replaced = OnConflict::columns([Column::AccountId, Column::Provider])
        .update_columns([
            Column::Merchant,
            Column::Status,
            Column::SecretKeyId,
            Column::Secrets,
            Column::RenewingUntil,
            Column::Mandate,
            Column::ConnectedAt,
            Column::UpdatedAt,
        ])
        .to_owned();
    payment_connection::Entity::insert(row.into_active_model())
        .on_conflict(replaced)
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

/// Removes an account's connection to a provider. Returns whether there was one.
pub async fn remove(
    connection: &impl ConnectionTrait,
    account: AccountId,
    provider: &str,
) -> Result<bool, DbErr> {
    let key = (account.uuid(), provider.to_owned());
    let done = payment_connection::Entity::delete_by_id(key)
        .exec(connection)
        .await?;
    Ok(done.rows_affected > 0)
}

fn this(row: &payment_connection::Model) -> UpdateMany<payment_connection::Entity> {
    payment_connection::Entity::update_many()
        .filter(payment_connection::Column::AccountId.eq(row.account_id))
        .filter(payment_connection::Column::Provider.eq(&row.provider))
}

/// The connection if its secrets are still those of the row.
fn unchanged(row: &payment_connection::Model) -> UpdateMany<payment_connection::Entity> {
    let secrets = payment_connection::Column::Secrets;
    match &row.secrets {
        Some(bytes) => this(row).filter(secrets.eq(bytes.clone())),
        None => this(row).filter(secrets.is_null()),
    }
}

/// Reserves the renewal of a connection's credentials until an instant, if nobody else has, and if
/// its secrets are still those of the row. Returns whether it did.
pub async fn reserve_renewal(
    connection: &impl ConnectionTrait,
    row: &payment_connection::Model,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, DbErr> {
    let column = payment_connection::Column::RenewingUntil;
    let is_free = Condition::any()
        .add(column.is_null())
        .add(column.lte(now.as_microsecond()));
    let done = unchanged(row)
        .col_expr(column, Expr::value(until.as_microsecond()))
        .filter(is_free)
        .exec(connection)
        .await?;
    Ok(done.rows_affected > 0)
}

/// Gives up the reservation of a renewal that came to nothing.
pub async fn release_renewal(
    connection: &impl ConnectionTrait,
    row: &payment_connection::Model,
    until: Timestamp,
) -> Result<(), DbErr> {
    let column = payment_connection::Column::RenewingUntil;
    this(row)
        .col_expr(column, Expr::value(Option::<i64>::None))
        .filter(column.eq(until.as_microsecond()))
        .exec(connection)
        .await?;
    Ok(())
}

/// Replaces a connection's secrets if they are still those of the row. `ends_renewal` gives up the
/// reservation of a renewal with it. Returns whether it did.
pub async fn swap_secrets(
    connection: &impl ConnectionTrait,
    row: &payment_connection::Model,
    sealed: Sealed,
    ends_renewal: bool,
) -> Result<bool, DbErr> {
    let mut swap = unchanged(row)
        .col_expr(
            payment_connection::Column::Secrets,
            Expr::value(sealed.bytes),
        )
        .col_expr(
            payment_connection::Column::SecretKeyId,
            Expr::value(sealed.key_id),
        );
    if ends_renewal {
        swap = swap.col_expr(
            payment_connection::Column::RenewingUntil,
            Expr::value(Option::<i64>::None),
        );
    }
    Ok(swap.exec(connection).await?.rows_affected > 0)
}

/// Records whether a connection can be used, as its provider says, unless it was connected anew
/// since the row was read, or has this status already. Returns whether it did.
pub async fn set_status(
    connection: &impl ConnectionTrait,
    row: &payment_connection::Model,
    status: ConnectionStatus,
    at: Timestamp,
) -> Result<bool, DbErr> {
    use payment_connection::Column;
    let done = this(row)
        .col_expr(Column::Status, Expr::value(status.to_value()))
        .col_expr(Column::UpdatedAt, Expr::value(at.as_microsecond()))
        .filter(Column::ConnectedAt.eq(row.connected_at))
        .filter(Column::Status.eq(row.status))
        .exec(connection)
        .await?;
    Ok(done.rows_affected > 0)
}

/// Records the permission to charge a connection's merchant, if it is still the row's.
pub async fn set_mandate(
    connection: &impl ConnectionTrait,
    row: &payment_connection::Model,
    mandate: &str,
    at: Timestamp,
) -> Result<(), DbErr> {
    use payment_connection::Column;
    this(row)
        .col_expr(Column::Mandate, Expr::value(mandate))
        .col_expr(Column::UpdatedAt, Expr::value(at.as_microsecond()))
        .filter(Column::Merchant.eq(&row.merchant))
        .exec(connection)
        .await?;
    Ok(())
}
