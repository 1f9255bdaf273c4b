//! A platform to report on: one large account, one with a tenth of its messages over the same days,
//! and others.

use domain::{credits::Credits, id::AccountId};
use entity::{account, sql_enums};
use jiff::Timestamp;
use message_credits::{
    app::{self, App, Settings},
    clock::{Clock, id_at},
    config::serving::Shown,
    graphql::engine::ids::PublicId,
    http::{address::TrustedProxies, capacity::Capacity, shares::Rates},
    ledger::{Actor, Request, RequestKind},
    operations::{api_key, usage_rollup},
    payments::Providers,
    store::{self, Store, rate_card::DEFAULT_ID},
    vault::Vault,
};
use sea_orm::{ConnectionTrait, Database, DatabaseBackend, Statement};
use secrecy::ExposeSecret;

use crate::{Failure, Size};

/// Lists of each account.
pub const LISTS: u64 = 200;
/// Accounts beside the two that are measured.
pub const OTHERS: u64 = 9;
/// The first instant of the year that messages are spread over.
const FROM: &str = "2025-11-01T00:00:00+01:00";
const YEAR_MICROS: u64 = 365 * 86_400_000_000;

/// The accounts of a filled database.
pub struct World {
    /// Its database.
    pub url: String,
    /// The account with all of the messages that are asked for.
    pub large: AccountId,
    /// The account with a tenth of them.
    pub small: AccountId,
    /// The other accounts.
    pub others: Vec<AccountId>,
    /// A key that reads all accounts.
    pub key: String,
}

impl World {
    /// Fills an empty database.
    pub async fn fill(url: &str, size: Size) -> Result<Self, Failure> {
        let begun = std::time::Instant::now();
        let store = app::migrate(url).await?;
        let clock = Clock::system();
        let mut accounts = Vec::new();
        for number in 0..2 + OTHERS {
            let messages = match number {
                0 => size.rows,
                1 => size.rows / 10,
                _ => size.others / OTHERS,
            };
            accounts.push(fill_account(&store, number, messages).await?);
        }
        if store.backend() == DatabaseBackend::Postgres {
            store.writer().execute_unprepared("ANALYZE").await?;
        }
        println!("filled in {:.1?}", begun.elapsed());
        let begun = std::time::Instant::now();
        let done = usage_rollup::rebuild_usage(&store, &clock, None, |_| {}).await;
        done.map_err(|cause| format!("{cause:?}"))?;
        println!("added up by day in {:.1?}", begun.elapsed());
        let role = sql_enums::Role::PlatformAdmin;
        let new = api_key::CreateApiKey {
            account: None,
            role,
            name: "bench".to_owned(),
            expires_at: None,
            allowed: api_key::AllowedAddresses::default(),
            trusted_documents_only: false,
        };
        let made = api_key::create_key(&store, &clock, new).await;
        let (_, secret) = made.map_err(|cause| format!("{cause:?}"))?;
        store.close().await;
        let mut accounts = accounts.into_iter();
        let mut next = || accounts.next().ok_or("an account");
        Ok(Self {
            url: url.to_owned(),
            large: next()?,
            small: next()?,
            others: accounts.collect(),
            key: secret.expose_secret().to_owned(),
        })
    }

    /// The parts of a server on it, in this process.
    pub async fn app(&self) -> Result<App, Failure> {
        let settings = Settings {
            public_url: "http://127.0.0.1".parse()?,
            admin_key: None,
            clock: Clock::system(),
            payments: Providers::default(),
            replica: None,
            vault: Vault::default(),
            retention: message_credits::operations::retention::Retention::default(),
            shown: Shown::default(),
            demo_key: None,
            trusted_proxies: TrustedProxies::default(),
            cors_origins: message_credits::http::cors::CorsOrigins::default(),
            rates: Rates::default(),
            capacity: Capacity::default(),
            trusted: Default::default(),
            openid: None,
        };
        Ok(app::assemble(app::open(&self.url).await?, settings))
    }

    /// The variables of a report over the whole year.
    pub fn year(account: AccountId) -> serde_json::Value {
        serde_json::json!({ "input": {
            "accountId": account.encode().0, "from": FROM, "to": "2026-11-01T00:00:00+01:00",
        } })
    }
}

/// A new, empty database on a PostgreSQL server.
pub async fn postgres_database(base: &str) -> Result<String, Failure> {
    let name = format!("bench_{}", std::process::id());
    let server = Database::connect(base).await?;
    let again = format!("DROP DATABASE IF EXISTS {name}");
    server.execute_unprepared(&again).await?;
    let create = format!("CREATE DATABASE {name}");
    server.execute_unprepared(&create).await?;
    server.close().await?;
    let mut url: url::Url = base.parse()?;
    url.set_path(&name);
    Ok(url.to_string())
}

/// Drops it.
pub async fn drop_postgres_database(base: &str) -> Result<(), Failure> {
    let server = Database::connect(base).await?;
    let drop = format!(
        "DROP DATABASE IF EXISTS bench_{} WITH (FORCE)",
        std::process::id()
    );
    server.execute_unprepared(&drop).await?;
    Ok(server.close().await?)
}

/// An account with its lists and messages, spread evenly over the year, the lists and twenty
/// countries.
async fn fill_account(store: &Store, number: u64, messages: u64) -> Result<AccountId, Failure> {
    let from: Timestamp = FROM.parse()?;
    let row = account::Model {
        id: id_at(from),
        name: format!("Shop {number}"),
        time_zone: "Europe/Rome".to_owned(),
        currency_code: "EUR".to_owned(),
        consumption_order: sql_enums::ConsumptionOrder::NonExpiringFirst,
        settlement: sql_enums::Settlement::Automatic,
        created_at: from.as_microsecond(),
        usage_rolled_from: i64::MAX,
        return_origins: String::new(),
        retention_months: None,
        updated_at: None,
    };
    let id = AccountId::new(row.id);
    let transaction = store.begin().await?;
    if store.backend() == DatabaseBackend::Postgres {
        // A million rows take longer than the server allows for a statement.
        let no_timeout = "SET LOCAL statement_timeout = 0";
        sea_orm::ConnectionTrait::execute_unprepared(&transaction, no_timeout).await?;
    }
    store::account::insert(&transaction, row, store::rate_card::DEFAULT_CODE).await?;
    let step = YEAR_MICROS / messages.max(1);
    // Places of a digit: every row differs, and both databases count alike.
    let series = |count: u64| match store.backend() {
        DatabaseBackend::Postgres => {
            format!("SELECT n FROM generate_series(CAST(0 AS BIGINT), {count} - 1) AS s(n)")
        }
        _ => format!(
            "WITH RECURSIVE s(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM s WHERE n < {count} - 1) SELECT n FROM s"
        ),
    };
    let uuid = |kind: u64, n: &str| match store.backend() {
        DatabaseBackend::Postgres => format!(
            "CAST(lpad(to_hex({number} * 16 + {kind}), 12, '0') || '7000' || '8' || lpad(to_hex({n}), 15, '0') AS UUID)"
        ),
        _ => format!(
            "unhex(printf('%012x', {number} * 16 + {kind}) || '70008' || printf('%015x', {n}))"
        ),
    };
    let statements = [
        format!(
            "INSERT INTO contact_lists (account_id, id, name, created_at) SELECT $1, {}, 'Contact list ' || n, 0 FROM ({}) AS s",
            uuid(1, "n"),
            series(LISTS)
        ),
        format!(
            "INSERT INTO messages (account_id, id, list_id, text, channel, encoding, segment_count, recipients, units, \
             status, rate_card_id, send_at, sent_at, created_at, lines) SELECT $1, {}, {}, \
             'Ciao! Solo oggi 20% di sconto su tutta la collezione, in negozio e online. Codice ' || (n * 7919 % 1000003), \
             CASE n % 10 WHEN 0 THEN 'MMS' ELSE 'SMS' END, CASE n % 10 WHEN 0 THEN NULL ELSE 'GSM_7' END, 1, \
             1 + n % 500, (1 + n % 500) * 10000, 'SENT', $2, t, t, t, \
             '[[\"' || substr('ITFRDEESUSGBPTNLBECHATPLSEDKFIIEGRCZHURO', 1 + 2 * CAST(n % 20 AS INTEGER), 2) \
             || '\",1,' || (1 + n % 500) || ',10000,' || ((1 + n % 500) * 10000) || ']]' \
             FROM (SELECT n, n * {step} + {} AS t FROM ({}) AS s) AS r",
            uuid(2, "n"),
            uuid(1, &format!("n * 7 % {LISTS}")),
            from.as_microsecond(),
            series(messages.max(1))
        ),
    ];
    for (place, text) in statements.into_iter().enumerate() {
        let mut values = vec![id.uuid().into()];
        if place == 1 {
            values.push(DEFAULT_ID.into());
        }
        let statement = Statement::from_sql_and_values(store.backend(), text, values);
        sea_orm::ConnectionTrait::execute_raw(&transaction, statement).await?;
    }
    transaction.commit().await?;
    Ok(id)
}

/// Enough credits for every send of a bench.
pub fn grant(account: AccountId, clock: &Clock) -> Request {
    Request {
        actor: Actor::ADMINISTRATOR,
        account,
        kind: RequestKind::Grant {
            lot: domain::id::LotId::new(clock.new_id()),
            credits: Credits::whole(1_000_000_000),
            expires_on: None,
            note: "for a bench".to_owned(),
        },
        key: None,
        at: None,
    }
}
