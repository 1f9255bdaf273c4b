//! Threads for the ledger's writers on PostgreSQL, and for their connections.
//!
//! Here: starting and stopping them. On the threads of the requests, each step of a batch would
//! wait behind requests, and so would all callers of the batch. The threads belong to
//! [`super::super::Store`], because a connection depends on the runtime that opened it. Not here:
//! the writers ([`crate::ledger`]).

use tokio::runtime::{Builder, Handle, Runtime};

use crate::tuning::{self, Tuned};

/// The threads on two cores: two, because one may be busy with a large account.
/// Measured: docs/measured.md, "Connections and threads".
static THREADS: Tuned<usize> = Tuned::new("WRITER_THREADS", 2);
/// Cores beyond two that more threads are started for: one for every other core, because the
/// database needs as much of a batch's time. Not measured: docs/scale.md.
const MOST_FURTHER_CORES: usize = 6;

/// The threads. They stop when this is dropped.
#[derive(Debug)]
pub(super) struct Threads(Option<Runtime>);

impl Threads {
    /// Starts the threads. If the system can't, the writers run on the threads of the requests.
    pub(super) fn start() -> Self {
        let built = Builder::new_multi_thread()
            .worker_threads(THREADS.get() + tuning::further_cores(MOST_FURTHER_CORES) / 2)
            .thread_name("ledger")
            .enable_all()
            .build();
        let built =
            built.inspect_err(|cause| tracing::error!(%cause, "no threads for the ledger's writers; they share those of the requests"));
        Self(built.ok())
    }

    /// Spawns tasks on these threads; `None` if they could not be started.
    pub(super) fn handle(&self) -> Option<&Handle> {
        self.0.as_ref().map(Runtime::handle)
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // Waiting for them would block the thread that drops this.
            runtime.shutdown_background();
        }
    }
}
