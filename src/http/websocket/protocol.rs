//! The messages of graphql-transport-ws and its close codes.
//!
//! Here: the wire format. Not here: the order of messages.

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::graphql::engine::budget::{self, Unwritten};
use crate::graphql::engine::execution::Answer;
use crate::http::{events::Event, graphql::Parameters};

/// Messages of clients.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ClientMessage {
    ConnectionInit { payload: Option<Map<String, Value>> },
    Ping { payload: Option<Map<String, Value>> },
    Pong {},
    Subscribe { id: String, payload: Parameters },
    Complete { id: String },
}

/// Messages of the server.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ServerMessage<'a> {
    ConnectionAck,
    Pong {
        #[serde(skip_serializing_if = "Option::is_none")]
        payload: Option<Map<String, Value>>,
    },
    Next {
        id: &'a str,
        payload: &'a Answer,
    },
    Error {
        id: &'a str,
        payload: &'a [async_graphql::ServerError],
    },
    Complete {
        id: &'a str,
    },
}

impl ServerMessage<'_> {
    /// `None` if it can't be serialized: a resolver returned a value that JSON can't represent, or
    /// it has too many bytes.
    pub(super) fn encode(&self) -> Option<Message> {
        self.write().unwrap_or(None)
    }

    /// As [`encode`](Self::encode), but reports too many bytes as an error.
    pub(super) fn write(&self) -> Result<Option<Message>, TooLarge> {
        match budget::to_json(self) {
            Ok(bytes) => Ok(Utf8Bytes::try_from(bytes).ok().map(Message::Text)),
            Err(Unwritten::TooLarge) => Err(TooLarge),
            Err(Unwritten::NoJson(error)) => {
                tracing::error!(cause = %error, "a response can't be serialized as JSON");
                Ok(None)
            }
        }
    }
}

/// A message is larger than the limit of responses.
pub(super) struct TooLarge;

/// A message of an operation; the operation ends with its last one.
pub(super) struct Frame {
    /// `None` if it can't be serialized.
    pub(super) message: Option<Message>,
    pub(super) last: bool,
}

/// What an operation's event is on the wire.
pub(super) fn frame(id: &str, event: &Event) -> Frame {
    match event {
        Event::Next(payload) => match (ServerMessage::Next { id, payload }).write() {
            Ok(message) => Frame {
                message,
                last: false,
            },
            Err(TooLarge) => error(id, &Answer::refused(budget::too_many_bytes())),
        },
        Event::Error(answer) => error(id, answer),
        Event::Complete => Frame {
            message: ServerMessage::Complete { id }.encode(),
            last: true,
        },
    }
}

fn error(id: &str, answer: &Answer) -> Frame {
    let payload = &answer.response.errors;
    Frame {
        message: ServerMessage::Error { id, payload }.encode(),
        last: true,
    }
}

/// The code and reason of a close.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Close {
    code: u16,
    reason: String,
}

/// The longest reason of a close frame, whose payload has at most 125 bytes (RFC 6455, 5.5), two
/// of them the code.
const REASON_BYTES: usize = 123;

impl Close {
    fn new(code: u16, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
        }
    }

    pub(super) fn going_away() -> Self {
        Self::new(1001, "Going away")
    }

    /// The client has no running operation: it may reconnect when it needs one.
    pub(super) fn idle() -> Self {
        Self::new(1000, "Idle")
    }

    pub(super) fn try_again_later() -> Self {
        Self::new(1013, "Try again later")
    }

    pub(super) fn message_too_big() -> Self {
        Self::new(1009, "Message too big")
    }

    pub(super) fn internal() -> Self {
        Self::new(4500, "Internal server error")
    }

    pub(super) fn bad_message(reason: &str) -> Self {
        let end = reason.floor_char_boundary(REASON_BYTES);
        Self::new(4400, reason.get(..end).unwrap_or_default())
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(4401, "Unauthorized")
    }

    pub(super) fn subprotocol() -> Self {
        Self::new(4406, "Subprotocol not acceptable")
    }

    pub(super) fn init_timeout() -> Self {
        Self::new(4408, "Connection initialisation timeout")
    }

    /// `id` is at most 64 bytes long: a close reason has room for 123.
    pub(super) fn subscriber_exists(id: &str) -> Self {
        Self::new(4409, format!("Subscriber for {id} already exists"))
    }

    pub(super) fn too_many_inits() -> Self {
        Self::new(4429, "Too many initialisation requests")
    }
}

impl From<Close> for Message {
    fn from(close: Close) -> Self {
        Message::Close(Some(CloseFrame {
            code: close.code,
            reason: Utf8Bytes::from(close.reason),
        }))
    }
}
