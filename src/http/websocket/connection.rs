//! One connection from its handshake to its close.
//!
//! Here: the event loop that serves the client, its operations and the server's own events. Not
//! here: the results of operations.
//!
//! One task runs the whole connection: dropping it ends every operation of the connection.

use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_graphql::Executor;
use axum::extract::ws::{Message, WebSocket};
use futures_util::future::{BoxFuture, FutureExt, OptionFuture};
use serde_json::Value;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};
use tokio_stream::{StreamExt, StreamMap};

use super::operation::Operation;
use super::protocol::{ClientMessage, Close, Frame, ServerMessage, frame};
use super::{Pass, Refused, Session, Sockets};
use crate::graphql::engine::errors::{code, coded};
use crate::graphql::engine::execution::Answer;
use crate::http::graphql::Parameters;

/// Clients number their operations or give them a UUID.
const MAX_ID_BYTES: usize = 64;

/// A client that leaves this many pings unanswered counts as gone.
const MAX_SILENT_INTERVALS: u32 = 3;

/// How long a client may take to acknowledge a close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Continues, or ends the connection: with a close frame, or without one if nobody would receive
/// it.
type Flow = ControlFlow<Option<Close>>;

/// The authentication of `connection_init`, in progress.
type Connecting<S> = Pin<Box<dyn Future<Output = Result<S, Refused>> + Send>>;

pub(super) async fn run<E, S, F, Fut>(
    shared: Sockets,
    mut socket: WebSocket,
    executor: E,
    request_id: String,
    connect: F,
) where
    E: Executor,
    S: Session,
    F: FnOnce(Value) -> Fut + Send + 'static,
    Fut: Future<Output = Result<S, Refused>> + Send + 'static,
{
    let close = if socket.protocol().is_none() {
        Some(Close::subprotocol())
    } else {
        let connect: Connect<S> = Box::new(move |payload| Box::pin(connect(payload)));
        let mut connection = Connection {
            shared,
            socket: &mut socket,
            executor,
            request_id,
            started: 0,
            connect: Some(connect),
            connecting: None,
            session: None,
            operations: StreamMap::new(),
            last_used: Instant::now(),
            draining: false,
        };
        connection.serve().await
    };
    if let Some(close) = close {
        // A failure can't be reported to anybody. Whatever the client still sends is read and
        // dropped until it has closed as well: closing with unread data would reset the connection,
        // and the client might never see the close code.
        let _ = timeout(CLOSE_TIMEOUT, async {
            socket.send(close.into()).await?;
            while socket.recv().await.transpose()?.is_some() {}
            Ok::<_, axum::Error>(())
        })
        .await;
    }
}

type Connect<S> = Box<dyn FnOnce(Value) -> Connecting<S> + Send>;

struct Connection<'a, E, S> {
    shared: Sockets,
    socket: &'a mut WebSocket,
    executor: E,
    request_id: String,
    /// Operations so far, which numbers them.
    started: u64,
    /// Taken by `connection_init`, which may be sent only once.
    connect: Option<Connect<S>>,
    connecting: Option<Connecting<S>>,
    session: Option<Arc<S>>,
    operations: StreamMap<String, Operation>,
    /// The time of the last operation, or of the session's start.
    last_used: Instant,
    draining: bool,
}

impl<E: Executor, S: Session> Connection<'_, E, S> {
    async fn serve(&mut self) -> Option<Close> {
        let drain = self.shared.drain.clone();
        let limits = self.shared.limits;
        let init_timeout = sleep(limits.init_timeout);
        tokio::pin!(init_timeout);
        let mut revoked: BoxFuture<'static, ()> = std::future::pending().boxed();
        let mut keep_alive = interval_at(Instant::now() + limits.keep_alive, limits.keep_alive);
        keep_alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut silent_intervals = 0;
        loop {
            let flow = tokio::select! {
                () = drain.cancelled(), if !self.draining => {
                    self.draining = true;
                    self.end_subscriptions();
                    Flow::Continue(())
                }
                () = &mut init_timeout, if self.session.is_none() => {
                    Flow::Break(Some(Close::init_timeout()))
                }
                () = &mut revoked => Flow::Break(Some(Close::unauthorized())),
                Some(outcome) = OptionFuture::from(self.connecting.as_mut()) => {
                    self.connecting = None;
                    match outcome {
                        Ok(session) => {
                            let session = Arc::new(session);
                            self.session = Some(Arc::clone(&session));
                            self.last_used = Instant::now();
                            revoked = async move { session.revoked().await }.boxed();
                            self.send(ServerMessage::ConnectionAck.encode()).await
                        }
                        Err(Refused::Unauthorized) => Flow::Break(Some(Close::unauthorized())),
                        Err(Refused::BadRequest(wrong)) => {
                            Flow::Break(Some(Close::bad_message(&wrong)))
                        }
                        Err(Refused::Busy) => Flow::Break(Some(Close::try_again_later())),
                    }
                }
                Some((id, event)) = self.operations.next() => {
                    self.forward(&id, frame(&id, &event)).await
                }
                message = self.socket.recv() => {
                    silent_intervals = 0;
                    match message {
                        Some(Ok(message)) => self.receive(message).await,
                        // Disconnected, or no longer speaking WebSocket.
                        Some(Err(_)) | None => Flow::Break(None),
                    }
                }
                _ = keep_alive.tick() => {
                    silent_intervals += 1;
                    if self.is_idle() {
                        Flow::Break(Some(Close::idle()))
                    } else if silent_intervals >= MAX_SILENT_INTERVALS {
                        Flow::Break(None)
                    } else {
                        self.send(Some(Message::Ping(Default::default()))).await
                    }
                }
            };
            if let Flow::Break(close) = flow {
                return close;
            }
            if self.draining && self.operations.is_empty() {
                return Some(Close::going_away());
            }
        }
    }

    /// Whether no operation has run for a long time. Before the session starts, a shorter timeout
    /// applies.
    fn is_idle(&mut self) -> bool {
        if !self.operations.is_empty() {
            self.last_used = Instant::now();
        }
        self.session.is_some() && self.last_used.elapsed() >= self.shared.limits.idle
    }

    /// A draining server completes running queries and mutations; a subscription would never
    /// complete.
    fn end_subscriptions(&mut self) {
        let subscriptions: Vec<String> = self
            .operations
            .iter()
            .filter(|(_, operation)| operation.is_subscription())
            .map(|(id, _)| id.clone())
            .collect();
        for id in subscriptions {
            self.operations.remove(&id);
        }
    }

    async fn receive(&mut self, message: Message) -> Flow {
        let text = match message {
            Message::Text(text) => text,
            Message::Binary(_) => {
                return Flow::Break(Some(Close::bad_message("Only text messages are supported")));
            }
            // The WebSocket layer answers these.
            Message::Ping(_) | Message::Pong(_) => return Flow::Continue(()),
            Message::Close(_) => {
                // The next read writes the reply.
                let _ = timeout(CLOSE_TIMEOUT, self.socket.recv()).await;
                return Flow::Break(None);
            }
        };
        if text.len() > self.shared.limits.message_bytes {
            return Flow::Break(Some(Close::message_too_big()));
        }
        match serde_json::from_str(&text) {
            Ok(message) => self.obey(message, text.len()).await,
            // The error is not echoed: a close frame has no room for it.
            Err(_) => Flow::Break(Some(Close::bad_message("Invalid message received"))),
        }
    }

    async fn obey(&mut self, message: ClientMessage, bytes: usize) -> Flow {
        match message {
            ClientMessage::ConnectionInit { payload } => {
                let Some(connect) = self.connect.take() else {
                    return Flow::Break(Some(Close::too_many_inits()));
                };
                self.connecting = Some(connect(payload.map_or(Value::Null, Value::Object)));
            }
            ClientMessage::Ping { payload } => {
                return self.send(ServerMessage::Pong { payload }.encode()).await;
            }
            ClientMessage::Pong {} => {}
            ClientMessage::Subscribe { id, payload } => return self.subscribe(id, payload, bytes),
            // The operation has already ended: the two messages crossed.
            ClientMessage::Complete { id } => drop(self.operations.remove(&id)),
        }
        Flow::Continue(())
    }

    fn subscribe(&mut self, id: String, payload: Parameters, bytes: usize) -> Flow {
        let Some(session) = &self.session else {
            return Flow::Break(Some(Close::unauthorized()));
        };
        if id.is_empty() || id.len() > MAX_ID_BYTES {
            return Flow::Break(Some(Close::bad_message("An id must have 1 to 64 bytes")));
        }
        if self.operations.contains_key(&id) {
            return Flow::Break(Some(Close::subscriber_exists(&id)));
        }
        let Some(mut request) = payload.into_request() else {
            return Flow::Break(Some(Close::bad_message("Invalid message received")));
        };
        if self.draining {
            // The close frame that follows makes the client reconnect elsewhere.
            return Flow::Continue(());
        }
        let operation = if self.operations.len() >= self.shared.limits.operations {
            let text = format!(
                "This connection already has {} operations, the most allowed; complete one first.",
                self.operations.len()
            );
            Operation::refused(Answer::refused(coded(code::RATE_LIMITED, text)))
        } else {
            match self
                .shared
                .documents
                .prepare(&mut request, session.may_run())
            {
                Err(error) => Operation::refused(Answer::not_run(error)),
                Ok(kind) => {
                    self.started += 1;
                    let request_id = format!("{}.{}", self.request_id, self.started);
                    let (session, executor) = (Arc::clone(session), self.executor.clone());
                    let admits = Arc::clone(&session);
                    Operation::admitted(
                        kind,
                        async move { admits.admit(kind, bytes).await },
                        self.shared.limits.operation_timeout,
                        move || {
                            let request = session.prepare(request);
                            Operation::start(executor, request, kind, request_id)
                        },
                    )
                }
            }
        };
        self.operations.insert(id, operation);
        Flow::Continue(())
    }

    async fn forward(&mut self, id: &str, frame: Frame) -> Flow {
        // A large message reserves room among the outgoing ones until the client has received it.
        let bytes = match &frame.message {
            Some(Message::Text(text)) => text.len(),
            _ => 0,
        };
        let room = match &self.session {
            Some(session) => session.deliver(bytes).await,
            None => Some(Pass::default()),
        };
        if frame.last {
            self.operations.remove(id);
            self.last_used = Instant::now();
        }
        if room.is_none() {
            return Flow::Break(Some(Close::try_again_later()));
        }
        self.send(frame.message).await
    }

    async fn send(&mut self, message: Option<Message>) -> Flow {
        let Some(message) = message else {
            return Flow::Break(Some(Close::internal()));
        };
        match timeout(self.shared.limits.send_timeout, self.socket.send(message)).await {
            Ok(Ok(())) => Flow::Continue(()),
            // Disconnected, or not reading.
            Ok(Err(_)) | Err(_) => Flow::Break(None),
        }
    }
}
