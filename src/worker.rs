//! Background jobs. Their only input is the database, so that a later run makes up for a missed
//! one, and several processes may run them at once. On distributed tables one process runs them for
//! all, because each of their questions goes to every server.

use std::{
    panic::AssertUnwindSafe,
    sync::LazyLock,
    time::{Duration, Instant},
};

use futures_util::FutureExt;
use metrics::{Counter, Gauge, Histogram};
use tokio_util::sync::CancellationToken;

use crate::{
    clock::Clock,
    operations::{OperationError, Services},
    store::sql::reader::Owner,
    telemetry::{
        episode::{DATABASE, Episode},
        metrics::{JOB_DONE, JOB_FAILURES, JOB_SECONDS, JOB_SUCCESS, figure},
    },
};

/// How often the jobs run. Correctness doesn't depend on it: due events count from their instant,
/// booked or not.
const INTERVAL: Duration = Duration::from_secs(1);

/// A job, with its series and its state.
struct Job {
    name: &'static str,
    trouble: Episode,
    series: LazyLock<Series>,
}

struct Series {
    took: Histogram,
    done: Counter,
    failures: Counter,
    success: Gauge,
}

macro_rules! jobs {
    ($($job:ident = $name:literal;)+) => {
        $(static $job: Job = Job {
            name: $name,
            trouble: Episode::new(concat!("the job ", $name)),
            series: LazyLock::new(|| Series {
                took: JOB_SECONDS.histogram(&[$name]),
                done: JOB_DONE.counter(&[$name]),
                failures: JOB_FAILURES.counter(&[$name]),
                success: JOB_SUCCESS.gauge(&[$name]),
            }),
        };)+

        /// Every job.
        static JOBS: &[&Job] = &[$(&$job),+];
    };
}

jobs! {
    EXPIRY = "expiry";
    SETTLEMENT = "settlement";
    LOST_IMPORTS = "lost_imports";
    ARCHIVED_CONTACTS = "archived_contacts";
    MONTHLY_REPORTS = "monthly_reports";
    USAGE = "usage_by_day";
    KEY_USES = "key_uses";
    WEBHOOKS = "webhooks";
    PAYMENTS = "payments";
    RECHARGES = "recharges";
    RETENTION = "retention";
}

/// Runs the jobs until `stop` is cancelled. Those that call payment providers have a loop of their
/// own: a provider that doesn't answer delays no settlement (law R3). So has retention.
pub async fn run(services: Services, stop: CancellationToken) {
    for job in JOBS {
        LazyLock::force(&job.series);
    }
    let own = async {
        loop {
            let pass = async {
                if services.leads_jobs().await {
                    run_own(&services).await;
                }
                run_here(&services).await;
            };
            Owner::Jobs.reads(pass).await;
            tokio::select! {
                () = tokio::time::sleep(INTERVAL) => {}
                () = stop.cancelled() => return,
            }
        }
    };
    let payments = async {
        let mut is_woken = false;
        loop {
            let pass = async {
                if is_woken || services.leads_jobs().await {
                    run_payments(&services).await;
                }
            };
            Owner::Jobs.reads(pass).await;
            is_woken = tokio::select! {
                () = tokio::time::sleep(INTERVAL) => false,
                // An account that ran low doesn't wait for the next pass.
                () = services.recharge_due() => true,
                () = stop.cancelled() => return,
            };
        }
    };
    let retention = async {
        loop {
            Owner::Jobs.reads(run_retention(&services)).await;
            tokio::select! {
                () = tokio::time::sleep(INTERVAL) => {}
                () = stop.cancelled() => return,
            }
        }
    };
    tokio::join!(own, payments, retention, services.exchange_hints(&stop));
}

/// One pass over every job, on connections of its own: readers can't keep due work from being
/// settled.
pub async fn run_once(services: &Services) {
    let pass = async {
        run_own(services).await;
        run_here(services).await;
        run_payments(services).await;
        run_retention(services).await;
    };
    Owner::Jobs.reads(pass).await;
}

/// The jobs that need the database alone.
async fn run_own(services: &Services) {
    let clock = services.clock();
    EXPIRY.run(clock, services.expire_due()).await;
    SETTLEMENT.run(clock, services.settle_due()).await;
    LOST_IMPORTS.run(clock, services.end_lost_imports()).await;
    let forgotten = services.forget_archived_contacts();
    ARCHIVED_CONTACTS.run(clock, forgotten).await;
    let reports = services.make_monthly_reports();
    MONTHLY_REPORTS.run(clock, reports).await;
    USAGE.run(clock, services.roll_up_usage()).await;
}

/// The jobs that write down what this process knows.
async fn run_here(services: &Services) {
    let clock = services.clock();
    KEY_USES.run(clock, services.note_key_uses()).await;
}

/// The job that erases what is old. It reads much and hurries nowhere, so it delays no other job.
async fn run_retention(services: &Services) {
    let erased = services.erase_what_is_old();
    RETENTION.run(services.clock(), erased).await;
}

/// The jobs that may call payment providers: from a webhook, or a balance below its threshold, to
/// the credits of a payment.
async fn run_payments(services: &Services) {
    let clock = services.clock();
    WEBHOOKS.run(clock, services.work_off_webhooks()).await;
    // News of the charges before comes first: one that was taken after all needs no other.
    let payments = services.carry_on_with_payments();
    PAYMENTS.run(clock, payments).await;
    let decided = RECHARGES.run(clock, services.decide_recharges()).await;
    if decided != Some(0) {
        let payments = services.carry_on_with_payments();
        PAYMENTS.run(clock, payments).await;
    }
}

impl Job {
    /// One pass, and how much it did; `None` if it failed. A job that fails, or panics, is retried
    /// in the next pass, and doesn't delay the others. Each outage has one line at ERROR.
    async fn run(
        &self,
        clock: &Clock,
        pass: impl Future<Output = Result<usize, OperationError>>,
    ) -> Option<usize> {
        let began = Instant::now();
        let ended = AssertUnwindSafe(pass).catch_unwind().await;
        self.series.took.record(began.elapsed());
        let job = self.name;
        match ended {
            Ok(Ok(done)) => {
                DATABASE.worked();
                self.trouble.worked();
                self.series.done.increment(done as u64);
                let now = u64::try_from(clock.now().as_second()).unwrap_or_default();
                self.series.success.set(figure(now));
                if done > 0 {
                    tracing::debug!(job, done, "a job finished");
                }
                return Some(done);
            }
            // The outage of the database has its own line.
            Ok(Err(cause @ (OperationError::Unavailable | OperationError::Lost))) => {
                tracing::debug!(job, ?cause, "a job failed and will be retried");
            }
            Ok(Err(cause)) => self.trouble.failed(&format!("{cause:?}")),
            Err(_) => self.trouble.failed(&"it panicked"),
        }
        self.series.failures.increment(1);
        None
    }
}
