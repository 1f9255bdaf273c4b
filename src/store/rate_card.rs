//! Rate cards: versions that never change once published, each with its areas and rates.
//!
//! Here: their queries; every error is the database's. Not here: what rows mean
//! ([`crate::operations::rate_card`]).

use domain::id::{AccountId, RateCardId};
use entity::{rate, rate_card, rate_card_area};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, QueryResult, prelude::Uuid,
};

use super::sql::{
    joined,
    paging::{Direction, Page, Window, page},
    row_set::RowSet,
};

/// The code of the card that accounts are charged by unless another is set.
pub const DEFAULT_CODE: &str = "default";
/// The default card's first version: the same in every installation.
pub const DEFAULT_ID: Uuid = Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0001);
/// The country code that means every country without a row of its own.
pub const EVERY_OTHER_COUNTRY: &str = "*";

/// A version by its id; `None` if there is none.
pub async fn find(
    connection: &impl ConnectionTrait,
    id: RateCardId,
) -> Result<Option<rate_card::Model>, DbErr> {
    rate_card::Entity::find_by_id(id.uuid())
        .one(connection)
        .await
}

/// Several versions by their ids, in no order.
pub async fn find_all(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = RateCardId>,
) -> Result<Vec<rate_card::Model>, DbErr> {
    RowSet::of_ids(ids.into_iter().map(RateCardId::uuid))
        .find::<rate_card::Entity>(connection, &["id"], "")
        .await
}

/// The version of a card that was the newest at an instant; `None` before its first.
pub async fn in_force(
    connection: &impl ConnectionTrait,
    code: &str,
    at: jiff::Timestamp,
) -> Result<Option<rate_card::Model>, DbErr> {
    rate_card::Entity::find()
        .filter(rate_card::Column::Code.eq(code))
        .filter(rate_card::Column::PublishedAt.lte(at.as_microsecond()))
        .order_by_desc(rate_card::Column::Version)
        .one(connection)
        .await
}

/// Selects the id of the version that the account `w.account_id` is charged by at the instant
/// `w.at`, in microseconds.
pub(super) const IN_FORCE: &str = "(SELECT v.id FROM rate_cards v WHERE v.published_at <= w.at AND v.code = \
     (SELECT r.rate_card_code FROM account_rate_cards r WHERE r.account_id = w.account_id \
     AND r.effective_at <= w.at ORDER BY r.effective_at DESC LIMIT 1) ORDER BY v.version DESC LIMIT 1)";

/// The version that an account is charged by at an instant; `None` before the account's first card.
pub async fn in_force_for(
    connection: &impl ConnectionTrait,
    account: AccountId,
    at: jiff::Timestamp,
) -> Result<Option<rate_card::Model>, DbErr> {
    let condition = format!("c.id = {IN_FORCE}");
    let columns = joined::all::<rate_card::Column>("c");
    let read = |row: &QueryResult| rate_card::Model::from_query_result(row, "");
    let found = RowSet::of([[account.uuid().into(), at.as_microsecond().into()]])
        .query(
            connection,
            &["account_id", "at"],
            (&columns, "rate_cards c", &condition),
            read,
        )
        .await?;
    Ok(found.into_iter().next())
}

/// The newest version of a card, published now or later; `None` if it has none.
pub async fn newest(
    connection: &impl ConnectionTrait,
    code: &str,
) -> Result<Option<rate_card::Model>, DbErr> {
    rate_card::Entity::find()
        .filter(rate_card::Column::Code.eq(code))
        .order_by_desc(rate_card::Column::Version)
        .one(connection)
        .await
}

/// The areas that a version has rows for, in no order.
pub async fn areas(
    connection: &impl ConnectionTrait,
    id: RateCardId,
) -> Result<Vec<rate_card_area::Model>, DbErr> {
    rate_card_area::Entity::find()
        .filter(rate_card_area::Column::RateCardId.eq(id.uuid()))
        .all(connection)
        .await
}

/// The rates of a version, one for each area and channel, in no order.
pub async fn rates(
    connection: &impl ConnectionTrait,
    id: RateCardId,
) -> Result<Vec<rate::Model>, DbErr> {
    rate::Entity::find()
        .filter(rate::Column::RateCardId.eq(id.uuid()))
        .all(connection)
        .await
}

/// A page of the versions of all cards, newest first.
pub async fn list(
    connection: &impl ConnectionTrait,
    window: Window,
) -> Result<Page<rate_card::Model>, DbErr> {
    let order = (rate_card::Column::PublishedAt, rate_card::Column::Id);
    page(
        connection,
        rate_card::Entity::find(),
        order,
        Direction::Descending,
        window,
    )
    .await
}

/// The number of versions of all cards.
pub async fn count(connection: &impl ConnectionTrait) -> Result<u64, DbErr> {
    rate_card::Entity::find().count(connection).await
}

/// Inserts a version with its areas and rates.
///
/// # Errors
/// A unique violation if another version took the number.
pub async fn insert(
    connection: &impl ConnectionTrait,
    card: rate_card::Model,
    areas: Vec<rate_card_area::Model>,
    rates: Vec<rate::Model>,
) -> Result<(), DbErr> {
    rate_card::Entity::insert(card.into_active_model())
        .exec_without_returning(connection)
        .await?;
    let areas = areas.into_iter().map(IntoActiveModel::into_active_model);
    rate_card_area::Entity::insert_many(areas)
        .exec_without_returning(connection)
        .await?;
    // A card may close every area that it names.
    if !rates.is_empty() {
        let rates = rates.into_iter().map(IntoActiveModel::into_active_model);
        rate::Entity::insert_many(rates)
            .exec_without_returning(connection)
            .await?;
    }
    Ok(())
}
