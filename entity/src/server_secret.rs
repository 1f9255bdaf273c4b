//! Secrets that every process of one installation shares, such as the key that signs download links.

use sea_orm::entity::prelude::*;

/// A secret, made on the first start.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "server_secrets")]
pub struct Model {
    /// What it is for.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// Random bytes.
    pub value: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
