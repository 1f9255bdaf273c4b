//! Realistic demo data for an empty database: three accounts in three time zones and currencies,
//! their cards, packages, lists and contacts, and eighteen months of messages, purchases and
//! recharges, written through the ledger like all others.
//!
//! The same start time gives the same data, except for ids and keys.

mod cards;
mod contacts;
mod history;
mod settings;
mod shops;

use std::collections::BTreeMap;

use domain::id::AccountId;
use entity::{account, contact_list, credit_package, list_destination, sql_enums};
use futures_util::future::join_all;
use jiff::Timestamp;
use sea_orm::{DbErr, EntityTrait, IntoActiveModel, PaginatorTrait};
use secrecy::ExposeSecret;

use self::{
    cards::CARDS,
    history::{History, Opened},
    shops::{PACKAGES, SHOPS, Shop},
};
use crate::{
    clock::{Clock, id_at, id_in},
    ledger::{Ledger, Refused, Request, RequestKind, SubmitError},
    operations::{
        OperationError,
        api_key::{self, AllowedAddresses, CreateApiKey},
    },
    store::{self, Store},
};

/// Commands that are submitted together; the ledger's batches are no larger.
const TOGETHER: usize = 500;

/// The keys to the demo data.
#[derive(Debug)]
pub struct Demo {
    /// An account manager's key: it sees every account.
    pub manager_key: String,
    /// A platform administrator's key.
    pub admin_key: String,
    /// Each account's name and its owner's key. The pages offer the first.
    pub owner_keys: Vec<(String, String)>,
}

/// Why the database was not filled.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// It already has accounts.
    #[error(
        "the demo needs an empty database, and this one has accounts; choose another with --database-url"
    )]
    NotEmpty,
    /// It can't be written.
    #[error("the database can't be filled: {0}")]
    Database(#[from] DbErr),
    /// The ledger refused a command.
    #[error("the ledger refused the demo: {0}")]
    Ledger(#[from] SubmitError),
    /// A key could not be created.
    #[error("a key could not be created: {0}")]
    Key(String),
    /// A rate card can't be read.
    #[error("a rate card of the demo can't be read: {0}")]
    Card(String),
    /// A date is out of the calendar's range.
    #[error("a date of the demo is out of the calendar's range: {0}")]
    Calendar(String),
}

impl From<jiff::Error> for DemoError {
    fn from(cause: jiff::Error) -> Self {
        Self::Calendar(cause.to_string())
    }
}

/// Fills an empty database.
///
/// # Errors
/// The database is not empty, or can't be written.
pub async fn fill(store: &Store, clock: &Clock) -> Result<Demo, DemoError> {
    if account::Entity::find().count(store.reader()).await? > 0 {
        return Err(DemoError::NotEmpty);
    }
    let now = clock.now();
    let (ledger, writers) = Ledger::start(store, clock);
    let filled = fill_with(store, clock, &ledger, now).await;
    writers.drain().await;
    filled
}

async fn fill_with(
    store: &Store,
    clock: &Clock,
    ledger: &Ledger,
    now: Timestamp,
) -> Result<Demo, DemoError> {
    let began = history::months_before(now, 18)?;
    // When automatic recharges were turned on, and when contacts were imported.
    let (recharges_from, imported) = (
        history::months_before(now, 12)?,
        history::months_before(now, 2)?,
    );
    insert_packages(store, began).await?;
    let mut cards = BTreeMap::new();
    for card in CARDS {
        cards.insert(card.code, card.publish(store, began).await?);
    }
    let mut owner_keys = Vec::new();
    for (seed, shop) in (1..).zip(SHOPS) {
        let card = cards.get(shop.card);
        let card = card.ok_or_else(|| DemoError::Card(format!("there is no {:?}", shop.card)))?;
        let account = insert_shop(store, shop, began).await?;
        let lists = insert_lists(store, account, shop, began).await?;
        let opened = Opened {
            account,
            lists: &lists,
            card,
        };
        let history = History::of(shop, opened, (began, recharges_from, now), seed)?;
        write_history(store, ledger, account, history).await?;
        for (list, id) in shop.lists.iter().zip(&lists) {
            contacts::import(store, (account, *id), list, (imported, seed)).await?;
        }
        settings::set(store, shop, account, (recharges_from, now)).await?;
        let owner = key(
            store,
            clock,
            sql_enums::Role::Owner,
            Some(account),
            "Demo owner",
        )
        .await?;
        owner_keys.push((shop.name.to_owned(), owner));
    }
    Ok(Demo {
        manager_key: key(
            store,
            clock,
            sql_enums::Role::AccountManager,
            None,
            "Demo account manager",
        )
        .await?,
        admin_key: key(
            store,
            clock,
            sql_enums::Role::PlatformAdmin,
            None,
            "Demo administrator",
        )
        .await?,
        owner_keys,
    })
}

async fn key(
    store: &Store,
    clock: &Clock,
    role: sql_enums::Role,
    account: Option<AccountId>,
    name: &str,
) -> Result<String, DemoError> {
    let new = CreateApiKey {
        account,
        role,
        name: name.to_owned(),
        expires_at: None,
        allowed: AllowedAddresses::default(),
        trusted_documents_only: false,
    };
    let made: Result<_, OperationError> = api_key::create_demo_key(store, clock, new).await;
    match made {
        Ok((_, secret)) => Ok(secret.expose_secret().to_owned()),
        Err(cause) => Err(DemoError::Key(format!("{cause:?}"))),
    }
}

async fn insert_packages(store: &Store, at: Timestamp) -> Result<(), DbErr> {
    let rows = PACKAGES.iter().map(|package| {
        let row = credit_package::Model {
            id: id_at(at),
            code: package.code.to_owned(),
            name: package.name.to_owned(),
            credits_units: package.credits * 10_000,
            price_minor: package.price_minor,
            currency_code: package.currency.to_owned(),
            validity_days: package.validity_days,
            created_at: at.as_microsecond(),
            archived_at: None,
            position: None,
            updated_at: Some(at.as_microsecond()),
        };
        row.into_active_model()
    });
    credit_package::Entity::insert_many(rows)
        .exec_without_returning(store.writer())
        .await?;
    Ok(())
}

async fn insert_shop(store: &Store, shop: &Shop, at: Timestamp) -> Result<AccountId, DbErr> {
    let row = account::Model {
        id: id_at(at),
        name: shop.name.to_owned(),
        time_zone: shop.time_zone.to_owned(),
        currency_code: shop.currency.to_owned(),
        consumption_order: sql_enums::ConsumptionOrder::NonExpiringFirst,
        settlement: sql_enums::Settlement::Automatic,
        created_at: at.as_microsecond(),
        usage_rolled_from: 0,
        return_origins: String::new(),
        retention_months: None,
        updated_at: Some(at.as_microsecond()),
    };
    let id = AccountId::new(row.id);
    let transaction = store.begin().await?;
    store::account::insert(&transaction, row, shop.card).await?;
    transaction.commit().await?;
    Ok(id)
}

async fn insert_lists(
    store: &Store,
    account: AccountId,
    shop: &Shop,
    at: Timestamp,
) -> Result<Vec<domain::id::ListId>, DbErr> {
    let transaction = store.begin().await?;
    let mut ids = Vec::new();
    for list in shop.lists {
        let id = id_in(account.uuid(), at);
        let row = contact_list::Model {
            account_id: account.uuid(),
            id,
            name: list.name.to_owned(),
            created_at: at.as_microsecond(),
            archived_at: None,
            contacts: 0,
            revision: 0,
            removals: 0,
            updated_at: Some(at.as_microsecond()),
        };
        contact_list::Entity::insert(row.into_active_model())
            .exec_without_returning(&transaction)
            .await?;
        ids.push(id.into());
        // Contacts count themselves when they are imported.
        if list.file.is_some() {
            continue;
        }
        let destinations = list.destinations.iter().map(|(country, recipients)| {
            let row = list_destination::Model {
                account_id: account.uuid(),
                list_id: id,
                country_code: (*country).to_owned(),
                recipients: *recipients,
            };
            row.into_active_model()
        });
        list_destination::Entity::insert_many(destinations)
            .exec_without_returning(&transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(ids)
}

/// Writes an account's purchases and submits its commands. An account has one recharge at a time
/// (law R2), so that each begins after the one before is credited.
async fn write_history(
    store: &Store,
    ledger: &Ledger,
    account: AccountId,
    history: History,
) -> Result<(), DemoError> {
    let (recharges, purchases): (Vec<_>, Vec<_>) =
        (history.purchases.into_iter()).partition(|(_, row)| row.automatic);
    history::insert_purchases(store, account, &purchases).await?;
    let mut requests = history.requests.into_iter();
    for recharge in recharges {
        history::insert_purchases(store, account, std::slice::from_ref(&recharge)).await?;
        let mut part = Vec::new();
        for request in requests.by_ref() {
            let credits = matches!(&request.kind,
                RequestKind::Credit { purchase, .. } if purchase.uuid() == recharge.1.id);
            part.push(request);
            if credits {
                break;
            }
        }
        submit_in_order(ledger, part).await?;
    }
    Ok(submit_in_order(ledger, requests.collect()).await?)
}

/// Submits commands so that the ledger processes them in this order. Commands that an account can't
/// afford are refused, and left out of the history.
async fn submit_in_order(ledger: &Ledger, requests: Vec<Request>) -> Result<(), SubmitError> {
    let mut requests = requests.into_iter().peekable();
    while requests.peek().is_some() {
        // The first poll queues each command, and futures are first polled in order.
        let answers = requests
            .by_ref()
            .take(TOGETHER)
            .map(|request| ledger.submit(request));
        for answer in join_all(answers).await {
            match answer {
                Ok(_) | Err(SubmitError::Refused(Refused::Book(_))) => {}
                Err(other) => return Err(other),
            }
        }
    }
    Ok(())
}
