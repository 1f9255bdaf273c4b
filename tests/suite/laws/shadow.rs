//! A second, slow book beside the server: both agree after every step of long random histories.
//!
//! The second book is the one that the pure core is compared with (`domain/tests/book/shadow`).
//! Here: the runs, each from a seed, and how a failing one is shortened. Not here: how steps are
//! drawn ([`steps`]), how each is done on both sides ([`drive`]), and what must agree ([`agree`]).
//!
//! `SHADOW_SEED` selects the history, `SHADOW_HTTP_STEPS` its length.

mod agree;
mod drive;
#[path = "../../../domain/tests/book/shadow/model.rs"]
#[allow(dead_code, reason = "the pure core is held against more of it")]
mod model;
#[path = "../../../domain/tests/book/shadow/shrink.rs"]
mod shrink;
mod steps;

use serde_json::{Value, json};

use self::{drive::Shadow, shrink::Shrink, steps::Step};
use crate::support::{
    Server, books::assert_sound, on_both_databases, purchase::package, rate_card::publish,
};

/// The number of steps on each database, unless `SHADOW_HTTP_STEPS` sets another.
const STEPS: usize = 2_000;
/// How many of them one account does: few enough that a failure is shortened quickly.
const STEPS_OF_ACCOUNT: usize = 200;

/// The cards and packages of all histories on a server.
struct Shop {
    card: Value,
    /// Packages with their credits, and their validity in days.
    packages: Vec<(String, i64, Option<i32>)>,
}

impl Shop {
    async fn open(server: &Server) -> Self {
        // One unit of 1/10,000 credit to France: every amount can be charged to the last digit.
        let rates =
            json!([{ "countryCode": "IT", "sms": "1" }, { "countryCode": "FR", "sms": "0.0001" }]);
        let card = publish(server, "shadow", rates).await;
        let mut packages = Vec::new();
        for (credits, days) in [(40, Some(2)), (25, Some(30)), (60, None)] {
            let id = package(server, credits, 100, |row| row.validity_days = days).await;
            packages.push((id, credits, days));
        }
        Self { card, packages }
    }
}

/// A history, and whether the server settles its scheduled messages.
struct Run {
    steps: Vec<Step>,
    automatic: bool,
}

/// Runs a history on a new account: the first difference, if any.
async fn differs(server: &Server, shop: &Shop, run: &Run) -> Result<(), String> {
    let Run { steps, automatic } = run;
    let mut shadow = Shadow::new(server, shop, *automatic).await;
    for (place, step) in steps.iter().enumerate() {
        let taken = shadow.take(step).await;
        taken.map_err(|what| format!("step {place}, {step:?}: {what}"))?;
    }
    shadow.end().await
}

/// The fewest steps that differ, with their difference.
async fn fewest(server: &Server, shop: &Shop, run: Run) -> (Vec<Step>, String) {
    let automatic = run.automatic;
    let mut shrink = Shrink::new(run.steps);
    let mut last = String::new();
    while let Some(steps) = shrink.candidate() {
        let outcome = differs(server, shop, &Run { steps, automatic }).await;
        shrink.judge(outcome.is_err());
        last = outcome.err().unwrap_or(last);
    }
    (shrink.steps(), last)
}

fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("{name} is no number: {text:?}")))
}

on_both_databases! {
    /// After every step the balance, the lots, the lists, the holds and the step's own answer or
    /// refusal equal the second book's. In the end so do the sums of the transactions, every past
    /// balance is unchanged, and `verify` finds nothing.
    async fn the_second_book_agrees(server: Server) {
        let random = || u64::from_le_bytes(message_credits::entropy::bytes());
        let seed = setting("SHADOW_SEED").unwrap_or_else(random);
        let count = setting("SHADOW_HTTP_STEPS").map_or(STEPS, |count| usize::try_from(count).unwrap());
        let shop = Shop::open(&server).await;
        let mut draw = steps::Random::new(seed);
        let (mut left, mut history) = (count, 0);
        while left > 0 {
            let length = left.min(STEPS_OF_ACCOUNT);
            let steps = (0..length).map(|_| Step::any(&mut draw)).collect();
            let run = Run { steps, automatic: (history / STEPS_OF_ACCOUNT).is_multiple_of(2) };
            if let Err(what) = differs(&server, &shop, &run).await {
                eprintln!("seen again with SHADOW_SEED={seed} SHADOW_HTTP_STEPS={}", history + length);
                eprintln!("history {}: {what}", history / STEPS_OF_ACCOUNT);
                let (steps, what) = fewest(&server, &shop, run).await;
                panic!("the fewest steps that differ: {steps:#?}\n{what}");
            }
            left -= length;
            history += length;
        }
        assert_sound(&server).await;
    }
}
