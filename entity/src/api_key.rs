//! An API key, of which only the hash is kept.

use sea_orm::entity::prelude::*;

use crate::sql_enums::Role;

/// An API key.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub struct Model {
    /// Primary key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The account it opens; null for a platform role.
    pub account_id: Option<Uuid>,
    /// What it may do.
    pub role: Role,
    /// Shown to people.
    pub name: String,
    /// SHA-256 of the secret.
    #[sea_orm(unique)]
    pub secret_hash: Vec<u8>,
    /// Microseconds since the epoch.
    pub created_at: i64,
    /// When it stopped working; null while it works.
    pub revoked_at: Option<i64>,
    /// When it was last used, to about an hour, in microseconds since the epoch.
    pub last_used_at: Option<i64>,
    /// From when on it does not work any more, in microseconds since the epoch; null if it never ends.
    pub expires_at: Option<i64>,
    /// Whether a demo made it, whose pages give it to whoever opens them: it works while the demo serves.
    pub demo: bool,
}

impl ActiveModelBehavior for ActiveModel {}
