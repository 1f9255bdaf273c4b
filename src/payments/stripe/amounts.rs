//! Amounts of money as Stripe writes them.
//!
//! Here: how many decimals Stripe gives each currency, which isn't always what ISO 4217 gives it.
//! The source is <https://docs.stripe.com/currencies>, read in November 2026. A currency that it
//! doesn't describe clearly is refused: a factor of 100 is a wrong charge.

use domain::money::{Currency, Money};

/// Charged in whole units.
const ZERO_DECIMAL: [&str; 15] = [
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF",
    "XOF", "XPF",
];
/// Charged in thousandths, the last digit of which must be 0.
const THREE_DECIMAL: [&str; 5] = ["BHD", "JOD", "KWD", "OMR", "TND"];
/// Without decimals by ISO 4217, and charged in hundredths all the same, which must be whole units.
const WHOLE_HUNDREDTHS: &str = "ISK";
/// Listed by Stripe among currencies without decimals, and charged in hundredths according to older
/// integrations.
const UNCLEAR: &str = "UGX";

/// The decimals that Stripe gives a currency; `None` if it can't be charged.
fn decimals(currency: Currency) -> Option<u8> {
    let code = currency.code();
    let code = code.as_str();
    if ZERO_DECIMAL.contains(&code) {
        return Some(0);
    }
    if THREE_DECIMAL.contains(&code) {
        return Some(3);
    }
    let is_plain = currency.minor_digits() == 2 || code == WHOLE_HUNDREDTHS;
    (is_plain && code != UNCLEAR).then_some(2)
}

/// A price as Stripe charges it: a positive number of its smallest unit. `None` if Stripe can't
/// charge exactly this price.
pub(super) fn to_stripe(price: Money) -> Option<i64> {
    let currency = price.currency();
    let decimals = decimals(currency)?;
    let amount = scaled(price.minor(), currency.minor_digits(), decimals)?;
    let must_end_in_zero = decimals == 3;
    (amount > 0 && (!must_end_in_zero || amount % 10 == 0)).then_some(amount)
}

/// An amount of Stripe in our minor unit; `None` if it has a fraction of that.
pub(super) fn from_stripe(amount: i64, currency: Currency) -> Option<i64> {
    scaled(amount, decimals(currency)?, currency.minor_digits())
}

/// A currency as Stripe writes it.
pub(super) fn code(currency: Currency) -> String {
    currency.code().as_str().to_ascii_lowercase()
}

/// An amount with another number of decimals; `None` if that would change it.
fn scaled(amount: i64, from: u8, to: u8) -> Option<i64> {
    let factor = 10_i64.checked_pow(u32::from(from.abs_diff(to)))?;
    if from <= to {
        return amount.checked_mul(factor);
    }
    (amount.checked_rem(factor)? == 0).then(|| amount / factor)
}

#[cfg(test)]
mod tests {
    use domain::money::{Currency, Money};

    use super::{from_stripe, to_stripe};

    #[test]
    fn each_currency_is_charged_in_stripes_unit() {
        let check = |code: &str, digits: u8, minor: i64, expected: Option<i64>| {
            let currency = Currency::new(code.parse().unwrap(), digits).unwrap();
            let found = to_stripe(Money::new(minor, currency));
            assert_eq!(found, expected, "{minor} {code}");
            if let Some(amount) = found {
                assert_eq!(from_stripe(amount, currency), Some(minor), "{code}");
            }
        };
        check("EUR", 2, 4_990, Some(4_990));
        check("EUR", 2, 0, None);
        check("EUR", 2, -1, None);
        check("JPY", 0, 500, Some(500));
        // 500.00 and 500.50 ariary.
        check("MGA", 2, 50_000, Some(500));
        check("MGA", 2, 50_050, None);
        // 5.120 and 5.124 dinars.
        check("KWD", 3, 5_120, Some(5_120));
        check("KWD", 3, 5_124, None);
        // 5 krónur.
        check("ISK", 0, 5, Some(500));
        check("HUF", 2, 10_45, Some(10_45));
        check("UGX", 0, 5_000, None);
        check("LYD", 3, 1_000, None);
        check("CLF", 4, 10_000, None);
        check("ISK", 0, i64::MAX, None);
        let iceland = Currency::new("ISK".parse().unwrap(), 0).unwrap();
        assert_eq!(from_stripe(550, iceland), None);
    }
}
