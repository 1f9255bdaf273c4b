//! Subscriptions as event streams: their callers, and their limits.
//!
//! Here: a subscription's place, counted with those of WebSockets. Not here: the stream
//! ([`crate::http::event_stream`]).

use std::sync::Arc;

use axum::{http::StatusCode, response::Response};

use super::{
    super::{
        Shared,
        event_stream::{self, HEARTBEAT},
        graphql::{Read, media::Media, problem::Problem},
        shares::{Caller, Denied},
    },
    socket::SocketSession,
    unauthenticated, with_viewer,
};
use crate::{graphql::engine::errors::code, operations::Viewer};

/// Answers a subscription that was read. It keeps its place until the client is gone.
pub(super) fn subscribe<P>(
    shared: &Arc<Shared>,
    read: Read<P>,
    caller: Caller,
    viewer: Option<Viewer>,
) -> Result<Response, Denied> {
    let Some(viewer) = viewer else {
        return Ok(unauthenticated(
            "Subscriptions need authentication: send an API key in the header Authorization: Bearer <key>.",
            Media::EventStream,
        ));
    };
    let drain = shared.sockets.drain.clone();
    if drain.is_cancelled() {
        // The client tries again, at another server.
        let problem = Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            code::UNAVAILABLE,
            "The server is stopping; subscribe again.",
        );
        return Ok(problem.respond(Media::EventStream));
    }
    let held = shared.shares.subscription(&caller)?;
    let events = read.subscribe(&shared.schema, |request| {
        with_viewer(request, shared, &caller, Some(viewer.clone()))
    });
    let session = SocketSession::new(Arc::clone(shared), viewer, caller, held);
    Ok(event_stream::serve(events, session, drain, HEARTBEAT))
}
