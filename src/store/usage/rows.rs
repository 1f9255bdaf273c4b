//! The messages of a usage report, row by row.
//!
//! Here: the statement that selects them, and the names of its cells, from one list. Not here: how
//! rows leave the database ([`crate::store::sql::bulk`]), and their sums (the parent).

use entity::{message, message_line, sql_enums::MessageStatus};
use sea_orm::{
    ActiveEnum, JoinType, Order,
    sea_query::{self, Cond, Expr, ExprTrait, SelectStatement},
};

use super::UsageFilter;
use crate::store::sql::bulk::Cell;

/// Makes the cells that a row has, and the columns that the statement selects, from one list: they
/// can't differ in number or order.
macro_rules! message_cells {
    ($($(#[$doc:meta])* $cell:ident: $entity:ident::$column:ident,)+) => {
        /// The cells of one row of [`rows`].
        #[derive(Debug)]
        pub struct MessageCells<'a> {
            $($(#[$doc])* pub $cell: Cell<'a>,)+
        }

        const CELLS: usize = [$(stringify!($cell)),+].len();

        impl<'a> From<[Cell<'a>; CELLS]> for MessageCells<'a> {
            fn from([$($cell),+]: [Cell<'a>; CELLS]) -> Self {
                Self { $($cell),+ }
            }
        }

        fn select_cells(select: &mut SelectStatement) {
            $(select.column(($entity::Entity, $entity::Column::$column));)+
        }
    };
}

message_cells! {
    /// When the message was charged, in microseconds.
    sent_at: message::SentAt,
    /// The message's id, sixteen bytes.
    id: message::Id,
    /// The contact list's id; none for a message without a list.
    list: message::ListId,
    /// The text as written.
    body: message::Text,
    /// The channel.
    channel: message::Channel,
    /// The encoding; none for MMS.
    encoding: message::Encoding,
    /// Segments for each recipient.
    segments: message::SegmentCount,
    /// The destination country; this and all below are none for a message without a paid destination.
    country: message_line::CountryCode,
    /// Segments for each recipient in this country.
    line_segments: message_line::SegmentCount,
    /// Recipients in this country.
    recipients: message_line::Recipients,
    /// Ten-thousandths of a credit charged for this country.
    units: message_line::Units,
}

/// Selects the messages that are counted, the oldest first: one row for each destination that was
/// paid for, and one for a message without any.
#[must_use]
pub fn rows(filter: &UsageFilter) -> SelectStatement {
    use message::Column as M;
    use message_line::Column as L;
    let of_message = |column: M| (message::Entity, column);
    let of_line = |column: L| (message_line::Entity, column);
    let mut paid = Cond::all()
        .add(Expr::col(of_line(L::AccountId)).equals(of_message(M::AccountId)))
        .add(Expr::col(of_line(L::MessageId)).equals(of_message(M::Id)))
        .add(Expr::col(of_line(L::UnitsPerSegment)).is_not_null());
    if let Some(countries) = &filter.countries {
        let codes = countries.iter().map(|code| code.as_str());
        paid = paid.add(Expr::col(of_line(L::CountryCode)).is_in(codes));
    }
    // With a filter by country, a message to other countries only is not counted.
    let join = if filter.countries.is_some() {
        JoinType::InnerJoin
    } else {
        JoinType::LeftJoin
    };
    let mut select = sea_query::Query::select();
    select_cells(&mut select);
    select
        .from(message::Entity)
        .join(join, message_line::Entity, paid)
        .and_where(Expr::col(of_message(M::AccountId)).eq(filter.account.uuid()))
        .and_where(Expr::col(of_message(M::SentAt)).gte(filter.from.as_microsecond()))
        .and_where(Expr::col(of_message(M::SentAt)).lt(filter.to.as_microsecond()))
        .and_where(Expr::col(of_message(M::Status)).eq(MessageStatus::Sent.to_value()));
    if let Some(lists) = &filter.lists {
        let lists = lists.iter().map(|list| list.uuid());
        select.and_where(Expr::col(of_message(M::ListId)).is_in(lists));
    }
    if let Some(channel) = filter.channel {
        select.and_where(Expr::col(of_message(M::Channel)).eq(channel.to_value()));
    }
    select
        .order_by(of_message(M::SentAt), Order::Asc)
        .order_by(of_message(M::Id), Order::Asc)
        .order_by(of_line(L::CountryCode), Order::Asc)
        .order_by(of_line(L::SegmentCount), Order::Asc)
        .to_owned()
}
