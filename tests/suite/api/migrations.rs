//! Steps of the schema's history that change rows, on rows of the time before.

use message_credits::store::Store;
use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, EntityTrait, Statement, prelude::Uuid};

use crate::support::postgres_database;

/// A database of the time before a step.
async fn before(url: &str, step: &str) -> Store {
    let store = Store::connect(url).await.unwrap();
    let steps = Migrator::migrations();
    let earlier = steps
        .iter()
        .position(|one| one.name().ends_with(step))
        .unwrap();
    let earlier = u32::try_from(earlier).unwrap();
    Migrator::up(store.writer(), Some(earlier)).await.unwrap();
    store
}

/// Tokens of approve pages become their hashes, whoever's purchases they are of and however many; other providers'
/// references stay.
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
    Migrator::up(writer, None).await.unwrap();
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
