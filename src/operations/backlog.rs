//! The figures about the whole database that metrics state: what is due, and what is open.
//!
//! Here: reading them at most every few seconds, whoever asks. Not here: what is counted
//! ([`crate::store::backlog`]), and doing it, which the jobs do.

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use metrics::Gauge;
use sea_orm::DbErr;
use tokio::{sync::Mutex, time::timeout};

use super::Services;
use crate::{
    store::{
        self,
        backlog::{Count, Counted},
        sql::reader::Owner,
    },
    telemetry::metrics::{
        BACKLOG_READ, DATABASE_UP, DUE, DUE_LAG, HELD_RECHARGES, OPEN_PAYMENTS, SCHEDULED, figure,
    },
};

/// How long figures are kept. Several collectors may read every few seconds.
const FRESH: Duration = Duration::from_secs(5);
/// How long the figures may take; metrics are answered without them then.
const PATIENCE: Duration = Duration::from_secs(2);

/// When the figures were last asked for.
#[derive(Debug, Default)]
pub(super) struct Backlog(Mutex<Option<Instant>>);

/// The series of something that is counted.
enum Series {
    Due { rows: Gauge, lag: Gauge },
    Open(Gauge),
}

static SERIES: LazyLock<Vec<(Counted, Series)>> = LazyLock::new(|| {
    let due = |what: Counted, work: &'static str| {
        let (rows, lag) = (DUE.gauge(&[work]), DUE_LAG.gauge(&[work]));
        (what, Series::Due { rows, lag })
    };
    let open = |what: Counted, gauge: Gauge| (what, Series::Open(gauge));
    vec![
        due(Counted::Settlements, "settlements"),
        due(Counted::Unreported, "unreported_messages"),
        due(Counted::Lots, "lots"),
        due(Counted::Payments, "payments"),
        due(Counted::Webhooks, "webhooks"),
        due(Counted::Recharges, "recharges"),
        due(Counted::Retention, "retention"),
        open(Counted::Scheduled, SCHEDULED.gauge(&[])),
        open(Counted::Pending, OPEN_PAYMENTS.gauge(&["PENDING"])),
        open(Counted::Unknown, OPEN_PAYMENTS.gauge(&["UNKNOWN"])),
        open(Counted::HeldBack, HELD_RECHARGES.gauge(&[])),
    ]
});

/// Registers the series, at 0.
pub(super) fn register() {
    LazyLock::force(&SERIES);
    drop((BACKLOG_READ.gauge(&[]), DATABASE_UP.gauge(&[])));
}

impl Services {
    /// States in metrics what is due and open in the whole database, and the connections of every
    /// pool. If the database doesn't answer in two seconds, the figures stay as they were.
    pub async fn note_figures(&self) {
        self.store().note_pools();
        if let Some(replica) = self.replica() {
            replica.note_pools();
        }
        let mut last = self.0.backlog.0.lock().await;
        if last.is_some_and(|last| last.elapsed() < FRESH) {
            return;
        }
        let read = timeout(PATIENCE, Owner::Jobs.reads(self.read_backlog())).await;
        let is_up = matches!(read, Ok(Ok(())));
        DATABASE_UP.gauge(&[]).set(figure(u64::from(is_up)));
        if let Ok(Err(cause)) = read {
            tracing::debug!(%cause, "the backlog can't be counted");
        }
        *last = Some(Instant::now());
    }

    async fn read_backlog(&self) -> Result<(), DbErr> {
        let now = self.clock().now();
        let counts = store::backlog::read(self.store().reader(), now).await?;
        for count in counts {
            state(&count, now.as_microsecond());
        }
        BACKLOG_READ.gauge(&[]).set(seconds(now.as_microsecond()));
        Ok(())
    }
}

fn state(count: &Count, now: i64) {
    let found = SERIES.iter().find(|(what, _)| *what == count.what);
    match found {
        Some((_, Series::Due { rows, lag })) => {
            rows.set(figure(count.rows));
            let oldest = count.oldest.unwrap_or(now).min(now);
            lag.set(seconds(now.saturating_sub(oldest)));
        }
        Some((_, Series::Open(rows))) => rows.set(figure(count.rows)),
        None => {}
    }
}

/// Microseconds in seconds.
fn seconds(micros: i64) -> f64 {
    // Exact to the microsecond for two centuries.
    #[allow(clippy::cast_precision_loss)]
    let micros = micros as f64;
    micros / 1_000_000.0
}

#[cfg(test)]
mod tests {
    use super::{SERIES, seconds};

    #[test]
    fn every_figure_has_one_series() {
        for (number, (what, _)) in SERIES.iter().enumerate() {
            let same = SERIES.iter().position(|(other, _)| other == what);
            assert_eq!(same, Some(number));
        }
        assert_eq!(SERIES.len(), 11);
        assert!((seconds(1_500_000) - 1.5).abs() < f64::EPSILON);
    }
}
