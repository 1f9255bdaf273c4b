//! An idempotency key, with the request and the answer of the mutation that used it.

use sea_orm::entity::prelude::*;

/// A key that was used, with the answer that retries get.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_keys")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// The caller's key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    /// SHA-256 over the operation and its arguments.
    pub fingerprint: Vec<u8>,
    /// The first answer, as JSON.
    pub answer: String,
    /// When it was created, in microseconds since the epoch.
    pub created_at: i64,
}

impl ActiveModelBehavior for ActiveModel {}
