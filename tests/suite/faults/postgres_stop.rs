//! An immediate stop of PostgreSQL in the midst of the load, as a power cut would.

use super::{assert_verified, below, load::Load, migrate, rounds};
use crate::support::{own_postgres::OwnPostgres, process::Process};

/// The server goes on by itself once PostgreSQL is back; what was acknowledged is there, and each command that
/// had no answer is done once when its key is repeated.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_is_stopped_at_random() {
    let Some(postgres) = OwnPostgres::start() else {
        return;
    };
    let url = postgres.url();
    migrate(&url);
    let server = Process::start(&["--database-url", &url]);
    let load = Load::start(&[&server], 16).await;
    for _ in 0..rounds() {
        load.goes_on(20 + below(100)).await;
        postgres.cut_the_power();
        postgres.up();
    }
    load.goes_on(20).await;
    assert!(load.repeated() > 0, "no stop met a command in flight");
    load.ends_well(&server).await;
    assert_eq!(server.terminate(), Some(0));
    assert_verified(&url);
}
