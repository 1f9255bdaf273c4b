//! A caller's mapping of a file's columns.
//!
//! Here: the mapping, and the paths of its parts. Not here: a file's columns, and matching them
//! with a mapping, which is in `header`.

use std::fmt;

/// How a file's columns are used, as mapped by the caller. By default everything is detected.
///
/// Headers are compared trimmed: exactly, or ignoring case if no column matches exactly.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping {
    /// The header of the column of phone numbers; `None` to detect it.
    pub phone_column: Option<String>,
    /// The columns to store; `None` for all of them, with names derived from their headers.
    pub columns: Option<Vec<ColumnMapping>>,
}

/// A column to store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnMapping {
    /// Its header.
    pub header: String,
    /// The name of its merge field.
    pub merge_field: String,
}

/// The part of a mapping that an error is about; positions are from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MappingPart {
    /// The field [`Mapping::phone_column`].
    PhoneColumn,
    /// The field [`Mapping::columns`] as a whole.
    Columns,
    /// The header of one of the columns.
    Header(usize),
    /// The merge field of one of the columns.
    MergeField(usize),
}

/// Formats it as a path below the input, such as `columns.2.mergeField`.
impl fmt::Display for MappingPart {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PhoneColumn => formatter.write_str("phoneColumn"),
            Self::Columns => formatter.write_str("columns"),
            Self::Header(index) => write!(formatter, "columns.{index}.header"),
            Self::MergeField(index) => write!(formatter, "columns.{index}.mergeField"),
        }
    }
}
