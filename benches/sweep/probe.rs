//! One measurement: a load under one value of a constant, in a process of its own that prints the
//! figure.
//!
//! Here: the loads inside the process. Not here: those over HTTP (`http`), and the files they send
//! (`files`).

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use domain::{
    channel::Channel,
    credits::Credits,
    id::{AccountId, ListId, MessageId, RateCardId},
    quote::Line,
    segmentation::Encoding,
};
use jiff::SignedDuration;
use message_credits::{
    app,
    clock::Clock,
    ledger::{
        Actor, Key, Ledger, MessageCharge, NewMessage, Request, RequestKind, Writers, verify,
    },
    operations::usage_rollup,
    store::{Store, rate_card::DEFAULT_ID, usage::all_list_names},
    tuning,
};

use crate::{
    Failure,
    constants::Load,
    data::{World, grant},
    files, http,
};

/// The variable that makes a process one measurement: load, milliseconds, database, key, accounts,
/// constant.
pub const PLACE: &str = "SWEEP_PROBE";
/// Lists that an account sends to, if the load varies them.
const LISTS: usize = 20;
/// Countries of which a message goes to two, if the load varies them.
const COUNTRIES: [&str; 5] = ["IT", "FR", "DE", "ES", "CH"];
/// Messages that are due at once.
const DUE: usize = 2_000;
/// Contacts in a file.
const CONTACTS: usize = 20_000;

/// What a measurement needs.
pub struct Probe {
    pub world: World,
    pub time: Duration,
}

/// Measures and prints the figure.
pub async fn run(place: &str) {
    let words: Vec<&str> = place.split(' ').collect();
    let [load, milliseconds, url, key, accounts, constant] = words[..] else {
        panic!("not a measurement: {place}");
    };
    let probe = Probe {
        world: crate::world(url, key, accounts),
        time: Duration::from_millis(milliseconds.parse().unwrap()),
    };
    let figure = measure(&probe, Load::named(load)).await.unwrap();
    assert!(
        tuning::was_read(constant),
        "{constant} is not read under this load"
    );
    println!("{figure}");
    // Idle connections and threads end with the process.
    std::process::exit(0);
}

async fn measure(probe: &Probe, load: Load) -> Result<f64, Failure> {
    let hot = &probe.world.others[..1];
    match load {
        Load::Hot => sends(probe, (hot, 1_000), false).await,
        Load::Few => sends(probe, (hot, 64), false).await,
        Load::Spread => sends(probe, (&probe.world.others, 1_000), false).await,
        Load::Lists => sends(probe, (&probe.world.others, 64), true).await,
        Load::Http => http::sends(probe).await,
        Load::Reports => http::reports(probe).await,
        Load::Csv => http::download(probe, "CSV").await,
        Load::Workbook => http::download(probe, "XLSX").await,
        Load::ImportCsv => http::import(probe, files::csv(CONTACTS), CONTACTS).await,
        Load::ImportWorkbook => http::import(probe, files::workbook(CONTACTS)?, CONTACTS).await,
        Load::Removal => http::removal(probe, files::csv(CONTACTS), CONTACTS).await,
        Load::Settlement => settlement(probe).await,
        Load::Rebuild => rebuild(probe).await,
        Load::Verify => walk(probe).await,
    }
}

/// Grants credits for every send, and makes some history.
pub async fn prepare(world: &World) -> Result<(), Failure> {
    let store = Store::connect(&world.url).await?;
    let (ledger, _writers) = Ledger::start(&store, &Clock::system());
    for account in &world.others {
        let granted = ledger.submit(grant(*account, &Clock::system())).await;
        granted.map_err(|cause| format!("{cause:?}"))?;
    }
    let probe = Probe {
        world: crate::world(&world.url, &world.key, &names(world)),
        time: Duration::from_secs(2),
    };
    sends(&probe, (&world.others, 1_000), true).await?;
    Ok(())
}

fn names(world: &World) -> String {
    use message_credits::graphql::engine::ids::PublicId;
    let all = [world.large, world.small];
    let names = all.iter().chain(&world.others);
    names
        .map(|account| account.encode().0)
        .collect::<Vec<_>>()
        .join(",")
}

async fn ledger(probe: &Probe) -> Result<(Store, Ledger, Writers), Failure> {
    let store = Store::connect(&probe.world.url).await?;
    let (ledger, writers) = Ledger::start(&store, &Clock::system());
    Ok((store, ledger, writers))
}

/// Sends a second, after a warm-up of a fifth of the time.
async fn sends(
    probe: &Probe,
    (accounts, callers): (&[AccountId], usize),
    is_varied: bool,
) -> Result<f64, Failure> {
    let (store, ledger, _writers) = ledger(probe).await?;
    let mut senders = Vec::new();
    for account in accounts {
        let mut lists = Vec::new();
        if is_varied {
            let names = all_list_names(store.reader(), *account).await?;
            lists.extend(names.into_keys().take(LISTS));
        }
        senders.push((*account, lists));
    }
    let senders = Arc::new(senders);
    let (over, done) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    for caller in 0..callers {
        let (ledger, senders) = (ledger.clone(), senders.clone());
        let (over, done) = (over.clone(), done.clone());
        tokio::spawn(async move {
            let (account, lists) = &senders[caller % senders.len()];
            let mut number = caller;
            while !over.load(Ordering::Relaxed) {
                let list = lists.get(number % lists.len().max(1)).copied();
                let sent = ledger.submit(send(*account, list, number, None)).await;
                // The ledger is closed after the time is over.
                if over.load(Ordering::Relaxed) {
                    return;
                }
                sent.unwrap();
                done.fetch_add(1, Ordering::Relaxed);
                number += 1;
            }
        });
    }
    tokio::time::sleep(probe.time / 5).await;
    let (before, began) = (done.load(Ordering::Relaxed), Instant::now());
    tokio::time::sleep(probe.time).await;
    let rate = (done.load(Ordering::Relaxed) - before) as f64 / began.elapsed().as_secs_f64();
    over.store(true, Ordering::Relaxed);
    Ok(rate)
}

/// A message; if it is for a list, it goes to two of five countries.
fn send(
    account: AccountId,
    list: Option<ListId>,
    number: usize,
    send_at: Option<jiff::Timestamp>,
) -> Request {
    let id = Clock::system().new_id();
    let countries = match list {
        Some(_) => [number, number + 1].map(|place| COUNTRIES[place % COUNTRIES.len()]),
        None => ["IT", "FR"],
    };
    let count = if list.is_some() { 2 } else { 1 };
    let lines: Vec<Line> = countries[..count]
        .iter()
        .map(|country| Line {
            country: country.parse().unwrap(),
            recipients: 1,
            segment_count: 1,
            credits_per_segment: Some(Credits::whole(1)),
            credits: Credits::whole(1),
        })
        .collect();
    let message = NewMessage {
        id: MessageId::new(id),
        list,
        name: None,
        text: "Ciao, il tuo ordine è pronto".to_owned(),
        channel: Channel::Sms,
        encoding: Some(Encoding::Gsm7),
        media: None,
        segment_count: 1,
        price: MessageCharge {
            recipients: lines.len() as u64,
            credits: Credits::whole(if list.is_some() { 2 } else { 1 }),
            lines,
        },
        rate_card: RateCardId::new(DEFAULT_ID),
        send_at,
        audience: None,
    };
    Request {
        actor: Actor::ADMINISTRATOR,
        account,
        kind: match send_at {
            Some(_) => RequestKind::Schedule(message),
            None => RequestKind::Send(message),
        },
        key: Some(Key {
            key: id.to_string(),
            fingerprint: [7; 32],
        }),
        at: None,
    }
}

/// Messages settled a second by the job.
async fn settlement(probe: &Probe) -> Result<f64, Failure> {
    let (_store, ledger, _writers) = ledger(probe).await?;
    let at = Clock::system().now() + SignedDuration::from_millis(400);
    let scheduled = (0..DUE).map(|number| {
        let account = probe.world.others[number % probe.world.others.len()];
        ledger.submit(send(account, None, number, Some(at)))
    });
    for scheduled in futures_util::future::join_all(scheduled).await {
        scheduled.map_err(|cause| format!("{cause:?}"))?;
    }
    while Clock::system().now() < at {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let app = probe.world.app().await?;
    let began = Instant::now();
    let settled = app.services.settle_due().await;
    let settled = settled.map_err(|cause| format!("{cause:?}"))?;
    assert_eq!(settled, DUE);
    Ok(settled as f64 / began.elapsed().as_secs_f64())
}

/// Messages added up again a second.
async fn rebuild(probe: &Probe) -> Result<f64, Failure> {
    let store = app::open(&probe.world.url).await?;
    let account = probe.world.large;
    let began = Instant::now();
    let done = usage_rollup::rebuild_usage(&store, &Clock::system(), Some(account), |_| {}).await;
    done.map_err(|cause| format!("{cause:?}"))?;
    Ok(http::messages(&store, account).await? / began.elapsed().as_secs_f64())
}

/// Transactions walked a second.
async fn walk(probe: &Probe) -> Result<f64, Failure> {
    let store = app::open(&probe.world.url).await?;
    let began = Instant::now();
    let verified = verify::verify(store.reader(), None, |_| {}).await?;
    Ok(verified.transactions as f64 / began.elapsed().as_secs_f64())
}
