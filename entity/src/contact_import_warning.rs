//! A part of a file that an import left out, or that may be wrong.

use std::fmt;

use sea_orm::entity::prelude::*;

/// A warning.
#[sea_orm::model]
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contact_import_warnings")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// The import.
    #[sea_orm(primary_key, auto_increment = false)]
    pub import_id: Uuid,
    /// Its position among the import's warnings, from 0, in the order in which the file was read.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i64,
    /// The row's line in the file, from 1; in a workbook its row. Null if it is about the whole
    /// file.
    pub line: Option<i64>,
    /// The header of the column, cut to the length that is shown; null if it is not about a column.
    pub header: Option<String>,
    /// The warning.
    pub reason: String,
}

impl ActiveModelBehavior for ActiveModel {}

/// Without the content of the file, so that no log line contains it.
impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ImportWarning");
        shown.field("line", &self.line).finish_non_exhaustive()
    }
}

impl fmt::Debug for ModelEx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ImportWarning");
        shown.field("line", &self.line).finish_non_exhaustive()
    }
}
