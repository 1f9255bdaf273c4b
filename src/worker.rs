//! Jobs that nobody asks for: they take no input but the database, so that a missed run is made up by the
//! next, and several processes may run them at once.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;

use crate::{
    operations::{OperationError, Services},
    store::sql::reader::Owner,
};

/// How often the jobs look. Nothing depends on it: what is due counts as due at once, booked or not.
const INTERVAL: Duration = Duration::from_secs(1);

/// Runs the jobs until `stop`.
pub async fn run(services: Services, stop: CancellationToken) {
    loop {
        // A bug in a job must not end the others, now or later.
        if AssertUnwindSafe(run_once(&services))
            .catch_unwind()
            .await
            .is_err()
        {
            tracing::error!("a job panicked; the jobs go on");
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// One pass of every job. A job that fails is logged and tried again with the next pass; it does not hold
/// up the others.
pub async fn run_once(services: &Services) {
    // Over connections of their own: no reader keeps what is due from being settled.
    Owner::Jobs.reads(run_each(services)).await;
}

async fn run_each(services: &Services) {
    report("expiry", services.expire_due().await);
    report("settlement", services.settle_due().await);
    report("purchase expiry", services.expire_purchases().await);
    report(
        "archived contacts",
        services.forget_archived_contacts().await,
    );
    report("monthly reports", services.make_monthly_reports().await);
    report("usage by day", services.roll_up_usage().await);
    report("key uses", services.note_key_uses().await);
}

fn report(job: &'static str, result: Result<usize, OperationError>) {
    match result {
        Ok(0) => {}
        Ok(done) => tracing::info!(job, done, "a job did its work"),
        Err(cause) => tracing::error!(job, ?cause, "a job failed; it is tried again"),
    }
}
