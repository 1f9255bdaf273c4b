//! Scheduled messages to a list's stored contacts, and who of them has left since.
//!
//! Not here: the rows of audiences as they come and go, which only [`crate::ledger`] writes. Whoever writes departures
//! holds the lock on the list's row ([`super::contact_list::lock`]): a message that is scheduled or settled waits for it.

use std::collections::HashMap;

use domain::id::{AccountId, ListId, MessageId};
use entity::{message, message_audience, message_departure};
use jiff::Timestamp;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};

use super::sql::table_rows::{self, TableRows};

/// The messages to a list's contacts that are to be sent after an instant.
///
/// # Errors
/// What the database says.
pub async fn waiting(
    connection: &impl ConnectionTrait,
    (account, list): (AccountId, ListId),
    after: Timestamp,
) -> Result<Vec<message_audience::Model>, DbErr> {
    use message_audience::Column;
    message_audience::Entity::find()
        .filter(Column::AccountId.eq(account.uuid()))
        .filter(Column::ListId.eq(list.uuid()))
        .filter(Column::SendAt.gt(after.as_microsecond()))
        .order_by_asc(Column::MessageId)
        .all(connection)
        .await
}

/// Several messages of an account with their texts, in no order.
///
/// # Errors
/// What the database says.
pub async fn messages(
    connection: &impl ConnectionTrait,
    account: AccountId,
    ids: impl IntoIterator<Item = MessageId>,
) -> Result<Vec<message::Model>, DbErr> {
    message::Entity::find()
        .filter(message::Column::AccountId.eq(account.uuid()))
        .filter(message::Column::Id.is_in(ids.into_iter().map(MessageId::uuid)))
        .all(connection)
        .await
}

/// Adds departures to those that are there; no two of one message, country and number of segments.
///
/// # Errors
/// What the database says.
pub async fn add_departures(
    connection: &impl ConnectionTrait,
    rows: Vec<message_departure::Model>,
) -> Result<(), DbErr> {
    use message_departure::Column;
    let key = [
        Column::AccountId,
        Column::MessageId,
        Column::CountryCode,
        Column::SegmentCount,
    ];
    let added = TableRows::add(rows, &key, &[Column::Recipients]);
    table_rows::write(connection, [added]).await
}

/// How many recipients of several messages have left, by message; those that nobody has left are left out.
///
/// # Errors
/// What the database says.
pub async fn departed(
    connection: &impl ConnectionTrait,
    accounts: impl IntoIterator<Item = AccountId>,
    messages: impl IntoIterator<Item = MessageId>,
) -> Result<HashMap<MessageId, i64>, DbErr> {
    use message_departure::Column;
    let rows = message_departure::Entity::find()
        .filter(Column::AccountId.is_in(accounts.into_iter().map(AccountId::uuid)))
        .filter(Column::MessageId.is_in(messages.into_iter().map(MessageId::uuid)))
        .all(connection)
        .await?;
    let mut sums: HashMap<MessageId, i64> = HashMap::new();
    for row in rows {
        *sums.entry(MessageId::new(row.message_id)).or_default() += row.recipients;
    }
    Ok(sums)
}
