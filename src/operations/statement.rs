//! Statements: the bill of a month of an account's own calendar, and the credits behind it.
//!
//! Here: what was paid, what the platform's fee is, what was taken back, and what became of the
//! credits (law T5). Not here: the sums ([`domain::statement`]), and the workbook
//! ([`crate::reports::statement`]).

use domain::{
    calendar::{date_of, month_of_date},
    id::{AccountId, PurchaseId},
    money::Money,
    statement::{MonthCredits, Movement},
};
use entity::{account, payment_reversal, purchase};
use jiff::{SignedDuration, Timestamp, civil::Date};

use super::{
    OperationError, Path, Services,
    account::{currency, time_zone},
    input,
    purchase::price,
};
use crate::{clock::whole_micros, store};

/// The last instant before another one: instants are whole microseconds.
const INSTANT: SignedDuration = SignedDuration::from_micros(1);

/// The statement of a month.
#[derive(Debug, Clone)]
pub struct Statement {
    /// The account.
    pub account: account::Model,
    /// The first day of the month.
    pub month: Date,
    /// The first instant of the month.
    pub from: Timestamp,
    /// The first instant of the next month.
    pub to: Timestamp,
    /// The sum of one-time payments.
    pub one_time_payments: Money,
    /// The sum of recharges.
    pub recharges: Money,
    /// The platform's fee for the month.
    pub subscription_fee: Money,
    /// The sum of what was taken back.
    pub refunds: Money,
    /// What was paid, and the fee, less what was taken back. It may be negative.
    pub total: Money,
    /// The paid purchases, oldest first.
    pub purchases: Vec<purchase::Model>,
    /// What was taken back, oldest first.
    pub reversals: Vec<Reversal>,
    /// The instant whose state of the database these show.
    pub as_of: Timestamp,
}

/// What a provider took back of a payment: a refund or a chargeback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reversal {
    /// When the provider reported it.
    pub at: Timestamp,
    /// The purchase.
    pub purchase: PurchaseId,
    /// How much more than before.
    pub amount: Money,
}

impl Services {
    /// An account's bill for the month of a day, by the account's calendar.
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
        let (from, to) = month_of_date(day, &time_zone(account)?)
            .map_err(|_| path.invalid(text!("Must be a day of the account's calendar.")))?;
        let month = day.first_of_month();
        let (id, currency) = (AccountId::new(account.id), currency(account)?);
        let (reader, as_of) = self.reader_of_past(to).await;
        let purchases = store::purchase::paid_between(reader, id, (from, to)).await?;
        let nothing = Money::zero(currency);
        let (mut one_time_payments, mut recharges) = (nothing, nothing);
        for row in &purchases {
            let sum = if row.automatic {
                &mut recharges
            } else {
                &mut one_time_payments
            };
            *sum = plus(*sum, price(row)?)?;
        }
        let fees = store::subscription_fee::in_months(reader, [(id, month)]).await?;
        let fee = fees.get(&(id, month)).copied().unwrap_or_default();
        let subscription_fee = Money::new(fee, currency);
        let reported = store::payment_reversal::before(reader, id, to).await?;
        let mut reversals = reversals(&reported, currency)?;
        reversals.retain(|reversal| reversal.at >= from);
        let amounts = reversals.iter().map(|reversal| reversal.amount);
        let refunds = sum(nothing, amounts)?;
        let paid = sum(one_time_payments, [recharges, subscription_fee])?;
        Ok(Statement {
            account: account.clone(),
            month,
            from,
            to,
            one_time_payments,
            recharges,
            subscription_fee,
            refunds,
            total: paid.checked_sub(refunds).ok_or_else(no_sum)?,
            purchases,
            reversals,
            as_of,
        })
    }

    /// The credits of a statement's month, until now if it has not ended; `None` if it has not
    /// begun. The answer for a month that has ended never changes (laws B3, T5).
    ///
    /// # Errors
    /// `Unavailable` if a balance isn't final within 10 seconds. A fault if the entries don't add
    /// up.
    pub async fn month_credits(
        &self,
        statement: &Statement,
    ) -> Result<Option<MonthCredits>, OperationError> {
        let account = AccountId::new(statement.account.id);
        let now = self.clock().now();
        if now < statement.from {
            return Ok(None);
        }
        let before = |instant: Timestamp| instant.checked_sub(INSTANT).unwrap_or(Timestamp::MIN);
        let (after, opening, _) = self.bound(account, before(statement.from)).await?;
        let end = before(statement.to).min(now);
        let (last, closing, reader) = self.bound(account, end).await?;
        // Entries are never changed, and are in the order of their instants, so that those between
        // the two are the month's, whatever is booked meanwhile.
        let changes = store::statement::changes(reader, account, (after, last)).await?;
        let changes = changes.iter().filter_map(|(kind, change)| {
            let movement = movement(kind)?;
            Some((movement, *change))
        });
        let month = MonthCredits::of(opening, closing, changes);
        let name = statement.month;
        let broken = |fault| format!("the statement of {} for {name}: {fault}", account.uuid());
        month
            .map(Some)
            .map_err(|fault| OperationError::broken(broken(fault)))
    }

    /// Records what a provider has taken back of a payment so far, before the credits are: a
    /// refund belongs to the month in which it was first reported, whatever happens then.
    pub(super) async fn record_reversal(
        &self,
        row: &purchase::Model,
        minor: i64,
    ) -> Result<(), OperationError> {
        let reversal = payment_reversal::Model {
            account_id: row.account_id,
            purchase_id: row.id,
            minor,
            reported_at: self.clock().now().as_microsecond(),
        };
        Ok(store::payment_reversal::insert(self.store().writer(), reversal).await?)
    }

    /// The first day of an account's present month.
    ///
    /// # Errors
    /// A fault if the account's row holds an unknown time zone.
    pub fn present_month(&self, account: &account::Model) -> Result<Date, OperationError> {
        Ok(date_of(self.clock().now(), &time_zone(account)?).first_of_month())
    }
}

/// The platform's fee for an account, in the minor unit of its currency.
///
/// # Errors
/// `Invalid` below `path` if it isn't an amount in the account's currency.
pub(super) fn fee_minor(
    own: Option<domain::currency::Currency>,
    (amount, currency_code): (&str, &str),
    path: &Path,
) -> Result<i64, OperationError> {
    let fee = input::money(amount, currency_code, path)?;
    if let Some(own) = own
        && fee.currency() != own
    {
        return Err(path
            .at("currencyCode")
            .invalid(text!(
                "Must be {currency}, in which the account pays.",
                currency = own.code()
            ))
            .into());
    }
    Ok(fee.minor())
}

/// What became of credits in a transaction of this kind. `None` for one that moves them between
/// pools, or between available and held; if it did anything else, the month wouldn't add up.
fn movement(kind: &str) -> Option<Movement> {
    Some(match kind {
        "PURCHASE" => Movement::Purchased,
        "RECHARGE" => Movement::Recharged,
        "GRANT" => Movement::Granted,
        "SPEND" => Movement::Spent,
        "EXPIRY" => Movement::Expired,
        "REVOCATION" => Movement::Revoked,
        "CHARGEBACK" => Movement::ChargedBack,
        "DEBT_PAYMENT" => Movement::DebtPaid,
        _ => return None,
    })
}

/// What was taken back at which instant. A report counts all that was taken back so far, and one
/// that comes late may count less than another one before it.
fn reversals(
    reported: &[payment_reversal::Model],
    currency: domain::money::Currency,
) -> Result<Vec<Reversal>, OperationError> {
    let mut found: Vec<Reversal> = Vec::new();
    for of_purchase in reported.chunk_by(|one, next| one.purchase_id == next.purchase_id) {
        let mut so_far = 0;
        for report in of_purchase {
            let more = report.minor.checked_sub(so_far).ok_or_else(no_sum)?;
            if more > 0 {
                so_far = report.minor;
                found.push(Reversal {
                    at: whole_micros(report.reported_at),
                    purchase: PurchaseId::new(report.purchase_id),
                    amount: Money::new(more, currency),
                });
            }
        }
    }
    found.sort_by_key(|reversal| (reversal.at, reversal.purchase));
    Ok(found)
}

fn sum(start: Money, more: impl IntoIterator<Item = Money>) -> Result<Money, OperationError> {
    more.into_iter().try_fold(start, plus)
}

/// Packages are sold only in the account's currency, so prices add up.
fn plus(sum: Money, price: Money) -> Result<Money, OperationError> {
    sum.checked_add(price).ok_or_else(no_sum)
}

fn no_sum() -> OperationError {
    OperationError::broken("a month's payments do not add up")
}

#[cfg(test)]
mod tests {
    use entity::payment_reversal;
    use uuid::Uuid;

    use super::{super::input::known_currency, reversals};

    #[test]
    fn a_late_report_of_less_takes_nothing_back() {
        let report = |purchase, minor, reported_at| payment_reversal::Model {
            account_id: Uuid::nil(),
            purchase_id: Uuid::from_u128(purchase),
            minor,
            reported_at,
        };
        let reported = [
            report(1, 500, 10),
            report(1, 300, 20),
            report(1, 900, 30),
            report(2, 100, 5),
        ];
        let found = reversals(&reported, known_currency("EUR").unwrap()).unwrap();
        let found = found.iter().map(|one| {
            let at = one.at.as_microsecond();
            (at, one.purchase.uuid().as_u128(), one.amount.minor())
        });
        let expected = [(5, 2, 100), (10, 1, 500), (30, 1, 400)];
        assert_eq!(found.collect::<Vec<_>>(), expected);
    }
}
