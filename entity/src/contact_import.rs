//! One import of contacts from a file.

use sea_orm::entity::prelude::*;

use crate::sql_enums::ImportStatus;

/// An import, and how far it is.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contact_imports")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// The import.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The list that it adds to.
    pub list_id: Uuid,
    /// The name of the file.
    pub file_name: String,
    /// Where it stands.
    pub status: ImportStatus,
    /// Why it failed; null otherwise.
    pub reason: Option<String>,
    /// Rows read so far, whatever became of them.
    pub rows: i64,
    /// Contacts that came in.
    pub imported: i64,
    /// Rows whose number the list or the file had already.
    pub duplicates: i64,
    /// Rows that were refused.
    pub rejected: i64,
    /// Warnings that are kept.
    pub warnings: i64,
    /// Microseconds since the epoch.
    pub created_at: i64,
    /// When it last told how far it is, in microseconds since the epoch.
    pub touched_at: i64,
    /// When it ended, in microseconds since the epoch; null while it runs.
    pub ended_at: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
