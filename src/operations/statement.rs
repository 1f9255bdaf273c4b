//! Statements: an account's payments in a month of its own calendar.

use domain::{calendar::month_of_date, id::AccountId, money::Money};
use entity::{account, purchase};
use jiff::civil::Date;

use super::{
    OperationError, Path, Services,
    account::{currency, time_zone},
    input,
    purchase::price,
};
use crate::store;

/// The statement of a month.
#[derive(Debug)]
pub struct Statement {
    /// The first day of the month.
    pub month: Date,
    /// The sum of one-time payments.
    pub one_time_payments: Money,
    /// The sum of recharges.
    pub recharges: Money,
    /// The sum of both.
    pub total: Money,
    /// The paid purchases, oldest first.
    pub purchases: Vec<purchase::Model>,
}

impl Services {
    /// An account's payments in the month of a day, by the account's calendar.
    ///
    /// # Errors
    /// `Invalid` at `month` if it isn't a date, or not one in the account's calendar.
    pub async fn statement(
        &self,
        account: &account::Model,
        day: &str,
    ) -> Result<Statement, OperationError> {
        let path = Path::argument("month");
        let day = input::date(day, &path)?;
        let bounds = month_of_date(day, &time_zone(account)?)
            .map_err(|_| path.invalid("Must be a day of the account's calendar."))?;
        let id = AccountId::new(account.id);
        let purchases = store::purchase::paid_between(self.store.reader(), id, bounds).await?;
        let nothing = Money::zero(currency(account)?);
        let (mut one_time_payments, mut recharges) = (nothing, nothing);
        for row in &purchases {
            let sum = if row.automatic {
                &mut recharges
            } else {
                &mut one_time_payments
            };
            *sum = plus(*sum, price(row)?)?;
        }
        Ok(Statement {
            month: day.first_of_month(),
            one_time_payments,
            recharges,
            total: plus(one_time_payments, recharges)?,
            purchases,
        })
    }
}

/// Packages are sold only in the account's currency, so prices add up.
fn plus(sum: Money, price: Money) -> Result<Money, OperationError> {
    sum.checked_add(price)
        .ok_or_else(|| OperationError::broken("a month's payments do not add up"))
}
