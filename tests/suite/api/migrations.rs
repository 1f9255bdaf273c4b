//! Migrations that change rows, on rows from before.

mod fewer_rows;

use std::collections::BTreeSet;

use entity::{rate, rate_card_area, sql_enums::Channel};
use message_credits::store::Store;
use migration::{Migrator, MigratorTrait};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, Statement, prelude::Uuid};

use crate::support::postgres_database;

/// A database at the version before a migration.
async fn before(url: &str, step: &str) -> Store {
    let store = Store::connect(url).await.unwrap();
    let steps = Migrator::migrations();
    let earlier = steps
        .iter()
        .position(|one| one.name().ends_with(step))
        .unwrap();
    let earlier = u32::try_from(earlier).unwrap();
    Migrator::up(&*store.writer().unbounded(), Some(earlier))
        .await
        .unwrap();
    store
}

/// Tokens of approve pages become hashes, for any number of purchases of any account; other
/// providers' references stay.
async fn tokens_become_hashes(url: &str) {
    let store = before(url, "_links_and_keys").await;
    let writer = store.writer();
    let account = Uuid::from_u128(1);
    let purchases = 1_203_u128;
    for number in 2..2 + purchases {
        let (provider, reference) = match number {
            2 => ("other", Some("a reference".to_owned())),
            3 => ("sandbox", None),
            _ => ("sandbox", Some(format!("token{number}"))),
        };
        let address = reference
            .as_ref()
            .map(|token| format!("https://x.example/checkout/{token}"));
        let insert = Statement::from_sql_and_values(
            store.backend(),
            "INSERT INTO purchases (account_id, id, status, package_id, credits_units, price_minor, currency_code, \
             automatic, provider, provider_reference, confirmation_url, created_at) \
             VALUES ($1, $2, 'PENDING', $1, 1, 1, 'EUR', false, $3, $4, $5, 0)",
            [
                account.into(),
                Uuid::from_u128(number).into(),
                provider.into(),
                reference.into(),
                address.into(),
            ],
        );
        writer.execute_raw(insert).await.unwrap();
    }
    Migrator::up(&*writer.unbounded(), None).await.unwrap();
    let rows = entity::purchase::Entity::find()
        .all(store.reader())
        .await
        .unwrap();
    assert_eq!(rows.len(), usize::try_from(purchases).unwrap());
    for row in rows {
        assert!(!format!("{row:?}").contains("token"), "{row:?}");
        match row.id.as_u128() {
            2 => {
                assert_eq!(row.provider_reference.as_deref(), Some("a reference"));
                assert!(row.confirmation_url.is_some());
            }
            3 => assert_eq!(row.provider_reference, None),
            number => {
                let hash =
                    message_credits::operations::api_key::secret_hash(&format!("token{number}"));
                let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
                assert_eq!(row.provider_reference, Some(hash));
                assert_eq!(row.confirmation_url, None);
            }
        }
    }
    store.close().await;
}

/// On SQLite.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_become_hashes_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("before.db");
    tokens_become_hashes(&format!("sqlite://{}?mode=rwc", file.display())).await;
}

/// On PostgreSQL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_become_hashes_on_postgres() {
    if let Some(url) = postgres_database().await {
        tokens_become_hashes(&url).await;
    }
}

/// Rates become rows by channel. Every version keeps its areas, including closed ones, and their
/// carriers' options.
async fn rates_become_rows_by_channel(url: &str) {
    let store = before(url, "_rates_by_channel").await;
    let writer = store.writer();
    let card = Uuid::from_u128(7);
    for (country, sms, mms, languages, bits) in [
        ("IT", Some(7_500_i64), Some(30_000_i64), "", 8),
        ("TR", Some(1), None, "TURKISH SPANISH", 16),
        ("US", None, Some(0), "", 8),
        ("KP", None, None, "", 8),
        ("*", Some(10_000), Some(1_000_000 * 10_000), "", 16),
    ] {
        let insert = Statement::from_sql_and_values(
            store.backend(),
            "INSERT INTO rates (rate_card_id, country_code, sms_units, mms_units, national_languages, reference_bits) \
             VALUES ($1, $2, $3, $4, $5, $6)",
            [
                card.into(),
                country.into(),
                sms.into(),
                mms.into(),
                languages.into(),
                bits.into(),
            ],
        );
        writer.execute_raw(insert).await.unwrap();
    }
    Migrator::up(&*writer.unbounded(), None).await.unwrap();
    let of_card = |id: u128| rate::Column::RateCardId.eq(Uuid::from_u128(id));
    let rates = async |filter| {
        let rows = rate::Entity::find()
            .filter(filter)
            .all(store.reader())
            .await
            .unwrap();
        let rows = rows
            .into_iter()
            .map(|row| (row.country_code, row.channel, row.units));
        rows.collect::<BTreeSet<_>>()
    };
    let row = |country: &str, channel, units| (country.to_owned(), channel, units);
    use Channel::{Mms, Sms};
    assert_eq!(
        rates(of_card(7)).await,
        BTreeSet::from([
            row("IT", Sms, 7_500),
            row("IT", Mms, 30_000),
            row("TR", Sms, 1),
            row("US", Mms, 0),
            row("*", Sms, 10_000),
            row("*", Mms, 10_000_000_000),
        ])
    );
    let areas = rate_card_area::Entity::find()
        .filter(rate_card_area::Column::RateCardId.eq(card))
        .all(store.reader())
        .await
        .unwrap();
    let areas: BTreeSet<_> = areas
        .into_iter()
        .map(|row| (row.country_code, row.national_languages, row.reference_bits))
        .collect();
    let area =
        |country: &str, languages: &str, bits| (country.to_owned(), languages.to_owned(), bits);
    assert_eq!(
        areas,
        BTreeSet::from([
            area("IT", "", 8),
            area("TR", "TURKISH SPANISH", 16),
            area("US", "", 8),
            area("KP", "", 8),
            area("*", "", 16),
        ])
    );
    // The cards of earlier migrations: the default one, and the example with 50 countries, 17 of
    // them with MMS.
    let seeded = |id: u128| 0x0000_0000_0000_7000_8000_0000_0000_0000 + id;
    let default = BTreeSet::from([row("*", Sms, 10_000), row("*", Mms, 30_000)]);
    assert_eq!(rates(of_card(seeded(1))).await, default);
    let example = rates(of_card(seeded(2))).await;
    let of_channel = |channel| example.iter().filter(|row| row.1 == channel).count();
    assert_eq!((of_channel(Sms), of_channel(Mms)), (50, 17));
    store.close().await;
}

/// On SQLite.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rates_become_rows_by_channel_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("before.db");
    rates_become_rows_by_channel(&format!("sqlite://{}?mode=rwc", file.display())).await;
}

/// On PostgreSQL.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rates_become_rows_by_channel_on_postgres() {
    if let Some(url) = postgres_database().await {
        rates_become_rows_by_channel(&url).await;
    }
}
