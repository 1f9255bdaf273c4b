//! Threads that the ledger's writers on PostgreSQL have for themselves, and their connections with them.
//!
//! Among the requests each step of a batch would stand in line behind them, and all callers with it. They belong to
//! the [`super::super::Store`], since a connection lives and ends with the threads that it was opened on.

use crate::tuning::Tuned;
use tokio::runtime::{Builder, Handle, Runtime};

/// One may be busy with a large account.
/// Measured: docs/measured.md, "Connections and threads".
static THREADS: Tuned<usize> = Tuned::new("WRITER_THREADS", 2);

/// The threads. They end with this.
#[derive(Debug)]
pub(super) struct Threads(Option<Runtime>);

impl Threads {
    /// Starts them; none where the system has no more, and then the writers are among the requests.
    pub(super) fn start() -> Self {
        let built = Builder::new_multi_thread()
            .worker_threads(THREADS.get())
            .thread_name("ledger")
            .enable_all()
            .build();
        let built =
            built.inspect_err(|cause| tracing::error!(%cause, "no threads for the ledger alone"));
        Self(built.ok())
    }

    /// Where to put work on them.
    pub(super) fn handle(&self) -> Option<&Handle> {
        self.0.as_ref().map(Runtime::handle)
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // Waiting for them would block whoever drops this.
            runtime.shutdown_background();
        }
    }
}
