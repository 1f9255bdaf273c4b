//! A proxy in front of a TCP server that can make its flows fall silent, as when an address moves:
//! nobody closes anything, and new flows work.

use std::sync::{Arc, Mutex};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// The proxy. Its flows end with the test.
pub struct BlackHole {
    port: u16,
    target: Arc<Mutex<u16>>,
    silenced: watch::Sender<u64>,
}

impl BlackHole {
    /// A proxy in front of a port of this machine.
    pub async fn before(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let (silenced, _) = watch::channel(0);
        let target = Arc::new(Mutex::new(port));
        let (watched, leads_to) = (silenced.clone(), target.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let mut silence = watched.subscribe();
                let port = *leads_to.lock().unwrap();
                tokio::spawn(async move {
                    flow(client, port, &mut silence).await;
                });
            }
        });
        Self {
            port: own,
            target,
            silenced,
        }
    }

    /// The port that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Makes all flows fall silent, without closing them.
    pub fn swallow(&self) {
        self.silenced.send_modify(|count| *count += 1);
    }

    /// Leads new flows to another port; those that are open go on.
    pub fn lead_to(&self, port: u16) {
        *self.target.lock().unwrap() = port;
    }
}

async fn flow(mut client: TcpStream, port: u16, silence: &mut watch::Receiver<u64>) {
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await else {
        return;
    };
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => return,
        _ = silence.changed() => {}
    }
    // Both ends stay open, and nobody reads them.
    std::future::pending::<()>().await;
}
