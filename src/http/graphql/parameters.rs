//! The parameters of a GraphQL request.
//!
//! Here: the four that the specification names, the id of a persisted document, and the checks of a
//! request made of them. Not here: where they are in an HTTP request ([`super::body`],
//! [`super::multipart`]) or in a WebSocket's message; which document an id means
//! ([`crate::graphql::engine::persisted`]).

use async_graphql::{Extensions, Request as GraphqlRequest, Variables, value};
use serde::Deserialize;

use super::problem::{self, Problem};
use crate::graphql::engine::{documents::forges_upload, persisted::EXTENSION};

/// The parameters of a GraphQL request; null counts as absent, any other type is refused.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Parameters {
    pub(crate) query: Option<String>,
    pub(crate) operation_name: Option<String>,
    #[serde(default)]
    pub(crate) variables: Variables,
    #[serde(default)]
    pub(crate) extensions: Extensions,
    /// The id of a persisted document: `documentId` in the appendix of GraphQL over HTTP, `doc_id`
    /// or `id` in examples of Relay.
    #[serde(alias = "doc_id", alias = "id")]
    pub(crate) document_id: Option<String>,
}

impl Parameters {
    /// `None` if there is no document, or a variable imitates an uploaded file.
    pub(crate) fn into_request(self) -> Option<GraphqlRequest> {
        finish(self).ok()
    }
}

/// Parses the parameters as JSON, from a body or from the `operations` part of a form.
pub(super) fn read_json(body: &[u8]) -> Result<Parameters, Problem> {
    check_is_object(body)?;
    serde_json::from_slice(body).map_err(|error| {
        problem::bad_request(format!("The body is not a GraphQL request: {error}."))
    })
}

pub(super) fn check_is_object(body: &[u8]) -> Result<(), Problem> {
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => Ok(()),
        Some(b'[') => Err(problem::batching()),
        _ => Err(problem::bad_request(
            "Send a JSON object with the document as its query.",
        )),
    }
}

/// Checks the parameters of a request.
///
/// # Errors
/// There is no query, or a variable imitates an uploaded file.
pub(super) fn finish(parameters: Parameters) -> Result<GraphqlRequest, Problem> {
    let query = parameters.query.unwrap_or_default();
    let mut request = GraphqlRequest::new(query).variables(parameters.variables);
    request.operation_name = parameters.operation_name;
    request.extensions = parameters.extensions;
    if let Some(id) = parameters.document_id {
        let extension = value!({ "version": 1, "sha256Hash": id });
        let extensions = &mut request.extensions;
        extensions.entry(EXTENSION.to_owned()).or_insert(extension);
    }
    check(request)
}

pub(super) fn check(request: GraphqlRequest) -> Result<GraphqlRequest, Problem> {
    if request.query.is_empty() && !request.extensions.contains_key(EXTENSION) {
        return Err(problem::bad_request(
            "The parameter query is missing, and no persisted document is named.",
        ));
    }
    if request.variables.values().any(forges_upload) {
        return Err(problem::bad_request(
            "A variable imitates an uploaded file; send files as multipart/form-data.",
        ));
    }
    Ok(request)
}
