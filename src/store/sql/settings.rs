//! How one process uses its database: its share of the connections, and how long it waits.
//!
//! Here: the values, and how the connections are divided over the pools. Not here: the options that
//! set them (`crate::config::database`), and the pools ([`super::connection`]).

use std::time::Duration;

use super::shards;
use crate::tuning::{self, Tuned};

/// Connections for reads that are shared fairly ([`super::reader`]). Readers and writers have
/// separate pools, so reports and downloads never keep a charge waiting.
/// Measured: docs/measured.md, "Connections and threads".
static READERS: Tuned<u32> = Tuned::new("POSTGRES_READERS", 20);
/// Each locked account that the ledger waits for takes one connection; the rest are for writes
/// outside the ledger.
const WRITERS: u32 = 8;
/// The ledger's writers on two cores, each with its own connection, which keeps plans and catalogue
/// data from batch to batch.
/// Measured: docs/measured.md, "Connections and threads".
static LEDGER: Tuned<u32> = Tuned::new("WRITERS", 3);
/// The most further writers: one for each core beyond two, since PostgreSQL serves each in a
/// process of its own. Readers have so many connections less. Not measured: docs/scale.md.
const MOST_FURTHER_WRITERS: usize = 5;
/// The ledger's writers on distributed tables, where a batch is one account's: so many accounts are
/// written at once, and a server that is down keeps fewer of them.
const LEDGER_ON_SHARDS: u32 = 8;
/// Connections for lookups by key, of many keys at a time: few, so that each stays warm.
/// Measured: docs/measured.md, "Connections and threads".
static LOOKUPS: Tuned<u32> = Tuned::new("POSTGRES_LOOKUPS", 6);
/// Connections for the jobs alone. They read one thing after another, and must not wait for
/// clients.
const JOBS: u32 = 2;
/// Connections for bulk reads: each download uses two, one for its figures and one for its
/// messages, so that slow clients never keep others from reading. They are opened on demand.
const BULK: u32 = 16;
/// Connections for hints of other servers' changes ([`super::hints`]): one listens, one sends.
pub(super) const HINTS: u32 = 2;
/// The fewest connections that a process can work with: two for a download, two for hints, and one
/// for each other pool.
pub const LEAST_CONNECTIONS: u32 = 7 + HINTS;

/// How a process uses its database. On SQLite only the URL counts.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The database: `sqlite://…` or `postgres://…`, with several hosts if it fails over.
    pub url: String,
    /// The connections of this process in all, at least [`LEAST_CONNECTIONS`]; the measured number
    /// if `None`.
    pub connections: Option<u32>,
    /// PostgreSQL's timeout for a statement. No page of a report comes near it.
    pub statement_timeout: Duration,
    /// PostgreSQL's timeout for waiting for a lock. A transaction that holds one longer is stuck.
    pub lock_timeout: Duration,
    /// How long a caller waits for a connection before the database counts as unavailable.
    pub acquire_timeout: Duration,
    /// How long the start waits for PostgreSQL.
    pub wait: Duration,
}

impl Settings {
    /// The measured settings for a database, which is not waited for.
    #[must_use]
    pub fn of(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            connections: None,
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(10),
            acquire_timeout: Duration::from_secs(5),
            wait: Duration::ZERO,
        }
    }

    /// Whether the database is a SQLite file.
    #[must_use]
    pub fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite:")
    }

    pub(super) fn budget(&self) -> Budget {
        let further = tuning::further_cores(MOST_FURTHER_WRITERS);
        Budget::of(self.connections, u32::try_from(further).unwrap_or(0))
    }
}

/// The connections of each pool, beside those for hints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Budget {
    pub readers: u32,
    pub writers: u32,
    pub ledger: u32,
    pub lookups: u32,
    pub jobs: u32,
    pub bulk: u32,
}

impl Budget {
    /// The measured numbers, with this many writers more.
    fn measured(further_writers: u32) -> [u32; 6] {
        [
            READERS.get().saturating_sub(further_writers).max(1),
            WRITERS,
            if shards::are_used() {
                LEDGER_ON_SHARDS
            } else {
                LEDGER.get() + further_writers
            },
            LOOKUPS.get(),
            JOBS,
            BULK,
        ]
    }

    /// Divides a number of connections in the measured proportions, less those for hints. What is
    /// left over by rounding goes to the pools that lost most of it, the first of equal ones first.
    fn of(connections: Option<u32>, further_writers: u32) -> Self {
        const LEAST: [u32; 6] = [1, 1, 1, 1, 1, 2];
        let measured = Self::measured(further_writers);
        let Some(connections) = connections else {
            return Self::from(measured);
        };
        let spare = u64::from(connections.saturating_sub(LEAST_CONNECTIONS));
        let weights: Vec<u64> = measured
            .iter()
            .zip(LEAST)
            .map(|(measured, least)| u64::from(measured.saturating_sub(least)))
            .collect();
        let whole = weights.iter().sum::<u64>().max(1);
        let mut shares = LEAST;
        let mut rests = Vec::new();
        let mut given = 0;
        for (place, (share, weight)) in shares.iter_mut().zip(&weights).enumerate() {
            let part = spare * weight;
            let more = u32::try_from(part / whole).unwrap_or(u32::MAX);
            *share += more;
            given += u64::from(more);
            rests.push((std::cmp::Reverse(part % whole), place));
        }
        rests.sort_unstable();
        let left = usize::try_from(spare.saturating_sub(given)).unwrap_or(usize::MAX);
        for (_, place) in rests.into_iter().take(left) {
            if let Some(share) = shares.get_mut(place) {
                *share += 1;
            }
        }
        Self::from(shares)
    }
}

impl From<[u32; 6]> for Budget {
    fn from([readers, writers, ledger, lookups, jobs, bulk]: [u32; 6]) -> Self {
        Self {
            readers,
            writers,
            ledger,
            lookups,
            jobs,
            bulk,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, HINTS, LEAST_CONNECTIONS};

    fn all(budget: Budget) -> [u32; 6] {
        let Budget {
            readers,
            writers,
            ledger,
            lookups,
            jobs,
            bulk,
        } = budget;
        [readers, writers, ledger, lookups, jobs, bulk]
    }

    #[test]
    fn connections_are_divided_in_the_measured_proportions() {
        let measured = all(Budget::of(None, 0));
        assert_eq!(measured, [20, 8, 3, 6, 2, 16]);
        assert_eq!(all(Budget::of(Some(57), 0)), measured);
        assert_eq!(
            all(Budget::of(Some(LEAST_CONNECTIONS), 0)),
            [1, 1, 1, 1, 1, 2]
        );
        assert_eq!(all(Budget::of(Some(22), 0)), [6, 3, 2, 2, 1, 6]);
        // With more cores there are more writers, and as many connections.
        assert_eq!(all(Budget::of(None, 5)), [15, 8, 8, 6, 2, 16]);
        for connections in LEAST_CONNECTIONS..400 {
            let shares = all(Budget::of(Some(connections), connections % 6));
            assert_eq!(
                shares.iter().sum::<u32>() + HINTS,
                connections,
                "{shares:?}"
            );
            assert!(shares.iter().all(|share| *share >= 1), "{shares:?}");
            assert!(shares[5] >= 2, "a download takes two: {shares:?}");
        }
    }
}
