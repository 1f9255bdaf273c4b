//! The mapping of a file's columns, as the input types take it.

use async_graphql::InputObject;

use crate::imports::{ColumnMapping, Mapping};

/// A column of a file that becomes a merge field.
#[derive(Debug, InputObject)]
pub struct ImportColumnInput {
    /// The column's header in the first row, ignoring spaces around it; at most 1,000 characters.
    /// If no header is exactly this one, a header that differs only in case is used.
    header: String,
    /// The merge field's name: a letter or _, then letters, digits, _, . or -, all of ASCII; at
    /// most 64.
    merge_field: String,
}

/// The mapping for [`crate::imports`], from its input types.
pub(super) fn mapping(
    phone_column: Option<String>,
    columns: Option<Vec<ImportColumnInput>>,
) -> Mapping {
    let column = |column: ImportColumnInput| ColumnMapping {
        header: column.header,
        merge_field: column.merge_field,
    };
    Mapping {
        phone_column,
        columns: columns.map(|columns| columns.into_iter().map(column).collect()),
    }
}
