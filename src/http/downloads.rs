//! Downloads: the file of a report, a statement, rejected rows or a list behind a signed link,
//! streamed while it is generated.
//!
//! Here: the route, response headers, and starting a file's generation. Not here: what a link
//! refers to ([`crate::operations::download`]), the file's contents ([`crate::reports`]), and
//! sending it ([`sending`]).

mod places;
mod sending;

use std::io;

use axum::{
    Extension, Router,
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use domain::id::{ApiKeyId, ContactId, ListId, MessageId, PurchaseId, TransactionId};
use futures_util::Stream;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sea_orm::{DbErr, prelude::Uuid};
use tokio::{runtime::Handle, sync::mpsc};

pub use self::places::{MAX_AT_ONCE, MAX_PER_ACCOUNT, MAX_WAITING_PER_ACCOUNT};
use self::{
    places::{Full, Place, Places},
    sending::{received, send},
};

use super::{capacity::Capacity, connections, shares::Owner};
use crate::{
    graphql::engine::ids::PublicId,
    operations::{
        OperationError, Services,
        download::{Content, Download, DownloadError, ExportFormat, Figures, Format},
    },
    reports::{
        csv::write_csv,
        export::IdOf,
        stream::stream_file,
        workbook::{Effort, write_statement, write_workbook_begun},
    },
    telemetry::{
        context::carried,
        metrics::{DOWNLOADS, Running},
    },
};

/// `Retry-After` for downloads that found no free place, in seconds.
const RETRY_AFTER_SECONDS: &str = "10";

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const CSV: &str = "text/csv; charset=utf-8; header=present";
const JSONL: &str = "application/jsonl; charset=utf-8";

/// Characters that RFC 8187 allows unescaped in `filename*`: letters, digits and a few symbols.
const ATTRIBUTE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The download route. It needs no header: the link is the credential. If its key is revoked during
/// a transfer, the file is sent to its end.
pub fn routes(capacity: &Capacity) -> Router<Services> {
    // At 0 from the start.
    drop(DOWNLOADS.gauge(&[]));
    Router::new()
        .route("/downloads/{token}/{file_name}", get(download))
        .layer(Extension(Places::new(
            capacity.downloads,
            capacity.account_downloads,
        )))
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
        // A link with a valid token comes from a client with a key.
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
        Ok(Err(full)) => try_again_later(full, places.share()),
        Err(DownloadError::NotFound) => not_found(),
        Err(DownloadError::Expired) => plain(StatusCode::FORBIDDEN, "This link has expired."),
        Err(DownloadError::Revoked) => plain(
            StatusCode::FORBIDDEN,
            "The API key that made this link is no longer valid.",
        ),
        Err(DownloadError::Failed(error)) => failed(error),
    }
}

fn try_again_later(full: Full, share: usize) -> Response {
    let (status, text) = match full {
        Full::All => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many files are being downloaded; try again in a few seconds.".to_owned(),
        ),
        Full::Owner => (
            StatusCode::TOO_MANY_REQUESTS,
            format!(
                "An account may download at most {share} files at a time, with {MAX_WAITING_PER_ACCOUNT} more waiting; try again when one is done."
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
            let first = refusals.into_iter().next();
            let text = first.map(|refusal| refusal.message.english());
            plain(StatusCode::CONFLICT, text.unwrap_or_default())
        }
        OperationError::Unavailable | OperationError::Lost | OperationError::RateLimited => {
            let text = "The service is temporarily unavailable; try again later.";
            plain(StatusCode::SERVICE_UNAVAILABLE, text)
        }
        cause @ (OperationError::Unauthenticated
        | OperationError::Forbidden(_)
        | OperationError::NeedsKey(_)
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
    let content_type = match &download {
        Download::Report {
            content: Content::Csv(..),
            ..
        } => CSV,
        Download::Report {
            content: Content::Workbook(_),
            ..
        }
        | Download::Statement(_)
        | Download::Rejections(_, Format::Xlsx, _)
        | Download::Export(_, ExportFormat::Xlsx) => XLSX,
        Download::Rejections(_, Format::Csv, _) | Download::Export(_, ExportFormat::Csv) => CSV,
        Download::Export(_, ExportFormat::Jsonl) => JSONL,
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

/// Per RFC 6266: an ASCII name for old clients, and the exact name.
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
    // Only printable ASCII is left. The fallback still makes the file an attachment.
    HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static("attachment"))
}

fn body(download: Download, place: Place) -> Body {
    let (content, messages) = match download {
        Download::Report { content, messages } => (content, messages),
        Download::Statement(statement) => {
            let show: fn(PurchaseId) -> String = |id| id.encode().0;
            let written = stream_file(move |out| write_statement(out, &statement, show));
            return passed_on(written, place, ());
        }
        Download::Rejections(rows, format, delimiter) => {
            let written = stream_file(move |out| match format {
                Format::Csv => rows.write_csv(out, delimiter),
                Format::Xlsx => rows.write_workbook(out),
            });
            return passed_on(written, place, ());
        }
        Download::Export(file, format) => {
            let rows = file.start();
            let written = stream_file(move |out| match format {
                ExportFormat::Jsonl => rows.write_jsonl(out, shown),
                ExportFormat::Csv => rows.write_csv(out, shown),
                ExportFormat::Xlsx => rows.write_xlsx(out, shown),
            });
            return passed_on(written, place, ());
        }
    };
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

/// An id in the API's form.
fn shown(of: IdOf, id: Uuid) -> String {
    match of {
        IdOf::ApiKey => ApiKeyId::new(id).encode().0,
        IdOf::Contact => ContactId::new(id).encode().0,
        IdOf::List => ListId::new(id).encode().0,
        IdOf::Message => MessageId::new(id).encode().0,
        IdOf::Transaction => TransactionId::new(id).encode().0,
    }
}

/// Streams what is written. `kept` is dropped when the file is sent, or the client has gone.
fn passed_on(
    written: impl Stream<Item = Result<Bytes, io::Error>> + Send + 'static,
    place: Place,
    kept: impl Send + 'static,
) -> Body {
    let (sender, parts) = mpsc::channel(1);
    let running = Running::one(&DOWNLOADS.gauge(&[]));
    let sending = async move {
        let _running = running;
        send(written, &sender, || place.is_wanted()).await;
        drop((place, kept));
    };
    tokio::spawn(carried(sending));
    Body::from_stream(received(parts))
}

/// A workbook's figures failed to load after the file was started.
fn unread(cause: impl std::fmt::Debug) -> DbErr {
    DbErr::Custom(format!("a workbook's figures: {cause:?}"))
}

#[cfg(test)]
mod tests {
    use super::disposition;

    #[test]
    fn disposition_carries_an_ascii_and_an_exact_file_name() {
        insta::assert_snapshot!(
            disposition("usage-caffè-2026.xlsx").to_str().unwrap(),
            @r#"attachment; filename="usage-caff_-2026.xlsx"; filename*=UTF-8''usage-caff%C3%A8-2026.xlsx"#
        );
        insta::assert_snapshot!(
            disposition("a\"\r\nb").to_str().unwrap(),
            @r#"attachment; filename="a___b"; filename*=UTF-8''a%22%0D%0Ab"#
        );
    }
}
