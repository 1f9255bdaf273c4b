//! Floods: connections that cost their sender little and the server much.
//!
//! Here: opening connections and holding them. Not here: what other clients see meanwhile.

use std::{sync::Arc, time::Duration};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use crate::{
    Outcome,
    tenant::{Pays, Program},
};

/// Connections opened at once: the system's queue of new ones is bounded.
const AT_ONCE: usize = 64;
/// The pause before a connection that the server ended is opened again.
const AWAY: Duration = Duration::from_millis(200);

/// The floods by strangers or by a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flood {
    /// No flood, for comparison.
    Nothing,
    /// Bodies that never arrive.
    Bodies,
    /// Heads that never end.
    Heads,
    /// WebSockets that send `connection_init` without a key.
    Sockets,
    /// WebSockets that send nothing.
    SilentSockets,
    /// Answers that nobody reads.
    Unread,
    /// One key of another tenant that sends over many connections.
    OneKey,
    /// One key of another tenant that may not send, quoting a text with merge fields for 300,000
    /// contacts.
    Scans,
    /// Keys of another tenant that may not import, uploading one byte each second.
    Uploads,
}

/// A flood's tasks, which end on drop.
pub struct Attack {
    _tasks: JoinSet<()>,
}

impl Flood {
    pub const ALL: [Self; 9] = [
        Self::Nothing,
        Self::Bodies,
        Self::Heads,
        Self::Sockets,
        Self::SilentSockets,
        Self::Unread,
        Self::OneKey,
        Self::Scans,
        Self::Uploads,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Nothing => "no flood",
            Self::Bodies => "1,024 bodies that never come",
            Self::Heads => "400 heads of 60 kB without an end",
            Self::Sockets => "4,096 sockets without a key",
            Self::SilentSockets => "4,096 sockets that say nothing",
            Self::Unread => "60 connections, 100 answers unread",
            Self::OneKey => "1,200 connections of one key",
            Self::Scans => "8 quotes of 300,000 contacts",
            Self::Uploads => "64 uploads of a byte each second",
        }
    }

    /// The operation of the tenant beside it that would suffer first.
    pub const fn beside(self) -> Pays {
        match self {
            Self::Scans => Pays::Personally,
            Self::Uploads => Pays::AndImports,
            _ => Pays::Alike,
        }
    }

    /// Starts the flood, and returns how many connections are open. Connections that the server
    /// closes are opened again.
    pub async fn begin(self, program: &Program) -> Outcome<(Attack, usize)> {
        let (count, requests) = match self {
            Self::Nothing => (0, vec![Vec::new()]),
            Self::Bodies => (1_024, vec![body()]),
            Self::Heads => (400, vec![head()]),
            Self::Sockets => (4_096, vec![socket(true)]),
            Self::SilentSockets => (4_096, vec![socket(false)]),
            Self::Unread => (60, vec![unread()]),
            Self::OneKey => (1_200, vec![program.other_tenants_send().await?]),
            Self::Scans => (8, vec![program.other_tenants_quote().await?]),
            Self::Uploads => (64, program.other_tenants_uploads().await?),
        };
        let requests: Vec<Arc<Vec<u8>>> = requests.into_iter().map(Arc::new).collect();
        let mut tasks = JoinSet::new();
        let mut standing = 0;
        while standing < count {
            let some = AT_ONCE.min(count - standing);
            let mut opening = JoinSet::new();
            for _ in 0..some {
                let address = program.address.clone();
                opening.spawn(async move { TcpStream::connect(address).await });
            }
            while let Some(opened) = opening.join_next().await {
                let mut stream = opened??;
                let request = requests
                    .get(standing % requests.len())
                    .ok_or("no request")?;
                let (address, request) = (program.address.clone(), Arc::clone(request));
                standing += 1;
                tasks.spawn(async move {
                    loop {
                        self.stand(&mut stream, &request).await;
                        tokio::time::sleep(AWAY).await;
                        if let Ok(again) = TcpStream::connect(&address).await {
                            stream = again;
                        }
                    }
                });
            }
        }
        // The requested answer is complete.
        tokio::time::sleep(Duration::from_millis(500)).await;
        Ok((Attack { _tasks: tasks }, standing))
    }

    /// Holds one connection until the server ends it.
    async fn stand(self, stream: &mut TcpStream, request: &[u8]) {
        let mut buffer = [0; 4_096];
        if stream.write_all(request).await.is_err() {
            return;
        }
        match self {
            // Reads nothing: the kernel's buffers fill up, and then the server's.
            Self::Unread => loop {
                tokio::time::sleep(Duration::from_secs(1)).await;
                if stream.write_all(b"").await.is_err() {
                    return;
                }
            },
            // Sends the next request as soon as the answer comes.
            Self::OneKey | Self::Scans => loop {
                match stream.read(&mut buffer).await {
                    Ok(0) | Err(_) => return,
                    Ok(_) => {
                        if stream.write_all(request).await.is_err() {
                            return;
                        }
                    }
                }
            },
            Self::Uploads => loop {
                let second = tokio::time::timeout(Duration::from_secs(1), stream.read(&mut buffer));
                if matches!(second.await, Ok(Ok(0) | Err(_)))
                    || stream.write_all(b"x").await.is_err()
                {
                    return;
                }
            },
            _ => while matches!(stream.read(&mut buffer).await, Ok(1..)) {},
        }
    }
}

fn body() -> Vec<u8> {
    b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
        Content-Length: 200000\r\n\r\n{\"query\":\""
        .to_vec()
}

fn head() -> Vec<u8> {
    let filler = "a".repeat(60_000);
    format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: {filler}").into_bytes()
}

fn socket(init: bool) -> Vec<u8> {
    let mut bytes =
        b"GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
            .to_vec();
    if init {
        let text = br#"{"type":"connection_init"}"#;
        // A text frame with a zero mask, which leaves its bytes unchanged.
        bytes.extend([
            0x81,
            0x80 | u8::try_from(text.len()).unwrap_or(0),
            0,
            0,
            0,
            0,
        ]);
        bytes.extend(text);
    }
    bytes
}

/// A hundred pipelined requests, each with an answer of several hundred kilobytes.
fn unread() -> Vec<u8> {
    let fields = "fields{name description args{name description type{name}}type{name kind}}";
    let query = format!("{{__schema{{types{{name description {fields}}}}}}}");
    let body = format!("{{\"query\":\"{query}\"}}");
    let one = format!(
        "POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    one.repeat(100).into_bytes()
}

/// Raises this process's limit of open files as far as the system allows.
pub fn raise_files() -> Outcome<u64> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised)?;
    Ok(limit.maximum.unwrap_or(u64::MAX))
}
