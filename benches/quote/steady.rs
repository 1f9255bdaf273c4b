//! Asking at a steady rate, whether or not earlier answers have come: what a client waits is counted from
//! the instant its request was due, so that a slow answer delays no later question and hides none.
//!
//! Here: the pace and the times. Not here: what is asked.

use std::time::{Duration, Instant};

use reqwest::{Client, Request};
use tokio::{runtime::Handle, task::JoinSet};

use crate::Outcome;

/// Requests before those that are counted: connections are made, caches fill.
const WARM_UP_SECONDS: u32 = 3;

/// The times of all answers.
pub struct Seen {
    times: Vec<Duration>,
    /// Requests without the answer that was asked for.
    pub failed: usize,
}

impl Seen {
    pub fn answered(&self) -> usize {
        self.times.len()
    }

    /// What this many thousandths of the answers took at most.
    pub fn at(&self, thousandths: usize) -> Duration {
        let last = self.times.len().saturating_sub(1);
        let index = (self.times.len() * thousandths)
            .div_ceil(1_000)
            .saturating_sub(1);
        self.times.get(index.min(last)).copied().unwrap_or_default()
    }
}

/// Asks so many times a second for so long.
pub async fn run(asked: (Client, Request), rate: u32, seconds: u32) -> Outcome<Seen> {
    ask(&asked, rate, WARM_UP_SECONDS).await?;
    ask(&asked, rate, seconds).await
}

async fn ask(asked: &(Client, Request), rate: u32, seconds: u32) -> Outcome<Seen> {
    let (client, request) = (asked.0.clone(), copy(&asked.1)?);
    let runtime = Handle::current();
    // A thread of its own keeps the pace more finely than the runtime's timer.
    let pace = tokio::task::spawn_blocking(move || {
        let mut asking = JoinSet::new();
        let begin = Instant::now();
        for number in 0..rate * seconds {
            let due = begin + Duration::from_secs(1) * number / rate;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let (client, request) = (client.clone(), request.try_clone());
            asking.spawn_on(
                async move {
                    let answered = one(&client, request?).await;
                    answered.then(|| due.elapsed())
                },
                &runtime,
            );
        }
        asking
    });
    let answers = pace.await?.join_all().await;
    let all = answers.len();
    let mut times: Vec<_> = answers.into_iter().flatten().collect();
    times.sort();
    let failed = all - times.len();
    Ok(Seen { times, failed })
}

fn copy(request: &Request) -> Outcome<Request> {
    Ok(request
        .try_clone()
        .ok_or("a request that can be sent once only")?)
}

/// Whether the whole answer came, and is one.
async fn one(client: &Client, request: Request) -> bool {
    let Ok(answer) = client.execute(request).await else {
        return false;
    };
    let Ok(bytes) = answer.bytes().await else {
        return false;
    };
    bytes.starts_with(b"{\"data\":{\"quote\":{\"recipients\":")
}
