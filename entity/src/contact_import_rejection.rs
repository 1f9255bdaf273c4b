//! A row of a file that was not imported.

use std::fmt;

use sea_orm::entity::prelude::*;

use crate::sql_enums::RejectionCode;

/// A rejected row.
#[sea_orm::model]
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contact_import_rejections")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// The import.
    #[sea_orm(primary_key, auto_increment = false)]
    pub import_id: Uuid,
    /// Its line in the file, from 1; in a workbook its row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub line: i64,
    /// The value of the number's column, cut to the length that is shown.
    pub value: String,
    /// Why it was rejected.
    pub reason: String,
    /// The kind of its fault; null for rows of earlier imports.
    pub code: Option<RejectionCode>,
    /// Its cells, a JSON array of texts; null if they are too long to be kept.
    pub cells: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}

/// Without the content of the row, so that no log line contains it.
impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("RejectedRow");
        shown.field("line", &self.line).finish_non_exhaustive()
    }
}

impl fmt::Debug for ModelEx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("RejectedRow");
        shown.field("line", &self.line).finish_non_exhaustive()
    }
}
