//! GraphQL over WebSocket: the protocol graphql-transport-ws.
//!
//! Here: who may connect and for how long, and what a connection may hold. Not here: the schema; who is asking, which
//! the caller's `connect` settles from the payload of `connection_init`.
//!
//! A browser opens a socket to any site without asking; that is harmless here, because nothing is answered before
//! `connection_init` has shown a key, which another site's page does not have. What needs no key is asked over HTTP.

mod connection;
mod operation;
mod protocol;

use std::sync::Arc;
use std::time::Duration;

use async_graphql::http::WebSocketProtocols;
use async_graphql::parser::types::OperationType;
use async_graphql::{Executor, ServerError};
use axum::extract::ws::WebSocketUpgrade;
use axum::response::Response;
use tokio_util::sync::CancellationToken;

use crate::graphql::engine::documents::Documents;

/// The name of the only subprotocol that the server speaks: graphql-transport-ws.
#[must_use]
pub fn subprotocol() -> &'static str {
    WebSocketProtocols::GraphQLWS.sec_websocket_protocol()
}

/// Bytes that are read at once: most messages of clients are far shorter.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// What one connection may take.
#[derive(Clone, Copy, Debug)]
pub struct SocketLimits {
    /// From the handshake until `connection_init` has come and been accepted.
    pub init_timeout: Duration,
    /// Operations at once; a page with a hundred live parts is none of ours.
    pub operations: usize,
    /// Bytes of one message, as for a JSON body.
    pub message_bytes: usize,
    /// How often a quiet client is asked whether it is there. One that is silent for three of these is gone: a
    /// connection that died without a word would hold its subscriptions for good.
    pub keep_alive: Duration,
    /// How long one message may take to be taken in by the client.
    pub send_timeout: Duration,
    /// How long a query or a mutation may take, as over HTTP.
    pub operation_timeout: Duration,
    /// How long a connection may have no operation. Clients that keep theirs for later connect again.
    pub idle: Duration,
}

impl Default for SocketLimits {
    fn default() -> Self {
        Self {
            init_timeout: Duration::from_secs(10),
            operations: 100,
            message_bytes: 1024 * 1024,
            keep_alive: Duration::from_secs(20),
            send_timeout: Duration::from_secs(30),
            operation_timeout: Duration::from_secs(30),
            idle: Duration::from_secs(5 * 60),
        }
    }
}

/// Who a connection was opened for.
pub trait Session: Send + Sync + 'static {
    /// Adds what resolvers look for to each operation: the viewer, loaders of its own.
    fn prepare(&self, request: async_graphql::Request) -> async_graphql::Request;

    /// Lets an operation of so many bytes in, in its turn. What it returns is kept until the operation is over.
    ///
    /// # Errors
    /// What the client is told instead.
    fn admit(
        &self,
        _kind: OperationType,
        _bytes: usize,
    ) -> impl Future<Output = Result<Pass, ServerError>> + Send {
        std::future::ready(Ok(Pass::default()))
    }

    /// Lets a message of so many bytes out, in its turn; `None` if there is no room before long. What it returns is
    /// kept until the client has taken the message.
    fn deliver(&self, _bytes: usize) -> impl Future<Output = Option<Pass>> + Send {
        std::future::ready(Some(Pass::default()))
    }

    /// Completes when the caller may be served no longer: its key was revoked, its token has expired. The connection
    /// is closed then. Never, unless the session says otherwise.
    fn revoked(&self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}

impl<F> Session for F
where
    F: Fn(async_graphql::Request) -> async_graphql::Request + Send + Sync + 'static,
{
    fn prepare(&self, request: async_graphql::Request) -> async_graphql::Request {
        self(request)
    }
}

/// What an operation or a message keeps while it lasts.
#[derive(Default)]
pub struct Pass(Option<Box<dyn Send + Sync>>);

impl Pass {
    /// A pass that keeps this.
    #[must_use]
    pub fn holding(held: impl Send + Sync + 'static) -> Self {
        Self(Some(Box::new(held)))
    }
}

impl std::fmt::Debug for Pass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Pass").field(&self.0.is_some()).finish()
    }
}

/// Why a connection is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No key was shown; closed with 4401.
    Unauthorized,
    /// The key does not work; closed with 4403.
    Forbidden,
    /// The caller has as many connections as it may have, or the server has; closed with 1013.
    Busy,
}

/// What connections share with each other and with HTTP.
#[derive(Clone)]
pub struct Sockets {
    /// The documents that have been seen, shared with the HTTP endpoint.
    pub documents: Arc<Documents>,
    /// What each connection may take.
    pub limits: SocketLimits,
    /// Cancelled when the server drains. Subscriptions end at once, queries and mutations are answered first; then
    /// the connection is closed with 1001.
    pub drain: CancellationToken,
}

impl Sockets {
    /// Takes over a WebSocket handshake. `request_id` goes, with a number for each operation, into faults and the log;
    /// `connect` judges the payload of `connection_init` (a JSON object, or null where it had none).
    ///
    /// A client that does not offer the [`subprotocol`] is closed with 4406.
    pub fn serve<E, S, F, Fut>(
        &self,
        upgrade: WebSocketUpgrade,
        executor: E,
        request_id: String,
        connect: F,
    ) -> Response
    where
        E: Executor,
        S: Session,
        F: FnOnce(serde_json::Value) -> Fut + Send + 'static,
        Fut: Future<Output = Result<S, Refused>> + Send + 'static,
    {
        let shared = self.clone();
        upgrade
            .protocols([subprotocol()])
            // The exact bound is ours, so that we can say why we close; this one keeps memory in check.
            .max_message_size(self.limits.message_bytes.saturating_mul(2))
            .max_frame_size(self.limits.message_bytes.saturating_mul(2))
            // Taken for each connection as soon as it is there, and 128 KiB unless told otherwise.
            .read_buffer_size(READ_BUFFER_BYTES)
            .on_upgrade(move |socket| {
                connection::run(shared, socket, executor, request_id, connect)
            })
    }
}

#[cfg(test)]
mod tests;
