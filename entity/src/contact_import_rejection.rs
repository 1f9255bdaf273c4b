//! A row of a file that was not imported.

use sea_orm::entity::prelude::*;

/// A rejected row.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
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
    /// What stood there, cut to what can be shown.
    pub value: String,
    /// Why it was refused.
    pub reason: String,
}

impl ActiveModelBehavior for ActiveModel {}
