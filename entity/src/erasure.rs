//! The trace of what was erased on a person's request, without the person's number.

use sea_orm::entity::prelude::*;

/// What one request erased in an account. The database refuses to change or delete it.
#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "erasures")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// The request.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// When it was done, in microseconds since the epoch.
    pub erased_at: i64,
    /// The key of the request; null for the server's own admin key and for users of the OpenID
    /// provider.
    pub api_key_id: Option<Uuid>,
    /// How many contacts were removed from lists.
    pub contacts: i64,
    /// How many rejected rows and warnings of imports were deleted.
    pub import_rows: i64,
    /// How many messages' names and texts were erased.
    pub messages: i64,
    /// Who asked for it, among the actors of the account; null if no program recorded that.
    pub actor_id: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}
