//! The server under crashes and abuse.
//!
//! Here: kills, full disks, lost answers and stopped databases, after which nothing acknowledged is
//! missing or doubled and `verify` finds nothing; floods and hostile input, which take no more than
//! their share. `FAULT_ROUNDS` sets how often each fault strikes; [`load`] is the load under which
//! it does. Not here: what a single noun refuses ([`crate::nouns`]).

mod budget;
mod citus;
mod clock;
mod corrupt_books;
mod costs;
mod documents;
mod floods;
mod full_disk;
mod hints;
mod kill;
mod ledger_door;
mod live_migrations;
mod load;
mod lost_answer;
mod payment_kill;
mod postgres_moves;
mod postgres_stop;
mod processes;
mod quotas;
mod replica;
mod rolling_restart;
mod shares;
mod silent_returns;
mod sqlite_files;
mod threats;

use crate::support::process;

/// How often a fault strikes, unless `FAULT_ROUNDS` sets another number.
const ROUNDS: usize = 3;

fn rounds() -> usize {
    let text = std::env::var("FAULT_ROUNDS").ok();
    text.map_or(ROUNDS, |text| {
        text.parse().expect("FAULT_ROUNDS is a number")
    })
}

/// A random number below `bound`.
fn below(bound: usize) -> usize {
    usize::try_from(u32::from_le_bytes(message_credits::entropy::bytes())).unwrap() % bound
}

/// Checks that the books are in order.
fn assert_verified(database_url: &str) {
    let verified = process::output(&["verify", "--database-url", database_url]);
    assert!(
        verified.status.success(),
        "{}{}",
        String::from_utf8_lossy(&verified.stdout),
        String::from_utf8_lossy(&verified.stderr)
    );
}

/// A migrated, empty database of the shared PostgreSQL.
async fn migrated_postgres() -> Option<String> {
    let url = crate::support::postgres_database().await?;
    migrate(&url);
    Some(url)
}

fn migrate(url: &str) {
    let migrated = process::output(&["migrate", "--database-url", url]);
    assert!(
        migrated.status.success(),
        "{}",
        String::from_utf8_lossy(&migrated.stderr)
    );
}
