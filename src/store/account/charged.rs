//! The accounts that a version of a rate card prices.
//!
//! Here: pages of them. Not here: the version that an account is charged by
//! ([`super::super::rate_card`]).

use entity::{account, account_rate_card, rate_card};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, Select,
    sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement},
};

use crate::store::sql::paging::{Direction, Page, Window, page};

/// The accounts that are charged by a version of a rate card at an instant.
#[derive(Debug, Clone)]
pub struct ChargedBy {
    /// The code of the version's card.
    pub code: String,
    /// Its number.
    pub version: i32,
    /// The instant.
    pub at: Timestamp,
    /// Whether the version applies by then.
    pub applies: bool,
}

impl ChargedBy {
    /// The accounts that a version prices at an instant.
    #[must_use]
    pub fn version(row: &rate_card::Model, at: Timestamp) -> Self {
        Self {
            code: row.code.clone(),
            version: row.version,
            at,
            applies: row.published_at <= at.as_microsecond(),
        }
    }

    /// The newer versions of the card that apply by then.
    fn newer(&self) -> SelectStatement {
        use rate_card::Column;
        Query::select()
            .expr(Expr::value(1))
            .from(rate_card::Entity)
            .and_where(Column::Code.eq(self.code.as_str()))
            .and_where(Column::Version.gt(self.version))
            .and_where(Column::PublishedAt.lte(self.at.as_microsecond()))
            .take()
    }

    /// The rows that give the card to an account, unless a later one by then gives it another.
    fn assigned(&self) -> SelectStatement {
        use account_rate_card::{Column, Entity};
        let at = self.at.as_microsecond();
        let later = Alias::new("later");
        let of_later = |column: Column| Expr::col((later.clone(), column));
        let replaced = Query::select()
            .expr(Expr::value(1))
            .from_as(Entity, later.clone())
            .and_where(of_later(Column::AccountId).equals((Entity, Column::AccountId)))
            .and_where(of_later(Column::EffectiveAt).lte(at))
            .and_where(of_later(Column::EffectiveAt).gt(Expr::col((Entity, Column::EffectiveAt))))
            .take();
        Query::select()
            .expr(Expr::value(1))
            .from(Entity)
            .and_where(
                Expr::col((Entity, Column::AccountId))
                    .equals((account::Entity, account::Column::Id)),
            )
            .and_where(Column::RateCardCode.eq(self.code.as_str()))
            .and_where(Column::EffectiveAt.lte(at))
            .and_where(Expr::exists(replaced).not())
            .take()
    }
}

fn select(of: &ChargedBy) -> Select<account::Entity> {
    account::Entity::find()
        .filter(Expr::exists(of.newer()).not())
        .filter(Expr::exists(of.assigned()))
}

/// Reads a page of the accounts that a version prices, the oldest first.
pub async fn list(
    connection: &impl ConnectionTrait,
    of: &ChargedBy,
    window: Window,
) -> Result<Page<account::Model>, DbErr> {
    if !of.applies {
        return Ok(Page::of(Vec::new(), window));
    }
    let order = (account::Column::CreatedAt, account::Column::Id);
    page(connection, select(of), order, Direction::Ascending, window).await
}

/// Counts the accounts that a version prices.
pub async fn count(connection: &impl ConnectionTrait, of: &ChargedBy) -> Result<u64, DbErr> {
    match of.applies {
        true => select(of).count(connection).await,
        false => Ok(0),
    }
}
