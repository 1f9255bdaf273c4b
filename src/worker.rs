//! Background jobs. Their only input is the database, so that a later run makes up for a missed
//! one, and several processes may run them at once.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;

use crate::{
    operations::{OperationError, Services},
    store::sql::reader::Owner,
};

/// How often the jobs run. Correctness doesn't depend on it: due events count from their instant,
/// booked or not.
const INTERVAL: Duration = Duration::from_secs(1);

/// Runs the jobs until `stop` is cancelled. Those that call payment providers have a loop of their
/// own: a provider that doesn't answer delays no settlement (law R3).
pub async fn run(services: Services, stop: CancellationToken) {
    let own = async {
        loop {
            guarded(run_own(&services)).await;
            tokio::select! {
                () = tokio::time::sleep(INTERVAL) => {}
                () = stop.cancelled() => return,
            }
        }
    };
    let payments = async {
        loop {
            guarded(run_payments(&services)).await;
            tokio::select! {
                () = tokio::time::sleep(INTERVAL) => {}
                // An account that ran low doesn't wait for the next pass.
                () = services.recharge_due() => {}
                () = stop.cancelled() => return,
            }
        }
    };
    tokio::join!(own, payments, services.exchange_hints(&stop));
}

/// Runs one pass on connections of its own: readers can't keep due work from being settled. A bug
/// in one job must not end the others, now or later.
async fn guarded(pass: impl Future<Output = ()>) {
    if AssertUnwindSafe(Owner::Jobs.reads(pass))
        .catch_unwind()
        .await
        .is_err()
    {
        tracing::error!("a job panicked; the jobs continue");
    }
}

/// One pass over every job. A job that fails is logged and retried in the next pass; it does not
/// delay the others.
pub async fn run_once(services: &Services) {
    let pass = async {
        run_own(services).await;
        run_payments(services).await;
    };
    Owner::Jobs.reads(pass).await;
}

/// The jobs that need the database alone.
async fn run_own(services: &Services) {
    report("expiry", services.expire_due().await);
    report("settlement", services.settle_due().await);
    report("lost imports", services.end_lost_imports().await);
    report(
        "archived contacts",
        services.forget_archived_contacts().await,
    );
    report("monthly reports", services.make_monthly_reports().await);
    report("usage by day", services.roll_up_usage().await);
    report("key uses", services.note_key_uses().await);
}

/// The jobs that may call payment providers: from a webhook, or a balance below its threshold, to
/// the credits of a payment.
async fn run_payments(services: &Services) {
    report("webhooks", services.work_off_webhooks().await);
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
