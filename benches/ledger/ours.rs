//! The server's ledger, through `Ledger::submit`, beside plain SQL.

use std::{pin::Pin, sync::Arc};

use domain::{
    channel::Channel,
    credits::Credits,
    id::{AccountId, LotId, MessageId, RateCardId},
    quote::Line,
    segmentation::Encoding,
};
use entity::sql_enums::{ConsumptionOrder, Settlement};
use message_credits::{
    app,
    clock::Clock,
    ledger::{
        Actor, Chaining, Key, Ledger, Limits, MessageCharge, NewMessage, Request, RequestKind,
        SubmitError, Writers,
    },
    store::{self, Store},
};
use sea_orm::{ConnectionTrait, Database};
use uuid::Uuid;

use crate::{
    Settings, load,
    load::{Dice, Zipf},
    plain_postgres::{self, How},
    plain_sqlite,
    report::{Measured, Table},
    same_rows,
};

/// A caller of [`load::run`].
pub type Caller = Box<dyn FnMut() -> Pin<Box<dyn Future<Output = u64> + Send>> + Send>;

/// A database of its own, with accounts whose credits never run out.
pub struct Bed {
    pub url: String,
    pub store: Store,
    pub clock: Clock,
    pub ledger: Ledger,
    pub accounts: Vec<AccountId>,
    _writers: Writers,
    folder: Option<tempfile::TempDir>,
}

impl Bed {
    pub async fn on_postgres(accounts: usize) -> Self {
        let base = std::env::var("TEST_POSTGRES_URL").expect("cargo xtask bench starts PostgreSQL");
        let name = format!("bench_{}", Clock::system().new_id().simple());
        let server = Database::connect(&base).await.unwrap();
        let create = format!("CREATE DATABASE {name}");
        server.execute_unprepared(&create).await.unwrap();
        let mut url = url::Url::parse(&base).unwrap();
        url.set_path(&name);
        Self::over(url.to_string(), None, accounts, Limits::default()).await
    }

    pub async fn on_sqlite(accounts: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bench.db");
        let url = format!("sqlite://{}?mode=rwc", file.display());
        Self::over(url, Some(folder), accounts, Limits::default()).await
    }

    async fn over(
        url: String,
        folder: Option<tempfile::TempDir>,
        count: usize,
        limits: Limits,
    ) -> Self {
        let (store, clock) = (app::migrate(&url).await.unwrap(), Clock::system());
        let (ledger, writers) = Ledger::start_with(&store, &clock, limits);
        let mut accounts = Vec::new();
        for _ in 0..count {
            accounts.push(account(&store, &clock, &ledger).await);
        }
        Self {
            url,
            store,
            clock,
            ledger,
            accounts,
            _writers: writers,
            folder,
        }
    }

    pub fn file(&self) -> std::path::PathBuf {
        let folder = self.folder.as_ref().expect("a SQLite file");
        folder.path().join("plain.db")
    }

    /// Callers that spend from the accounts, by Zipf if there are several.
    pub fn callers(&self, count: usize) -> Vec<Caller> {
        self.callers_of(&self.ledger, count)
    }

    /// The same through another ledger.
    pub fn callers_of(&self, ledger: &Ledger, count: usize) -> Vec<Caller> {
        self.spending(ledger, count, &Zipf::new(self.accounts.len()))
    }

    /// Callers that spend from accounts chosen by `zipf`.
    pub fn spending(&self, ledger: &Ledger, count: usize, zipf: &Zipf) -> Vec<Caller> {
        (0..count)
            .map(|number| {
                let (ledger, clock) = (ledger.clone(), self.clock.clone());
                let (zipf, mut dice) = (zipf.clone(), Dice::new(number as u64 + 1));
                let accounts: Arc<[AccountId]> = self.accounts.clone().into();
                let caller = move || {
                    let account = accounts[zipf.choose(&mut dice)];
                    let (ledger, request) = (ledger.clone(), send(account, &clock));
                    let sent = async move {
                        match ledger.submit(request).await {
                            Ok(_) => 1_u64,
                            Err(SubmitError::AccountBusy | SubmitError::Busy) => 0,
                            Err(other) => panic!("{other}"),
                        }
                    };
                    Box::pin(sent) as Pin<Box<dyn Future<Output = u64> + Send>>
                };
                Box::new(caller) as Caller
            })
            .collect()
    }

    /// A caller that writes the same rows in batches, and nothing else.
    pub fn batches(&self, size: usize) -> Vec<Caller> {
        let (store, clock) = (self.store.clone(), self.clock.clone());
        let account = self.accounts[0];
        let caller = move || {
            let (store, clock) = (store.clone(), clock.clone());
            let requests = (0..size).map(|_| send(account, &clock)).collect();
            let sent = async move { same_rows::batch(&store, &clock, requests).await.unwrap() };
            Box::pin(sent) as Pin<Box<dyn Future<Output = u64> + Send>>
        };
        vec![Box::new(caller)]
    }

    /// A ledger that writes the same rows with plain SQL.
    pub fn plain(&self) -> Ledger {
        let (store, clock) = (self.store.clone(), self.clock.clone());
        Ledger::served_by(move |request| {
            let (store, clock) = (store.clone(), clock.clone());
            Box::pin(async move { same_rows::send(&store, &clock, request).await })
        })
    }
}

async fn account(store: &Store, clock: &Clock, ledger: &Ledger) -> AccountId {
    let id = clock.new_id();
    let row = entity::account::Model {
        id,
        name: "Bench".to_owned(),
        time_zone: "Europe/Rome".to_owned(),
        currency_code: "EUR".to_owned(),
        consumption_order: ConsumptionOrder::NonExpiringFirst,
        settlement: Settlement::Automatic,
        created_at: clock.now().as_microsecond(),
        usage_rolled_from: 0,
        return_origins: String::new(),
        retention_months: None,
        updated_at: None,
    };
    let transaction = store.begin().await.unwrap();
    store::account::insert(&transaction, row, "default")
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    let request = Request {
        actor: Actor::ADMINISTRATOR,
        account: AccountId::new(id),
        kind: RequestKind::Grant {
            lot: LotId::new(clock.new_id()),
            credits: Credits::from_units(1_000_000_000 * 10_000),
            expires_on: None,
            note: "for the bench".to_owned(),
        },
        key: None,
        at: None,
    };
    ledger.submit(request).await.unwrap();
    AccountId::new(id)
}

/// One message to one recipient.
pub fn send(account: AccountId, clock: &Clock) -> Request {
    let id = clock.new_id();
    let credits = Credits::from_units(10_000);
    let line = Line {
        country: "IT".parse().unwrap(),
        recipients: 1,
        segment_count: 1,
        credits_per_segment: Some(credits),
        credits,
    };
    Request {
        actor: Actor::ADMINISTRATOR,
        account,
        kind: RequestKind::Send(NewMessage {
            id: MessageId::new(id),
            list: None,
            name: None,
            text: "Ciao, il tuo ordine è pronto".to_owned(),
            channel: Channel::Sms,
            encoding: Some(Encoding::Gsm7),
            media: None,
            segment_count: 1,
            price: MessageCharge {
                recipients: 1,
                lines: vec![line],
                credits,
            },
            rate_card: RateCardId::new(Uuid::nil()),
            send_at: None,
            audience: None,
        }),
        key: Some(Key {
            key: id.to_string(),
            fingerprint: [7; 32],
        }),
        at: None,
    }
}

pub async fn hot_postgres(settings: Settings) {
    let bed = Bed::on_postgres(1).await;
    plain_postgres::prepare(&bed.url).await;
    let plain = bed.plain();
    let mut table = Table::new("PostgreSQL, one hot account, in process");
    let sides = [
        ("plain, entry and key, 1 client", 1, How::Transaction),
        ("plain, entry and key, 16 clients", 16, How::Transaction),
        ("plain, entry and key, 64 clients", 64, How::Transaction),
        ("one statement, 1 client", 1, How::OneStatement),
        ("one statement, 16 clients", 16, How::OneStatement),
        ("one statement, 64 clients", 64, How::OneStatement),
        ("plain batches of 100, entry and key", 1, How::Batch(100)),
        ("plain batches of 1000, entry and key", 1, How::Batch(1_000)),
    ];
    for _ in 0..settings.rounds {
        for (name, clients, how) in sides {
            let clients = plain_postgres::clients(&bed.url, clients, how, None).await;
            table.add(name, load::run(settings.time, clients).await);
        }
        for callers in [1, 12] {
            let measured = load::run(settings.time, bed.callers_of(&plain, callers)).await;
            table.add(
                &format!("plain, the same rows, {callers} callers"),
                measured,
            );
        }
        for size in [100, 512] {
            let measured = load::run(settings.time, bed.batches(size)).await;
            table.add(&format!("the same rows in batches of {size}"), measured);
        }
        for callers in [1, 64, 1_000] {
            let measured = load::run(settings.time, bed.callers(callers)).await;
            table.add(&format!("ours, {callers} callers"), measured);
        }
    }
    table.goal(
        "64 callers",
        "ours, 64 callers",
        "plain, entry and key, 64 clients",
        15.0,
    );
    table.goal(
        "1,000 callers",
        "ours, 1000 callers",
        "plain batches of 100, entry and key",
        0.5,
    );
    table.goal(
        "1,000 callers",
        "ours, 1000 callers",
        "the same rows in batches of 512",
        0.5,
    );
    table.goal(
        "64 callers",
        "ours, 64 callers",
        "plain, the same rows, 12 callers",
        15.0,
    );
    table.print();
}

pub async fn hot_sqlite(settings: Settings) {
    let bed = Bed::on_sqlite(1).await;
    let plain = bed.plain();
    let mut table = Table::new("SQLite, synchronous=FULL, one hot account, in process");
    for _ in 0..settings.rounds {
        for (threads, batch) in [(1, 1), (16, 1), (1, 100), (1, 1_000)] {
            let (file, time) = (bed.file(), settings.time);
            let measured = blocking(move || plain_sqlite::run(&file, time, threads, batch, None));
            let name = format!("plain, entry and key, {threads} threads, batches of {batch}");
            table.add(&name, measured.await);
        }
        let measured = load::run(settings.time, bed.callers_of(&plain, 1)).await;
        table.add("plain, the same rows, 1 caller", measured);
        for size in [100, 512] {
            let measured = load::run(settings.time, bed.batches(size)).await;
            table.add(&format!("the same rows in batches of {size}"), measured);
        }
        for callers in [1, 64, 1_000] {
            let measured = load::run(settings.time, bed.callers(callers)).await;
            table.add(&format!("ours, {callers} callers"), measured);
        }
    }
    let alone = "plain, entry and key, 1 threads, batches of 1";
    table.goal("at its best", &table.best("ours"), alone, 10.0);
    table.goal(
        "at its best",
        &table.best("ours"),
        "plain, the same rows, 1 caller",
        10.0,
    );
    table.print();
}

/// The cost of hashing: the same load with the chain's hashes and without.
pub async fn chain(settings: Settings) {
    for backend in ["PostgreSQL", "SQLite"] {
        let bed = match backend {
            "PostgreSQL" => Bed::on_postgres(1).await,
            _ => Bed::on_sqlite(1).await,
        };
        let limits = Limits {
            chaining: Chaining::Off,
            ..Limits::default()
        };
        let (unchained, _writers) = Ledger::start_with(&bed.store, &bed.clock, limits);
        let mut table = Table::new(format!("{backend}, the chain's hashes, 1,000 callers"));
        for _ in 0..settings.rounds {
            let measured = load::run(settings.time, bed.callers_of(&unchained, 1_000)).await;
            table.add("without hashes", measured);
            table.add(
                "with hashes",
                load::run(settings.time, bed.callers(1_000)).await,
            );
        }
        table.goal("with hashes", "with hashes", "without hashes", 0.9);
        table.print();
    }
}

pub async fn blocking(run: impl FnOnce() -> Measured + Send + 'static) -> Measured {
    tokio::task::spawn_blocking(run).await.unwrap()
}
