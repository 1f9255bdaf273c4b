//! Starting, draining and stopping: requests in flight are answered and the ledger's last batch commits
//! before the process ends.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{app::App, http::connections, operations::Services, worker};

/// How long requests in flight have to end once the server drains. Beyond it they are cut off; whatever
/// the ledger has acknowledged is committed all the same.
const DRAIN: Duration = Duration::from_secs(20);

/// A server at work.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    stop: CancellationToken,
    serving: JoinHandle<()>,
    working: JoinHandle<()>,
    services: Services,
    writers: crate::ledger::Writers,
}

/// Serves on `listener` until [`Running::stop`].
///
/// # Errors
/// Where the listener has no address.
pub fn start(app: App, listener: TcpListener) -> io::Result<Running> {
    let address = listener.local_addr()?;
    let App {
        services,
        router,
        stop,
        writers,
        trusted_proxies,
    } = app;
    let serving = tokio::spawn(connections::serve(
        listener,
        router,
        connections::Limits::default(),
        trusted_proxies,
        stop.clone(),
    ));
    let working = tokio::spawn(worker::run(services.clone(), stop.clone()));
    Ok(Running {
        address,
        stop,
        serving,
        working,
        services,
        writers,
    })
}

impl Running {
    /// Drains and stops.
    pub async fn stop(self) {
        self.stop.cancel();
        let Self {
            serving,
            working,
            services,
            writers,
            ..
        } = self;
        let abort = serving.abort_handle();
        if tokio::time::timeout(DRAIN, serving).await.is_err() {
            tracing::warn!("requests were still in flight when the time to drain was over");
            abort.abort();
        }
        if let Err(cause) = working.await {
            tracing::error!(%cause, "the worker ended badly");
        }
        // Those whose callers left; each ends after the part that it is at.
        if tokio::time::timeout(DRAIN, services.imports().ended())
            .await
            .is_err()
        {
            tracing::warn!("imports were still running when the time to drain was over");
        }
        // Every door is closed by now: what was queued is committed.
        if tokio::time::timeout(DRAIN, writers.drain()).await.is_err() {
            tracing::warn!("the ledger was still writing when the time to drain was over");
        }
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
        tracing::error!(%cause, "signals can't be heard");
    }
}
