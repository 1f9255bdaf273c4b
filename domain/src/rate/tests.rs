//! Tests of rate cards, and cards for the tests of other parts.

use super::*;
use crate::money::Currency;
use proptest::prelude::*;
use uuid::Uuid;

pub(crate) fn country(code: &str) -> CountryCode {
    code.parse().unwrap()
}

pub(crate) fn rate(sms: Option<&str>, mms: Option<&str>) -> AreaRates {
    let read = |text: Option<&str>| text.map(|text| text.parse().unwrap());
    rate_of(read(sms), read(mms), CarrierOptions::default())
}

pub(crate) fn rate_of(
    sms: Option<Credits>,
    mms: Option<Credits>,
    carriers: CarrierOptions,
) -> AreaRates {
    let rates = [(Channel::Sms, sms), (Channel::Mms, mms)];
    let rates = rates
        .into_iter()
        .filter_map(|(channel, rate)| Some((channel, rate?)));
    AreaRates {
        rates: rates.collect(),
        carriers,
    }
}

pub(crate) fn card(rows: &[(Option<&str>, AreaRates)]) -> Result<RateCard, RateCardError> {
    let euro = Currency::new("EUR".parse().unwrap(), 2).unwrap();
    let value = CreditValue::parse("0.013", euro).unwrap();
    let area =
        |code: &Option<&str>| code.map_or(Area::Elsewhere, |code| Area::Country(country(code)));
    let rows = rows.iter().map(|(code, row)| (area(code), row.clone()));
    RateCard::new(Uuid::nil().into(), value, rows)
}

#[test]
fn a_named_country_never_takes_the_fallback() {
    let card = card(&[
        (Some("IT"), rate(Some("1"), Some("3"))),
        (Some("US"), rate(Some("0.5"), None)),
        (None, AreaRates::starting()),
        (Some("KP"), AreaRates::default()),
    ])
    .unwrap();
    let check = |code, channel, want: Option<&str>| {
        let want = want.map(|text| text.parse().unwrap());
        assert_eq!(
            card.rate(country(code), channel),
            want,
            "{code} {channel:?}"
        );
    };
    check("IT", Channel::Sms, Some("1"));
    check("IT", Channel::Mms, Some("3"));
    check("US", Channel::Sms, Some("0.5"));
    check("US", Channel::Mms, None);
    check("KP", Channel::Sms, None);
    check("FR", Channel::Mms, Some("3"));
}

#[test]
fn without_a_fallback_other_countries_are_not_served() {
    let card = card(&[(Some("IT"), AreaRates::starting())]).unwrap();
    assert_eq!(card.rate(country("FR"), Channel::Sms), None);
}

#[test]
fn a_wrong_row_is_named() {
    let check = |rows: &[(Option<&str>, AreaRates)], index, field, fault| {
        let want = RateCardError::Row {
            index,
            field,
            fault,
        };
        assert_eq!(card(rows), Err(want));
    };
    let fine = AreaRates::starting;
    let below = rate_of(
        None,
        Some(Credits::from_units(-1)),
        CarrierOptions::default(),
    );
    let above = rate(Some("1000000.0001"), None);
    let code = RateField::CountryCode;
    let [sms, mms] = [Channel::Sms, Channel::Mms].map(RateField::Rate);
    check(
        &[
            (Some("IT"), fine()),
            (Some("FR"), fine()),
            (Some("IT"), fine()),
        ],
        2,
        code,
        RateFault::RepeatedCountry,
    );
    check(
        &[(None, fine()), (None, fine())],
        1,
        code,
        RateFault::RepeatedFallback,
    );
    check(
        &[(Some("IT"), fine()), (None, below)],
        1,
        mms,
        RateFault::Negative,
    );
    check(&[(Some("IT"), above)], 0, sms, RateFault::TooLarge);
    assert_eq!(card(&[]), Err(RateCardError::Empty));
    assert!(card(&[(None, rate(Some("1000000"), Some("0")))]).is_ok());
}

#[test]
fn capacity_counts_whole_messages() {
    let check = |credits: &str, rate: &str, want| {
        let found = capacity(credits.parse().unwrap(), rate.parse().unwrap());
        assert_eq!(found, want, "{credits} at {rate}");
    };
    check("1000", "1", Some(1_000));
    check("1000", "3", Some(333));
    check("1", "0.3", Some(3));
    check("0.9", "0.3", Some(3));
    check("1000000000000", "0.0001", Some(10_000_000_000_000_000));
    check("0.0001", "0.0002", Some(0));
    check("1000", "0", None);
    assert_eq!(capacity(Credits::whole(-5), Credits::whole(1)), Some(0));
}

proptest! {
    #[test]
    fn capacity_is_what_can_be_paid_and_not_one_more(
        credits in 0..=Credits::MAX_INPUT.units(),
        rate in 1..=MAX_RATE.units(),
    ) {
        let found = capacity(Credits::from_units(credits), Credits::from_units(rate)).unwrap();
        let paid = |messages: i64| i128::from(messages) * i128::from(rate);
        prop_assert!(paid(found) <= i128::from(credits));
        prop_assert!(paid(found + 1) > i128::from(credits));
    }
}
