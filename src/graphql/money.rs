//! Money as clients see it.

use async_graphql::{InputObject, SimpleObject};

use super::scalars::{CurrencyCode, Decimal};

/// An amount of money, exact in the currency's minor units.
#[derive(Debug, Clone, PartialEq, Eq, SimpleObject)]
pub struct Money {
    /// In the currency's major unit, with all of its minor digits: "21.49".
    amount: Decimal,
    /// Which currency.
    currency_code: CurrencyCode,
}

impl From<domain::money::Money> for Money {
    fn from(money: domain::money::Money) -> Self {
        Self {
            amount: Decimal(money.to_string()),
            currency_code: CurrencyCode(money.currency().code().to_string()),
        }
    }
}

impl From<domain::money::CreditValue> for Money {
    /// What one credit is worth is exact, with up to 9 fraction digits, and never rounded.
    fn from(value: domain::money::CreditValue) -> Self {
        Self {
            amount: Decimal(value.to_string()),
            currency_code: CurrencyCode(value.currency().code().to_string()),
        }
    }
}

/// An amount of money as it is given.
#[derive(Debug, Clone, PartialEq, Eq, InputObject, serde::Serialize)]
pub struct MoneyInput {
    /// In the currency's major unit; at most as many fraction digits as the currency has.
    pub amount: Decimal,
    /// Which currency.
    pub currency_code: CurrencyCode,
}
