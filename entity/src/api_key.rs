//! An API key. Only the hash of its secret is stored.

use sea_orm::entity::prelude::*;

use crate::sql_enums::Role;

/// An API key.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "api_keys")]
pub struct Model {
    /// The id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The account that it gives access to; null for a platform role.
    pub account_id: Option<Uuid>,
    /// Its role, which decides what it may do.
    pub role: Role,
    /// The name that people see.
    pub name: String,
    /// SHA-256 of the secret.
    #[sea_orm(unique)]
    pub secret_hash: Vec<u8>,
    /// When it was created, in microseconds since the epoch.
    pub created_at: i64,
    /// When it was revoked, in microseconds since the epoch; null if it is not revoked.
    pub revoked_at: Option<i64>,
    /// When it was last used, accurate to about an hour, in microseconds since the epoch.
    pub last_used_at: Option<i64>,
    /// When it expires, in microseconds since the epoch; null if it never does.
    pub expires_at: Option<i64>,
    /// The first characters of the secret; null for keys from before they were kept.
    pub prefix: Option<String>,
    /// The networks from which it works, separated by commas; null if it works from everywhere.
    pub allowed_addresses: Option<String>,
    /// Whether it runs the operator's trusted documents only.
    pub trusted_documents_only: bool,
    /// Whether a demo made it. A demo's page gives the key to everyone who opens it, so the key
    /// works only while the demo runs.
    pub demo: bool,
    /// When it last changed, in microseconds since the epoch; null if no program recorded that.
    pub updated_at: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
