//! Sending a file to its client while it is generated.
//!
//! Here: stalled and slow clients, and the end of the response's body. Not here: generating the
//! file, and the limit of concurrent downloads ([`super::places`]).

use std::{io, pin::pin, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};

use super::places::Pace;

/// How often the pace of a slow client is checked.
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// How long a client may take to read a chunk of 64 KiB. After that it counts as gone: a stalled
/// download would keep its place and its database snapshot for ever.
const STALLED_AFTER: Duration = Duration::from_secs(60);

/// A part of a file on its way to the client.
pub(super) enum Part {
    Bytes(Bytes),
    Failed(io::Error),
    End,
}

/// Sends a file, and stops as soon as the client leaves or stalls, or is slow while others wait for
/// its place: that ends the writing at its next chunk, and the reading with it.
pub(super) async fn send(
    written: impl Stream<Item = Result<Bytes, io::Error>>,
    client: &mpsc::Sender<Part>,
    is_wanted: impl Fn() -> bool,
) {
    let mut written = pin!(written);
    let mut pace = Pace::default();
    loop {
        let part = tokio::select! {
            biased;
            () = client.closed() => return,
            part = written.next() => part,
        };
        let (part, is_last) = match part {
            Some(Ok(bytes)) => (Part::Bytes(bytes), false),
            Some(Err(cause)) => {
                tracing::error!(%cause, source = ?io::Error::get_ref(&cause), "a download failed");
                (Part::Failed(cause), true)
            }
            None => (Part::End, true),
        };
        match timeout(STALLED_AFTER, deliver(part, client, &mut pace, &is_wanted)).await {
            Ok(true) if !is_last => {}
            _ => return,
        }
    }
}

/// Whether the client accepted a part. It returns false if the client has left, or is slow while
/// others wait for its place.
async fn deliver(
    part: Part,
    client: &mpsc::Sender<Part>,
    pace: &mut Pace,
    is_wanted: impl Fn() -> bool,
) -> bool {
    let size = match &part {
        Part::Bytes(bytes) => bytes.len(),
        Part::Failed(_) | Part::End => 0,
    };
    let mut since = Instant::now();
    let mut room = pin!(client.reserve());
    loop {
        let room = timeout(CHECK_EVERY, &mut room).await;
        let now = Instant::now();
        let waited = now.duration_since(since);
        since = now;
        match room {
            Ok(Ok(room)) => {
                room.send(part);
                pace.note(size, waited);
                return true;
            }
            Ok(Err(_)) => return false,
            Err(_) => {
                pace.note(0, waited);
                if pace.is_slow() && is_wanted() {
                    tracing::info!("a slow download gave way to others");
                    return false;
                }
            }
        }
    }
}

/// The body that the client receives. Only a complete file ends normally: any error aborts the
/// connection, so that no partial file looks complete. It can be polled after its end, as
/// compression does; an unfused `unfold` would panic.
pub(super) fn received(
    parts: mpsc::Receiver<Part>,
) -> impl Stream<Item = Result<Bytes, io::Error>> {
    stream::unfold(Some(parts), |parts| async {
        let mut parts = parts?;
        match parts.recv().await {
            Some(Part::Bytes(bytes)) => Some((Ok(bytes), Some(parts))),
            Some(Part::Failed(cause)) => Some((Err(cause), None)),
            Some(Part::End) => None,
            None => Some((Err(io::ErrorKind::TimedOut.into()), None)),
        }
    })
    .fuse()
}

#[cfg(test)]
mod tests {
    use super::{Part, STALLED_AFTER, received, send};
    use bytes::Bytes;
    use futures_util::{Stream, StreamExt, stream};
    use std::io;
    use tokio::sync::{mpsc, oneshot};

    fn chunk(text: &'static str) -> Result<Bytes, io::Error> {
        Ok(Bytes::from_static(text.as_bytes()))
    }

    #[tokio::test]
    async fn only_a_complete_file_ends_without_an_error() {
        let parts = |chunks: Vec<Result<Bytes, io::Error>>| async {
            let (sender, parts) = mpsc::channel(8);
            send(stream::iter(chunks), &sender, || true).await;
            drop(sender);
            let parts: Vec<_> = received(parts).collect().await;
            parts.iter().map(Result::is_ok).collect::<Vec<_>>()
        };
        assert_eq!(parts(vec![chunk("a"), chunk("b")]).await, [true, true]);
        let failed = Err(io::Error::other("the database went away"));
        assert_eq!(parts(vec![chunk("a"), failed]).await, [true, false]);
    }

    /// An endless file, and a receiver that ends when the file is dropped.
    fn endless(
        file: impl Stream<Item = Result<Bytes, io::Error>>,
    ) -> (
        impl Stream<Item = Result<Bytes, io::Error>>,
        oneshot::Receiver<()>,
    ) {
        let (dropped, seen) = oneshot::channel();
        let file = file.map(move |chunk| {
            let _dropped: &oneshot::Sender<()> = &dropped;
            chunk
        });
        (file, seen)
    }

    #[tokio::test]
    async fn a_body_can_be_polled_after_its_end() {
        for last in [None, Some(Err(io::Error::other("the database went away")))] {
            let (sender, parts) = mpsc::channel(8);
            let chunks = [chunk("a")].into_iter().chain(last);
            send(stream::iter(chunks), &sender, || false).await;
            let mut parts = std::pin::pin!(received(parts));
            while parts.next().await.is_some() {}
            for _ in 0..3 {
                assert!(parts.next().await.is_none());
            }
        }
    }

    #[tokio::test]
    async fn a_client_that_leaves_stops_the_writing() {
        let (file, stopped) = endless(stream::pending());
        let (sender, parts) = mpsc::channel(1);
        drop(parts);
        send(file, &sender, || true).await;
        // The file's end of the channel was dropped.
        assert!(stopped.await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_stalled_client_is_disconnected() {
        let (file, stopped) = endless(stream::repeat_with(|| chunk("a")));
        let (sender, parts) = mpsc::channel(1);
        let begun = tokio::time::Instant::now();
        send(file, &sender, || false).await;
        assert!(begun.elapsed() >= STALLED_AFTER);
        assert!(stopped.await.is_err());
        drop(sender);
        let parts: Vec<_> = received(parts).collect().await;
        assert!(matches!(&parts[..], [Ok(_), Err(_)]), "{parts:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_client_yields_its_place_to_waiting_ones() {
        let (file, stopped) = endless(stream::repeat_with(|| chunk("a")));
        let (sender, parts) = mpsc::channel(1);
        let begun = tokio::time::Instant::now();
        send(file, &sender, || true).await;
        assert!(begun.elapsed() < STALLED_AFTER);
        assert!(stopped.await.is_err());
        drop(parts);

        // A client that reads its file keeps its place, however many others wait for it.
        let chunks = std::iter::repeat_with(|| Ok(Bytes::from(vec![0; 64 * 1024]))).take(200);
        let (sender, mut parts) = mpsc::channel(1);
        let reads = async {
            let mut bytes = 0;
            while let Some(Part::Bytes(part)) = parts.recv().await {
                bytes += part.len();
                tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            }
            bytes
        };
        let ((), read) = tokio::join!(send(stream::iter(chunks), &sender, || true), reads);
        assert_eq!(read, 200 * 64 * 1024);
    }
}
