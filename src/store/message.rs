//! Messages.
//!
//! Here: finding and listing messages. Not here: writing them, which only [`crate::ledger`] does.

mod export;
mod last_change;
mod parts;

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

use self::parts::Part;
pub use self::{
    export::{CELLS as EXPORT_CELLS, export},
    last_change::{MessageSort, later, updated, updated_at},
};
use super::{
    actor::ActorFilter,
    sql::{
        last_change::LastChanges,
        paging::{self, Direction, Page, Place, Window},
        routes,
        row_set::RowSet,
        search::contains,
    },
};

/// Finds a message of any account.
pub async fn find(
    connection: &impl ConnectionTrait,
    id: MessageId,
) -> Result<Option<Model>, DbErr> {
    let columns = (Column::AccountId, Column::Id);
    let found = routes::find(connection, Entity::find(), vec![id.uuid()], columns).await?;
    Ok(found.into_iter().next())
}

/// Selects messages with empty texts and without media. A text may have 160 kB, media 20 kB, and a
/// page a thousand messages, so both are read separately ([`texts`], [`media`]) if they are
/// requested.
pub(super) fn without_text(select: Select<Entity>) -> Select<Entity> {
    let columns = Column::iter().filter(|column| !matches!(column, Column::Text | Column::Media));
    select
        .select_only()
        .columns(columns)
        .expr_as(Expr::cust("''"), "text")
        .expr_as(Expr::cust("CAST(NULL AS TEXT)"), "media")
}

/// Reads the texts of several messages of some accounts, in no particular order.
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

/// Reads the media of several messages of some accounts as JSON, in no particular order. A message
/// without any is left out.
pub async fn media(
    connection: &impl ConnectionTrait,
    accounts: impl IntoIterator<Item = AccountId>,
    messages: impl IntoIterator<Item = MessageId>,
) -> Result<Vec<(Uuid, String)>, DbErr> {
    Entity::find()
        .select_only()
        .columns([Column::Id, Column::Media])
        .filter(Column::AccountId.is_in(accounts.into_iter().map(AccountId::uuid)))
        .filter(Column::Id.is_in(messages.into_iter().map(MessageId::uuid)))
        .filter(Column::Media.is_not_null())
        .into_tuple()
        .all(connection)
        .await
}

/// Finds several messages of any accounts, without their texts, in no particular order.
pub async fn find_all(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = MessageId>,
) -> Result<Vec<Model>, DbErr> {
    let columns = (Column::AccountId, Column::Id);
    let ids = ids.into_iter().map(MessageId::uuid).collect();
    routes::find(connection, without_text(Entity::find()), ids, columns).await
}

/// Reads the lines of several messages, those of each message by country. Ids are unique across
/// accounts, so the ids of accounts and messages need not match in order.
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

/// The messages of an account to list. Each condition narrows the list.
#[derive(Debug, Clone)]
pub struct MessageFilter {
    /// Messages of this account.
    pub account: AccountId,
    /// Only messages whose list equals each of these, so none if two differ. `None` stands for
    /// messages without a list.
    pub lists: Vec<Option<ListId>>,
    /// Only messages with one of these statuses.
    pub status: Option<Vec<MessageStatus>>,
    /// Only messages made by these actors.
    pub actor: Option<ActorFilter>,
    /// Only messages with a sending time at or after this instant.
    pub from: Option<Timestamp>,
    /// Only messages with a sending time before this instant.
    pub to: Option<Timestamp>,
    /// Only messages whose name or text contains this text, in any case.
    pub search: Option<String>,
    /// Only messages charged at or after this instant.
    pub sent_from: Option<Timestamp>,
    /// Only messages charged before this instant.
    pub sent_to: Option<Timestamp>,
    /// Only messages that last changed in this period.
    pub changed: LastChanges,
    /// Only messages on this channel.
    pub channel: Option<Channel>,
    /// Only messages that reached one of these countries.
    pub countries: Option<Vec<CountryCode>>,
    /// The order of a page.
    pub sort: MessageSort,
}

impl MessageFilter {
    /// Lists every message of an account.
    #[must_use]
    pub fn of(account: AccountId) -> Self {
        Self {
            account,
            lists: Vec::new(),
            status: None,
            actor: None,
            from: None,
            to: None,
            search: None,
            sent_from: None,
            sent_to: None,
            changed: LastChanges::default(),
            channel: None,
            countries: None,
            sort: MessageSort::default(),
        }
    }
}

fn select(backend: DatabaseBackend, filter: &MessageFilter, part: Part) -> Select<Entity> {
    let mut select = Entity::find()
        .filter(Column::AccountId.eq(filter.account.uuid()))
        .filter(Expr::cust(part.condition()));
    for list in &filter.lists {
        select = select.filter(match list {
            Some(list) => Column::ListId.eq(list.uuid()),
            None => Column::ListId.is_null(),
        });
    }
    if let Some(status) = &filter.status {
        select = select.filter(Column::Status.is_in(status.iter().copied()));
    }
    if let Some(actor) = &filter.actor {
        select = select.filter(Column::ActorId.in_subquery(actor.ids(filter.account)));
    }
    if let Some(from) = filter.from {
        select = select.filter(part.sends_at().gte(from.as_microsecond()));
    }
    if let Some(to) = filter.to {
        select = select.filter(part.sends_at().lt(to.as_microsecond()));
    }
    if let Some(search) = &filter.search {
        let found = Condition::any()
            .add(contains(backend, Column::Name, search))
            .add(contains(backend, Column::Text, search));
        select = select.filter(found);
    }
    // `sent_at` is null unless the message was charged.
    if let Some(from) = filter.sent_from {
        select = select.filter(Column::SentAt.gte(from.as_microsecond()));
    }
    if let Some(to) = filter.sent_to {
        select = select.filter(Column::SentAt.lt(to.as_microsecond()));
    }
    select = part.changed_within(select, filter);
    if let Some(channel) = filter.channel {
        select = select.filter(Column::Channel.eq(channel));
    }
    if let Some(countries) = &filter.countries {
        let countries: BTreeSet<&str> = countries.iter().map(CountryCode::as_str).collect();
        // Correlated by message: a page reads the lines of its own messages rather than all lines
        // of the account.
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

/// Reads a page of messages without their texts.
pub async fn list(
    connection: &impl ConnectionTrait,
    filter: &MessageFilter,
    window: Window,
) -> Result<Page<Model>, DbErr> {
    let direction = match filter.sort {
        MessageSort::SendAt => Direction::Descending,
        // Messages that change meanwhile come on a later page, so that none is missed.
        MessageSort::UpdatedAt => Direction::Ascending,
    };
    let mut rows = Vec::new();
    for part in Part::of(filter) {
        let select = select(connection.get_database_backend(), filter, part);
        let order = (part.key(filter.sort), Column::Id);
        let select = without_text(select);
        rows.extend(paging::rows(connection, select, order, direction, window).await?);
    }
    // In the order in which the window counts.
    rows.sort_by_key(|row: &Model| (filter.sort.key(row), row.id));
    rows.dedup_by_key(|row| row.id);
    if window.from_end == (direction == Direction::Ascending) {
        rows.reverse();
    }
    rows.truncate(usize::try_from(window.limit + 1).unwrap_or(usize::MAX));
    Ok(Page::of(rows, window))
}

/// Counts the messages of a list.
pub async fn count(
    connection: &impl ConnectionTrait,
    filter: &MessageFilter,
) -> Result<u64, DbErr> {
    let backend = connection.get_database_backend();
    let mut count = 0;
    for part in Part::of(filter) {
        count += select(backend, filter, part).count(connection).await?;
    }
    Ok(count)
}

/// Finds scheduled messages that are due, of accounts whose messages the server settles, the
/// longest due first, after a position in that order. If `account` is given, only messages of that
/// account.
pub async fn due(
    connection: &impl ConnectionTrait,
    account: Option<AccountId>,
    now: Timestamp,
    after: Option<Place>,
    limit: u64,
) -> Result<Vec<Due>, DbErr> {
    // The account is looked up for each message, and the status is a literal, so the plan walks the
    // partial index of scheduled messages rather than all messages of all accounts.
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

/// Which of these messages, each with its account, are scheduled.
pub async fn scheduled_among(
    connection: &impl ConnectionTrait,
    messages: impl IntoIterator<Item = (Uuid, Uuid)>,
) -> Result<BTreeSet<(Uuid, Uuid)>, DbErr> {
    let found = RowSet::of_pairs(messages)
        .query(
            connection,
            &["account_id", "id"],
            (
                "m.account_id, m.id",
                "messages m",
                "m.account_id = w.account_id AND m.id = w.id AND m.status = 'SCHEDULED'",
            ),
            |row| Ok((row.try_get("", "account_id")?, row.try_get("", "id")?)),
        )
        .await?;
    Ok(found.into_iter().collect())
}

/// A scheduled message that is due.
#[derive(Debug, Clone, Copy)]
pub struct Due {
    /// Its account.
    pub account: AccountId,
    /// The message.
    pub message: MessageId,
    /// Its list.
    pub list: Option<ListId>,
    /// Its position among the due messages.
    pub place: Place,
}
