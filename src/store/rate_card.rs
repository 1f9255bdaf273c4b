//! Rate cards: versions that never change once published.

use domain::id::{AccountId, RateCardId};
use entity::{account_rate_card, rate, rate_card};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, prelude::Uuid,
};

use super::paging::{Direction, Page, Window, page};

/// The code of the card that accounts are charged by unless another is set.
pub const DEFAULT_CODE: &str = "default";
/// The default card's first version: the same in every installation.
pub const DEFAULT_ID: Uuid = Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0001);
/// What stands for every country not named.
pub const EVERY_OTHER_COUNTRY: &str = "*";

/// One version.
///
/// # Errors
/// What the database says.
pub async fn find(
    connection: &impl ConnectionTrait,
    id: RateCardId,
) -> Result<Option<rate_card::Model>, DbErr> {
    rate_card::Entity::find_by_id(id.uuid())
        .one(connection)
        .await
}

/// Several versions, in no order.
///
/// # Errors
/// What the database says.
pub async fn find_all(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = RateCardId>,
) -> Result<Vec<rate_card::Model>, DbErr> {
    rate_card::Entity::find()
        .filter(rate_card::Column::Id.is_in(ids.into_iter().map(RateCardId::uuid)))
        .all(connection)
        .await
}

/// The version of a card that was the newest at an instant.
///
/// # Errors
/// What the database says.
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

/// The version that an account is charged by at an instant; `None` before the account's first card.
///
/// # Errors
/// What the database says.
pub async fn in_force_for(
    connection: &impl ConnectionTrait,
    account: AccountId,
    at: jiff::Timestamp,
) -> Result<Option<rate_card::Model>, DbErr> {
    let code = account_rate_card::Entity::find()
        .select_only()
        .column(account_rate_card::Column::RateCardCode)
        .filter(account_rate_card::Column::AccountId.eq(account.uuid()))
        .filter(account_rate_card::Column::EffectiveAt.lte(at.as_microsecond()))
        .order_by_desc(account_rate_card::Column::EffectiveAt)
        .limit(1)
        .into_query();
    rate_card::Entity::find()
        .filter(rate_card::Column::Code.in_subquery(code))
        .filter(rate_card::Column::PublishedAt.lte(at.as_microsecond()))
        .order_by_desc(rate_card::Column::Version)
        .one(connection)
        .await
}

/// The newest version of a card, whenever it counts from.
///
/// # Errors
/// What the database says.
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

/// The rates of a version, by country.
///
/// # Errors
/// What the database says.
pub async fn rates(
    connection: &impl ConnectionTrait,
    id: RateCardId,
) -> Result<Vec<rate::Model>, DbErr> {
    rate::Entity::find()
        .filter(rate::Column::RateCardId.eq(id.uuid()))
        .order_by_asc(rate::Column::CountryCode)
        .all(connection)
        .await
}

/// A page of versions, the newest first.
///
/// # Errors
/// What the database says.
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

/// How many versions there are of all cards.
///
/// # Errors
/// What the database says.
pub async fn count(connection: &impl ConnectionTrait) -> Result<u64, DbErr> {
    rate_card::Entity::find().count(connection).await
}

/// Publishes a version with its rates.
///
/// # Errors
/// What the database says; that another took the version number, among others.
pub async fn insert(
    connection: &impl ConnectionTrait,
    card: rate_card::Model,
    rates: Vec<rate::Model>,
) -> Result<(), DbErr> {
    rate_card::Entity::insert(card.into_active_model())
        .exec_without_returning(connection)
        .await?;
    rate::Entity::insert_many(rates.into_iter().map(IntoActiveModel::into_active_model))
        .exec_without_returning(connection)
        .await?;
    Ok(())
}
