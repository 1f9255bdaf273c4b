//! What adding usage up by day costs a send: the same sends with it and without, in turns.
//!
//! The side without it is an account whose days are not added up yet, as after a change of its
//! zone: the ledger then leaves them out.

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
use message_credits::{
    clock::Clock,
    ledger::{Actor, Ledger, MessageCharge, NewMessage, Request, RequestKind},
    store::{
        rate_card::DEFAULT_ID,
        usage::all_list_names,
        usage_rollup::{NOT_ROLLED, set_rolled_from},
    },
};

use crate::{
    Failure, Size,
    data::{World, grant},
    median,
};

const CALLERS: usize = 64;
/// Rounds of each side, one after the other: the host's speed changes from second to second.
const ROUNDS: usize = 12;
/// Lists that an account sends to, if the load varies them.
const LISTS: usize = 20;
/// Countries of which a message goes to two.
const COUNTRIES: [&str; 5] = ["IT", "FR", "DE", "ES", "CH"];

/// Times both sides.
pub async fn measure(world: &World, size: Size) -> Result<(), Failure> {
    let app = world.app().await?;
    let clock = app.services.clock();
    let accounts: Vec<AccountId> = world.others.clone();
    for account in &accounts {
        let granted = app.ledger.submit(grant(*account, clock)).await;
        granted.map_err(|cause| format!("{cause:?}"))?;
    }
    let mut senders = Vec::new();
    for account in accounts {
        let lists = all_list_names(app.store.reader(), account).await?;
        senders.push(Sender {
            account,
            lists: lists.into_keys().take(LISTS).collect(),
        });
    }
    for is_varied in [false, true] {
        let (mut rates, mut parts) = ([Vec::new(), Vec::new()], Vec::new());
        for round in 0..ROUNDS {
            // The order changes, since the tables grow.
            let mut sides = [(0, 0), (1, NOT_ROLLED)];
            sides.rotate_left(round % 2);
            for (side, from) in sides {
                for sender in &senders {
                    set_rolled_from(app.store.writer(), sender.account, from).await?;
                }
                rates[side].push(sends((&app.ledger, clock), (&senders, is_varied), size).await?);
            }
            parts.push(rates[0][round] / rates[1][round]);
        }
        let [with, without] = rates.map(median);
        parts.sort_by(f64::total_cmp);
        let less = |part: f64| (1.0 - part) * 100.0;
        let what = match is_varied {
            false => "without a list, to the same two countries".to_owned(),
            true => format!(
                "for {LISTS} lists in turn, to two of {} countries",
                COUNTRIES.len()
            ),
        };
        println!(
            "sends at {CALLERS} callers {what}: {with:.0}/s with usage by day, {without:.0}/s without; side by side {:.1} % less (half of the rounds between {:.1} and {:.1})",
            less(parts[ROUNDS / 2]),
            less(parts[ROUNDS * 3 / 4]),
            less(parts[ROUNDS / 4])
        );
    }
    Ok(())
}

/// An account, and the lists that it sends to.
#[derive(Clone)]
struct Sender {
    account: AccountId,
    lists: Vec<ListId>,
}

/// Sends a second.
async fn sends(
    (ledger, clock): (&Ledger, &Clock),
    (senders, is_varied): (&[Sender], bool),
    size: Size,
) -> Result<f64, Failure> {
    let (stop, count) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let begun = Instant::now();
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (ledger, clock) = (ledger.clone(), clock.clone());
            let (stop, count) = (stop.clone(), count.clone());
            let sender = senders[caller % senders.len()].clone();
            tokio::spawn(async move {
                for number in caller.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let number = is_varied.then_some(number);
                    let request = send(&clock, &sender, number);
                    ledger.submit(request).await?;
                    count.fetch_add(1, Ordering::Relaxed);
                }
                Ok::<_, message_credits::ledger::SubmitError>(())
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(size.seconds)).await;
    stop.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await?.map_err(|cause| format!("{cause:?}"))?;
    }
    Ok(count.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64())
}

/// A message; the `number`th of those that differ by list and countries.
fn send(clock: &Clock, sender: &Sender, number: Option<usize>) -> Request {
    let list = number.and_then(|number| sender.lists.get(number % sender.lists.len().max(1)));
    let place = number.unwrap_or_default();
    let countries = [place, place + 1].map(|place| COUNTRIES[place % COUNTRIES.len()]);
    let credits = Credits::whole(10);
    let line = |country: &str| Line {
        country: country.parse().unwrap_or_else(|_| unreachable!()),
        recipients: 5,
        segment_count: 1,
        credits_per_segment: Some(Credits::whole(1)),
        credits: Credits::whole(5),
    };
    Request {
        actor: Actor::ADMINISTRATOR,
        account: sender.account,
        kind: RequestKind::Send(NewMessage {
            id: MessageId::new(clock.new_id()),
            list: list.copied(),
            name: None,
            text: "Ciao".to_owned(),
            channel: Channel::Sms,
            encoding: Some(Encoding::Gsm7),
            media: None,
            segment_count: 1,
            price: MessageCharge {
                recipients: 10,
                credits,
                lines: countries.map(line).into(),
            },
            rate_card: RateCardId::new(DEFAULT_ID),
            send_at: None,
            audience: None,
        }),
        key: None,
        at: None,
    }
}
