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
    load.goes_on(20).await;
    postgres.cut_the_power();
    load.is_left_unanswered().await;
    postgres.up();
    // Where it is back soon nobody may notice: what was under way is tried again.
    for _ in 0..rounds() {
        load.goes_on(20 + below(100)).await;
        postgres.cut_the_power();
        postgres.up();
    }
    load.goes_on(20).await;
    load.ends_well(&server).await;
    assert_eq!(server.terminate(), Some(0));
    assert_verified(&url);
}
