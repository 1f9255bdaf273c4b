//! The parts in which an account's messages are read, each by an index of its own.
//!
//! Most messages are charged as they are made and never change again. They are found by the instant
//! of their charge, which reports look for too, so that no charge writes an index of sending times
//! or of changes.

use entity::{
    message::{Column, Entity},
    sql_enums::MessageStatus,
};
use sea_orm::{ColumnTrait, Select, sea_query::SimpleExpr};

use super::{
    MessageFilter,
    last_change::{MessageSort, last_change},
};
use crate::store::sql::paging::Key;

/// A part of an account's messages. Each message is in one of the first two, and in one of the last
/// two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Messages that were charged at their sending time.
    AtOnce,
    /// All others: those that wait, were cancelled, or were charged at another time.
    Planned,
    /// Messages that were charged at their sending time and have not changed since.
    Unchanged,
    /// All others.
    Changed,
}

impl Part {
    /// Its messages. The indexes of planned and of changed messages have the same conditions.
    pub(super) fn condition(self) -> &'static str {
        match self {
            Self::AtOnce => "sent_at = send_at",
            Self::Planned => "sent_at IS DISTINCT FROM send_at",
            Self::Unchanged => "messages.updated_at IS NULL AND sent_at = send_at",
            Self::Changed => {
                "(messages.updated_at IS NOT NULL OR sent_at IS DISTINCT FROM send_at)"
            }
        }
    }

    /// The column by which its messages are found by their sending time.
    pub(super) fn sends_at(self) -> Column {
        match self {
            Self::AtOnce | Self::Unchanged => Column::SentAt,
            Self::Planned | Self::Changed => Column::SendAt,
        }
    }

    /// The sort key of its messages in an order.
    pub(super) fn key(self, sort: MessageSort) -> Key {
        match (sort, self) {
            (MessageSort::SendAt, _) => self.sends_at().into(),
            (MessageSort::UpdatedAt, Self::Unchanged) => Column::SentAt.into(),
            (MessageSort::UpdatedAt, _) => Key::number(last_change()),
        }
    }

    /// The instant of a message's last change.
    fn changed_at(self) -> SimpleExpr {
        match self {
            Self::Unchanged => Column::SentAt.into_expr(),
            Self::AtOnce | Self::Planned | Self::Changed => last_change(),
        }
    }

    /// Restricts its messages to those whose last change is within the bounds of a filter.
    pub(super) fn changed_within(
        self,
        select: Select<Entity>,
        filter: &MessageFilter,
    ) -> Select<Entity> {
        filter.changed.restrict(select, self.changed_at())
    }

    /// The parts that may have messages that match a filter, in the order in which they are read. A
    /// message that moves to another part meanwhile moves to one that is read later.
    pub(super) fn of(filter: &MessageFilter) -> Vec<Self> {
        let by_change = filter.sort == MessageSort::UpdatedAt || filter.changed.is_restricted();
        let status = filter.status.as_ref();
        let may_be_sent = status.is_none_or(|status| status.contains(&MessageStatus::Sent));
        match (by_change, may_be_sent) {
            (false, true) => vec![Self::Planned, Self::AtOnce],
            (false, false) => vec![Self::Planned],
            (true, true) => vec![Self::Unchanged, Self::Changed],
            (true, false) => vec![Self::Changed],
        }
    }
}
