//! Whom a key acts for: a label that its request names in the header `On-Behalf-Of`, and that the
//! ledger keeps with what the request does (law B7).
//!
//! Here: reading the header. Browsers send Latin-1 in headers only, so a label with other letters
//! is percent-encoded, as by JavaScript's `encodeURIComponent`. Not here: what a label may be
//! ([`Viewer::acting_for`]).

use axum::http::{HeaderMap, HeaderName};
use percent_encoding::percent_decode;

use crate::operations::Viewer;

/// The header, and the field of a WebSocket's connection payload.
pub(super) const ON_BEHALF_OF: HeaderName = HeaderName::from_static("on-behalf-of");

/// The viewer, acting for whom the header names.
///
/// # Errors
/// What is wrong with the label, in words for the client.
pub(super) fn acting_for(viewer: Viewer, headers: &HeaderMap) -> Result<Viewer, String> {
    let mut labels = headers.get_all(ON_BEHALF_OF).iter();
    match (labels.next(), labels.next()) {
        (None, _) => Ok(viewer),
        (Some(label), None) => acting_for_label(viewer, label.as_bytes()),
        (Some(_), Some(_)) => Err("The header On-Behalf-Of must be sent once.".to_owned()),
    }
}

/// The viewer, acting for whom a label names, which may be percent-encoded.
///
/// # Errors
/// What is wrong with the label, in words for the client.
pub(super) fn acting_for_label(viewer: Viewer, label: &[u8]) -> Result<Viewer, String> {
    let label = percent_decode(label).decode_utf8();
    let label = label.map_err(|_| {
        "On-Behalf-Of must be UTF-8, percent-encoded if it isn't ASCII: encodeURIComponent(label)."
            .to_owned()
    })?;
    viewer
        .acting_for(&label)
        .map_err(|wrong| format!("On-Behalf-Of: {wrong}"))
}
