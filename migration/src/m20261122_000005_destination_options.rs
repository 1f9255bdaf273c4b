//! Settings of destinations for encoding, descriptions of rate cards, and an example card.
//!
//! The example's figures are invented, in the range of real prices: an SMS from a fraction of a
//! cent to more than ten cents, an MMS at several times that, and not offered in most countries.

use sea_orm_migration::{prelude::*, sea_orm::prelude::Uuid};

use crate::columns::{small, text, text_null};

/// The id of the example card, which is the same in every installation.
const ID: Uuid = Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0002);
/// 0.01, in 10^-9.
const CREDIT_VALUE_NANO: i64 = 10_000_000;
const DESCRIPTION: &str = "Example: made-up rates of 50 countries in the spread that such prices have. Publish a card of your own.";

/// Each country with its rates for an SMS segment and for an MMS segment, in 1/10,000 credit.
const RATES: [(&str, i64, Option<i64>); 50] = [
    ("AE", 69_900, None),
    ("AR", 58_700, None),
    ("AT", 79_900, Some(276_500)),
    ("AU", 29_600, Some(187_500)),
    ("BE", 83_100, Some(262_000)),
    ("BG", 62_400, None),
    ("BR", 36_400, None),
    ("CA", 9_400, Some(25_000)),
    ("CH", 57_800, Some(289_000)),
    ("CL", 43_100, None),
    ("CO", 11_800, None),
    ("CZ", 49_200, None),
    ("DE", 74_600, Some(268_000)),
    ("DK", 42_600, Some(239_000)),
    ("EG", 121_500, None),
    ("ES", 43_800, Some(219_900)),
    ("FI", 63_400, Some(256_000)),
    ("FR", 52_300, Some(247_500)),
    ("GB", 36_900, Some(243_000)),
    ("GR", 56_250, None),
    ("HR", 59_700, None),
    ("HU", 68_900, None),
    ("ID", 142_000, None),
    ("IE", 61_200, None),
    ("IL", 88_500, None),
    ("IN", 2_875, None),
    ("IT", 48_500, Some(231_000)),
    ("JP", 63_900, None),
    ("KE", 19_125, None),
    ("LU", 66_500, None),
    ("MA", 82_750, None),
    ("MX", 31_200, None),
    ("NG", 92_300, None),
    ("NL", 78_400, Some(259_900)),
    ("NO", 58_300, Some(251_500)),
    ("NZ", 67_300, None),
    ("PE", 37_900, None),
    ("PH", 41_700, None),
    ("PL", 26_500, Some(198_000)),
    ("PT", 32_700, None),
    ("RO", 53_600, None),
    ("RS", 71_300, None),
    ("SA", 77_200, None),
    ("SE", 55_700, Some(244_000)),
    ("SI", 64_800, None),
    ("SK", 55_100, None),
    ("TH", 12_950, None),
    ("TR", 6_350, None),
    ("US", 8_100, Some(23_500)),
    ("ZA", 15_400, None),
];

/// The country in which every phone and all carriers support the national tables.
const TURKEY: &str = "TR";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in [
            ("rates", text("national_languages").default("").take()),
            ("rates", small("reference_bits").default(8).take()),
            ("rate_cards", text_null("description")),
        ] {
            let added = Table::alter().table(table).add_column(column).to_owned();
            manager.alter_table(added).await?;
        }
        let card = Query::insert()
            .into_table("rate_cards")
            .columns([
                "id",
                "code",
                "version",
                "published_at",
                "credit_value_nano",
                "currency_code",
                "description",
            ])
            .values_panic([
                ID.into(),
                "example".into(),
                1.into(),
                0_i64.into(),
                CREDIT_VALUE_NANO.into(),
                "EUR".into(),
                DESCRIPTION.into(),
            ])
            .to_owned();
        manager.execute(card).await?;
        let mut rates = Query::insert()
            .into_table("rates")
            .columns([
                "rate_card_id",
                "country_code",
                "sms_units",
                "mms_units",
                "national_languages",
            ])
            .to_owned();
        for (country, sms, mms) in RATES {
            let languages = if country == TURKEY { "TURKISH" } else { "" };
            rates.values_panic([
                ID.into(),
                country.into(),
                sms.into(),
                mms.into(),
                languages.into(),
            ]);
        }
        manager.execute(rates).await
    }
}
