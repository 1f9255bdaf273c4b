//! Downloads: a report's file behind a signed link, sent while it is written.
//!
//! Here: how many at once, what the answer's headers say, and stopping all work when nobody reads it any
//! more. Not here: what a link opens ([`crate::operations::download`]), and what the file looks like
//! ([`crate::reports`]).

mod places;

use std::{io, pin::pin, time::Duration};

use axum::{
    Extension, Router,
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use domain::id::MessageId;
use futures_util::{Stream, StreamExt, stream};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sea_orm::DbErr;
use tokio::{
    runtime::Handle,
    sync::mpsc,
    time::{Instant, timeout},
};

use self::places::{Full, Pace, Place, Places};
pub use self::places::{MAX_AT_ONCE, MAX_PER_ACCOUNT, MAX_WAITING_PER_ACCOUNT};

use super::{connections, shares::Owner};
use crate::{
    graphql::engine::ids::PublicId,
    operations::{
        OperationError, Services,
        download::{Content, Download, DownloadError, Figures},
    },
    reports::{
        csv::write_csv,
        stream::stream_file,
        workbook::{Effort, write_workbook_begun},
    },
};

/// When somebody who came too late may come again, in seconds.
const RETRY_AFTER_SECONDS: &str = "10";
/// How often the pace of a client that keeps the server waiting is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How long a client may take over a chunk of 64 KiB. Beyond it, it is taken for gone: a stalled download
/// would keep its place and its snapshot for ever.
const STALLED_AFTER: Duration = Duration::from_secs(60);

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const CSV: &str = "text/csv; charset=utf-8; header=present";

/// What RFC 8187 lets stand as it is in `filename*`: letters, digits and a few signs.
const ATTRIBUTE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The route of downloads. It takes no header: the link itself is the key. A file that is being sent when its key is
/// revoked is sent to its end.
pub fn routes() -> Router<Services> {
    Router::new()
        .route("/downloads/{token}/{file_name}", get(download))
        .layer(Extension(Places::default()))
}

async fn download(
    State(services): State<Services>,
    Extension(places): Extension<Places>,
    connection: Option<Extension<connections::Place>>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Response {
    let Ok(Path((token, file_name))) = path else {
        return not_found();
    };
    let opened = async {
        let link = services.read_link(&token, &file_name).await?;
        // A link that opens something comes from somebody with a key.
        if let Some(Extension(connection)) = connection {
            connection.belongs_to(Owner::Account(link.account()));
        }
        match places.take(link.account()).await {
            Ok(place) => Ok(Ok((services.open_download(link).await?, place))),
            Err(full) => Ok(Err(full)),
        }
    };
    match opened.await {
        Ok(Ok((download, place))) => file(download, &file_name, place),
        Ok(Err(full)) => come_again(full),
        Err(DownloadError::NotFound) => not_found(),
        Err(DownloadError::Expired) => plain(StatusCode::FORBIDDEN, "This link has expired."),
        Err(DownloadError::Revoked) => plain(
            StatusCode::FORBIDDEN,
            "The API key that made this link does not work any more.",
        ),
        Err(DownloadError::Failed(error)) => failed(error),
    }
}

fn come_again(full: Full) -> Response {
    let (status, text) = match full {
        Full::All => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many reports are being downloaded; try again in a few seconds.".to_owned(),
        ),
        Full::Owner => (
            StatusCode::TOO_MANY_REQUESTS,
            format!(
                "At most {MAX_PER_ACCOUNT} reports of an account are downloaded at a time, and {MAX_WAITING_PER_ACCOUNT} wait; try again when one is done."
            ),
        ),
    };
    let retry = [(header::RETRY_AFTER, RETRY_AFTER_SECONDS)];
    (retry, plain(status, text)).into_response()
}

fn not_found() -> Response {
    plain(StatusCode::NOT_FOUND, "There is no such file.")
}

fn failed(error: OperationError) -> Response {
    match error {
        OperationError::Refused(refusals) => {
            let text = refusals.into_iter().next().map(|refusal| refusal.message);
            plain(StatusCode::CONFLICT, text.unwrap_or_default())
        }
        OperationError::Unavailable | OperationError::Lost | OperationError::RateLimited => {
            let text = "This is out of order just now; try again later.";
            plain(StatusCode::SERVICE_UNAVAILABLE, text)
        }
        cause @ (OperationError::Unauthenticated
        | OperationError::Forbidden
        | OperationError::NotDone
        | OperationError::Unknown
        | OperationError::Fault(_)) => {
            tracing::error!(?cause, "a download could not be opened");
            let text = "Something went wrong on our side.";
            plain(StatusCode::INTERNAL_SERVER_ERROR, text)
        }
    }
}

fn plain(status: StatusCode, text: impl Into<String>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "private, no-store"),
    ];
    (status, headers, text.into() + "\n").into_response()
}

fn file(download: Download, file_name: &str, place: Place) -> Response {
    let content_type = match download.content {
        Content::Workbook(_) => XLSX,
        Content::Csv(..) => CSV,
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CONTENT_DISPOSITION, disposition(file_name)),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-store"),
        ),
    ];
    (headers, body(download, place)).into_response()
}

/// RFC 6266: a name in ASCII for old clients, and the name itself.
fn disposition(file_name: &str) -> HeaderValue {
    let ascii: String = file_name
        .chars()
        .map(|character| match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '.' | '_' => character,
            _ => '_',
        })
        .collect();
    let exact = utf8_percent_encode(file_name, ATTRIBUTE);
    let value = format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{exact}");
    // Only printable ASCII is left; without a name the file is still an attachment.
    HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static("attachment"))
}

fn body(download: Download, place: Place) -> Body {
    let Download { content, messages } = download;
    let show: fn(MessageId) -> String = |id| id.encode().0;
    match content {
        Content::Workbook(figures) => {
            let Figures {
                about,
                read,
                reading,
            } = figures;
            let runtime = Handle::current();
            let content = move || {
                let read = read.blocking_recv();
                let read = read.map_err(|_| unread("the reading was cut off"))?;
                let (report, names) = read.map_err(unread)?;
                let _entered = runtime.enter();
                Ok((report, messages.start(names, show)))
            };
            let written = stream_file(move |out| {
                write_workbook_begun(out, &about, content, Effort::default())
            });
            passed_on(written, place, reading)
        }
        Content::Csv(time_zone, dialect, names) => {
            let rows = messages.start(names, show);
            let written = stream_file(move |out| write_csv(out, time_zone, dialect, rows));
            passed_on(written, place, ())
        }
    }
}

/// A body of what is written; what is kept for it is let go when it is sent, or nobody wants it.
fn passed_on(
    written: impl Stream<Item = Result<Bytes, io::Error>> + Send + 'static,
    place: Place,
    kept: impl Send + 'static,
) -> Body {
    let (sender, parts) = mpsc::channel(1);
    tokio::spawn(async move {
        send(written, &sender, || place.is_wanted()).await;
        drop((place, kept));
    });
    Body::from_stream(received(parts))
}

/// Figures that did not come, when the file had begun.
fn unread(cause: impl std::fmt::Debug) -> DbErr {
    DbErr::Custom(format!("a workbook's figures: {cause:?}"))
}

/// A part of a file on its way to the client.
enum Part {
    Bytes(Bytes),
    Failed(io::Error),
    End,
}

/// Passes a file on, and drops it as soon as the client leaves or stalls, or is slow while its place is wanted: that
/// ends the writing at its next chunk, and with it the reading.
async fn send(
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
        match timeout(
            STALLED_AFTER,
            hand_over(part, client, &mut pace, &is_wanted),
        )
        .await
        {
            Ok(true) if !is_last => {}
            _ => return,
        }
    }
}

/// Whether the client took a part. It does not if it has left, and it must give way if it is slow while its place is
/// wanted.
async fn hand_over(
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
        let room = timeout(LOOK, &mut room).await;
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

/// What the client gets. Only a file that was written to its end ends well: anything else is an error,
/// which aborts the connection, so that no half file looks whole. It may be asked again after its end, as
/// compression does; an unfused `unfold` would panic.
fn received(parts: mpsc::Receiver<Part>) -> impl Stream<Item = Result<Bytes, io::Error>> {
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
    use super::{STALLED_AFTER, disposition, received, send};
    use bytes::Bytes;
    use futures_util::{Stream, StreamExt, stream};
    use std::io;
    use tokio::sync::{mpsc, oneshot};

    #[test]
    fn a_file_name_is_said_twice() {
        insta::assert_snapshot!(
            disposition("usage-caffè-2026.xlsx").to_str().unwrap(),
            @r#"attachment; filename="usage-caff_-2026.xlsx"; filename*=UTF-8''usage-caff%C3%A8-2026.xlsx"#
        );
        insta::assert_snapshot!(
            disposition("a\"\r\nb").to_str().unwrap(),
            @r#"attachment; filename="a___b"; filename*=UTF-8''a%22%0D%0Ab"#
        );
    }

    fn chunk(text: &'static str) -> Result<Bytes, io::Error> {
        Ok(Bytes::from_static(text.as_bytes()))
    }

    #[tokio::test]
    async fn only_a_whole_file_ends_well() {
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

    /// A file without end, and a way to hear when it is dropped.
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
    async fn a_file_may_be_asked_again_after_its_end() {
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
        // The file's end of the channel is gone.
        assert!(stopped.await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_stalls_is_left() {
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
    async fn a_slow_client_gives_way_to_who_waits() {
        let (file, stopped) = endless(stream::repeat_with(|| chunk("a")));
        let (sender, parts) = mpsc::channel(1);
        let begun = tokio::time::Instant::now();
        send(file, &sender, || true).await;
        assert!(begun.elapsed() < STALLED_AFTER);
        assert!(stopped.await.is_err());
        drop(parts);

        // One that takes its file stays, however much its place is wanted.
        let chunks = std::iter::repeat_with(|| Ok(Bytes::from(vec![0; 64 * 1024]))).take(200);
        let (sender, mut parts) = mpsc::channel(1);
        let reads = async {
            let mut bytes = 0;
            while let Some(super::Part::Bytes(part)) = parts.recv().await {
                bytes += part.len();
                tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            }
            bytes
        };
        let ((), read) = tokio::join!(send(stream::iter(chunks), &sender, || true), reads);
        assert_eq!(read, 200 * 64 * 1024);
    }
}
