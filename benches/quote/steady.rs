//! Requests at a steady rate, whether or not earlier answers have come. Latency counts from the
//! instant at which a request was due, so that a slow answer delays no later request and hides
//! none.
//!
//! Here: the pace and the latencies. Not here: the requests.

use std::time::{Duration, Instant};

use reqwest::{Client, Request};
use tokio::{runtime::Handle, task::JoinSet};

use crate::Outcome;

/// Requests before the counted ones: connections are made, caches fill.
const WARM_UP_SECONDS: u32 = 3;

/// The latencies of all answers.
pub struct Seen {
    times: Vec<Duration>,
    /// Requests without the expected answer.
    pub failed: usize,
}

impl Seen {
    pub fn answered(&self) -> usize {
        self.times.len()
    }

    /// The latency that this many thousandths of the answers stayed within.
    pub fn at(&self, thousandths: usize) -> Duration {
        let last = self.times.len().saturating_sub(1);
        let index = (self.times.len() * thousandths)
            .div_ceil(1_000)
            .saturating_sub(1);
        self.times.get(index.min(last)).copied().unwrap_or_default()
    }
}

/// Sends this many requests a second for this long.
pub async fn run(asked: (Client, Request), rate: u32, seconds: u32) -> Outcome<Seen> {
    ask(&asked, rate, WARM_UP_SECONDS).await?;
    ask(&asked, rate, seconds).await
}

async fn ask(asked: &(Client, Request), rate: u32, seconds: u32) -> Outcome<Seen> {
    let (client, request) = (asked.0.clone(), copy(&asked.1)?);
    let runtime = Handle::current();
    // A thread of its own keeps the pace more precisely than the runtime's timer.
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

/// Whether the answer is complete and successful.
async fn one(client: &Client, request: Request) -> bool {
    let Ok(answer) = client.execute(request).await else {
        return false;
    };
    let Ok(bytes) = answer.bytes().await else {
        return false;
    };
    bytes.starts_with(b"{\"data\":{\"quote\":{\"recipients\":")
}
