//! Messages, to read: only the ledger writes them.

use std::collections::BTreeSet;

use domain::{
    country::CountryCode,
    id::{AccountId, ListId, MessageId},
};
use entity::{
    account,
    message::{Column, Entity, Model},
    message_line,
    sql_enums::{Channel, MessageStatus, Settlement},
};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseBackend, DbErr, EntityTrait, Iterable,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait, Query},
};

use super::sql::{
    paging::{Direction, Page, Place, Window, page},
    search::contains,
};

/// One message, whosever it is.
///
/// # Errors
/// What the database says.
pub async fn find(
    connection: &impl ConnectionTrait,
    id: MessageId,
) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(Column::Id.eq(id.uuid()))
        .one(connection)
        .await
}

/// All of a message but its text, which stands empty. A text may have 160 kB, and a page a thousand messages: texts
/// are read apart ([`texts`]), when they are asked for.
fn without_text(select: Select<Entity>) -> Select<Entity> {
    let columns = Column::iter().filter(|column| !matches!(column, Column::Text));
    select
        .select_only()
        .columns(columns)
        .expr_as(Expr::cust("''"), "text")
}

/// The texts of several messages of some accounts, in no order.
///
/// # Errors
/// What the database says.
pub async fn texts(
    connection: &impl ConnectionTrait,
    accounts: impl IntoIterator<Item = AccountId>,
    messages: impl IntoIterator<Item = MessageId>,
) -> Result<Vec<(Uuid, String)>, DbErr> {
    Entity::find()
        .select_only()
        .columns([Column::Id, Column::Text])
        .filter(Column::AccountId.is_in(accounts.into_iter().map(AccountId::uuid)))
        .filter(Column::Id.is_in(messages.into_iter().map(MessageId::uuid)))
        .into_tuple()
        .all(connection)
        .await
}

/// Several messages without their texts, whosever they are, in no order.
///
/// # Errors
/// What the database says.
pub async fn find_all(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = MessageId>,
) -> Result<Vec<Model>, DbErr> {
    without_text(Entity::find())
        .filter(Column::Id.is_in(ids.into_iter().map(MessageId::uuid)))
        .all(connection)
        .await
}

/// The lines of several messages, each message's by country. Ids are unique across accounts, so the
/// pairs need not match.
///
/// # Errors
/// What the database says.
pub async fn lines(
    connection: &impl ConnectionTrait,
    accounts: impl IntoIterator<Item = AccountId>,
    messages: impl IntoIterator<Item = MessageId>,
) -> Result<Vec<message_line::Model>, DbErr> {
    let accounts = accounts.into_iter().map(AccountId::uuid);
    let messages = messages.into_iter().map(MessageId::uuid);
    message_line::Entity::find()
        .filter(message_line::Column::AccountId.is_in(accounts))
        .filter(message_line::Column::MessageId.is_in(messages))
        .order_by_asc(message_line::Column::CountryCode)
        .order_by_asc(message_line::Column::SegmentCount)
        .all(connection)
        .await
}

/// Which messages of an account are listed. Each condition narrows.
#[derive(Debug, Clone)]
pub struct MessageFilter {
    /// Whose.
    pub account: AccountId,
    /// Only those of every one of these: of none where two differ. `None` stands for those without a list.
    pub lists: Vec<Option<ListId>>,
    /// Only those that stand so.
    pub status: Option<Vec<MessageStatus>>,
    /// Only those to be sent from here on.
    pub from: Option<Timestamp>,
    /// Only those to be sent before.
    pub to: Option<Timestamp>,
    /// Only those whose name or text contains this, whatever the case.
    pub search: Option<String>,
    /// Only those charged from the first instant on and before the second.
    pub charged: Option<(Timestamp, Timestamp)>,
    /// Only those that travelled so.
    pub channel: Option<Channel>,
    /// Only those that reached one of these countries.
    pub countries: Option<Vec<CountryCode>>,
}

impl MessageFilter {
    /// Every message of an account.
    #[must_use]
    pub fn of(account: AccountId) -> Self {
        Self {
            account,
            lists: Vec::new(),
            status: None,
            from: None,
            to: None,
            search: None,
            charged: None,
            channel: None,
            countries: None,
        }
    }
}

fn select(backend: DatabaseBackend, filter: &MessageFilter) -> Select<Entity> {
    let mut select = Entity::find().filter(Column::AccountId.eq(filter.account.uuid()));
    for list in &filter.lists {
        select = select.filter(match list {
            Some(list) => Column::ListId.eq(list.uuid()),
            None => Column::ListId.is_null(),
        });
    }
    if let Some(status) = &filter.status {
        select = select.filter(Column::Status.is_in(status.iter().copied()));
    }
    if let Some(from) = filter.from {
        select = select.filter(Column::SendAt.gte(from.as_microsecond()));
    }
    if let Some(to) = filter.to {
        select = select.filter(Column::SendAt.lt(to.as_microsecond()));
    }
    if let Some(search) = &filter.search {
        let found = Condition::any()
            .add(contains(backend, Column::Name, search))
            .add(contains(backend, Column::Text, search));
        select = select.filter(found);
    }
    if let Some((from, to)) = filter.charged {
        // Only what was charged has an instant.
        select = select
            .filter(Column::SentAt.gte(from.as_microsecond()))
            .filter(Column::SentAt.lt(to.as_microsecond()));
    }
    if let Some(channel) = filter.channel {
        select = select.filter(Column::Channel.eq(channel));
    }
    if let Some(countries) = &filter.countries {
        let countries: BTreeSet<&str> = countries.iter().map(CountryCode::as_str).collect();
        // By message: a page looks at the lines of its own messages, and not at all that the account ever had.
        let reached = message_line::Entity::find()
            .select_only()
            .expr(Expr::val(1))
            .filter(message_line::Column::AccountId.eq(filter.account.uuid()))
            .filter(
                Expr::col((message_line::Entity, message_line::Column::MessageId))
                    .equals((Entity, Column::Id)),
            )
            .filter(message_line::Column::CountryCode.is_in(countries))
            .filter(message_line::Column::UnitsPerSegment.is_not_null());
        select = select.filter(Expr::exists(reached.into_query()));
    }
    select
}

/// A page of messages without their texts, the last to be sent first.
///
/// # Errors
/// What the database says.
pub async fn list(
    connection: &impl ConnectionTrait,
    filter: &MessageFilter,
    window: Window,
) -> Result<Page<Model>, DbErr> {
    let order = (Column::SendAt, Column::Id);
    page(
        connection,
        without_text(select(connection.get_database_backend(), filter)),
        order,
        Direction::Descending,
        window,
    )
    .await
}

/// How many messages a list has in all.
///
/// # Errors
/// What the database says.
pub async fn count(
    connection: &impl ConnectionTrait,
    filter: &MessageFilter,
) -> Result<u64, DbErr> {
    select(connection.get_database_backend(), filter)
        .count(connection)
        .await
}

/// Scheduled messages whose time has come, of accounts that the server settles for, after a place in
/// their order; the longest due first. Of one account alone where it is named.
///
/// # Errors
/// What the database says.
pub async fn due(
    connection: &impl ConnectionTrait,
    account: Option<AccountId>,
    now: Timestamp,
    after: Option<Place>,
    limit: u64,
) -> Result<Vec<Due>, DbErr> {
    // Accounts are looked up by message and the state is written out: so that it is the messages that wait which are
    // gone through, by the index that has those alone, and not every message that any account ever sent.
    let mut settles = Query::select();
    settles
        .expr(Expr::val(1))
        .from(account::Entity)
        .and_where(
            Expr::col((account::Entity, account::Column::Id)).equals((Entity, Column::AccountId)),
        )
        .and_where(account::Column::Settlement.eq(Settlement::Automatic));
    if let Some(account) = account {
        settles.and_where(account::Column::Id.eq(account.uuid()));
    }
    let mut select = Entity::find()
        .select_only()
        .columns([
            Column::AccountId,
            Column::Id,
            Column::ListId,
            Column::SendAt,
        ])
        .filter(Expr::col((Entity, Column::Status)).eq(Expr::cust("'SCHEDULED'")))
        .filter(Column::SendAt.lte(now.as_microsecond()))
        .filter(Expr::exists(settles));
    if let Some(place) = after {
        let tie = Condition::all()
            .add(Column::SendAt.eq(place.key))
            .add(Column::Id.gt(place.id));
        select = select.filter(Condition::any().add(Column::SendAt.gt(place.key)).add(tie));
    }
    let rows: Vec<(Uuid, Uuid, Option<Uuid>, i64)> = select
        .order_by_asc(Column::SendAt)
        .order_by_asc(Column::Id)
        .limit(limit)
        .into_tuple()
        .all(connection)
        .await?;
    let due = rows.into_iter().map(|(account, id, list, key)| Due {
        account: AccountId::new(account),
        message: MessageId::new(id),
        list: list.map(ListId::new),
        place: Place { key, id },
    });
    Ok(due.collect())
}

/// A scheduled message whose time has come.
#[derive(Debug, Clone, Copy)]
pub struct Due {
    /// Whose.
    pub account: AccountId,
    /// The message.
    pub message: MessageId,
    /// Its list.
    pub list: Option<ListId>,
    /// Its place among those that are due.
    pub place: Place,
}
