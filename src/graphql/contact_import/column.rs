//! The columns of an imported file.

use async_graphql::SimpleObject;

use crate::{graphql::engine::errors::ApiError, imports::FileColumn, operations::Fault};

/// A column of an imported file, and what became of it. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER,
/// OWNER, MEMBER or VIEWER.
#[derive(Debug, SimpleObject)]
pub struct ImportColumn {
    /// Its header in the first row, at most 100 characters; empty if it has none.
    header: String,
    /// The merge field that it became; null if it was not stored as one.
    merge_field: Option<String>,
    /// Whether the telephone numbers were read from it.
    is_phone_column: bool,
}

impl From<FileColumn> for ImportColumn {
    fn from(column: FileColumn) -> Self {
        Self {
            header: column.header,
            merge_field: column.merge_field,
            is_phone_column: column.is_phone_column,
        }
    }
}

/// The columns as an import stores them.
pub(super) fn columns(stored: Option<&str>) -> Result<Vec<ImportColumn>, ApiError> {
    let Some(text) = stored else {
        return Ok(Vec::new());
    };
    let columns: Vec<FileColumn> = serde_json::from_str(text).map_err(|cause| {
        ApiError::internal(Fault::Broken(format!("an import's columns: {cause}")))
    })?;
    Ok(columns.into_iter().map(ImportColumn::from).collect())
}
