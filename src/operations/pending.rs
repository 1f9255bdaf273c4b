//! Stands in until the nouns are merged.

use super::{OperationError, Services};

impl Services {
    /// Stand-in.
    pub async fn expire_due(&self) -> Result<usize, OperationError> {
        Ok(0)
    }
    /// Stand-in.
    pub async fn settle_due(&self) -> Result<usize, OperationError> {
        Ok(0)
    }
}
