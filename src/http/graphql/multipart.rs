//! Uploads: the GraphQL multipart request specification.
//!
//! Here: a form whose first part is the request, whose second says which file belongs to which variable, and whose
//! others are those files, in this order, so that nothing has to be kept that nobody asked for. Not here: what is in
//! a file.
//!
//! The engine's own reader is not used: it opens a temporary file for every part that calls itself a file, however
//! many, and has no limit on how often one file is named.

use std::collections::HashMap;
use std::io::SeekFrom;
use std::time::Duration;

use async_graphql::{Request as GraphqlRequest, UploadValue};
use axum::RequestExt;
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{StatusCode, header};
use futures_util::StreamExt;
use tokio::fs::File;
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

use super::BodyLimits;
use super::body::{finish, read_json};
use super::problem::{self, Problem};

/// Any of these can't be set by another site's page without the browser asking this server first, which says no.
const PREFLIGHT_HEADERS: [&str; 2] = ["graphql-require-preflight", "apollo-require-preflight"];

/// Longest accepted `map` part: a path and a name for each file are far shorter.
const MAX_MAP_BYTES: usize = 16 * 1024;

/// How long a client may send nothing in the middle of a form. The form as a whole may take long: a large file on
/// a slow line does.
const SILENCE: Duration = Duration::from_secs(30);
/// How long the body of a form that is refused is read into nothing.
const PASS_OVER: Duration = Duration::from_secs(10);

/// Longest file name that is kept; file systems allow no more.
const MAX_FILE_NAME_CHARS: usize = 255;

pub(super) async fn read(
    mut request: Request,
    limits: &BodyLimits,
) -> Result<GraphqlRequest, Problem> {
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
    DefaultBodyLimit::max(limits.form_bytes).apply(&mut request);
    let form: Multipart = request
        .extract()
        .await
        .map_err(|_| problem::bad_request("The form names no boundary."))?;
    Form { form, limits }.read().await
}

/// How long a body is, where the request says so.
fn declared_bytes(request: &Request) -> Option<u64> {
    let length = request.headers().get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

/// Reads a body into nothing: a client that is still sending when the connection is closed may never see the
/// answer. One that asks first whether it should send at all sends nothing.
pub(super) async fn pass_over(request: Request) {
    if request.headers().contains_key(header::EXPECT) {
        return;
    }
    let mut body = request.into_body().into_data_stream();
    let rest = async { while let Some(Ok(_)) = body.next().await {} };
    // Whoever takes longer has had a fair chance.
    drop(tokio::time::timeout(PASS_OVER, rest).await);
}

struct Form<'a> {
    form: Multipart,
    limits: &'a BodyLimits,
}

impl Form<'_> {
    async fn read(mut self) -> Result<GraphqlRequest, Problem> {
        let operations = self.text_part("operations", self.limits.json_bytes).await?;
        let mut request = finish(read_json(&operations)?)?;
        let map = self.text_part("map", MAX_MAP_BYTES).await?;
        let limits = self.limits;
        let mut targets = read_map(&map, limits.files)?;
        while let Some(field) = self.next().await? {
            let Some(paths) = field.name().and_then(|name| targets.remove(name)) else {
                return Err(problem::bad_request(
                    "A part of the form is not in its map, or is there twice.",
                ));
            };
            let upload = limits.keep(field).await?;
            attach(&mut request, upload, &paths)?;
        }
        match targets.keys().next() {
            None => Ok(request),
            Some(name) => Err(problem::bad_request(format!(
                "The form has no file {name:?}, which its map names."
            ))),
        }
    }

    async fn next(&mut self) -> Result<Option<Field<'_>>, Problem> {
        let limits = self.limits;
        in_time(self.form.next_field())
            .await?
            .map_err(|error| broken(&error, limits))
    }

    /// The next part, which has to be this one.
    async fn text_part(&mut self, name: &str, limit_bytes: usize) -> Result<Vec<u8>, Problem> {
        let limits = self.limits;
        let mut field = match self.next().await? {
            Some(field) if field.name() == Some(name) => field,
            _ => {
                return Err(problem::bad_request(format!(
                    "The form's parts are operations, map and then files; {name} is missing."
                )));
            }
        };
        let mut bytes = Vec::new();
        while let Some(chunk) = in_time(field.chunk())
            .await?
            .map_err(|error| broken(&error, limits))?
        {
            if bytes.len() + chunk.len() > limit_bytes {
                return Err(problem::too_large(&format!("The part {name}"), limit_bytes));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

impl BodyLimits {
    /// Writes a file to a temporary one, which the system removes when it is closed.
    async fn keep(&self, mut field: Field<'_>) -> Result<UploadValue, Problem> {
        let Some(name) = field.file_name() else {
            return Err(problem::bad_request(
                "A part of the form that should be a file has no file name.",
            ));
        };
        let filename = name.chars().take(MAX_FILE_NAME_CHARS).collect();
        let content_type = field.content_type().map(str::to_owned);
        let file = tokio::task::spawn_blocking(tempfile::tempfile)
            .await
            .map_err(|_| problem::storage_failed())?
            .map_err(|error| unkept(&error))?;
        let mut file = File::from_std(file);
        let mut written: usize = 0;
        while let Some(chunk) = in_time(field.chunk())
            .await?
            .map_err(|error| broken(&error, self))?
        {
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

/// Which variables each part belongs to: `{"0": ["variables.input.file"]}`.
fn read_map(map: &[u8], max_files: usize) -> Result<HashMap<String, Vec<String>>, Problem> {
    let map: HashMap<String, Vec<String>> = serde_json::from_slice(map)
        .map_err(|error| problem::bad_request(format!("The form's map can't be read: {error}.")))?;
    // Counted by variables, not by parts: one file named for a thousand variables is a thousand open files.
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
        // The engine passes over a path that leads nowhere.
        if request.uploads.len() == before {
            return Err(problem::bad_request(format!(
                "The form's map names {path:?}, which is not among the variables."
            )));
        }
    }
    Ok(())
}

/// What comes of a read, unless the client falls silent.
async fn in_time<T>(read: impl Future<Output = T>) -> Result<T, Problem> {
    let read = tokio::time::timeout(SILENCE, read).await;
    read.map_err(|_| problem::too_slow(SILENCE))
}

fn broken(error: &MultipartError, limits: &BodyLimits) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        problem::too_large("The form", limits.form_bytes)
    } else {
        problem::bad_request("The form is broken off or malformed.")
    }
}

fn unkept(error: &std::io::Error) -> Problem {
    tracing::error!(cause = %error, "an upload can't be kept");
    problem::storage_failed()
}

#[cfg(test)]
#[path = "multipart_tests.rs"]
mod tests;
