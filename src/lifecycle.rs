//! Starting, draining and stopping: requests in flight are answered and the ledger's last batch commits
//! before the process ends.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    http::{address::TrustedProxies, connections},
    operations::Services,
    worker,
};

/// How long requests in flight have to end once the server drains. Beyond it they are cut off; whatever
/// the ledger has acknowledged is committed all the same.
const DRAIN: Duration = Duration::from_secs(20);

/// A server at work.
#[derive(Debug)]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    stop: CancellationToken,
    ended: CancellationToken,
    administering: Option<JoinHandle<()>>,
    serving: JoinHandle<()>,
    working: JoinHandle<()>,
    services: Services,
    writers: crate::ledger::Writers,
}

/// Files that a process may have on systems without limits to ask for.
#[cfg(not(unix))]
const USUAL_FILES: u64 = 1_024;

/// Lets the process have as many files open as it may, and says how many that is. Every connection is one, and most
/// systems give a process fewer than it may ask for.
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
                tracing::debug!(%cause, "the process keeps its limit of files");
                limit.current
            }
        };
        files.unwrap_or(u64::MAX)
    }
    #[cfg(not(unix))]
    USUAL_FILES
}

/// Serves on `listener` until [`Running::stop`], and on `administration` what whoever runs the server asks.
///
/// # Errors
/// If the listener has no address.
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
    } = app;
    // It answers while the rest drains.
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
        ended.cancel();
        if let Some(administering) = administering {
            administering.abort();
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
