//! Statements: an account's payments in a month.

use async_graphql::SimpleObject;

use super::{money::Money, purchase::Purchase, scalars::Date};
use crate::operations::statement;

/// The bill of one calendar month: everything paid from its first instant to the next month's, in
/// the account's time zone.
#[derive(Debug, SimpleObject)]
pub struct Statement {
    /// The first day of the month.
    month: Date,
    /// The sum of the one-time payments.
    one_time_payments: Money,
    /// The sum of the automatic recharges.
    recharges: Money,
    /// The sum of one-time payments and recharges.
    total: Money,
    /// The purchases that were paid, oldest first.
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
