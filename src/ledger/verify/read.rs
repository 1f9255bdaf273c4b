//! What verifying reads, page by page.

use std::collections::{BTreeMap, HashMap};

use domain::id::AccountId;
use entity::{
    account, actor, hold_draw, lot, lot_expiry_change, message, message_line, posting,
    sql_enums::MessageStatus, transaction,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder,
    QuerySelect, prelude::Uuid,
};

use super::{
    Findings, credits, hex,
    walk::{Actors, HeldDraw, Spend},
};
use crate::{clock::whole_micros, store, tuning::Tuned};

/// Rows in a page: few enough to hold in memory, and enough that queries don't dominate.
/// Measured: docs/measured.md, "Jobs".
static PAGE: Tuned<u64> = Tuned::new("VERIFY_PAGE", 1_000);

/// The accounts after one, by id.
pub(super) async fn accounts(
    connection: &impl ConnectionTrait,
    after: Option<Uuid>,
) -> Result<Vec<Uuid>, DbErr> {
    let mut select = account::Entity::find()
        .select_only()
        .column(account::Column::Id)
        .order_by_asc(account::Column::Id)
        .limit(PAGE.get());
    if let Some(after) = after {
        select = select.filter(account::Column::Id.gt(after));
    }
    select.into_tuple().all(connection).await
}

/// All lots of an account.
pub(super) async fn lots(
    connection: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Vec<lot::Model>, DbErr> {
    lot::Entity::find()
        .filter(lot::Column::AccountId.eq(account.uuid()))
        .all(connection)
        .await
}

/// What the actors of an account are. Each has an id that follows from what it is.
pub(super) async fn actors(
    connection: &impl ConnectionTrait,
    account: AccountId,
    findings: &mut Findings,
) -> Result<Actors, DbErr> {
    let rows = store::actor::all(connection, account.uuid()).await?;
    let digest = |row: &actor::Model| {
        let digest = store::actor::digest(row);
        let own = hex(&store::actor::id(&digest).to_be_bytes());
        findings.expect(own, hex(&row.id.to_be_bytes()), || {
            "id of an actor".to_owned()
        });
        (row.id, digest)
    };
    Ok(rows.iter().map(digest).collect())
}

/// The changes of an account's expiries, the earliest first.
pub(super) async fn expiry_changes(
    connection: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Vec<lot_expiry_change::Model>, DbErr> {
    use lot_expiry_change::Column;
    lot_expiry_change::Entity::find()
        .filter(Column::AccountId.eq(account.uuid()))
        .order_by_asc(Column::Sequence)
        .order_by_asc(Column::LotId)
        .all(connection)
        .await
}

/// Transactions, and the postings up to the last of them, by number.
pub(super) struct Page {
    pub transactions: Vec<transaction::Model>,
    pub postings: BTreeMap<i64, Vec<posting::Model>>,
}

/// The transactions after a number. If there are none, the postings after it all the same, at most
/// one page of them.
pub(super) async fn transactions(
    connection: &impl ConnectionTrait,
    account: AccountId,
    after: i64,
) -> Result<Page, DbErr> {
    let transactions = transaction::Entity::find()
        .filter(transaction::Column::AccountId.eq(account.uuid()))
        .filter(transaction::Column::Sequence.gt(after))
        .order_by_asc(transaction::Column::Sequence)
        .limit(PAGE.get())
        .all(connection)
        .await?;
    let mut select = posting::Entity::find()
        .filter(posting::Column::AccountId.eq(account.uuid()))
        .filter(posting::Column::Sequence.gt(after));
    select = match transactions.last() {
        Some(last) => select.filter(posting::Column::Sequence.lte(last.sequence)),
        None => select.limit(PAGE.get()),
    };
    let rows = select
        .order_by_asc(posting::Column::Sequence)
        .order_by_asc(posting::Column::Position)
        .all(connection)
        .await?;
    let mut postings: BTreeMap<i64, Vec<posting::Model>> = BTreeMap::new();
    for row in rows {
        postings.entry(row.sequence).or_default().push(row);
    }
    Ok(Page {
        transactions,
        postings,
    })
}

/// A message without its text.
#[derive(Debug, FromQueryResult)]
pub(super) struct Charged {
    pub id: Uuid,
    pub list_id: Option<Uuid>,
    pub units: i64,
    pub status: MessageStatus,
    pub sent_at: Option<i64>,
}

fn messages(account: AccountId) -> sea_orm::Select<message::Entity> {
    use message::Column;
    message::Entity::find()
        .select_only()
        .columns([
            Column::Id,
            Column::ListId,
            Column::Units,
            Column::Status,
            Column::SentAt,
        ])
        .filter(Column::AccountId.eq(account.uuid()))
}

/// Compares charges with their messages.
pub(super) async fn spent_messages(
    connection: &impl ConnectionTrait,
    account: AccountId,
    spends: &[Spend],
    findings: &mut Findings,
) -> Result<(), DbErr> {
    if spends.is_empty() {
        return Ok(());
    }
    let rows = messages(account)
        .filter(message::Column::Id.is_in(spends.iter().map(|spend| spend.message)))
        .into_model::<Charged>()
        .all(connection)
        .await?;
    let rows: HashMap<Uuid, Charged> = rows.into_iter().map(|row| (row.id, row)).collect();
    for spend in spends {
        let id = spend.message;
        let Some(row) = rows.get(&id) else {
            findings.add(
                format!("message {id} that was charged"),
                "a message",
                "none",
            );
            continue;
        };
        let of = |what: &str| format!("{what} of message {id}");
        findings.expect(credits(spend.units), credits(row.units.into()), || {
            of("credits")
        });
        let status = |status: MessageStatus| format!("{status:?}");
        findings.expect(status(MessageStatus::Sent), status(row.status), || {
            of("status")
        });
        let at = |at: Option<i64>| at.map_or("none".to_owned(), |at| whole_micros(at).to_string());
        findings.expect(at(Some(spend.at)), at(row.sent_at), || of("instant"));
        let list = |list: Option<Uuid>| list.map_or("none".to_owned(), |list| list.to_string());
        findings.expect(list(spend.list), list(row.list_id), || of("list"));
    }
    Ok(())
}

/// The messages of an account after one id, each with the sum of its lines.
pub(super) async fn messages_with_lines(
    connection: &impl ConnectionTrait,
    account: AccountId,
    after: Option<Uuid>,
) -> Result<Vec<(Charged, i128)>, DbErr> {
    let mut select = messages(account);
    if let Some(after) = after {
        select = select.filter(message::Column::Id.gt(after));
    }
    let rows = select
        .order_by_asc(message::Column::Id)
        .limit(PAGE.get())
        .into_model::<Charged>()
        .all(connection)
        .await?;
    let lines: Vec<(Uuid, i64)> = message_line::Entity::find()
        .select_only()
        .columns([message_line::Column::MessageId, message_line::Column::Units])
        .filter(message_line::Column::AccountId.eq(account.uuid()))
        .filter(message_line::Column::MessageId.is_in(rows.iter().map(|row| row.id)))
        .into_tuple()
        .all(connection)
        .await?;
    let mut sums: HashMap<Uuid, i128> = HashMap::new();
    for (message, units) in lines {
        *sums.entry(message).or_default() += i128::from(units);
    }
    Ok(rows
        .into_iter()
        .map(|row| {
            let sum = sums.remove(&row.id).unwrap_or_default();
            (row, sum)
        })
        .collect())
}

/// The stored draws of open holds.
pub(super) async fn draws(
    connection: &impl ConnectionTrait,
    account: AccountId,
) -> Result<BTreeMap<HeldDraw, i128>, DbErr> {
    let rows = hold_draw::Entity::find()
        .filter(hold_draw::Column::AccountId.eq(account.uuid()))
        .all(connection)
        .await?;
    let mut draws: BTreeMap<HeldDraw, i128> = BTreeMap::new();
    for row in rows {
        // A hold of zero credits has a row, but no posting.
        if row.units != 0 {
            let key = (row.message_id, row.pool_list_id, row.lot_id);
            *draws.entry(key).or_default() += i128::from(row.units);
        }
    }
    Ok(draws)
}
