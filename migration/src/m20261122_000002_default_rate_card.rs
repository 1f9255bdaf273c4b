//! The default rate card: 1 credit for an SMS segment and 3 for an MMS segment in every country. A
//! credit is worth 0.01 EUR.

use sea_orm_migration::{prelude::*, sea_orm::prelude::Uuid};

/// The id of the card, which is the same in every installation.
const ID: Uuid = Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_0001);
const UNITS_PER_CREDIT: i64 = 10_000;
/// 0.01, in 10^-9.
const CREDIT_VALUE_NANO: i64 = 10_000_000;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let card = Query::insert()
            .into_table("rate_cards")
            .columns([
                "id",
                "code",
                "version",
                "published_at",
                "credit_value_nano",
                "currency_code",
            ])
            .values_panic([
                ID.into(),
                "default".into(),
                1.into(),
                0_i64.into(),
                CREDIT_VALUE_NANO.into(),
                "EUR".into(),
            ])
            .to_owned();
        manager.execute(card).await?;
        let rate = Query::insert()
            .into_table("rates")
            .columns(["rate_card_id", "country_code", "sms_units", "mms_units"])
            .values_panic([
                ID.into(),
                "*".into(),
                UNITS_PER_CREDIT.into(),
                (3 * UNITS_PER_CREDIT).into(),
            ])
            .to_owned();
        manager.execute(rate).await
    }
}
