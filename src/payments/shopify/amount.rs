//! Amounts of money as Shopify writes and reads them.
//!
//! Here: exact conversion, without floats. Not here: what an amount is for.

use domain::money::{Currency, Money};
use serde::{Deserialize, Serialize};

/// An amount as Shopify writes and reads it.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Amount {
    /// A decimal in the major unit, with any number of digits after the point.
    pub(super) amount: String,
    /// A code of ISO 4217.
    pub(super) currency_code: String,
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Self {
            amount: money.to_string(),
            currency_code: money.currency().code().to_string(),
        }
    }
}

impl Amount {
    /// The amount in this currency; `None` if it is in another or has more digits.
    pub(super) fn in_currency(&self, currency: Currency) -> Option<Money> {
        if self.currency_code != currency.code().as_str() {
            return None;
        }
        // "10.0" and "1500.0" are ten dollars and 1,500 yen.
        let digits = match self.amount.split_once('.') {
            Some((whole, fraction)) if fraction.bytes().all(|digit| digit == b'0') => whole,
            Some(_) => self.amount.trim_end_matches('0'),
            None => &self.amount,
        };
        Money::parse(digits, currency).ok()
    }

    /// The amount with the digits that ISO 4217 gives its currency; `None` for an unknown one.
    pub(super) fn money(&self) -> Option<Money> {
        let known = iso_currency::Currency::from_code(&self.currency_code)?;
        let digits = u8::try_from(known.exponent()?).ok()?;
        let currency = Currency::new(self.currency_code.parse().ok()?, digits)?;
        self.in_currency(currency)
    }
}

#[cfg(test)]
mod tests {
    use domain::money::{Currency, Money};

    use super::Amount;

    fn amount(amount: &str, currency_code: &str) -> Amount {
        Amount {
            amount: amount.to_owned(),
            currency_code: currency_code.to_owned(),
        }
    }

    #[test]
    fn an_amount_has_its_currencys_own_digits() {
        let check = |minor: i64, code: &str, digits: u8, expected: &str| {
            let currency = Currency::new(code.parse().unwrap(), digits).unwrap();
            let sent = Amount::from(Money::new(minor, currency));
            assert_eq!(
                (sent.amount.as_str(), sent.currency_code.as_str()),
                (expected, code)
            );
            assert_eq!(sent.money(), Some(Money::new(minor, currency)));
        };
        check(4_990, "USD", 2, "49.90");
        check(1_500, "JPY", 0, "1500");
        check(12_345, "KWD", 3, "12.345");
    }

    #[test]
    fn amounts_are_read_with_any_number_of_zeros() {
        let dollars = Currency::new("USD".parse().unwrap(), 2).unwrap();
        for text in ["10", "10.0", "10.00", "10.0000"] {
            let read = amount(text, "USD").in_currency(dollars);
            assert_eq!(read, Some(Money::new(1_000, dollars)), "{text}");
        }
        assert_eq!(
            amount("10.5", "USD").money(),
            Some(Money::new(1_050, dollars))
        );
        let yen = amount("1500.0", "JPY").money().unwrap();
        assert_eq!(yen.minor(), 1_500);
        for (text, code) in [
            ("10.005", "USD"),
            ("-1.0", "USD"),
            ("", "USD"),
            ("1", "XYZ"),
            ("1", "EUR"),
        ] {
            assert_eq!(
                amount(text, code).in_currency(dollars),
                None,
                "{text} {code}"
            );
        }
        assert_eq!(amount("1", "nonsense").money(), None);
    }
}
