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
    /// The digits of the E.164 number: what follows its `+`. Unique in the list.
    pub number: i64,
    /// ISO 3166-1 alpha-2, by the number.
    pub country_code: String,
    /// What is known of the contact: a JSON object of texts by name of merge field; null where nothing is.
    pub fields: Option<String>,
    /// Microseconds since the epoch.
    pub created_at: i64,
    /// The list's revision that it came in with.
    pub revision: i64,
    /// The list's revision that changed its fields last; null while they are as they came in.
    pub changed_revision: Option<i64>,
}

impl ActiveModelBehavior for ActiveModel {}

/// Without what is known of the contact, so that no line of a log has it.
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
