//! GraphQL over WebSocket: the protocol graphql-transport-ws.
//!
//! Here: who may connect and for how long, and the limits of a connection. Not here: the schema;
//! authentication, which the caller's `connect` does from the payload of `connection_init`.
//!
//! A browser opens a socket to any site without a preflight. That is harmless here: nothing is
//! answered before `connection_init` has shown a key, which another site's page does not have.
//! Requests that need no key go over HTTP.

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
use crate::graphql::engine::persisted::MayRun;
use crate::telemetry::context;

/// The route of WebSockets, for log lines.
const ROUTE: &str = "/graphql";

/// The only supported subprotocol: graphql-transport-ws.
#[must_use]
pub fn subprotocol() -> &'static str {
    WebSocketProtocols::GraphQLWS.sec_websocket_protocol()
}

/// The size of the read buffer: most messages of clients are far shorter.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// Limits of one connection.
#[derive(Clone, Copy, Debug)]
pub struct SocketLimits {
    /// Time from the handshake until `connection_init` is accepted.
    pub init_timeout: Duration,
    /// Concurrent operations; no page of ours has a hundred live parts.
    pub operations: usize,
    /// Size of one message, as for a JSON body.
    pub message_bytes: usize,
    /// How often a quiet client is pinged. A client that is silent for three intervals counts as
    /// gone: a connection that died silently would otherwise keep its subscriptions for ever.
    pub keep_alive: Duration,
    /// How long the client may take to receive one message.
    pub send_timeout: Duration,
    /// How long a query or a mutation may take, as over HTTP.
    pub operation_timeout: Duration,
    /// How long a connection may be without an operation. Clients that keep idle sockets reconnect.
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

/// The caller of a connection.
pub trait Session: Send + Sync + 'static {
    /// Adds what resolvers need to each operation: the viewer, and loaders of its own.
    fn prepare(&self, request: async_graphql::Request) -> async_graphql::Request;

    /// Which documents the caller may run.
    fn may_run(&self) -> MayRun {
        MayRun::Any
    }

    /// Admits an operation of this size when it is its turn. The result is kept until the operation
    /// is over.
    ///
    /// # Errors
    /// The message for the client if the operation is denied.
    fn admit(
        &self,
        _kind: OperationType,
        _bytes: usize,
    ) -> impl Future<Output = Result<Pass, ServerError>> + Send {
        std::future::ready(Ok(Pass::default()))
    }

    /// Admits an outgoing message of this size when it is its turn; `None` if there is no room
    /// soon. The result is kept until the client has received the message.
    fn deliver(&self, _bytes: usize) -> impl Future<Output = Option<Pass>> + Send {
        std::future::ready(Some(Pass::default()))
    }

    /// Completes when the caller loses access: its key was revoked, or its token has expired. The
    /// connection is then closed. By default it never completes.
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

/// Resources that an operation or a message holds while it lasts.
#[derive(Default)]
pub struct Pass(Option<Box<dyn Send + Sync>>);

impl Pass {
    /// A pass that holds this value.
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// No key was shown, or it is invalid; closed with 4401, after which clients don't try again.
    Unauthorized,
    /// The payload has something unusable, which the text names; closed with 4400, after which
    /// clients don't try again.
    BadRequest(String),
    /// The caller, or the server, has reached its limit of connections, or the key can't be checked
    /// just now; closed with 1013, after which clients try again.
    Busy,
}

/// State that connections share with each other and with HTTP.
#[derive(Clone)]
pub struct Sockets {
    /// The document cache, shared with the HTTP endpoint.
    pub documents: Arc<Documents>,
    /// The limits of each connection.
    pub limits: SocketLimits,
    /// Cancelled when the server drains. Subscriptions end at once, queries and mutations are
    /// answered first; then the connection is closed with 1001.
    pub drain: CancellationToken,
}

impl Sockets {
    /// Completes a WebSocket handshake. `request_id`, with a number for each operation, identifies
    /// faults and log lines; `connect` authenticates the payload of `connection_init` (a JSON
    /// object, or null if it had none).
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
            // The exact limit is ours, so that the close reason can name it; this one only protects
            // memory.
            .max_message_size(self.limits.message_bytes.saturating_mul(2))
            .max_frame_size(self.limits.message_bytes.saturating_mul(2))
            // Allocated for each connection at once, and 128 KiB by default.
            .read_buffer_size(READ_BUFFER_BYTES)
            .on_upgrade(move |socket| {
                let request = context::Request::new(&request_id, "WebSocket", ROUTE);
                request.run(connection::run(
                    shared, socket, executor, request_id, connect,
                ))
            })
    }
}

#[cfg(test)]
mod tests;
