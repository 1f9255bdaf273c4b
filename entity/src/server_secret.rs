//! Secrets that all processes of an installation share, such as the key that signs download links.

use sea_orm::entity::prelude::*;

/// A secret. It is made on the first start.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "server_secrets")]
pub struct Model {
    /// The purpose of the secret.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// Random bytes.
    pub value: Vec<u8>,
}

impl ActiveModelBehavior for ActiveModel {}
