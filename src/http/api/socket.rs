//! WebSockets at `/graphql`: their callers, and their limits.
//!
//! Here: authenticating `connection_init`, and the shares of a socket's operations. Not here: the
//! protocol.

use std::{sync::Arc, time::Duration};

use async_graphql::{Request, ServerError, parser::types::OperationType};
use axum::{
    extract::{FromRequestParts, WebSocketUpgrade},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use tower_http::request_id::RequestId;

use super::{
    super::{
        REQUEST_ID, Server, Shared,
        address::Address,
        connections::Place,
        graphql::language_of,
        on_behalf_of::{ON_BEHALF_OF, acting_for_label},
        shares::{Caller, Denied, Held},
        viewer::{Authentication, authenticate_credential, may_run},
        websocket::{Pass, Refused, Session},
    },
    cost, with_viewer,
};
use crate::{
    graphql::engine::{
        errors::{code, coded},
        persisted::MayRun,
    },
    localization::Language,
    operations::Viewer,
};

/// How often the key or token of a socket or an event stream is checked again.
const KEY_CHECK: Duration = Duration::from_secs(1);
/// Bytes that may be read from a socket that has shown no key: a `connection_init` with a JWT in
/// it, and some pings.
const ANONYMOUS_BYTES: usize = 16 * 1024;

/// Completes the handshake of a WebSocket.
pub(super) async fn socket(server: &Server, request: axum::extract::Request) -> Response {
    let request_id = request_id(request.headers(), request.extensions().get::<RequestId>());
    let language = language_of(request.headers());
    let place = request.extensions().get::<Place>().cloned();
    let address = Address::noted(request.extensions());
    let (mut parts, _) = request.into_parts();
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    if let Some(place) = &place {
        place.allow_anonymous(ANONYMOUS_BYTES);
    }
    let shared = Arc::clone(&server.0);
    server.0.sockets.serve(
        upgrade,
        server.0.schema.clone(),
        request_id,
        move |payload| async move {
            let credential = payload
                .get("Authorization")
                .or_else(|| payload.get("authorization"))
                .and_then(serde_json::Value::as_str)
                .map(str::to_owned);
            // Requests that need no key go over HTTP; sockets are for subscriptions.
            let Some(credential) = credential else {
                return Err(Refused::Unauthorized);
            };
            let viewer = match authenticate_credential(&shared.services, &credential, address).await
            {
                Ok(Authentication::Valid(viewer)) => viewer,
                Ok(
                    Authentication::Anonymous
                    | Authentication::InvalidKey
                    | Authentication::Elsewhere,
                ) => {
                    // The socket is closed either way; the client's next attempt is a new
                    // connection.
                    let _ = shared.wrong_keys.count(address);
                    return Err(Refused::Unauthorized);
                }
                Err(_) => return Err(Refused::Busy),
            };
            let label = payload
                .get(ON_BEHALF_OF.as_str())
                .or_else(|| payload.get("On-Behalf-Of"));
            let viewer = match label {
                None => viewer,
                Some(label) => {
                    let label = label.as_str().ok_or_else(not_a_label)?;
                    let acting = acting_for_label(viewer, label.as_bytes());
                    acting.map_err(Refused::BadRequest)?
                }
            };
            let caller = Caller::new(Some(&viewer), address);
            let held = shared.shares.socket(&caller).map_err(|_| Refused::Busy)?;
            if let Some(place) = place {
                place.belongs_to(caller.owner);
            }
            Ok(SocketSession::new(shared, viewer, caller, held).in_language(language))
        },
    )
}

fn not_a_label() -> Refused {
    Refused::BadRequest("On-Behalf-Of must be a string.".to_owned())
}

/// The caller of a socket, or of an event stream.
pub(super) struct SocketSession {
    shared: Arc<Shared>,
    viewer: Viewer,
    caller: Caller,
    /// The language of the handshake; `None` if each request says its own.
    language: Option<Language>,
    _held: Held,
}

impl SocketSession {
    /// A session that keeps its place for as long as it lives.
    pub(super) fn new(shared: Arc<Shared>, viewer: Viewer, caller: Caller, held: Held) -> Self {
        Self {
            shared,
            viewer,
            caller,
            language: None,
            _held: held,
        }
    }

    /// Answers in this language, which the handshake asked for.
    fn in_language(self, language: Language) -> Self {
        Self {
            language: Some(language),
            ..self
        }
    }
}

impl Session for SocketSession {
    fn prepare(&self, request: Request) -> Request {
        let request = with_viewer(
            request,
            &self.shared,
            &self.caller,
            Some(self.viewer.clone()),
        );
        match self.language {
            Some(language) => request.data(language),
            None => request,
        }
    }

    fn may_run(&self) -> MayRun {
        may_run(&self.viewer)
    }

    async fn admit(&self, kind: OperationType, bytes: usize) -> Result<Pass, ServerError> {
        let shares = &self.shared.shares;
        let admitted = async {
            shares.pay(&self.caller, cost(bytes))?;
            match kind {
                OperationType::Subscription => shares.subscription(&self.caller),
                OperationType::Query | OperationType::Mutation => {
                    shares.request(&self.caller).await
                }
            }
        };
        match admitted.await {
            Ok(held) => Ok(Pass::holding(held)),
            Err(denied) => Err(denied_error(&denied)),
        }
    }

    async fn deliver(&self, bytes: usize) -> Option<Pass> {
        let held = self.shared.shares.answer(&self.caller, bytes).await.ok()?;
        Some(held.map_or_else(Pass::default, Pass::holding))
    }

    async fn revoked(&self) {
        loop {
            tokio::time::sleep(KEY_CHECK).await;
            match self.shared.services.still_works(&self.viewer).await {
                Ok(true) => {}
                Ok(false) => return,
                // While the database is unavailable, nothing can be read through the socket either.
                Err(error) => tracing::debug!(?error, "a socket's key can't be checked"),
            }
        }
    }
}

fn denied_error(denied: &Denied) -> ServerError {
    denied.count();
    coded(code::RATE_LIMITED, denied.message())
}

fn request_id(headers: &HeaderMap, id: Option<&RequestId>) -> String {
    let value = id
        .map(RequestId::header_value)
        .or_else(|| headers.get(REQUEST_ID));
    value
        .and_then(|value| value.to_str().ok())
        .unwrap_or("unnamed")
        .chars()
        .take(128)
        .collect()
}
