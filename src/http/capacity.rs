//! What one process admits at once, as far as an operator may set it.
//!
//! Here: the numbers. Not here: their measured defaults, which stand beside the code that they are
//! for, and who gets which part of them.

use std::time::Duration;

use super::{
    UPLOADS, connections,
    downloads::{MAX_AT_ONCE, MAX_PER_ACCOUNT},
    graphql::BodyLimits,
    shares::REQUESTS,
};
use crate::operations::contact_import::AT_ONCE as IMPORTS_AT_ONCE;

/// Limits of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Open client connections, WebSockets included.
    pub clients: usize,
    /// Open client connections without a key; they are included in `clients`.
    pub anonymous_clients: usize,
    /// GraphQL requests with a key that run at once.
    pub requests: usize,
    /// Requests with files that run at once, their imports included: each keeps up to `file_bytes`
    /// on disk.
    pub uploads: usize,
    /// The size of the largest file.
    pub file_bytes: usize,
    /// Imports that run at once; a workbook counts as two.
    pub imports: usize,
    /// Files that are generated for downloads at once.
    pub downloads: usize,
    /// Files of one account that are generated for downloads at once.
    pub account_downloads: usize,
    /// How long a request may take before it is abandoned. Downloads and WebSockets have limits of
    /// their own.
    pub request_time: Duration,
    /// How long a request with files may take, its import included.
    pub upload_time: Duration,
}

impl Default for Capacity {
    fn default() -> Self {
        let connections = connections::Limits::default();
        Self {
            clients: connections.open,
            anonymous_clients: connections.anonymous,
            requests: REQUESTS.places,
            uploads: UPLOADS.places,
            file_bytes: BodyLimits::default().file_bytes,
            imports: IMPORTS_AT_ONCE,
            downloads: MAX_AT_ONCE,
            account_downloads: MAX_PER_ACCOUNT,
            request_time: Duration::from_secs(30),
            // Bytes and rows have limits of their own; this one catches requests that hang.
            upload_time: Duration::from_secs(30 * 60),
        }
    }
}
