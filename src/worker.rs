//! Background jobs. Their only input is the database, so that a later run makes up for a missed
//! one, and several processes may run them at once.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    operations::{OperationError, Services},
    store::sql::reader::Owner,
};

/// How often the jobs run. Correctness doesn't depend on it: due events count from their instant,
/// booked or not.
const INTERVAL: Duration = Duration::from_secs(1);

/// Runs the jobs until `stop` is cancelled.
pub async fn run(services: Services, stop: CancellationToken) {
    loop {
        // A bug in one job must not end the others, now or later.
        if AssertUnwindSafe(run_once(&services))
            .catch_unwind()
            .await
            .is_err()
        {
            tracing::error!("a job panicked; the jobs continue");
        }
        let next = Instant::now() + INTERVAL;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = tokio::time::sleep_until(next) => break,
                () = services.recharge_due() => {
                    // An account that ran low doesn't wait for the next pass.
                    let at_once = Owner::Jobs.reads(recharge(&services));
                    if AssertUnwindSafe(at_once).catch_unwind().await.is_err() {
                        tracing::error!("a recharge panicked; the jobs continue");
                    }
                }
            }
        }
    }
}

/// One pass over every job. A job that fails is logged and retried in the next pass; it does not
/// delay the others.
pub async fn run_once(services: &Services) {
    // On connections of their own: readers can't keep due work from being settled.
    Owner::Jobs.reads(run_each(services)).await;
}

async fn run_each(services: &Services) {
    report("expiry", services.expire_due().await);
    report("settlement", services.settle_due().await);
    report("webhooks", services.work_off_webhooks().await);
    recharge(services).await;
    report(
        "archived contacts",
        services.forget_archived_contacts().await,
    );
    report("monthly reports", services.make_monthly_reports().await);
    report("usage by day", services.roll_up_usage().await);
    report("key uses", services.note_key_uses().await);
}

/// The jobs between a balance below its threshold and the credits of the recharge.
async fn recharge(services: &Services) {
    // News of the charges before comes first: one that was taken after all needs no other.
    report("payments", services.carry_on_with_payments().await);
    let decided = services.decide_recharges().await;
    let has_begun = !matches!(decided, Ok(0));
    report("recharges", decided);
    if has_begun {
        report("payments", services.carry_on_with_payments().await);
    }
}

fn report(job: &'static str, result: Result<usize, OperationError>) {
    match result {
        Ok(0) => {}
        Ok(done) => tracing::info!(job, done, "a job finished"),
        Err(cause) => tracing::error!(job, ?cause, "a job failed and will be retried"),
    }
}
