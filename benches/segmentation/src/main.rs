//! How correctly and how fast texts are cut into segments: this crate beside its peers on crates.io
//! and npm, in one run, on one thread.
//!
//! Here: the printed tables, and whether the goals are met. Not here: the texts (`cases`) and the
//! libraries (`peers`).
//!
//! `cargo xtask bench segmentation`, which installs the libraries of npm and passes their path.

mod cases;
mod peers;

use std::{error::Error, fs};

use cases::{Case, Timed};
use peers::Peer;

fn main() -> Result<(), Box<dyn Error>> {
    let npm = std::env::args()
        .nth(1)
        .ok_or("say which folder has node_modules")?;
    let (cases, timed) = (cases::cases(), cases::timed());
    let asked = cases.iter().map(Case::text);
    let asked: Vec<_> = asked
        .chain(timed.iter().map(|each| each.text.clone()))
        .collect();
    let texts: Vec<_> = timed.iter().map(|each| each.text.clone()).collect();
    let before = load();
    let (peers, node) = peers::all(&asked, &texts, &npm)?;
    println!(
        "one thread; node {node}; load average {before} before, {} after\n",
        load()
    );
    let right: Vec<_> = peers.iter().map(|peer| judge(peer, &cases)).collect();
    print_cases(&peers, &cases, &right);
    let counting = |peer: &Peer| peer.counting.clone();
    let listing = |peer: &Peer| peer.listing.clone();
    print_rates("Counting segments", &peers, &right, &timed, counting);
    print_rates("Listing segments", &peers, &right, &timed, listing);
    Ok(())
}

/// By case: whether the library is correct.
fn judge(peer: &Peer, cases: &[Case]) -> Vec<bool> {
    let is_right = |(index, case): (usize, &Case)| {
        let counted = peer.counts.get(index).copied().flatten();
        let listed = peer.lists.as_ref().and_then(|lists| lists.get(index));
        counted == Some(case.pieces.len())
            && listed.is_none_or(|list| list.as_ref() == Some(&case.pieces))
    };
    cases.iter().enumerate().map(is_right).collect()
}

fn is_all_right(right: &[bool], cases: &[Case]) -> bool {
    right
        .iter()
        .zip(cases)
        .all(|(right, case)| *right || !case.counts)
}

fn print_cases(peers: &[Peer], cases: &[Case], right: &[Vec<bool>]) {
    println!(
        "Right by 3GPP TS 23.038 and TS 23.040 (segments said where wrong; \"cut\": the count is right, the pieces are not; \"-\": refused)"
    );
    println!("{:<27}{}", "", heads(peers));
    for (index, case) in cases.iter().enumerate() {
        let words = peers.iter().zip(right).map(|(peer, right)| {
            let counted = peer.counts.get(index).copied().flatten();
            let word = match counted {
                _ if right[index] => "ok".to_owned(),
                Some(count) if count == case.pieces.len() => "cut".to_owned(),
                Some(count) => format!("{count} not {}", case.pieces.len()),
                None => "-".to_owned(),
            };
            format!("{word:>16}")
        });
        println!("{:<27}{}", case.name, words.collect::<String>());
    }
    let words = right.iter().map(|right| {
        let word = if is_all_right(right, cases) {
            "yes"
        } else {
            "no"
        };
        format!("{word:>16}")
    });
    println!("{:<27}{}\n", "right on all", words.collect::<String>());
}

fn heads(peers: &[Peer]) -> String {
    let head = |peer: &Peer| {
        let name = peer.name.trim_start_matches('@');
        let name: String = name.chars().take(15).collect();
        format!("{name:>16}")
    };
    peers.iter().map(head).collect()
}

fn print_rates(
    what: &str,
    peers: &[Peer],
    right: &[Vec<bool>],
    timed: &[Timed],
    rates: impl Fn(&Peer) -> Option<Vec<f64>>,
) {
    let cases = cases::cases();
    println!("{what}: calls a second, and how many times as fast ours is");
    for (index, text) in timed.iter().enumerate() {
        println!("  {}", text.name);
        let rate = |peer: &Peer| rates(peer).and_then(|rates| rates.get(index).copied());
        let Some(ours) = peers.first().and_then(rate) else {
            continue;
        };
        println!("    {:<26} {:>8} {ours:>14.0}", "message-credits", "");
        let mut others: Vec<_> = peers.iter().zip(right).skip(1).collect();
        others.sort_by(|one, other| {
            rate(other.0)
                .partial_cmp(&rate(one.0))
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        let (mut fastest, mut fastest_right) = (None, None);
        for (peer, right) in others {
            let Some(theirs) = rate(peer) else { continue };
            if peer
                .counts
                .get(cases.len() + index)
                .copied()
                .flatten()
                .is_none()
            {
                println!(
                    "    {:<26} {:>8} refuses this text",
                    peer.name, peer.version
                );
                continue;
            }
            let right = is_all_right(right, &cases);
            let word = if right { "right" } else { "wrong" };
            println!(
                "    {:<26} {:>8} {theirs:>14.0} {:>9.1} x  {word}",
                peer.name,
                peer.version,
                ours / theirs
            );
            fastest.get_or_insert((peer, theirs));
            if right {
                fastest_right.get_or_insert((peer, theirs));
            }
        }
        let said = |what: &str, found: Option<(&Peer, f64)>, goal: f64| {
            if let Some((peer, theirs)) = found {
                let (factor, met) = (ours / theirs, ours / theirs >= goal);
                let met = if met { "met" } else { "NOT MET" };
                println!(
                    "    {factor:.1} times the {what}, {} (goal {goal}: {met})",
                    peer.name
                );
            }
        };
        said("fastest that is right on all", fastest_right, 10.0);
        said("fastest at all", fastest, 1.0);
    }
    println!();
}

/// The machine's load averages.
fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace()
        .take(3)
        .collect::<Vec<_>>()
        .join(" ")
}
