//! What adding usage up by day costs a send: the same sends with it and without, in turns.
//!
//! Without it is an account whose days are not added up yet, as after a change of its zone: the ledger then
//! leaves them out.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use domain::{
    credits::Credits,
    id::{AccountId, MessageId, RateCardId},
    quote::Line,
    segmentation::{Channel, Encoding},
};
use message_credits::{
    ledger::{Act, NewMessage, Request, Sent},
    operations::Services,
    store::{
        rate_card::DEFAULT_ID,
        usage_rollup::{NOT_ROLLED, set_rolled_from},
    },
};

use crate::{
    Failure, Size,
    data::{World, grant},
    median,
};

const CALLERS: usize = 64;
const ROUNDS: usize = 3;

/// Times both.
pub async fn measure(world: &World, size: Size) -> Result<(), Failure> {
    let app = world.app().await?;
    let services = app.services.clone();
    let accounts: Vec<AccountId> = world.others.clone();
    for account in &accounts {
        let granted = services
            .ledger
            .submit(grant(*account, &services.clock))
            .await;
        granted.map_err(|cause| format!("{cause:?}"))?;
    }
    let mut rates = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (rate, from) in rates.iter_mut().zip([0, NOT_ROLLED]) {
            for account in &accounts {
                set_rolled_from(services.store.writer(), *account, from).await?;
            }
            rate.push(sends(&services, &accounts, size).await?);
        }
    }
    let [with, without] = rates.map(median);
    println!(
        "sends at {CALLERS} callers: {with:.0}/s with usage by day, {without:.0}/s without: {:.1} % less",
        (1.0 - with / without) * 100.0
    );
    Ok(())
}

/// Sends a second.
async fn sends(services: &Services, accounts: &[AccountId], size: Size) -> Result<f64, Failure> {
    let (stop, count) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let begun = Instant::now();
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let (services, stop, count) = (services.clone(), stop.clone(), count.clone());
            let account = accounts[caller % accounts.len()];
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    services.ledger.submit(send(&services, account)).await?;
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

fn send(services: &Services, account: AccountId) -> Request {
    let credits = Credits::whole(10);
    let line = |country: &str| Line {
        country: country.parse().unwrap_or_else(|_| unreachable!()),
        recipients: 5,
        segment_count: 1,
        credits_per_segment: Some(Credits::whole(1)),
        credits: Credits::whole(5),
    };
    Request {
        account,
        act: Act::Send(NewMessage {
            id: MessageId::new(services.clock.new_id()),
            list: None,
            name: None,
            text: "Ciao".to_owned(),
            channel: Channel::Sms,
            encoding: Some(Encoding::Gsm7),
            segment_count: 1,
            price: Sent {
                recipients: 10,
                credits,
                lines: vec![line("IT"), line("FR")],
            },
            rate_card: RateCardId::new(DEFAULT_ID),
            send_at: None,
        }),
        key: None,
        at: None,
    }
}
