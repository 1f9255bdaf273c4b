//! How a caller wants a file's columns to be used.
//!
//! Here: the mapping as it is given, and how it names its own parts. Not here: which columns a file has, and which of
//! them a mapping means, which is `columns`.

use std::fmt;

/// How a file's columns are used, as the caller maps them. The default leaves everything to be recognised.
///
/// Headers are compared without the spaces around them, exactly; if no column has the header, ignoring case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping {
    /// The header of the column with the phone numbers; `None` if it is to be recognised.
    pub phone_column: Option<String>,
    /// The columns that are stored; `None` if all of them are, under names made of their headers.
    pub columns: Option<Vec<ColumnMapping>>,
}

/// A column that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnMapping {
    /// Its header.
    pub header: String,
    /// The name of the merge field that it becomes.
    pub merge_field: String,
}

/// The part of a mapping that an error is about; positions are from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MappingPart {
    /// [`Mapping::phone_column`].
    PhoneColumn,
    /// [`Mapping::columns`] as a whole.
    Columns,
    /// The header of one of the columns.
    Header(usize),
    /// The merge field of one of the columns.
    MergeField(usize),
}

/// As a path below the input, such as `columns.2.mergeField`.
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
