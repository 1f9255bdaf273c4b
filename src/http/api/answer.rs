//! Large answers on their way: their bytes are bounded until the client has taken them in.
//!
//! Here: handing an answer over piece by piece, so that what is left of it is known. Not here: how much may be on its
//! way, which `shares` says.

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

use super::super::shares::{Asker, Denied, Held, SMALL_BYTES, Shares};

/// What is handed over at once: as much as the connection keeps of it.
const PIECE_BYTES: usize = 64 * 1024;

/// An answer that has room for its bytes until they are sent. A small one needs none.
pub(super) async fn on_its_way(
    shares: &Shares,
    asker: Asker,
    response: Response,
) -> Result<Response, Denied> {
    let bytes = response.body().size_hint().exact().unwrap_or_default();
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
    if bytes <= SMALL_BYTES {
        return Ok(response);
    }
    let Some(held) = shares.answer(&asker, bytes).await? else {
        return Ok(response);
    };
    let (parts, body) = response.into_parts();
    // The whole answer is in memory, in one piece; this copies nothing, and can't fail.
    let rest = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let body = Body::new(Pieces { rest, _held: held });
    Ok(Response::from_parts(parts, body))
}

/// The rest of an answer, which keeps its room until the last piece is handed over.
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
