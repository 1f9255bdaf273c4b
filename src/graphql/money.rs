//! Amounts of money in the API.

use async_graphql::{InputObject, SimpleObject};

use super::scalars::{CurrencyCode, Decimal};

/// An amount of money, exact in the currency's minor units.
#[derive(Debug, Clone, PartialEq, Eq, SimpleObject)]
pub struct Money {
    /// The amount in the currency's major unit, with all of its minor digits: "21.49".
    amount: Decimal,
    /// The ISO 4217 code of the currency.
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
    /// The value of one credit is exact, with up to 9 fraction digits, and never rounded.
    fn from(value: domain::money::CreditValue) -> Self {
        Self {
            amount: Decimal(value.to_string()),
            currency_code: CurrencyCode(value.currency().code().to_string()),
        }
    }
}

/// An amount of money in one currency.
#[derive(Debug, Clone, PartialEq, Eq, InputObject, serde::Serialize)]
pub struct MoneyInput {
    /// The amount in the currency's major unit, with at most as many fraction digits as the
    /// currency has.
    pub amount: Decimal,
    /// The ISO 4217 code of the currency.
    pub currency_code: CurrencyCode,
}
