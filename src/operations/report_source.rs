//! Where reports are read: the replica, if there is one and it is fresh enough, or the primary.
//!
//! Here: choosing, and going on at the primary after the replica failed. A report is one snapshot
//! of either (law T4), and says as of when. Not here: the replica itself
//! ([`crate::store::sql::replica`]), and what is read.

use domain::id::AccountId;
use entity::transaction;
use jiff::{SignedDuration, Timestamp};
use sea_orm::DbErr;

use super::{OperationError, Services};
use crate::store::{
    self,
    sql::{
        bulk::{Pinned, PinnedReads},
        reader::{Reader, Snapshot},
        replica::{Age, Replica},
    },
};

/// The servers that a report hasn't tried yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Try {
    /// The replica, and then the primary.
    Replica,
    /// The primary alone.
    Primary,
}

/// A snapshot that a report reads.
#[derive(Debug)]
pub(super) struct ReportSnapshot<S> {
    /// The snapshot.
    pub snapshot: S,
    /// The instant whose state it shows.
    pub as_of: Timestamp,
    is_replica: bool,
}

impl Services {
    /// Starts the snapshot of a report.
    pub(super) async fn report_snapshot(
        &self,
        which: Try,
    ) -> Result<ReportSnapshot<Snapshot>, OperationError> {
        if let Some((replica, as_of)) = self.fresh_replica(which).await {
            match replica.snapshot().await {
                Ok(snapshot) => {
                    return Ok(ReportSnapshot {
                        snapshot,
                        as_of,
                        is_replica: true,
                    });
                }
                Err(cause) => replica.failed(&cause),
            }
        }
        let as_of = self.clock().now();
        Ok(ReportSnapshot {
            snapshot: self.store().snapshot().await?,
            as_of,
            is_replica: false,
        })
    }

    /// Ends a report's snapshot. Returns `None` if reading the replica failed, so that the primary
    /// is to be tried.
    ///
    /// # Errors
    /// The result's own.
    pub(super) async fn end_report<T>(
        &self,
        source: ReportSnapshot<Snapshot>,
        read: Result<T, OperationError>,
    ) -> Result<Option<T>, OperationError> {
        let ended = source.snapshot.end().await;
        match read {
            Err(cause) if source.is_replica && !matches!(cause, OperationError::Refused(_)) => {
                if let Some(replica) = self.replica() {
                    replica.failed(&format!("{cause:?}"));
                }
                Ok(None)
            }
            read => {
                let read = read?;
                if !source.is_replica {
                    ended?;
                }
                Ok(Some(read))
            }
        }
    }

    /// Starts two transactions on one snapshot, for a file.
    pub(super) async fn report_pin(
        &self,
        which: Try,
    ) -> Result<(ReportSnapshot<PinnedReads>, Pinned), OperationError> {
        if let Some((replica, as_of)) = self.fresh_replica(which).await {
            match replica.pin().await {
                Ok((snapshot, pinned)) => {
                    let source = ReportSnapshot {
                        snapshot,
                        as_of,
                        is_replica: true,
                    };
                    return Ok((source, pinned));
                }
                Err(cause) => replica.failed(&cause),
            }
        }
        let as_of = self.clock().now();
        let (snapshot, pinned) = self.store().pin().await?;
        let source = ReportSnapshot {
            snapshot,
            as_of,
            is_replica: false,
        };
        Ok((source, pinned))
    }

    /// The reader for a period that has ended: the replica's if it has all of it, with the instant
    /// whose state it shows.
    pub(super) async fn reader_of_past(&self, to: Timestamp) -> (&Reader, Timestamp) {
        if to <= self.clock().now()
            && let Some((replica, as_of)) = self.fresh_replica(Try::Replica).await
            && to <= as_of
            && let Some(reader) = replica.reader()
        {
            return (reader, as_of);
        }
        (self.store().reader(), self.clock().now())
    }

    /// The last transaction up to an instant, from the replica; `None` if the replica can't know
    /// that no other one can be added before it. A book never goes back in time, so that this is so
    /// once it has a later transaction.
    pub(super) async fn last_on_replica(
        &self,
        account: AccountId,
        at: Timestamp,
    ) -> Option<(&Reader, Option<transaction::Model>)> {
        let replica = self.replica()?;
        if replica.reader().is_none() {
            replica.age(self.store().reader()).await?;
        }
        let reader = replica.reader()?;
        let found = async {
            let until = store::balance::booked_until(reader, account).await?;
            if until.is_none_or(|until| until <= at) {
                return Ok(None);
            }
            let last = store::balance::last_at(reader, account, at).await?;
            Ok::<_, DbErr>(Some(last))
        };
        match found.await {
            Ok(last) => last.map(|last| (reader, last)),
            Err(cause) => {
                replica.failed(&cause);
                None
            }
        }
    }

    /// The replica with the instant whose state it shows, unless the primary is to be read.
    async fn fresh_replica(&self, which: Try) -> Option<(&Replica, Timestamp)> {
        match which {
            Try::Primary => None,
            Try::Replica => {
                let replica = self.replica()?;
                let Age(age) = replica.age(self.store().reader()).await?;
                let age = SignedDuration::try_from(age).ok()?;
                Some((replica, self.clock().now().checked_sub(age).ok()?))
            }
        }
    }
}
