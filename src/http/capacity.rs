//! What one process admits at once, as far as an operator may set it.
//!
//! Here: the numbers. Not here: their measured defaults, which stand beside the code that they are
//! for, and who gets which part of them.

use super::{
    UPLOADS, connections,
    downloads::{MAX_AT_ONCE, MAX_PER_ACCOUNT},
    graphql::BodyLimits,
    shares::REQUESTS,
};

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
    /// Files that are generated for downloads at once.
    pub downloads: usize,
    /// Files of one account that are generated for downloads at once.
    pub account_downloads: usize,
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
            downloads: MAX_AT_ONCE,
            account_downloads: MAX_PER_ACCOUNT,
        }
    }
}
