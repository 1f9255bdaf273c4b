//! Metrics in Prometheus's form.
//!
//! Here: the recorder, series of metrics, and the process's own figures. The metrics themselves are
//! in [`catalogue`], the only place that spells their names. Not here: when something is counted,
//! and the route that serves them ([`crate::http`]).
//!
//! A series exists from the moment its part of the server starts, at 0: an alert on an error that
//! never happened must not be silent for lack of a series. Label values come from lists of ours,
//! never from clients.

mod catalogue;

use std::{sync::LazyLock, time::Duration};

use metrics::{Counter, Gauge, Histogram, Key, Label as SeriesLabel, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusRecorder};

pub use self::catalogue::*;

/// How often samples of histograms are added to their buckets; between scrapes they would only pile
/// up.
const UPKEEP: Duration = Duration::from_secs(5);

/// A metric: its name and what it means.
#[derive(Debug)]
pub struct Metric {
    /// The name, with its unit as a suffix.
    pub name: &'static str,
    /// What kind of series it has.
    pub kind: Kind,
    /// What it counts or measures, in a sentence.
    pub help: &'static str,
    /// Its labels.
    pub labels: &'static [Label],
}

/// A label of a metric.
#[derive(Debug)]
pub struct Label {
    /// The name.
    pub name: &'static str,
    /// Its values, in words.
    pub values: &'static str,
}

/// What kind of series a metric has.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// It only grows, until the process ends.
    Counter,
    /// It grows and shrinks.
    Gauge,
    /// Observations in buckets with these upper bounds, which add up across processes.
    Histogram(&'static [f64]),
}

static RECORDER: LazyLock<PrometheusRecorder> = LazyLock::new(|| {
    let mut builder = PrometheusBuilder::new();
    for metric in ALL {
        if let Kind::Histogram(bounds) = metric.kind {
            let name = Matcher::Full(metric.name.to_owned());
            // Only an empty list of bounds is refused, and a test finds one.
            builder = builder
                .set_buckets_for_metric(name, bounds)
                .unwrap_or_default();
        }
    }
    let recorder = builder.build_recorder();
    for metric in ALL {
        let (name, help) = (metric.name.into(), metric.help.into());
        match metric.kind {
            Kind::Counter => recorder.describe_counter(name, None, help),
            Kind::Gauge => recorder.describe_gauge(name, None, help),
            Kind::Histogram(_) => recorder.describe_histogram(name, None, help),
        }
    }
    recorder
});

static METADATA: Metadata<'_> = Metadata::new(module_path!(), Level::INFO, None);

impl Metric {
    /// A series of a counter, by the values of the labels in their order.
    pub fn counter(&self, values: &[&'static str]) -> Counter {
        RECORDER.register_counter(&self.key(values), &METADATA)
    }

    /// A series of a gauge.
    pub fn gauge(&self, values: &[&'static str]) -> Gauge {
        RECORDER.register_gauge(&self.key(values), &METADATA)
    }

    /// A series of a histogram.
    pub fn histogram(&self, values: &[&'static str]) -> Histogram {
        RECORDER.register_histogram(&self.key(values), &METADATA)
    }

    fn key(&self, values: &[&'static str]) -> Key {
        debug_assert_eq!(self.labels.len(), values.len(), "{}", self.name);
        let labels = self.labels.iter().zip(values);
        let labels: Vec<SeriesLabel> = labels
            .map(|(label, value)| SeriesLabel::from_static_parts(label.name, value))
            .collect();
        Key::from_parts(self.name, labels)
    }
}

/// Adds to a counter without labels. For what happens rarely: it looks its series up.
pub fn count(metric: &Metric, times: u64) {
    metric.counter(&[]).increment(times);
}

/// The counters of a metric with one label, by its value.
#[derive(Debug)]
pub struct Counters(Vec<(&'static str, Counter)>);

impl Counters {
    /// A series for each value, at 0. `first` are the values of the labels before the last one.
    #[must_use]
    pub fn of(
        metric: &Metric,
        first: &[&'static str],
        values: impl IntoIterator<Item = &'static str>,
    ) -> Self {
        let series = values.into_iter().map(|value| {
            let values: Vec<&'static str> = first.iter().copied().chain([value]).collect();
            (value, metric.counter(&values))
        });
        Self(series.collect())
    }

    /// Adds to the series of a value. Does nothing for a value that isn't in the list.
    pub fn add(&self, value: &str, times: u64) {
        let found = self.0.iter().find(|(known, _)| *known == value);
        debug_assert!(found.is_some(), "{value} is in no list");
        if let Some((_, counter)) = found {
            counter.increment(times);
        }
    }

    /// Whether the value is in the list.
    #[must_use]
    pub fn knows(&self, value: &str) -> bool {
        self.0.iter().any(|(known, _)| *known == value)
    }
}

/// Counts something as running until it is dropped.
#[must_use = "it is counted until this is dropped"]
pub struct Running(Gauge);

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Running")
    }
}

impl Running {
    /// One more.
    pub fn one(gauge: &Gauge) -> Self {
        gauge.increment(1.0);
        Self(gauge.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

/// A count as a gauge has it.
#[must_use]
pub fn figure(count: u64) -> f64 {
    // Exact up to 2^53.
    #[allow(clippy::cast_precision_loss)]
    let figure = count as f64;
    figure
}

/// Everything in Prometheus's text format, with the process's own figures as they are now.
#[must_use]
pub fn render() -> String {
    note_process();
    RECORDER.handle().render()
}

/// Adds samples of histograms to their buckets from time to time, for as long as it is polled.
pub async fn keep_up() {
    let handle = RECORDER.handle();
    loop {
        tokio::time::sleep(UPKEEP).await;
        handle.run_upkeep();
    }
}

/// Which build this is.
#[derive(Debug)]
pub struct Build {
    /// The version.
    pub version: &'static str,
    /// The commit, or `unknown`.
    pub commit: &'static str,
    /// The last migration that it knows.
    pub schema: String,
}

/// Registers the series that belong to the process, and states the build.
pub fn start(build: Build) {
    for metric in [&PANICS, &LOGGED_ERRORS, &LOGGED_WARNINGS] {
        drop(metric.counter(&[]));
    }
    let labels = [
        ("version", build.version.to_owned()),
        ("commit", build.commit.to_owned()),
        ("schema", build.schema),
    ];
    let labels = labels.map(|(name, value)| SeriesLabel::new(name, value));
    let key = Key::from_parts(BUILD_INFO.name, labels.to_vec());
    RECORDER.register_gauge(&key, &METADATA).set(1.0);
    note_process();
}

fn note_process() {
    let found = metrics_process::collector::collect();
    if let Some(seconds) = found.cpu_seconds_total {
        PROCESS_CPU.gauge(&[]).set(seconds);
    }
    let figures = [
        (&PROCESS_OPEN_FILES, found.open_fds),
        (&PROCESS_MAX_FILES, found.max_fds),
        (&PROCESS_RESIDENT, found.resident_memory_bytes),
        (&PROCESS_VIRTUAL, found.virtual_memory_bytes),
        (&PROCESS_THREADS, found.threads),
        (&PROCESS_START, found.start_time_seconds),
    ];
    for (metric, value) in figures {
        if let Some(value) = value {
            metric.gauge(&[]).set(figure(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{ALL, BUILD_INFO, Build, Kind, LEDGER_PHASE_SECONDS, render, start};

    #[test]
    fn names_follow_prometheus_conventions() {
        let mut names = BTreeSet::new();
        for metric in ALL {
            let name = metric.name;
            assert!(names.insert(name), "{name} is there twice");
            let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
            assert!(name.bytes().all(is_plain), "{name}");
            let ours = name.starts_with("message_credits_") || name.starts_with("process_");
            assert!(ours, "{name}");
            assert!(
                metric.help.split(' ').count() >= 3,
                "{name}: {}",
                metric.help
            );
            assert!(metric.help.ends_with('.'), "{name}: {}", metric.help);
            let is_total = name.ends_with("_total");
            match metric.kind {
                Kind::Counter => assert!(is_total, "{name} is a counter"),
                // The CPU's seconds are read as a float, which a counter isn't here.
                Kind::Gauge => assert!(!is_total || name == "process_cpu_seconds_total", "{name}"),
                Kind::Histogram(bounds) => {
                    assert!(!is_total, "{name} is a histogram");
                    assert!(bounds.is_sorted() && !bounds.is_empty(), "{name}");
                }
            }
        }
    }

    #[test]
    fn histograms_have_buckets_before_the_first_observation() {
        drop(LEDGER_PHASE_SECONDS.histogram(&["lock"]));
        let text = render();
        let name = LEDGER_PHASE_SECONDS.name;
        assert!(
            text.contains(&format!("{name}_bucket{{phase=\"lock\",le=\"+Inf\"}} 0")),
            "{text}"
        );
        assert!(!text.contains("quantile"), "{text}");
    }

    #[test]
    fn the_build_and_the_process_are_described() {
        start(Build {
            version: "1.0.0",
            commit: "abc",
            schema: "m1".to_owned(),
        });
        let text = render();
        for start in [
            format!("{}{{version=", BUILD_INFO.name),
            "process_resident_memory_bytes ".to_owned(),
            "process_open_fds ".to_owned(),
            "message_credits_panics_total ".to_owned(),
        ] {
            assert!(
                text.lines().any(|line| line.starts_with(&start)),
                "{start}: {text}"
            );
        }
    }
}
