//! Load: a number of callers, each of which sends its next command as soon as it is answered.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crate::report::{Measured, sync_probe};

/// Runs each caller until the time is over, after a warm-up of a tenth of it.
pub async fn run<C, F>(time: Duration, callers: Vec<C>) -> Measured
where
    C: FnMut() -> F + Send + 'static,
    F: Future<Output = u64> + Send + 'static,
{
    let before = sync_probe();
    let (counting, over) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicBool::new(false)),
    );
    let tasks: Vec<_> = callers
        .into_iter()
        .map(|caller| tokio::spawn(call(caller, counting.clone(), over.clone())))
        .collect();
    tokio::time::sleep(time / 10).await;
    counting.store(true, Ordering::SeqCst);
    let began = Instant::now();
    tokio::time::sleep(time).await;
    over.store(true, Ordering::SeqCst);
    let took = began.elapsed();
    let mut measured = Measured {
        took,
        ..Measured::default()
    };
    for task in tasks {
        let (done, latencies) = task.await.unwrap();
        measured.done += done;
        measured.latencies.extend(latencies);
    }
    measured.sync = (before + sync_probe()) / 2;
    measured
}

async fn call<C, F>(
    mut caller: C,
    counting: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
) -> (u64, Vec<Duration>)
where
    C: FnMut() -> F,
    F: Future<Output = u64>,
{
    let (mut done, mut latencies) = (0, Vec::new());
    while !over.load(Ordering::Relaxed) {
        let began = Instant::now();
        let count = caller().await;
        if counting.load(Ordering::Relaxed) && !over.load(Ordering::Relaxed) {
            done += count;
            latencies.push(began.elapsed());
        }
    }
    (done, latencies)
}

/// A random generator: small, fast, and the same in every run.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below one.
    pub fn roll(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Accounts, of which the n-th is chosen in proportion to 1/n (Zipf 1.0), or all alike.
#[derive(Debug, Clone)]
pub struct Zipf(Arc<[f64]>);

impl Zipf {
    pub fn new(count: usize) -> Self {
        let mut sum = 0.0;
        let sums: Vec<f64> = (1..=count)
            .map(|place| {
                sum += 1.0 / place as f64;
                sum
            })
            .collect();
        Self(sums.into_iter().map(|part| part / sum).collect())
    }

    /// All of them equally often.
    pub fn even(count: usize) -> Self {
        Self(
            (1..=count)
                .map(|place| place as f64 / count as f64)
                .collect(),
        )
    }

    pub fn choose(&self, dice: &mut Dice) -> usize {
        let roll = dice.roll();
        self.0
            .partition_point(|sum| *sum < roll)
            .min(self.0.len() - 1)
    }
}
