//! Rate cards: what a segment costs, by destination country.

use async_graphql::{ID, Object};
use domain::id::RateCardId;
use entity::rate_card;

use super::{errors::ApiError, ids::PublicId, money::Money, scalars::DateTime};
use crate::operations::rate_card::credit_value;

/// One version of a rate card.
#[derive(Debug, Clone)]
pub struct RateCard(pub rate_card::Model);

/// One version of a rate card. It never changes once published.
#[Object]
impl RateCard {
    /// Its id: one version's.
    pub(super) async fn id(&self) -> ID {
        RateCardId::new(self.0.id).encode()
    }

    /// What all versions of the card share.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// 1 for the first.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// From when on it counts.
    async fn published_at(&self) -> DateTime {
        DateTime::from_micros(self.0.published_at)
    }

    /// What one credit is worth: exact, with up to 9 fraction digits.
    async fn credit_value(&self) -> Result<Money, ApiError> {
        Ok(credit_value(&self.0)?.into())
    }
}
