//! The libraries: this crate, those of crates.io, and those of npm, which `peers.mjs` calls.
//!
//! Here: what each answers and how fast it is. Not here: the texts, and the evaluation.

use std::{
    error::Error,
    fs,
    hint::black_box,
    io::Write,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use domain::{
    channel::Channel,
    segmentation::{Options, count, segment},
};
use rusmpp_extra::{
    concatenation::owned::{Concatenation, Concatenator},
    encoding::{gsm7bit::Gsm7BitUnpacked, ucs2::Ucs2},
};
use serde::{Deserialize, Serialize};
use sms_splitter::{SplitSms, splitter_options::SplitterOptions};

/// Rounds of each measurement, of which the best is reported.
const ROUNDS: u32 = 4;
/// The length of a round.
const ROUND: Duration = Duration::from_millis(100);

/// What a library answered and how fast it was.
#[derive(Deserialize)]
pub struct Peer {
    pub name: String,
    pub version: String,
    /// By case and then by timed text: the number of segments; `None` if it failed.
    pub counts: Vec<Option<usize>>,
    /// By case: the segments' texts; `None` if it doesn't list them.
    pub lists: Option<Vec<Option<Vec<String>>>>,
    /// By timed text: calls a second.
    pub counting: Option<Vec<f64>>,
    /// By timed text: calls a second of the functions that list the segments.
    pub listing: Option<Vec<f64>>,
}

/// How a Rust library is called.
struct Calls<'a> {
    /// The number of segments; `None` if it fails.
    count: &'a dyn Fn(&str) -> Option<usize>,
    /// The least work that lists them.
    cut: &'a dyn Fn(&str),
    /// The segments' texts; `None` if it doesn't list them as text.
    list: Option<&'a dyn Fn(&str) -> Option<Vec<String>>>,
}

/// The number of turns of each library: a slow spell of the machine then affects one turn, not one
/// library.
const TURNS: usize = 3;

/// Measures the libraries one after another on one thread, in several turns, and reports the best
/// rates.
pub fn all(
    cases: &[String],
    texts: &[String],
    npm: &str,
) -> Result<(Vec<Peer>, String), Box<dyn Error>> {
    let (mut peers, node) = turn(cases, texts, npm)?;
    for _ in 1..TURNS {
        let (again, _) = turn(cases, texts, npm)?;
        for (peer, again) in peers.iter_mut().zip(again) {
            keep_best(&mut peer.counting, again.counting);
            keep_best(&mut peer.listing, again.listing);
        }
    }
    Ok((peers, node))
}

fn keep_best(best: &mut Option<Vec<f64>>, again: Option<Vec<f64>>) {
    let rates = best.iter_mut().flatten().zip(again.into_iter().flatten());
    for (best, again) in rates {
        *best = best.max(again);
    }
}

fn turn(
    cases: &[String],
    texts: &[String],
    npm: &str,
) -> Result<(Vec<Peer>, String), Box<dyn Error>> {
    let ask = |name: &str, version: &str, calls: Calls<'_>| Peer {
        name: name.to_owned(),
        version: version.to_owned(),
        counts: cases.iter().map(|text| (calls.count)(text)).collect(),
        lists: calls
            .list
            .map(|list| cases.iter().map(|text| list(text)).collect()),
        counting: Some(rates(texts, |text| {
            black_box((calls.count)(text));
        })),
        listing: Some(rates(texts, |text| (calls.cut)(text))),
    };
    let options = Options::default();
    let ours = ask(
        "message-credits",
        "this",
        Calls {
            count: &|text| Some(count(text, Channel::Sms, &options).ok()?.segment_count),
            cut: &|text| {
                if let Ok(cut) = segment(text, Channel::Sms, &options) {
                    for each in cut.texts() {
                        black_box(each);
                    }
                }
            },
            list: Some(&|text| {
                let cut = segment(text, Channel::Sms, &options).ok()?;
                Some(cut.texts().map(str::to_owned).collect())
            }),
        },
    );
    let rusmpp = ask(
        "rusmpp-extra",
        "0.4.0",
        Calls {
            count: &rusmpp_parts,
            cut: &|text| drop(black_box(rusmpp(text))),
            list: None,
        },
    );
    let summary = SplitSms::new(SplitterOptions::new(false, true));
    let full = SplitSms::default();
    let splitter = ask(
        "sms_splitter",
        "0.1.9",
        Calls {
            count: &|text| Some(summary.split(text.to_owned()).parts.len()),
            cut: &|text| drop(black_box(full.split(text.to_owned()))),
            list: Some(&|text| {
                let parts = full.split(text.to_owned()).parts;
                Some(parts.into_iter().map(|part| part.content).collect())
            }),
        },
    );
    let (npm, node) = npm_peers(cases, texts, npm)?;
    Ok((
        [ours, rusmpp, splitter].into_iter().chain(npm).collect(),
        node,
    ))
}

/// The sizes that leave 153 septets and 67 UTF-16 units. The library's own fallback has one pair of
/// sizes for both encodings, and so can't be right for either.
fn rusmpp(text: &str) -> Option<Concatenation> {
    let septets = Gsm7BitUnpacked::new().concatenate(text, 160, 7);
    let either = septets
        .ok()
        .or_else(|| Ucs2::new().concatenate(text, 140, 6).ok());
    either.map(|(parts, _)| parts)
}

fn rusmpp_parts(text: &str) -> Option<usize> {
    match rusmpp(text)? {
        Concatenation::Single(_) => Some(1),
        Concatenation::Concatenated(parts) => Some(parts.len()),
    }
}

/// The CPU time of this thread, if the system reports it: other programs on the machine then matter
/// less. Otherwise the time of day.
struct Clock {
    began: Instant,
    ran: Option<Duration>,
}

impl Clock {
    fn start() -> Self {
        Self {
            began: Instant::now(),
            ran: ran(),
        }
    }

    fn elapsed(&self) -> Duration {
        match (self.ran, ran()) {
            (Some(before), Some(now)) => now.saturating_sub(before),
            _ => self.began.elapsed(),
        }
    }
}

/// The CPU time of this thread.
fn ran() -> Option<Duration> {
    let told = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds = told.split(' ').next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

/// Calls a second for each text: the best of several rounds, after one to warm up.
fn rates(texts: &[String], call: impl Fn(&str)) -> Vec<f64> {
    let round = |text: &String| {
        let clock = Clock::start();
        let mut calls = 0_u32;
        // Reading the clock takes longer than a call, so it is read ever more rarely.
        let mut batch = 1;
        while clock.elapsed() < ROUND {
            for _ in 0..batch {
                call(black_box(text));
            }
            calls += batch;
            batch *= 2;
        }
        f64::from(calls) / clock.elapsed().as_secs_f64()
    };
    let best = |text| {
        round(text);
        (0..ROUNDS).map(|_| round(text)).fold(0.0, f64::max)
    };
    texts.iter().map(best).collect()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Question<'a> {
    cases: &'a [String],
    texts: &'a [String],
    rounds: u32,
    milliseconds: u128,
}

#[derive(Deserialize)]
struct Answer {
    node: String,
    peers: Vec<Peer>,
}

fn npm_peers(
    cases: &[String],
    texts: &[String],
    npm: &str,
) -> Result<(Vec<Peer>, String), Box<dyn Error>> {
    let question = serde_json::to_vec(&Question {
        cases,
        texts,
        rounds: ROUNDS,
        milliseconds: ROUND.as_millis(),
    })?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers.mjs");
    let mut node = Command::new("node")
        .args([script, npm])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    if let Some(mut input) = node.stdin.take() {
        input.write_all(&question)?;
    }
    let output = node.wait_with_output()?;
    if !output.status.success() {
        return Err(format!("node failed: {}", output.status).into());
    }
    let Answer { node, peers } = serde_json::from_slice(&output.stdout)?;
    Ok((peers, node))
}
