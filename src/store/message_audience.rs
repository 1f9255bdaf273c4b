//! Scheduled messages to a list's stored contacts, and contacts who left the list since.
//!
//! Here: reading audiences, and adding departures. Callers that add departures hold the lock on the
//! list's row ([`super::contact_list::lock`]), and scheduling or settling a message waits for that
//! lock. Not here: adding and removing audiences, which only [`crate::ledger`] does.

use std::collections::HashMap;

use domain::id::{AccountId, ListId, MessageId};
use entity::{message, message_audience, message_departure};
use jiff::Timestamp;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder};

use super::sql::table_rows::{self, TableRows};

/// Finds messages to a list's contacts with a sending time after an instant.
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

/// Finds the audience of a message to a list's contacts.
pub async fn find(
    connection: &impl ConnectionTrait,
    (account, list): (AccountId, ListId),
    message: MessageId,
) -> Result<Option<message_audience::Model>, DbErr> {
    let key = (account.uuid(), list.uuid(), message.uuid());
    message_audience::Entity::find_by_id(key)
        .one(connection)
        .await
}

/// Finds several messages of an account with their texts, in no particular order.
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

/// Adds to the departures of messages. No two rows may have the same message, country and number of
/// segments.
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

/// Counts the recipients who left, by message. Messages without departures are left out.
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
