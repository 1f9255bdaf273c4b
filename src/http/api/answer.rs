//! Sending large responses: their bytes count against a limit until the client has received them.
//!
//! Here: handing a response to the connection piece by piece, so that the unsent rest is known. Not
//! here: the limit itself, which `shares` sets.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes, HttpBody, to_bytes},
    response::Response,
};
use http_body::{Frame, SizeHint};

use super::super::shares::{Caller, Denied, Held, SMALL_BYTES, Shares};

/// The size of a piece: as much as the connection buffers.
const PIECE_BYTES: usize = 64 * 1024;

/// A response that reserves room for its bytes until they are sent. A small one needs none.
pub(super) async fn on_its_way(
    shares: &Shares,
    caller: Caller,
    response: Response,
) -> Result<Response, Denied> {
    let bytes = response.body().size_hint().exact().unwrap_or_default();
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
    if bytes <= SMALL_BYTES {
        return Ok(response);
    }
    let Some(held) = shares.answer(&caller, bytes).await? else {
        return Ok(response);
    };
    let (parts, body) = response.into_parts();
    // The whole response is in memory, in one piece; this copies nothing, and can't fail.
    let rest = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let body = Body::new(Pieces { rest, _held: held });
    Ok(Response::from_parts(parts, body))
}

/// The rest of a response, which keeps its room until the last piece is handed over.
struct Pieces {
    rest: Bytes,
    _held: Held,
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.rest.len().min(PIECE_BYTES);
        let piece = self.rest.split_to(length);
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
