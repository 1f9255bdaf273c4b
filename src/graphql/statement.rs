//! Statements: what an account paid in a month.

use async_graphql::SimpleObject;

use super::{money::Money, purchase::Purchase, scalars::Date};
use crate::operations::statement;

/// What a month's bill holds: what was paid from the month's first instant to the next one's, in the
/// account's time zone.
#[derive(Debug, SimpleObject)]
pub struct Statement {
    /// The month's first day.
    month: Date,
    /// What one-time payments came to.
    one_time_payments: Money,
    /// What automatic recharges came to.
    recharges: Money,
    /// Both together.
    total: Money,
    /// What was paid, the oldest first.
    purchases: Vec<Purchase>,
}

impl From<statement::Statement> for Statement {
    fn from(statement: statement::Statement) -> Self {
        Self {
            month: Date(statement.month.to_string()),
            one_time_payments: statement.one_time_payments.into(),
            recharges: statement.recharges.into(),
            total: statement.total.into(),
            purchases: statement.purchases.into_iter().map(Purchase).collect(),
        }
    }
}
