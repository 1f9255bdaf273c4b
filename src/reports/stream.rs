//! Streams a file to a client while it is being written.
//!
//! Here: the bridge from a blocking writer to an asynchronous body. Not here: the file's contents.

use std::{
    error::Error,
    io::{self, Write},
};

use crate::tuning::Tuned;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use tokio::{sync::mpsc, task::JoinHandle};

/// Large enough that handing a chunk over costs little compared with filling it.
/// Measured: docs/measured.md, "Files".
static CHUNK_BYTES: Tuned<usize> = Tuned::new("CHUNK_BYTES", 64 * 1024);
/// The first chunk is small, so that the client sees at once that the file is coming.
const FIRST_CHUNK_BYTES: usize = 1024;
/// Chunks that are buffered between the writer and a slow client. With the one that is being filled,
/// they are the memory of a download.
/// Measured: docs/measured.md, "Files".
static CHUNKS_WAITING: Tuned<usize> = Tuned::new("CHUNKS_WAITING", 2);

/// Sends everything written to it in chunks. A closed receiver is reported as a broken pipe, so the
/// work stops when the client disconnects. Blocks while the client is slow: only for blocking threads.
#[derive(Debug)]
pub struct ChannelWriter {
    sender: mpsc::Sender<Bytes>,
    chunk: Vec<u8>,
    chunk_bytes: usize,
}

impl ChannelWriter {
    fn new(sender: mpsc::Sender<Bytes>) -> Self {
        Self {
            sender,
            chunk: Vec::new(),
            chunk_bytes: FIRST_CHUNK_BYTES,
        }
    }

    fn send(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        self.chunk_bytes = CHUNK_BYTES.get();
        let next = Vec::with_capacity(CHUNK_BYTES.get());
        let chunk = std::mem::replace(&mut self.chunk, next);
        self.sender
            .blocking_send(chunk.into())
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for ChannelWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = self.chunk_bytes.saturating_sub(self.chunk.len());
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.chunk.extend_from_slice(taken);
        if self.chunk.len() >= self.chunk_bytes {
            self.send()?;
        }
        Ok(taken.len())
    }

    /// Sends the buffered bytes. Fails with a broken pipe if the client has disconnected.
    fn flush(&mut self) -> io::Result<()> {
        self.send()?;
        if self.sender.is_closed() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(())
    }
}

/// Sends the buffered bytes, so that a writer that doesn't flush loses none.
impl Drop for ChannelWriter {
    fn drop(&mut self) {
        // Fails only if the client has disconnected.
        let _ = self.send();
    }
}

/// Runs a writer on a blocking thread and streams its output. An error or a panic of the writer is the
/// stream's last item: it makes the body abort its connection, so no client takes a partial file for a
/// complete one. Dropping the stream stops the writer at its next chunk.
///
/// Must be called within a Tokio runtime.
pub fn stream_file<E>(
    write: impl FnOnce(ChannelWriter) -> Result<(), E> + Send + 'static,
) -> impl Stream<Item = Result<Bytes, io::Error>> + Send + 'static
where
    E: Into<Box<dyn Error + Send + Sync>> + Send + 'static,
{
    let (sender, receiver) = mpsc::channel(CHUNKS_WAITING.get());
    let writer = tokio::task::spawn_blocking(move || write(ChannelWriter::new(sender)));
    stream::unfold(Some((receiver, writer)), |state| async {
        let (mut receiver, writer) = state?;
        match receiver.recv().await {
            Some(chunk) => Some((Ok(chunk), Some((receiver, writer)))),
            None => {
                let failure = outcome(writer).await.err()?;
                Some((Err(failure), None))
            }
        }
    })
    // A body may be polled again after its end.
    .fuse()
}

async fn outcome<E>(writer: JoinHandle<Result<(), E>>) -> io::Result<()>
where
    E: Into<Box<dyn Error + Send + Sync>>,
{
    match writer.await {
        Ok(written) => written.map_err(io::Error::other),
        Err(panicked) => Err(io::Error::other(panicked)),
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Write, pin::pin, sync::mpsc};

    use futures_util::{StreamExt, TryStreamExt};

    use super::{CHUNK_BYTES, CHUNKS_WAITING, FIRST_CHUNK_BYTES, stream_file};

    #[tokio::test]
    async fn everything_arrives_in_order_in_large_chunks() {
        let content: Vec<u8> = (0..CHUNK_BYTES.get() * 5 / 2)
            .map(|at| (at % 251) as u8)
            .collect();
        let expected = content.clone();
        let stream = stream_file(move |mut out| {
            content
                .chunks(1_000)
                .try_for_each(|part| out.write_all(part))
        });
        let chunks: Vec<_> = stream.try_collect().await.unwrap();
        let sizes: Vec<_> = chunks.iter().map(|chunk| chunk.len()).collect();
        let rest = expected.len() - FIRST_CHUNK_BYTES - 2 * CHUNK_BYTES.get();
        assert_eq!(
            sizes,
            [
                FIRST_CHUNK_BYTES,
                CHUNK_BYTES.get(),
                CHUNK_BYTES.get(),
                rest
            ]
        );
        assert_eq!(chunks.concat(), expected);
    }

    #[tokio::test]
    async fn flushed_bytes_are_sent_before_the_rest_is_written() {
        let (go_on, wait) = mpsc::channel::<()>();
        let stream = stream_file(move |mut out| {
            out.write_all(b"head")?;
            out.flush()?;
            // Ends when the test has seen the head.
            let _ = wait.recv();
            out.write_all(b"rest")
        });
        let mut stream = pin!(stream);
        assert_eq!(stream.next().await.unwrap().unwrap(), "head");
        drop(go_on);
        assert_eq!(stream.next().await.unwrap().unwrap(), "rest");
        assert!(stream.next().await.is_none());
    }

    #[tokio::test]
    async fn a_writers_error_is_the_last_item() {
        let stream = stream_file(|mut out| {
            out.write_all(b"half").unwrap();
            Err("the database went away")
        });
        let items: Vec<_> = stream.collect().await;
        let items: Vec<_> = items
            .into_iter()
            .map(|item| item.map_err(|error| error.to_string()))
            .collect();
        let expected = [Ok("half".into()), Err("the database went away".to_owned())];
        assert_eq!(items, expected);
    }

    #[tokio::test]
    async fn a_writers_panic_is_an_error() {
        let stream = stream_file::<std::io::Error>(|_| panic!("a defect"));
        let items: Vec<_> = stream.collect().await;
        assert!(matches!(&items[..], [Err(_)]), "{items:?}");
    }

    #[tokio::test]
    async fn a_client_that_leaves_stops_the_writer() {
        let (report, outcome) = tokio::sync::oneshot::channel();
        let stream = stream_file::<std::io::Error>(move |mut out| {
            let chunk = vec![0; CHUNK_BYTES.get()];
            let failure = (0..).find_map(|count| Some((count, out.write_all(&chunk).err()?)));
            let _ = report.send(failure);
            Ok(())
        });
        {
            let mut stream = pin!(stream);
            assert!(stream.next().await.is_some());
        }
        let (written, error) = outcome.await.unwrap().unwrap();
        assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
        // The buffered chunks, the one being sent, and the one that was read.
        assert!(written <= CHUNKS_WAITING.get() + 3, "{written}");
    }
}
