//! An account's scheduled messages, soonest first.
//!
//! Here: pages of them, found by their holds. Not here: messages of every status
//! ([`super::message`]).
//!
//! Each scheduled message has one hold, and an account has at most as many as the quota of
//! scheduled messages allows. An account's messages by sending time include all that were settled
//! or cancelled before, which a page of the soonest would walk over first.

use domain::id::{AccountId, ListId};
use entity::message::{Column, Entity, Model};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseBackend, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    Select, sea_query::Expr,
};

use super::{
    message::without_text,
    sql::paging::{self, Direction, Page, Window},
};

/// The scheduled messages of an account to list. Each condition narrows the list.
#[derive(Debug, Clone)]
pub struct ScheduledFilter {
    /// The account.
    pub account: AccountId,
    /// Only messages of this list.
    pub list: Option<ListId>,
    /// Only messages with a sending time at or after this instant.
    pub from: Option<Timestamp>,
    /// Only messages with a sending time before this instant.
    pub to: Option<Timestamp>,
}

fn select(backend: DatabaseBackend, filter: &ScheduledFilter) -> Select<Entity> {
    // As an array PostgreSQL reads the holds first and then their messages by key. As a subquery it
    // may walk all of the account's messages in the page's order instead.
    let held = match backend {
        DatabaseBackend::Postgres => {
            "messages.id = ANY(ARRAY(SELECT h.message_id FROM hold_draws h \
             WHERE h.account_id = $1 AND h.position = 0))"
        }
        _ => {
            "messages.id IN (SELECT h.message_id FROM hold_draws h \
             WHERE h.account_id = ? AND h.position = 0)"
        }
    };
    let mut select = Entity::find()
        .filter(Column::AccountId.eq(filter.account.uuid()))
        .filter(Expr::cust_with_values(held, [filter.account.uuid()]))
        .filter(Expr::cust("messages.status = 'SCHEDULED'"));
    if let Some(list) = filter.list {
        select = select.filter(Column::ListId.eq(list.uuid()));
    }
    if let Some(from) = filter.from {
        select = select.filter(Column::SendAt.gte(from.as_microsecond()));
    }
    if let Some(to) = filter.to {
        select = select.filter(Column::SendAt.lt(to.as_microsecond()));
    }
    select
}

/// Reads a page of scheduled messages without their texts, those with the earliest sending time
/// first.
pub async fn list(
    connection: &impl ConnectionTrait,
    filter: &ScheduledFilter,
    window: Window,
) -> Result<Page<Model>, DbErr> {
    let select = without_text(select(connection.get_database_backend(), filter));
    let order = (Column::SendAt, Column::Id);
    paging::page(connection, select, order, Direction::Ascending, window).await
}

/// Counts the scheduled messages of a list.
pub async fn count(
    connection: &impl ConnectionTrait,
    filter: &ScheduledFilter,
) -> Result<u64, DbErr> {
    select(connection.get_database_backend(), filter)
        .count(connection)
        .await
}
