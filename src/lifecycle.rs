//! Starting, draining and stopping: before the process ends, requests in flight are answered and
//! the ledger's last batch commits.

use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    http::{
        address::TrustedProxies,
        connections::{self, Stopping},
    },
    operations::Services,
    store::Store,
    telemetry::metrics,
    version, worker,
};

/// A running server.
#[derive(Debug)]
pub struct Running {
    /// The address it listens on.
    pub address: SocketAddr,
    leaving: CancellationToken,
    stop: CancellationToken,
    ended: CancellationToken,
    administering: Option<JoinHandle<()>>,
    serving: JoinHandle<()>,
    working: JoinHandle<()>,
    measuring: JoinHandle<()>,
    services: Services,
    store: Store,
    writers: crate::ledger::Writers,
}

/// The limit of open files assumed on systems without a way to query it.
#[cfg(not(unix))]
const USUAL_FILES: u64 = 1_024;

/// Raises the process's limit of open files as far as allowed, and returns it. Every connection is
/// one file, and on most systems the initial limit is lower than the allowed one.
fn open_files() -> u64 {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        let raised = Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        };
        let files = match setrlimit(Resource::Nofile, raised) {
            Ok(()) => limit.maximum,
            Err(cause) => {
                tracing::debug!(%cause, "the limit of open files can't be raised");
                limit.current
            }
        };
        files.unwrap_or(u64::MAX)
    }
    #[cfg(not(unix))]
    USUAL_FILES
}

/// Serves the public routes on `listener` until [`Running::stop`], and the operators' routes on
/// `administration`.
///
/// # Errors
/// The listener has no address.
pub fn start(
    app: App,
    listener: TcpListener,
    administration: Option<TcpListener>,
) -> io::Result<Running> {
    let address = listener.local_addr()?;
    let App {
        services,
        store,
        router,
        administration: own_routes,
        leaving,
        stop,
        writers,
        trusted_proxies,
        capacity,
        ..
    } = app;
    // The operators' routes stay available while the rest drains.
    let ended = CancellationToken::new();
    let administering = administration.map(|listener| {
        tokio::spawn(connections::serve(
            listener,
            own_routes,
            connections::Limits::administration(),
            TrustedProxies::default(),
            ended.clone(),
        ))
    });
    let serving = tokio::spawn(connections::serve(
        listener,
        router,
        connections::Limits::of(&capacity).within_files(open_files()),
        trusted_proxies,
        Stopping {
            leaving: leaving.clone(),
            draining: stop.clone(),
        },
    ));
    let working = tokio::spawn(worker::run(services.clone(), stop.clone()));
    tracing::info!(
        version = version::VERSION,
        commit = version::COMMIT,
        %address,
        database = ?store.backend(),
        schema = version::schema_step(),
        "serving"
    );
    Ok(Running {
        address,
        leaving,
        stop,
        ended,
        administering,
        serving,
        working,
        measuring: tokio::spawn(metrics::keep_up()),
        services,
        store,
        writers,
    })
}

impl Running {
    /// Makes `/readyz` fail, and goes on serving for `delay` or until `hurried` completes: a proxy
    /// notices that no new requests belong here, and lets go of its connections.
    pub async fn leave(&self, delay: Duration, hurried: impl Future<Output = ()>) {
        self.leaving.cancel();
        if delay.is_zero() {
            return;
        }
        tracing::info!(?delay, "stopping: not ready any more, still serving");
        tokio::select! {
            () = tokio::time::sleep(delay) => {}
            () = hurried => tracing::info!("stopping at once: asked for a second time"),
        }
    }

    /// Closes the listener, and ends once everything is answered and committed. What takes longer
    /// than `drain` is cut off, requests in flight first; everything that the ledger has
    /// acknowledged is committed all the same.
    pub async fn stop(self, drain: Duration) {
        let asked = Instant::now();
        tracing::info!("stopping: requests in flight are answered, and the ledger is drained");
        self.leaving.cancel();
        self.stop.cancel();
        let Self {
            ended,
            administering,
            serving,
            working,
            measuring,
            services,
            store,
            writers,
            ..
        } = self;
        let abort = serving.abort_handle();
        if tokio::time::timeout(drain, serving).await.is_err() {
            tracing::warn!("requests were still in flight when the drain timed out");
            abort.abort();
        }
        if let Err(cause) = working.await {
            tracing::error!(%cause, "the worker failed");
        }
        // Imports whose clients have left; each ends after its current part.
        if tokio::time::timeout(drain, services.imports().ended())
            .await
            .is_err()
        {
            tracing::warn!("imports were still running when the drain timed out");
        }
        // Nothing can submit commands any more: the queue is committed.
        if tokio::time::timeout(drain, writers.drain()).await.is_err() {
            tracing::warn!("the ledger was still writing when the drain timed out");
        }
        ended.cancel();
        if let Some(administering) = administering {
            administering.abort();
        }
        // A SQLite file is whole from then on, without its log.
        store.close().await;
        measuring.abort();
        let seconds = asked.elapsed().as_secs_f64();
        tracing::info!(seconds, "stopped");
    }
}

/// Requests of the system to end the process: Ctrl-C and SIGTERM.
#[derive(Debug)]
pub struct Signals {
    #[cfg(unix)]
    terminate: Option<tokio::signal::unix::Signal>,
}

impl Signals {
    /// Listens from now on. Must be called within a runtime.
    #[must_use]
    pub fn listen() -> Self {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let terminate = signal(SignalKind::terminate());
            if let Err(cause) = &terminate {
                tracing::error!(%cause, "SIGTERM can't be received");
            }
            Self {
                terminate: terminate.ok(),
            }
        }
        #[cfg(not(unix))]
        Self {}
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        let interrupt = async {
            if let Err(cause) = tokio::signal::ctrl_c().await {
                tracing::error!(%cause, "Ctrl-C can't be received");
                std::future::pending::<()>().await;
            }
        };
        #[cfg(unix)]
        if let Some(terminate) = &mut self.terminate {
            tokio::select! {
                () = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
        interrupt.await;
    }
}
