//! The demo's rate cards: one for each currency, with prices by country and channel.
//!
//! The figures are invented. Their proportions are those of real price lists: a shop's own country
//! is the cheapest, MMS exist in few countries, and carriers elsewhere cost many times as much.

use domain::{id::RateCardId, rate::RateCard};
use entity::{rate, rate_card, rate_card_area, sql_enums};
use jiff::Timestamp;

use super::DemoError;
use crate::{
    clock::id_at,
    operations::rate_card::domain_rate_card,
    store::{self, Store, rate_card::EVERY_OTHER_COUNTRY},
};

/// A rate card of the demo.
pub(super) struct Card {
    pub code: &'static str,
    currency: &'static str,
    /// The value of a credit, in 10^-9 of the currency.
    credit_value_nano: i64,
    description: &'static str,
    /// Hundredths of a credit for a segment: of SMS, and of MMS if they are served.
    rates: &'static [(&'static str, i64, Option<i64>)],
}

/// The units of a hundredth of a credit.
const HUNDREDTH: i64 = 100;

pub(super) const CARDS: &[Card] = &[
    Card {
        code: "europe",
        currency: "EUR",
        credit_value_nano: 10_000_000,
        description: "Shops in Europe. One credit is an SMS segment to Italy.",
        rates: &[
            ("IT", 100, Some(300)),
            ("SM", 120, None),
            ("CH", 90, Some(350)),
            ("FR", 95, Some(320)),
            ("DE", 140, Some(420)),
            ("AT", 130, Some(400)),
            ("ES", 85, Some(310)),
            ("GB", 65, Some(330)),
            ("US", 60, Some(150)),
            ("JP", 115, None),
            (EVERY_OTHER_COUNTRY, 250, None),
        ],
    },
    Card {
        code: "default-usd",
        currency: "USD",
        credit_value_nano: 11_000_000,
        description: "Shops in America. One credit is an SMS segment to the United States.",
        rates: &[
            ("US", 100, Some(250)),
            ("CA", 105, Some(260)),
            ("MX", 450, None),
            ("GB", 400, Some(1_100)),
            (EVERY_OTHER_COUNTRY, 850, None),
        ],
    },
    Card {
        code: "default-inr",
        currency: "INR",
        credit_value_nano: 250_000_000,
        description: "Shops in India. One credit is an SMS segment to India.",
        rates: &[
            ("IN", 100, None),
            ("AE", 900, None),
            ("SG", 1_200, None),
            ("US", 300, Some(800)),
            ("GB", 1_500, Some(3_600)),
            ("AU", 1_400, Some(3_300)),
            (EVERY_OTHER_COUNTRY, 2_000, None),
        ],
    },
];

impl Card {
    /// Publishes the card at an instant, and reads it as messages are priced by it.
    pub(super) async fn publish(
        &self,
        store: &Store,
        at: Timestamp,
    ) -> Result<RateCard, DemoError> {
        let row = rate_card::Model {
            id: id_at(at),
            code: self.code.to_owned(),
            version: 1,
            published_at: at.as_microsecond(),
            credit_value_nano: self.credit_value_nano,
            currency_code: self.currency.to_owned(),
            description: Some(self.description.to_owned()),
        };
        let areas = self
            .rates
            .iter()
            .map(|(country, ..)| rate_card_area::Model {
                rate_card_id: row.id,
                country_code: (*country).to_owned(),
                national_languages: String::new(),
                reference_bits: 8,
            });
        let rate = |country: &str, channel, hundredths: i64| rate::Model {
            rate_card_id: row.id,
            country_code: country.to_owned(),
            channel,
            units: hundredths * HUNDREDTH,
        };
        let rates = self.rates.iter().flat_map(|(country, sms, mms)| {
            let sms = rate(country, sql_enums::Channel::Sms, *sms);
            let mms = mms.map(|mms| rate(country, sql_enums::Channel::Mms, mms));
            [sms].into_iter().chain(mms)
        });
        let transaction = store.begin().await?;
        let (areas, rates) = (areas.collect(), rates.collect());
        store::rate_card::insert(&transaction, row.clone(), areas, rates).await?;
        transaction.commit().await?;
        let card = domain_rate_card(store.reader(), &row).await;
        let card = card.map_err(|cause| DemoError::Card(format!("{cause:?}")))?;
        debug_assert_eq!(card.id(), RateCardId::new(row.id));
        Ok(card)
    }
}
