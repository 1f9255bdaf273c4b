//! Starting, draining and stopping: before the process ends, requests in flight are answered and
//! the ledger's last batch commits.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    http::{address::TrustedProxies, connections},
    operations::Services,
    store::Store,
    worker,
};

/// How long requests in flight may take once the server drains. After that they are cut off;
/// everything that the ledger has acknowledged is committed all the same.
const DRAIN: Duration = Duration::from_secs(20);

/// A running server.
#[derive(Debug)]
pub struct Running {
    /// The address it listens on.
    pub address: SocketAddr,
    stop: CancellationToken,
    ended: CancellationToken,
    administering: Option<JoinHandle<()>>,
    serving: JoinHandle<()>,
    working: JoinHandle<()>,
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
        router,
        administration: own_routes,
        stop,
        writers,
        trusted_proxies,
        store,
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
        connections::Limits::default().within_files(open_files()),
        trusted_proxies,
        stop.clone(),
    ));
    let working = tokio::spawn(worker::run(services.clone(), stop.clone()));
    Ok(Running {
        address,
        stop,
        ended,
        administering,
        serving,
        working,
        services,
        store,
        writers,
    })
}

impl Running {
    /// Drains and stops.
    pub async fn stop(self) {
        self.stop.cancel();
        let Self {
            ended,
            administering,
            serving,
            working,
            services,
            store,
            writers,
            ..
        } = self;
        let abort = serving.abort_handle();
        if tokio::time::timeout(DRAIN, serving).await.is_err() {
            tracing::warn!("requests were still in flight when the drain timed out");
            abort.abort();
        }
        if let Err(cause) = working.await {
            tracing::error!(%cause, "the worker failed");
        }
        // Imports whose clients have left; each ends after its current part.
        if tokio::time::timeout(DRAIN, services.imports().ended())
            .await
            .is_err()
        {
            tracing::warn!("imports were still running when the drain timed out");
        }
        // Nothing can submit commands any more: the queue is committed.
        if tokio::time::timeout(DRAIN, writers.drain()).await.is_err() {
            tracing::warn!("the ledger was still writing when the drain timed out");
        }
        ended.cancel();
        if let Some(administering) = administering {
            administering.abort();
        }
        // A SQLite file is whole from then on, without its log.
        store.close().await;
    }
}

/// Waits until the process is asked to end: Ctrl-C, or SIGTERM.
pub async fn asked_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
        if let Ok(mut terminate) = terminate {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    if let Err(cause) = interrupt.await {
        tracing::error!(%cause, "signals can't be received");
    }
}
