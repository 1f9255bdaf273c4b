//! The `/graphql` route: who is asking is settled here, then GraphQL goes its way.

use std::time::Duration;

use async_graphql::Request;
use axum::{
    Json,
    extract::{FromRequestParts, State, WebSocketUpgrade},
    http::{Extensions, HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;
use tower_http::request_id::RequestId;

use super::{
    REQUEST_TIMEOUT, Server, Shared, UPLOAD_TIMEOUT,
    address::Address,
    connections::Place,
    rates::retry_after_seconds,
    viewer::{Asking, asking, of_credential},
    websocket::{Refused, Session},
};
use crate::{
    graphql::{errors::code, loaders},
    operations::{OperationError, Services, Viewer},
};

/// Answers a POST.
pub(super) async fn post(
    State(server): State<Server>,
    request: axum::extract::Request,
) -> Response {
    respond(&server, request).await
}

/// Answers a GET: a query, or the handshake of a WebSocket.
pub(super) async fn get(State(server): State<Server>, request: axum::extract::Request) -> Response {
    let upgrades = request.headers().get(header::UPGRADE);
    if upgrades.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket")) {
        return socket(&server, request).await;
    }
    respond(&server, request).await
}

async fn respond(server: &Server, request: axum::extract::Request) -> Response {
    let shared = &server.0;
    let viewer = match asking(&shared.services, request.headers()).await {
        Ok(Asking::Somebody(viewer)) => Some(viewer),
        Ok(Asking::Nobody) => None,
        Ok(Asking::Stranger) => return stranger(shared, request.extensions()),
        Err(error) => return failed(&error),
    };
    let uploads = is_upload(request.headers());
    if viewer.is_none() && uploads {
        // Files are kept on disk while they are read: not for nobody in particular.
        return refused(
            StatusCode::UNAUTHORIZED,
            code::UNAUTHENTICATED,
            "Sign in first: send an API key as a Bearer.",
        );
    }
    let Ok(_slot) = shared.slots.try_acquire() else {
        return refused(
            StatusCode::SERVICE_UNAVAILABLE,
            code::RATE_LIMITED,
            "Too many requests at once; try again later.",
        );
    };
    let Ok(_upload) = uploads.then(|| shared.uploads.try_acquire()).transpose() else {
        return refused(
            StatusCode::SERVICE_UNAVAILABLE,
            code::RATE_LIMITED,
            "Too many uploads at once; try again later.",
        );
    };
    let most = if uploads {
        UPLOAD_TIMEOUT
    } else {
        REQUEST_TIMEOUT
    };
    let services = shared.services.clone();
    let answer = shared
        .endpoint
        .respond(&shared.schema, request, move |request| {
            with_viewer(request, &services, viewer)
        });
    // A mutation runs on by itself: its key tells what became of it.
    tokio::time::timeout(most, answer).await.unwrap_or_else(|_| {
        refused(
            StatusCode::GATEWAY_TIMEOUT,
            code::UNAVAILABLE,
            "This took too long and was given up. A mutation may have been done: its key tells.",
        )
    })
}

fn is_upload(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .map(|value| value.as_bytes());
    kind.and_then(|kind| kind.get(..10))
        .is_some_and(|kind| kind.eq_ignore_ascii_case(b"multipart/"))
}

/// An answer from before GraphQL, in its form.
fn refused(status: StatusCode, code: &str, message: &str) -> Response {
    let body = json!({ "errors": [{ "message": message, "extensions": { "code": code } }] });
    (status, Json(body)).into_response()
}

async fn socket(server: &Server, request: axum::extract::Request) -> Response {
    let request_id = request_id(request.headers(), request.extensions().get::<RequestId>());
    let place = request.extensions().get::<Place>().cloned();
    let (mut parts, _) = request.into_parts();
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &()).await {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    let from = Address::noted(&parts.extensions);
    let (services, shared) = (server.0.services.clone(), server.0.clone());
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
            let viewer = match credential {
                None => None,
                Some(text) => match of_credential(&services, &text).await {
                    Ok(Asking::Somebody(viewer)) => Some(viewer),
                    Ok(Asking::Nobody | Asking::Stranger) => {
                        // The socket is closed either way, and its next try is a new connection.
                        let _ = shared.wrong_keys.count(from);
                        return Err(Refused);
                    }
                    Err(_) => return Err(Refused),
                },
            };
            Ok(SocketSession {
                services,
                viewer,
                _place: place,
            })
        },
    )
}

/// How often it is asked whether a socket's key still works.
const KEY_CHECK: Duration = Duration::from_secs(1);

/// Whom a socket was opened for.
struct SocketSession {
    services: Services,
    viewer: Option<Viewer>,
    /// A socket counts among the open connections for as long as it lives.
    _place: Option<Place>,
}

impl Session for SocketSession {
    fn prepare(&self, request: Request) -> Request {
        with_viewer(request, &self.services, self.viewer)
    }

    async fn revoked(&self) {
        let Some(key) = self.viewer.and_then(|viewer| viewer.key) else {
            return std::future::pending().await;
        };
        loop {
            tokio::time::sleep(KEY_CHECK).await;
            match self.services.key_works(key).await {
                Ok(true) => {}
                Ok(false) => return,
                // While the database can't say, nothing can be read through the socket either.
                Err(error) => tracing::warn!(?error, "whether a key still works can't be told"),
            }
        }
    }
}

/// What resolvers look for: the viewer, and loaders of this request's own.
fn with_viewer(request: Request, services: &Services, viewer: Option<Viewer>) -> Request {
    match viewer {
        None => request,
        Some(viewer) => request
            .data(viewer)
            .data(loaders::for_viewer(services, viewer)),
    }
}

fn request_id(headers: &HeaderMap, id: Option<&RequestId>) -> String {
    let value = id
        .map(RequestId::header_value)
        .or_else(|| headers.get(super::REQUEST_ID));
    value
        .and_then(|value| value.to_str().ok())
        .unwrap_or("unnamed")
        .chars()
        .take(128)
        .collect()
}

/// Whoever shows a key that does not work.
fn stranger(shared: &Shared, extensions: &Extensions) -> Response {
    if let Err(wait) = shared.wrong_keys.count(Address::noted(extensions)) {
        let seconds = retry_after_seconds(wait);
        let message = format!(
            "This key does not work, and too many that don't came from this address: wait {seconds} s."
        );
        let body = refused(StatusCode::TOO_MANY_REQUESTS, code::RATE_LIMITED, &message);
        return ([(header::RETRY_AFTER, seconds.to_string())], body).into_response();
    }
    let message = "This key does not work: it is wrong, or it was revoked or has expired.";
    let body = refused(StatusCode::UNAUTHORIZED, code::UNAUTHENTICATED, message);
    ([(header::WWW_AUTHENTICATE, "Bearer")], body).into_response()
}

fn failed(error: &OperationError) -> Response {
    tracing::error!(?error, "who is asking can't be told");
    let message = "This is out of order just now; try again later.";
    refused(StatusCode::SERVICE_UNAVAILABLE, code::UNAVAILABLE, message)
}
