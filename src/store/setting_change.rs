//! The journal of changes of settings (law B7).
//!
//! Here: what a change is, its row, and reading the journal. Rows are only ever added, in the
//! database transaction of the change. Not here: which fields an object has, which its noun says
//! ([`crate::operations`]).
//!
//! A change of what belongs to the platform is in the journal of [`PLATFORM`], and so is its actor:
//! each row has an account, by which tables are distributed.

use std::{borrow::Cow, collections::BTreeMap};

use domain::id::{AccountId, SettingChangeId};
use entity::{
    setting_change::{Column, Entity, Model},
    sql_enums::SettingKind,
};
use jiff::Timestamp;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, Select,
    prelude::Uuid,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    actor::{self, Acting, Actor, ActorFilter},
    sql::{
        paging::{Direction, Page, Window, page},
        routes,
        table_rows::{self, TableRows},
    },
};
use crate::clock::id_in;

/// In place of the account, for what belongs to the platform. No account has this id.
pub const PLATFORM: AccountId = AccountId::new(Uuid::nil());

/// The most bytes of a value that the journal keeps. The head-count of a list, with 250 countries
/// and at most ten digits each, has fewer than 4,500.
const MAX_VALUE_BYTES: usize = 4_500;

/// The names and values of an object's fields.
pub type Values = Vec<(&'static str, Value)>;

/// A field with its values before and after a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Its name, as the API has it.
    pub field: Cow<'static, str>,
    /// Its value before; null if it had none, or if it is secret.
    pub before: Value,
    /// Its value after; null if it has none, or if it is secret.
    pub after: Value,
    /// Whether its values are secret, so that the journal doesn't have them.
    pub secret: bool,
}

/// The fields that a change sets, without those that stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields(Vec<FieldChange>);

impl Fields {
    /// Those whose values differ. A field that is missing on one side has no value there.
    #[must_use]
    pub fn between(before: Values, after: Values) -> Self {
        let mut earlier: BTreeMap<&str, Value> = before.iter().cloned().collect();
        let mut fields = Self::default();
        for (field, after) in after {
            let before = earlier.remove(field).unwrap_or_default();
            fields = fields.set(field, before, after);
        }
        for (field, _) in before {
            if let Some(before) = earlier.remove(field) {
                fields = fields.set(field, before, Value::Null);
            }
        }
        fields
    }

    /// With another field, if its values differ.
    #[must_use]
    pub fn set(
        mut self,
        field: &'static str,
        before: impl Into<Value>,
        after: impl Into<Value>,
    ) -> Self {
        let (before, after) = (before.into(), after.into());
        if before != after {
            self.0.push(FieldChange {
                field: field.into(),
                before: bounded(before),
                after: bounded(after),
                secret: false,
            });
        }
        self
    }

    /// With a secret that changed, if it did: the journal has neither of its values.
    #[must_use]
    pub fn with_secret(mut self, field: &'static str, is_changed: bool) -> Self {
        if is_changed {
            self.0.push(FieldChange {
                field: field.into(),
                before: Value::Null,
                after: Value::Null,
                secret: true,
            });
        }
        self
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A value of bounded length: a longer one is a text that ends with an ellipsis.
fn bounded(value: Value) -> Value {
    let text = match &value {
        Value::String(text) => Cow::Borrowed(text),
        Value::Array(_) | Value::Object(_) => Cow::Owned(value.to_string()),
        Value::Null | Value::Bool(_) | Value::Number(_) => return value,
    };
    if text.len() <= MAX_VALUE_BYTES {
        return value;
    }
    let end = text.floor_char_boundary(MAX_VALUE_BYTES - '…'.len_utf8());
    let kept = text.get(..end).unwrap_or_default();
    Value::String(format!("{kept}…"))
}

/// What one command changes of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The account, or [`PLATFORM`].
    pub account: AccountId,
    /// What is changed.
    pub kind: SettingKind,
    /// The object; the account for settings that have no id of their own.
    pub node: Uuid,
    /// Its fields.
    pub fields: Fields,
}

impl Changed {
    /// Its row; `None` if nothing changes.
    ///
    /// # Errors
    /// If the fields have no JSON form, which can't be.
    pub fn row(self, by: &Acting, at: Timestamp) -> Result<Option<Model>, serde_json::Error> {
        if self.fields.is_empty() {
            return Ok(None);
        }
        Ok(Some(Model {
            account_id: self.account.uuid(),
            id: id_in(self.account.uuid(), at),
            created_at: at.as_microsecond(),
            kind: self.kind,
            node_id: self.node,
            actor_id: by.row.id,
            changes: serde_json::to_string(&self.fields.0)?,
        }))
    }
}

/// Records changes with their actor; those that change nothing are left out. It comes last in the
/// transaction of the changes.
pub async fn insert(
    transaction: &impl ConnectionTrait,
    (by, at): (&Actor, Timestamp),
    changes: impl IntoIterator<Item = Changed>,
) -> Result<(), DbErr> {
    let (mut actors, mut rows) = (BTreeMap::new(), Vec::new());
    for change in changes {
        let by = by.of(change.account);
        let row = change.row(&by, at);
        if let Some(row) = row.map_err(|cause| DbErr::Json(cause.to_string()))? {
            actors.insert(row.account_id, by.row);
            rows.push(row);
        }
    }
    let actors = actor::missing(actors.into_values().collect());
    table_rows::write(transaction, [actors, TableRows::insert(rows)]).await
}

/// The fields of a row.
///
/// # Errors
/// If they can't be read.
pub fn fields(row: &Model) -> Result<Vec<FieldChange>, serde_json::Error> {
    serde_json::from_str(&row.changes)
}

/// The changes to list. Each condition narrows the list.
#[derive(Debug, Clone)]
pub struct ChangeFilter {
    /// Changes of this account, or of [`PLATFORM`].
    pub account: AccountId,
    /// Only changes of these kinds.
    pub kinds: Option<Vec<SettingKind>>,
    /// Only changes of these actors.
    pub actor: Option<ActorFilter>,
    /// Only changes at or after this instant.
    pub from: Option<Timestamp>,
    /// Only changes before this instant.
    pub to: Option<Timestamp>,
}

fn select(filter: &ChangeFilter) -> Select<Entity> {
    let mut select = Entity::find().filter(Column::AccountId.eq(filter.account.uuid()));
    if let Some(kinds) = &filter.kinds {
        select = select.filter(Column::Kind.is_in(kinds.iter().copied()));
    }
    if let Some(actor) = &filter.actor {
        let actors = actor.ids(filter.account);
        select = select.filter(Column::ActorId.in_subquery(actors));
    }
    if let Some(from) = filter.from {
        select = select.filter(Column::CreatedAt.gte(from.as_microsecond()));
    }
    if let Some(to) = filter.to {
        select = select.filter(Column::CreatedAt.lt(to.as_microsecond()));
    }
    select
}

/// Reads a page of changes, the newest first.
pub async fn list(
    connection: &impl ConnectionTrait,
    filter: &ChangeFilter,
    window: Window,
) -> Result<Page<Model>, DbErr> {
    let order = (Column::CreatedAt, Column::Id);
    page(
        connection,
        select(filter),
        order,
        Direction::Descending,
        window,
    )
    .await
}

/// Counts the changes of a list.
pub async fn count(connection: &impl ConnectionTrait, filter: &ChangeFilter) -> Result<u64, DbErr> {
    select(filter).count(connection).await
}

/// Finds several changes of any accounts, in no particular order.
pub async fn find_all(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = SettingChangeId>,
) -> Result<Vec<Model>, DbErr> {
    let ids = ids.into_iter().map(SettingChangeId::uuid).collect();
    let columns = (Column::AccountId, Column::Id);
    routes::find(connection, Entity::find(), ids, columns).await
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Fields, MAX_VALUE_BYTES};

    #[test]
    fn only_fields_that_differ_are_kept() {
        let before = vec![
            ("name", json!("A")),
            ("archived", json!(false)),
            ("gone", json!(1)),
        ];
        let after = vec![
            ("name", json!("B")),
            ("archived", json!(false)),
            ("new", json!([])),
        ];
        let fields = Fields::between(before.clone(), after);
        let found: Vec<_> = fields.0.iter().map(|one| one.field.as_ref()).collect();
        assert_eq!(found, ["name", "new", "gone"]);
        assert!(Fields::between(before.clone(), before).is_empty());
        assert!(Fields::default().with_secret("secret", false).is_empty());
    }

    #[test]
    fn long_values_are_cut() {
        let long = "é".repeat(MAX_VALUE_BYTES);
        for value in [json!(long), json!([long]), json!({ "IT": long })] {
            let fields = Fields::default().set("name", Value::Null, value);
            let kept = fields.0[0].after.as_str().unwrap();
            assert!(kept.len() <= MAX_VALUE_BYTES && kept.ends_with('…'));
        }
    }
}
