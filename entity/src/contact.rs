//! A stored recipient of a list.

use std::fmt;

use sea_orm::entity::prelude::*;

/// A contact.
#[sea_orm::model]
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contacts")]
pub struct Model {
    /// The account.
    #[sea_orm(primary_key, auto_increment = false)]
    pub account_id: Uuid,
    /// The list.
    #[sea_orm(primary_key, auto_increment = false)]
    pub list_id: Uuid,
    /// The contact.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The digits of the E.164 number, without its `+`. Unique in the list.
    pub number: i64,
    /// The country of the number, ISO 3166-1 alpha-2.
    pub country_code: String,
    /// The contact's merge fields: a JSON object of texts by name; null if it has none.
    pub fields: Option<String>,
    /// When it was created, in microseconds since the epoch.
    pub created_at: i64,
    /// The list's revision with which it was added.
    pub revision: i64,
    /// The list's revision with which its fields changed last; null if they never did.
    pub changed_revision: Option<i64>,
    /// When it last changed, in microseconds since the epoch; null if it never did since it was
    /// created, or not since changes are recorded.
    pub updated_at: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}

/// Without personal data, so that no log line contains it.
impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Contact");
        shown.field("id", &self.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for ModelEx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Contact");
        shown.field("id", &self.id).finish_non_exhaustive()
    }
}
