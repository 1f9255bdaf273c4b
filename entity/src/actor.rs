//! Who did something in an account: a key, a user of the OpenID provider, a job or a payment
//! provider.

use sea_orm::entity::prelude::*;

use crate::sql_enums::ActorKind;

/// An actor of an account. The database refuses to change or delete it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "actors")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// The first 64 bits of the SHA-256 of the other columns, so that every process gives the same
    /// actor the same id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: i64,
    /// What it is.
    pub kind: ActorKind,
    /// The API key; null for the others.
    pub api_key_id: Option<Uuid>,
    /// The job, the payment provider or the OpenID provider; null for keys.
    pub name: Option<String>,
    /// The label of whom the key acted for, as its request gave it; the OpenID provider's name for
    /// the user.
    pub on_behalf_of: Option<String>,
}

impl ActiveModelBehavior for ActiveModel {}
