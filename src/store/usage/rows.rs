//! The messages of a usage report, row by row.
//!
//! Here: the statement that selects them, and the names of its cells, from one list. Not here: how
//! rows leave the database ([`crate::store::sql::bulk`]), and their sums (the parent).

use entity::{actor, message, sql_enums::MessageStatus};
use sea_orm::{
    ActiveEnum, DatabaseBackend, JoinType, Order,
    sea_query::{self, Cond, Expr, ExprTrait, IntoIden, SelectStatement, TableRef},
};

use super::UsageFilter;
use crate::store::{
    actor::{acting, join_acting},
    message_line::{self, COUNTRY, IS_SERVED, RECIPIENTS, SEGMENTS, UNITS},
    sql::bulk::Cell,
};

/// Makes the cells that a row has, and the columns that the statement selects, from one list: they
/// can't differ in number or order.
macro_rules! message_cells {
    ($($(#[$doc:meta])* $cell:ident: $expression:expr,)+) => {
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
            $(select.expr($expression);)+
        }
    };
}

message_cells! {
    /// When the message was charged, in microseconds.
    sent_at: of_message(message::Column::SentAt),
    /// The message's id, sixteen bytes.
    id: of_message(message::Column::Id),
    /// The contact list's id; none for a message without a list.
    list: of_message(message::Column::ListId),
    /// The text as written, or that it was erased.
    body: Expr::cust(
        "CASE WHEN messages.erased_at IS NULL THEN messages.text ELSE '(erased)' END",
    ),
    /// The channel.
    channel: of_message(message::Column::Channel),
    /// The encoding; none for MMS.
    encoding: of_message(message::Column::Encoding),
    /// Segments for each recipient.
    segments: of_message(message::Column::SegmentCount),
    /// The destination country; this and all below are none for a message without a paid
    /// destination.
    country: Expr::cust(COUNTRY),
    /// Segments for each recipient in this country.
    line_segments: Expr::cust(SEGMENTS),
    /// Recipients in this country.
    recipients: Expr::cust(RECIPIENTS),
    /// Ten-thousandths of a credit charged for this country.
    units: Expr::cust(UNITS),
    /// The kind of the actor; this and all below are none for a message from before actors were
    /// recorded.
    actor_kind: acting(actor::Column::Kind),
    /// The API key of the actor, sixteen bytes.
    actor_key: acting(actor::Column::ApiKeyId),
    /// The name of the actor, if it is no key.
    actor_name: acting(actor::Column::Name),
    /// The label of whom the key acted for, or the user.
    actor_label: acting(actor::Column::OnBehalfOf),
}

fn of_message(column: message::Column) -> Expr {
    Expr::col((message::Entity, column))
}

/// Selects the messages that are counted, the oldest first: one row for each destination that was
/// paid for, and one for a message without any.
#[must_use]
pub fn rows(backend: DatabaseBackend, filter: &UsageFilter) -> SelectStatement {
    use message::Column as M;
    let mut paid = Cond::all().add(Expr::cust(IS_SERVED));
    if let Some(countries) = &filter.countries {
        let codes = countries.iter().map(|code| code.as_str());
        paid = paid.add(Expr::cust(COUNTRY).is_in(codes));
    }
    // With a filter by country, a message to other countries only is not counted.
    let join = if filter.countries.is_some() {
        JoinType::InnerJoin
    } else {
        JoinType::LeftJoin
    };
    let lines = message_line::elements_of(backend, "messages.lines");
    let lines = TableRef::FunctionCall(lines, "l".into_iden());
    let mut select = sea_query::Query::select();
    select_cells(&mut select);
    select
        .from(message::Entity)
        .join(join, lines, paid)
        .and_where(of_message(M::AccountId).eq(filter.account.uuid()))
        .and_where(of_message(M::SentAt).gte(filter.from.as_microsecond()))
        .and_where(of_message(M::SentAt).lt(filter.to.as_microsecond()))
        .and_where(of_message(M::Status).eq(MessageStatus::Sent.to_value()));
    join_acting(
        &mut select,
        (message::Entity, M::AccountId),
        (message::Entity, M::ActorId),
    );
    if let Some(lists) = &filter.lists {
        let lists = lists.iter().map(|list| list.uuid());
        select.and_where(of_message(M::ListId).is_in(lists));
    }
    if let Some(channel) = filter.channel {
        select.and_where(of_message(M::Channel).eq(channel.to_value()));
    }
    if let Some(actor) = &filter.actor {
        let actors = actor.ids(filter.account);
        select.and_where(of_message(M::ActorId).in_subquery(actors));
    }
    select
        .order_by_expr(of_message(M::SentAt), Order::Asc)
        .order_by_expr(of_message(M::Id), Order::Asc)
        .order_by_expr(Expr::cust(COUNTRY), Order::Asc)
        .order_by_expr(Expr::cust(SEGMENTS), Order::Asc)
        .to_owned()
}
