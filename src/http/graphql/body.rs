//! Parses a GraphQL request from an HTTP request.
//!
//! Here: methods, content types, and how long a body may be and take. Not here: the request's
//! parameters ([`super::parameters`]); forms with files ([`super::multipart`]).

use std::time::Duration;

use async_graphql::Request as GraphqlRequest;
use async_graphql_axum::GraphQLRequest;
use axum::body::{Body as HttpBytes, Bytes, HttpBody};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use bytes::BytesMut;
use futures_util::StreamExt;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::parameters::{Parameters, check, check_is_object, finish, read_json};
use super::problem::{self, Problem};
use super::{BodyLimits, multipart};

/// A request, as far as it was read.
pub(super) enum Body {
    /// The complete request.
    Whole(GraphqlRequest),
    /// The request without its files.
    Form(multipart::Form),
}

pub(super) async fn read(request: Request, limits: &BodyLimits) -> Result<Body, Problem> {
    let request = match *request.method() {
        Method::GET => finish(read_query(request.uri().query().unwrap_or_default())?),
        Method::POST => match content_type(request.headers()).as_deref() {
            Some("application/json") => extract(read_body(request, limits.json_bytes).await?).await,
            Some("multipart/form-data") => {
                return multipart::open(request, limits).await.map(Body::Form);
            }
            _ => Err(problem::unsupported_type()),
        },
        _ => Err(problem::method_not_allowed()),
    };
    request.map(Body::Whole)
}

/// The content type without its parameters; `None` if it is missing, repeated, or has a charset
/// other than UTF-8.
fn content_type(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let mut parts = value.split(';').map(str::trim);
    let essence = parts.next()?.to_ascii_lowercase();
    let foreign = parts
        .filter_map(|part| part.split_once('='))
        .any(|(name, value)| {
            name.trim().eq_ignore_ascii_case("charset")
                && !value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        });
    (!foreign).then_some(essence)
}

/// How long a client may pause in the middle of a JSON body.
const SILENCE: Duration = Duration::from_secs(5);
/// How long a JSON body may take in total. The largest has a mebibyte, which a slow mobile line
/// (half a megabit) sends in 17 seconds.
const WHOLE: Duration = Duration::from_secs(20);

async fn read_body(request: Request, limit_bytes: usize) -> Result<Bytes, Problem> {
    let too_large = || problem::too_large("The body", limit_bytes);
    if request.body().size_hint().lower() > limit_bytes as u64 {
        multipart::pass_over(request).await;
        return Err(too_large());
    }
    let mut chunks = request.into_body().into_data_stream();
    let whole = async {
        let mut first = Bytes::new();
        let mut rest = BytesMut::new();
        loop {
            let chunk = match timeout(SILENCE, chunks.next()).await {
                Err(_) => return Err(problem::too_slow(SILENCE)),
                Ok(None) => break,
                Ok(Some(Err(_))) => {
                    return Err(problem::bad_request("The body ended early."));
                }
                Ok(Some(Ok(chunk))) => chunk,
            };
            if first.len() + rest.len() + chunk.len() > limit_bytes {
                return Err(too_large());
            }
            // Most bodies arrive in one piece, which is not copied.
            if first.is_empty() {
                first = chunk;
            } else {
                rest.extend_from_slice(&chunk);
            }
        }
        if rest.is_empty() {
            return Ok(first);
        }
        let mut body = BytesMut::with_capacity(first.len() + rest.len());
        body.extend_from_slice(&first);
        body.extend_from_slice(&rest);
        Ok(body.freeze())
    };
    match timeout(WHOLE, whole).await {
        Ok(read) => read,
        Err(_) => Err(problem::too_long("The body", WHOLE)),
    }
}

/// Parses a JSON body of bounded length with the integration's extractor, after checks that it
/// lacks: it would accept any content type as JSON, a list as a request, and a body of any length.
async fn extract(body: Bytes) -> Result<GraphqlRequest, Problem> {
    check_is_object(&body)?;
    let mut request = Request::new(HttpBytes::from(body.clone()));
    *request.method_mut() = Method::POST;
    let json = HeaderValue::from_static("application/json");
    request.headers_mut().insert(header::CONTENT_TYPE, json);
    match <GraphQLRequest>::from_request(request, &()).await {
        Ok(request) if !request.0.query.is_empty() => check(request.into_inner()),
        // It doesn't know the id of a persisted document.
        Ok(_) => finish(read_json(&body)?),
        // Its error names neither the parameter nor the position; and it refuses a null query,
        // which clients that send the hash of a persisted query may have.
        Err(_) => finish(read_json(&body)?),
    }
}

/// Parses the parameters of a GET; variables and extensions are JSON within the URL.
fn read_query(query: &str) -> Result<Parameters, Problem> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Raw {
        query: Option<String>,
        operation_name: Option<String>,
        variables: Option<String>,
        extensions: Option<String>,
        #[serde(alias = "doc_id", alias = "id")]
        document_id: Option<String>,
    }
    let raw: Raw = serde_urlencoded::from_str(query).map_err(|_| {
        problem::bad_request("The URL's parameters are malformed, or one is repeated.")
    })?;
    Ok(Parameters {
        query: raw.query,
        operation_name: raw.operation_name,
        variables: parse("variables", raw.variables.as_deref())?,
        extensions: parse("extensions", raw.extensions.as_deref())?,
        document_id: raw.document_id,
    })
}

fn parse<T: DeserializeOwned + Default>(name: &str, text: Option<&str>) -> Result<T, Problem> {
    match text {
        None | Some("") => Ok(T::default()),
        Some(text) => serde_json::from_str(text).map_err(|error| {
            problem::bad_request(format!(
                "The parameter {name} is not a JSON object: {error}."
            ))
        }),
    }
}
