//! The table: medians of the rounds, and the state of the machine.

use std::{
    fs::File,
    io::Write,
    time::{Duration, Instant},
};

/// The result of one side in one round.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// Commands done.
    pub done: u64,
    /// The time for all of them.
    pub took: Duration,
    /// The time of each.
    pub latencies: Vec<Duration>,
    /// The cost of one fdatasync before and after.
    pub sync: Duration,
}

/// One side's rounds.
#[derive(Debug, Default)]
struct Side {
    name: String,
    rounds: Vec<Measured>,
}

/// A table of sides in one setting.
#[derive(Debug)]
pub struct Table {
    title: String,
    sides: Vec<Side>,
    goals: Vec<Goal>,
}

#[derive(Debug)]
struct Goal {
    what: String,
    ours: String,
    theirs: String,
    at_least: f64,
}

impl Table {
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            sides: Vec::new(),
            goals: Vec::new(),
        }
    }

    /// Adds a round of a side.
    pub fn add(&mut self, name: &str, mut measured: Measured) {
        measured.latencies.sort_unstable();
        eprintln!("  {name}: {:.0}/s", rate(&measured));
        match self.sides.iter_mut().find(|side| side.name == name) {
            Some(side) => side.rounds.push(measured),
            None => self.sides.push(Side {
                name: name.to_owned(),
                rounds: vec![measured],
            }),
        }
    }

    /// The rate of `ours` over that of `theirs`, and the least that it should be.
    pub fn goal(&mut self, what: &str, ours: &str, theirs: &str, at_least: f64) {
        self.goals.push(Goal {
            what: what.to_owned(),
            ours: ours.to_owned(),
            theirs: theirs.to_owned(),
            at_least,
        });
    }

    /// The name of the fastest side whose name has this prefix.
    pub fn best(&self, prefix: &str) -> String {
        let mut best: Vec<&Side> = self
            .sides
            .iter()
            .filter(|side| side.name.starts_with(prefix))
            .collect();
        best.sort_by(|a, b| a.rate().total_cmp(&b.rate()));
        best.last()
            .map(|side| side.name.clone())
            .unwrap_or_default()
    }

    /// Prints the table.
    pub fn print(&self) {
        println!("\n{} (loadavg {})", self.title, load_average());
        println!(
            "  {:<44} {:>9} {:>9} {:>9} {:>10}",
            "", "per s", "p50 ms", "p99 ms", "fdatasync"
        );
        for side in &self.sides {
            println!(
                "  {:<44} {:>9.0} {:>9.2} {:>9.2} {:>7.2} ms",
                side.name,
                side.rate(),
                side.median(|round| quantile(&round.latencies, 0.5)),
                side.median(|round| quantile(&round.latencies, 0.99)),
                side.median(|round| millis(round.sync)),
            );
        }
        for goal in &self.goals {
            let ratio = self.rate_of(&goal.ours) / self.rate_of(&goal.theirs);
            let verdict = if ratio >= goal.at_least {
                "reached"
            } else {
                "MISSED"
            };
            println!(
                "  {verdict}: {}: {ratio:.2} of {} (goal {})",
                goal.what, goal.theirs, goal.at_least
            );
        }
        std::io::stdout().flush().unwrap();
    }

    fn rate_of(&self, name: &str) -> f64 {
        let side = self.sides.iter().find(|side| side.name == name);
        side.map_or(f64::NAN, Side::rate)
    }
}

impl Side {
    fn rate(&self) -> f64 {
        self.median(rate)
    }

    fn median(&self, of: impl Fn(&Measured) -> f64) -> f64 {
        let mut values: Vec<f64> = self.rounds.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

fn rate(measured: &Measured) -> f64 {
    measured.done as f64 / measured.took.as_secs_f64()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn quantile(sorted: &[Duration], part: f64) -> f64 {
    let place = (sorted.len() as f64 * part) as usize;
    sorted
        .get(place.min(sorted.len().saturating_sub(1)))
        .map_or(f64::NAN, |time| millis(*time))
}

/// The current cost of one `fdatasync` of an appended page: the median of twenty.
pub fn sync_probe() -> Duration {
    let mut file: File = tempfile::tempfile().unwrap();
    let mut times: Vec<Duration> = (0..20)
        .map(|_| {
            let began = Instant::now();
            file.write_all(&[7; 4096]).unwrap();
            file.sync_data().unwrap();
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[10]
}

fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace()
        .take(3)
        .collect::<Vec<_>>()
        .join(" ")
}
