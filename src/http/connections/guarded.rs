//! A connection's byte stream, with the limits that apply to every protocol on it.
//!
//! Here: closing a connection whose writes make no progress, or whose place was revoked. Not here:
//! choosing the connection that loses its place.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::places::Place;

/// A connection that ends if its client reads nothing for a while, or its place is revoked. It
/// keeps its place for as long as it lives, as HTTP and as a WebSocket.
pub(super) struct Guarded {
    stream: Pin<Box<TimeoutStream<TcpStream>>>,
    evicted: Pin<Box<WaitForCancellationFutureOwned>>,
    place: Place,
}

impl Guarded {
    pub(super) fn new(stream: TcpStream, stalled: Duration, place: Place) -> Self {
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(stalled));
        Self {
            stream: Box::pin(stream),
            evicted: Box::pin(place.evicted().clone().cancelled_owned()),
            place,
        }
    }

    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.evicted.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::ErrorKind::ConnectionAborted.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl AsyncRead for Guarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        let before = buffer.filled().len();
        ready!(self.stream.as_mut().poll_read(context, buffer))?;
        if self.place.may_read(buffer.filled().len() - before) {
            Poll::Ready(Ok(()))
        } else {
            Poll::Ready(Err(io::ErrorKind::FileTooLarge.into()))
        }
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        self.stream.as_mut().poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.stream.as_mut().poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        self.stream.as_mut().poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };

    use super::Guarded;
    use crate::http::{
        address::Address,
        connections::places::{Place, Places, Rooms},
    };

    async fn pair(stalled: Duration) -> (Guarded, Place, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let (client, accepted) = tokio::join!(client, listener.accept());
        let rooms = Rooms {
            anonymous: 1,
            address_share: 1,
            known: 1,
            account_share: 1,
            grace: Duration::ZERO,
        };
        let place = Places::new(rooms).enter(Address::of([127, 0, 0, 1].into()), false);
        let guarded = Guarded::new(accepted.unwrap().0, stalled, place.clone());
        (guarded, place, client.unwrap())
    }

    #[tokio::test]
    async fn a_stalled_write_fails() {
        let (mut server, _place, client) = pair(Duration::from_millis(50)).await;
        let bytes = vec![0; 64 * 1024];
        let error = loop {
            if let Err(error) = server.write_all(&bytes).await {
                break error;
            }
        };
        assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
        drop(client);
    }

    #[tokio::test]
    async fn a_connection_ends_when_its_place_is_revoked() {
        let (mut server, place, client) = pair(Duration::from_secs(60)).await;
        let mut byte = [0];
        let (read, ()) = tokio::join!(server.read(&mut byte), async { place.evicted().cancel() });
        assert_eq!(
            read.unwrap_err().kind(),
            std::io::ErrorKind::ConnectionAborted
        );
        assert!(server.write(b"x").await.is_err());
        drop(client);
    }

    #[tokio::test]
    async fn an_anonymous_client_may_send_its_allowance_and_no_more() {
        let (mut server, place, mut client) = pair(Duration::from_secs(60)).await;
        place.allow_anonymous(1_000);
        client.write_all(&[0; 4_096]).await.unwrap();
        let mut bytes = [0; 600];
        server.read_exact(&mut bytes).await.unwrap();
        let error = server.read_exact(&mut bytes).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::FileTooLarge);
    }
}
