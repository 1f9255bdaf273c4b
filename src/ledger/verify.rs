//! Verifying the books: every stored balance must follow from the postings (law B2), the postings
//! must form an unbroken chain (law B5), and the cost of messages must equal what was spent, by day
//! and list too (law T2). With heads that were recorded before, no chain may have lost its end.
//!
//! Here: the walk over all accounts, several at once, each in one snapshot and in pages, so that
//! memory doesn't grow with history. It grows with an account's lots and the changes of their
//! expiry, its lists with limits and its open holds. Not here: repairs.

mod read;
mod recorded;
mod standing;
mod usage;
mod walk;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use domain::id::AccountId;
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use sea_orm::DbErr;
use tokio_util::task::AbortOnDropHandle;

use self::{
    recorded::Recorded,
    walk::{Spend, Walk},
};
use super::{
    fault::public_id,
    heads::{Head, file::Heads},
};
use crate::{
    clock::whole_micros,
    store::sql::{
        lost_connections::error_code,
        reader::{Reader, Snapshot},
    },
    tuning::Tuned,
};

/// Drifts reported for one account: the rest mostly follows from the first ones.
const MAX_DRIFTS_OF_ACCOUNT: usize = 20;
/// Drifts reported in all.
const MAX_DRIFTS: usize = 1_000;

/// Accounts verified at once, each on its own connection: enough to keep the processors of a small
/// machine busy, and only a part of the readers that a server beside it may need.
/// Measured: docs/measured.md, "Jobs".
static AT_ONCE: Tuned<usize> = Tuned::new("VERIFY_ACCOUNTS", 4);
/// How often progress is reported.
const TELL: Duration = Duration::from_secs(1);
/// How often an account is read. A replica cancels a snapshot that keeps it from applying what its
/// primary removed.
const TRIES: u32 = 5;
/// PostgreSQL's code of a statement that a replica cancelled for that reason.
const CONFLICT: &str = "40001";

/// The result of verifying all books.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verified {
    /// Accounts that were verified.
    pub accounts: u64,
    /// Their transactions.
    pub transactions: u64,
    /// When the last of these transactions was booked; `None` if there is none.
    pub last_at: Option<Timestamp>,
    /// The drifts that were found; empty if the books are in order.
    pub drifts: Vec<Drift>,
    /// How many more drifts were found than are reported.
    pub left_out: u64,
}

/// A stored value that doesn't follow from the postings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// The account.
    pub account: AccountId,
    /// The name of the value, such as "free credits of list 0193…".
    pub what: String,
    /// The value that follows from the postings.
    pub expected: String,
    /// The stored value.
    pub found: String,
}

/// Names the account by its public id.
impl std::fmt::Display for Drift {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            account,
            what,
            expected,
            found,
        } = self;
        let account = public_id(*account);
        write!(f, "{account}: {what}: expected {expected}, found {found}")
    }
}

/// The progress of a verification.
#[derive(Debug, Default)]
pub struct Progress {
    accounts: AtomicU64,
    transactions: AtomicU64,
}

impl Progress {
    /// Accounts that are done.
    #[must_use]
    pub fn accounts(&self) -> u64 {
        self.accounts.load(Ordering::Relaxed)
    }

    /// Transactions that were walked, including those of unfinished accounts.
    #[must_use]
    pub fn transactions(&self) -> u64 {
        self.transactions.load(Ordering::Relaxed)
    }
}

/// Verifies every account's books from the first transaction on, and calls `tell` once a second
/// meanwhile. With `heads`, every account's chain must also contain the head that was recorded of
/// it: only so is a history found that was shortened together with everything that follows from it.
///
/// # Errors
/// The database failed.
pub async fn verify(
    reader: &Reader,
    heads: Option<Heads>,
    mut tell: impl FnMut(&Progress),
) -> Result<Verified, DbErr> {
    let progress = Arc::new(Progress::default());
    let mut ticks = tokio::time::interval(TELL);
    // The first tick comes at once, before there is any progress.
    ticks.tick().await;
    let mut verified = Verified::default();
    let mut after = None;
    let mut missing = heads.map(|heads| heads.accounts).unwrap_or_default();
    loop {
        let accounts = read::accounts(reader, after).await?;
        let Some(last) = accounts.last() else {
            for head in missing.into_values() {
                verified.add(recorded::of_missing_account(head));
            }
            return Ok(verified);
        };
        after = Some(*last);
        // Sorted, so that the same books give the same text.
        let mut looks = stream::iter(accounts)
            .map(|id| {
                let account = AccountId::new(id);
                let head = missing.remove(&account);
                look(reader.clone(), account, head, progress.clone())
            })
            .buffered(AT_ONCE.get());
        loop {
            tokio::select! {
                found = looks.next() => match found {
                    Some(found) => verified.add(found?),
                    None => break,
                },
                _ = ticks.tick() => tell(&progress),
            }
        }
    }
}

/// Verifies one account in a task of its own, because walking its chain takes processor time. The
/// task ends if its future is dropped.
async fn look(
    reader: Reader,
    account: AccountId,
    head: Option<Head>,
    progress: Arc<Progress>,
) -> Result<Found, DbErr> {
    let task = tokio::spawn(async move {
        let mut tries = 0;
        let found = loop {
            tries += 1;
            let snapshot = reader.snapshot().await?;
            match verify_account(&snapshot, account, head, &progress).await {
                Ok(found) => {
                    snapshot.end().await?;
                    break found;
                }
                Err(cause) if tries < TRIES && error_code(&cause).as_deref() == Some(CONFLICT) => {
                    tracing::info!(%cause, account = %public_id(account), "reading the account again");
                }
                Err(cause) => return Err(cause),
            }
        };
        progress.accounts.fetch_add(1, Ordering::Relaxed);
        Ok(found)
    });
    AbortOnDropHandle::new(task)
        .await
        .unwrap_or_else(|cause| Err(DbErr::Custom(cause.to_string())))
}

impl Verified {
    fn add(&mut self, found: Found) {
        self.accounts += found.accounts;
        self.transactions += found.transactions;
        self.last_at = self.last_at.max(found.last_at);
        self.left_out += found.findings.left_out;
        for drift in found.findings.drifts {
            if self.drifts.len() < MAX_DRIFTS {
                self.drifts.push(drift);
            } else {
                self.left_out += 1;
            }
        }
    }
}

struct Found {
    /// 1, or 0 if the account is missing.
    accounts: u64,
    transactions: u64,
    last_at: Option<Timestamp>,
    findings: Findings,
}

async fn verify_account(
    snapshot: &Snapshot,
    account: AccountId,
    head: Option<Head>,
    progress: &Progress,
) -> Result<Found, DbErr> {
    let mut findings = Findings::new(account);
    let mut recorded = head.map(Recorded::new);
    let lots = read::lots(snapshot, account).await?;
    let changes = read::expiry_changes(snapshot, account).await?;
    let actors = read::actors(snapshot, account, &mut findings).await?;
    let mut walk = Walk::new(&lots, &changes);
    let mut transactions = 0;
    loop {
        let page = read::transactions(snapshot, account, walk.sequence).await?;
        let Some(last) = page.transactions.last().map(|row| row.sequence) else {
            findings.orphans("postings", page.postings.keys());
            break;
        };
        let walked = page.transactions.len() as u64;
        transactions += walked;
        progress.transactions.fetch_add(walked, Ordering::Relaxed);
        let mut postings = page.postings;
        let mut spends: Vec<Spend> = Vec::new();
        for row in &page.transactions {
            let own = postings.remove(&row.sequence).unwrap_or_default();
            let first = changes.partition_point(|change| change.sequence < row.sequence);
            let last = changes.partition_point(|change| change.sequence <= row.sequence);
            let moved = changes.get(first..last).unwrap_or_default();
            if let Some(recorded) = &mut recorded {
                recorded.step(row, &mut findings);
            }
            spends.extend(walk.step(row, (&own, moved), &actors, &mut findings));
        }
        findings.orphans(
            "postings",
            postings.range(..=last).map(|(sequence, _)| sequence),
        );
        read::spent_messages(snapshot, account, &spends, &mut findings).await?;
    }
    let orphans = changes.partition_point(|change| change.sequence <= walk.sequence);
    let orphans = changes.get(orphans..).unwrap_or_default();
    findings.orphans(
        "changes of expiry",
        orphans.iter().map(|change| &change.sequence),
    );
    if let Some(recorded) = recorded {
        recorded.end(walk.sequence, &mut findings);
    }
    standing::check(snapshot, account, &walk, &lots, &mut findings).await?;
    usage::check(snapshot, account, &mut findings).await?;
    Ok(Found {
        accounts: 1,
        transactions,
        last_at: (transactions > 0).then(|| whole_micros(walk.last_at)),
        findings,
    })
}

/// The drifts of one account, of which the first are kept.
struct Findings {
    account: AccountId,
    drifts: Vec<Drift>,
    left_out: u64,
}

impl Findings {
    fn new(account: AccountId) -> Self {
        Self {
            account,
            drifts: Vec::new(),
            left_out: 0,
        }
    }

    /// Records a drift if a value isn't the expected one. Returns whether it is.
    fn expect<T: PartialEq + std::fmt::Display>(
        &mut self,
        expected: T,
        found: T,
        what: impl FnOnce() -> String,
    ) -> bool {
        if expected == found {
            return true;
        }
        self.add(what(), expected.to_string(), found.to_string());
        false
    }

    fn add(&mut self, what: String, expected: impl Into<String>, found: impl Into<String>) {
        if self.drifts.len() >= MAX_DRIFTS_OF_ACCOUNT {
            self.left_out += 1;
            return;
        }
        self.drifts.push(Drift {
            account: self.account,
            what,
            expected: expected.into(),
            found: found.into(),
        });
    }

    /// Like [`Self::add`], for a finding that is never left out: it comes before the others.
    fn add_first(&mut self, what: String, expected: String, found: String) {
        let drift = Drift {
            account: self.account,
            what,
            expected,
            found,
        };
        self.drifts.insert(0, drift);
        if self.drifts.len() > MAX_DRIFTS_OF_ACCOUNT {
            self.drifts.pop();
            self.left_out += 1;
        }
    }

    fn orphans<'a>(&mut self, rows: &str, sequences: impl Iterator<Item = &'a i64>) {
        for sequence in sequences {
            let what = format!("the transaction of the {rows} numbered {sequence}");
            self.add(what, "a transaction", "none");
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An amount for people. It takes any size, because sums of corrupt rows may be nonsense.
fn credits(units: i128) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let (whole, fraction) = (units.unsigned_abs() / 10_000, units.unsigned_abs() % 10_000);
    match fraction {
        0 => format!("{sign}{whole} credits"),
        _ => {
            let digits = format!("{fraction:04}");
            format!("{sign}{whole}.{} credits", digits.trim_end_matches('0'))
        }
    }
}
