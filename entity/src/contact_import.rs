//! One import of contacts from a file.

use sea_orm::entity::prelude::*;

use crate::sql_enums::ImportStatus;

/// An import and its progress.
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
    /// Its status.
    pub status: ImportStatus,
    /// Why it failed; null otherwise.
    pub reason: Option<String>,
    /// Rows read so far.
    pub rows: i64,
    /// Contacts added.
    pub imported: i64,
    /// Rows whose number the list or the file had already.
    pub duplicates: i64,
    /// Rows that were rejected.
    pub rejected: i64,
    /// Warnings that were stored.
    pub warnings: i64,
    /// When it was created, in microseconds since the epoch.
    pub created_at: i64,
    /// When it last made progress, in microseconds since the epoch.
    pub touched_at: i64,
    /// When it ended, in microseconds since the epoch; null while it runs.
    pub ended_at: Option<i64>,
    /// The actor who made it; null for imports from before actors were recorded.
    pub actor_id: Option<i64>,
    /// The size of the file.
    pub byte_count: i64,
    /// How much of the file was read.
    pub bytes_read: i64,
    /// The file's columns, a JSON array; null if it was erased, or of earlier imports.
    pub columns: Option<String>,
    /// When it was cancelled, in microseconds since the epoch; null if it wasn't. Its status is
    /// FAILED then.
    pub canceled_at: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
