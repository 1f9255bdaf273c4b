//! Uploads: the GraphQL multipart request specification.
//!
//! Here: a form whose first part is the request, whose second maps each file to its variables, and
//! whose others are those files, in this order, so that nothing unrequested has to be kept: the
//! request is validated before the first byte of a file is read. Not here: that validation; the
//! contents of files.
//!
//! The engine's own reader is not used: it opens a temporary file for every part that claims to be
//! a file, however many, and has no limit on how often one file is referenced.

use std::collections::HashMap;
use std::io::SeekFrom;
use std::pin::Pin;
use std::time::Duration;

use async_graphql::{Request as GraphqlRequest, UploadValue};
use axum::RequestExt;
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{StatusCode, header};
use futures_util::StreamExt;
use tokio::fs::File;
use tokio::io::{AsyncSeekExt, AsyncWriteExt};
use tokio::time::Sleep;

use super::BodyLimits;
use super::body::{finish, read_json};
use super::file_name::file_name;
use super::problem::{self, Problem};

/// A page of another site can set neither without a preflight to this server, which refuses it.
const PREFLIGHT_HEADERS: [&str; 2] = ["graphql-require-preflight", "apollo-require-preflight"];

/// The longest accepted `map` part: a path and a name for each file are far shorter.
const MAX_MAP_BYTES: usize = 16 * 1024;

/// How long a client may pause in the middle of a form. The form in total may take long: a large
/// file on a slow line does.
const SILENCE: Duration = Duration::from_secs(30);
/// How long `operations` and `map` may take together: they are small, and nothing is validated
/// before they have arrived.
const PREAMBLE: Duration = Duration::from_secs(30);
/// How often the upload rate is checked. The first window is a grace period for a slow start, and
/// small files arrive within it.
const PACE_WINDOW: Duration = Duration::from_secs(60);
/// What must arrive in each window: 64 KiB/s. At that rate the largest file would take over an
/// hour, and the whole request has half of one; a slower client would only waste its place.
const LEAST_WINDOW_BYTES: usize = 60 * 64 * 1024;
/// How long the body of a refused form is drained.
const PASS_OVER: Duration = Duration::from_secs(10);

/// Reads a form up to its first file.
pub(super) async fn open(mut request: Request, limits: &BodyLimits) -> Result<Form, Problem> {
    if !PREFLIGHT_HEADERS
        .iter()
        .any(|name| request.headers().contains_key(*name))
    {
        return Err(problem::preflight_missing());
    }
    if declared_bytes(&request).is_some_and(|bytes| bytes > limits.form_bytes as u64) {
        pass_over(request).await;
        return Err(problem::too_large("The form", limits.form_bytes));
    }
    let asks_first = request.headers().contains_key(header::EXPECT);
    DefaultBodyLimit::max(limits.form_bytes).apply(&mut request);
    let parts: Multipart = request
        .extract()
        .await
        .map_err(|_| problem::bad_request("The form names no boundary."))?;
    let mut parts = Parts {
        form: parts,
        limits: *limits,
        asks_first,
    };
    match tokio::time::timeout(PREAMBLE, parts.preamble()).await {
        Ok(Ok((request, targets))) => Ok(Form {
            parts,
            request,
            targets,
        }),
        Ok(Err(problem)) => {
            parts.pass_over();
            Err(problem)
        }
        Err(_) => Err(problem::too_slow(PREAMBLE)),
    }
}

/// A body's size, if the request declares it.
fn declared_bytes(request: &Request) -> Option<u64> {
    let length = request.headers().get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

/// Drains a body: a client that is still sending when the connection is closed may never see the
/// response. A client that sends `Expect: 100-continue` sends nothing.
pub(super) async fn pass_over(request: Request) {
    if request.headers().contains_key(header::EXPECT) {
        return;
    }
    let mut body = request.into_body().into_data_stream();
    let rest = async { while let Some(Ok(_)) = body.next().await {} };
    // A client that takes longer has had a fair chance.
    drop(tokio::time::timeout(PASS_OVER, rest).await);
}

/// A form whose files are yet to be read.
pub(super) struct Form {
    parts: Parts,
    /// The request without its files.
    pub request: GraphqlRequest,
    /// The variables that each part is assigned to.
    targets: HashMap<String, Vec<String>>,
}

impl Form {
    /// The paths of the files' variables.
    pub fn paths(&self) -> Vec<&str> {
        let paths = self.targets.values().flatten();
        paths.map(String::as_str).collect()
    }

    /// Reads the files.
    pub async fn files(mut self) -> Result<GraphqlRequest, Problem> {
        match self.parts.files(&mut self.request, self.targets).await {
            Ok(()) => Ok(self.request),
            Err(problem) => {
                self.parts.pass_over();
                Err(problem)
            }
        }
    }

    /// Drains the form without keeping its files: it is refused.
    pub fn pass_over(self) {
        self.parts.pass_over();
    }
}

/// The parts of a form, in order.
struct Parts {
    form: Multipart,
    limits: BodyLimits,
    /// The client waits for `100 Continue` before it sends its body.
    asks_first: bool,
}

impl Parts {
    async fn preamble(
        &mut self,
    ) -> Result<(GraphqlRequest, HashMap<String, Vec<String>>), Problem> {
        let operations = self.text_part("operations", self.limits.json_bytes).await?;
        let request = finish(read_json(&operations)?)?;
        let map = self.text_part("map", MAX_MAP_BYTES).await?;
        Ok((request, read_map(&map, self.limits.files)?))
    }

    async fn files(
        &mut self,
        request: &mut GraphqlRequest,
        mut targets: HashMap<String, Vec<String>>,
    ) -> Result<(), Problem> {
        let mut pace = Pace::new();
        let limits = self.limits;
        while let Some(field) = pace.keep(self.next()).await? {
            let Some(paths) = field.name().and_then(|name| targets.remove(name)) else {
                return Err(problem::bad_request(
                    "A part of the form is not in its map, or is repeated.",
                ));
            };
            let upload = limits.keep(field, &mut pace).await?;
            attach(request, upload, &paths)?;
        }
        match targets.keys().next() {
            None => Ok(()),
            Some(name) => Err(problem::bad_request(format!(
                "The form has no file {name:?}, which its map names."
            ))),
        }
    }

    /// Drains the rest in the background while the response is sent: a client that is still sending
    /// when the connection is closed may never see it.
    fn pass_over(mut self) {
        if self.asks_first {
            return;
        }
        let rest = async move {
            while let Ok(Some(mut field)) = self.form.next_field().await {
                while let Ok(Some(_)) = field.chunk().await {}
            }
        };
        // A client that takes longer has had a fair chance.
        tokio::spawn(tokio::time::timeout(PASS_OVER, rest));
    }

    async fn next(&mut self) -> Result<Option<Field<'_>>, Problem> {
        let limits = self.limits;
        in_time(self.form.next_field())
            .await?
            .map_err(|error| broken(&error, &limits))
    }

    /// The next part, which must have this name.
    async fn text_part(&mut self, name: &str, limit_bytes: usize) -> Result<Vec<u8>, Problem> {
        let limits = self.limits;
        let mut field = match self.next().await? {
            Some(field) if field.name() == Some(name) => field,
            _ => {
                return Err(problem::bad_request(format!(
                    "The form's parts must be operations, map and then the files; {name} is missing."
                )));
            }
        };
        let mut bytes = Vec::new();
        while let Some(chunk) = in_time(field.chunk())
            .await?
            .map_err(|error| broken(&error, &limits))?
        {
            if bytes.len() + chunk.len() > limit_bytes {
                return Err(problem::too_large(&format!("The part {name}"), limit_bytes));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

/// Checks that files arrive fast enough: one byte now and then would hold a place for as long as a
/// request may last.
struct Pace {
    window: Pin<Box<Sleep>>,
    /// Bytes received in this window.
    bytes: usize,
}

impl Pace {
    fn new() -> Self {
        Self {
            window: Box::pin(tokio::time::sleep(PACE_WINDOW)),
            bytes: 0,
        }
    }

    /// The result of a read, unless too little arrived before it ended.
    async fn keep<T>(
        &mut self,
        read: impl Future<Output = Result<T, Problem>>,
    ) -> Result<T, Problem> {
        let mut read = std::pin::pin!(read);
        loop {
            tokio::select! {
                biased;
                done = &mut read => return done,
                () = self.window.as_mut() => {
                    if self.bytes < LEAST_WINDOW_BYTES {
                        return Err(problem::too_little(LEAST_WINDOW_BYTES, PACE_WINDOW));
                    }
                    self.bytes = 0;
                    let next = self.window.deadline() + PACE_WINDOW;
                    self.window.as_mut().reset(next);
                }
            }
        }
    }
}

impl BodyLimits {
    /// Copies a file to a temporary one, which the system removes when it is closed.
    async fn keep(&self, mut field: Field<'_>, pace: &mut Pace) -> Result<UploadValue, Problem> {
        let filename = file_name(field.file_name(), field.headers());
        let content_type = field.content_type().map(str::to_owned);
        let file = tokio::task::spawn_blocking(private_file)
            .await
            .map_err(|_| problem::storage_failed())?
            .map_err(|error| unkept(&error))?;
        let mut file = File::from_std(file);
        let mut written: usize = 0;
        loop {
            let chunk = async {
                in_time(field.chunk())
                    .await?
                    .map_err(|error| broken(&error, self))
            };
            let Some(chunk) = pace.keep(chunk).await? else {
                break;
            };
            pace.bytes += chunk.len();
            written += chunk.len();
            if written > self.file_bytes {
                return Err(problem::too_large("A file", self.file_bytes));
            }
            file.write_all(&chunk)
                .await
                .map_err(|error| unkept(&error))?;
        }
        file.flush().await.map_err(|error| unkept(&error))?;
        file.seek(SeekFrom::Start(0))
            .await
            .map_err(|error| unkept(&error))?;
        let content = file.into_std().await;
        Ok(UploadValue {
            filename,
            content_type,
            content,
        })
    }
}

/// Maps each part to its variables: `{"0": ["variables.input.file"]}`.
fn read_map(map: &[u8], max_files: usize) -> Result<HashMap<String, Vec<String>>, Problem> {
    let map: HashMap<String, Vec<String>> = serde_json::from_slice(map)
        .map_err(|error| problem::bad_request(format!("The form's map can't be read: {error}.")))?;
    // Variables are counted, not parts: one file assigned to a thousand variables is a thousand
    // open files.
    let named: usize = map.values().map(|paths| paths.len().max(1)).sum();
    if named > max_files {
        return Err(problem::bad_request(format!(
            "The form names more than {max_files} files."
        )));
    }
    Ok(map)
}

fn attach(
    request: &mut GraphqlRequest,
    upload: UploadValue,
    paths: &[String],
) -> Result<(), Problem> {
    for path in paths {
        let before = request.uploads.len();
        let copy = upload.try_clone().map_err(|error| unkept(&error))?;
        request.set_upload(path, copy);
        // The engine ignores a path that leads nowhere.
        if request.uploads.len() == before {
            return Err(problem::bad_request(format!(
                "The form's map names {path:?}, which is not among the variables."
            )));
        }
    }
    Ok(())
}

/// The result of a read, unless the client pauses too long.
async fn in_time<T>(read: impl Future<Output = T>) -> Result<T, Problem> {
    let read = tokio::time::timeout(SILENCE, read).await;
    read.map_err(|_| problem::too_slow(SILENCE))
}

fn broken(error: &MultipartError, limits: &BodyLimits) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        problem::too_large("The form", limits.form_bytes)
    } else {
        problem::bad_request("The form is incomplete or malformed.")
    }
}

fn unkept(error: &std::io::Error) -> Problem {
    tracing::error!(cause = %error, "an upload can't be stored");
    problem::storage_failed()
}

/// A file without a name, removed once it is closed. Only this user may read it (0600), even if
/// another process finds it open.
fn private_file() -> std::io::Result<std::fs::File> {
    Ok(tempfile::NamedTempFile::new()?.into_file())
}

#[cfg(test)]
#[path = "multipart_tests.rs"]
mod tests;
