//! Contacts stored directly in the database, with their head-counts.

use domain::id::ListId;
use entity::{contact, contact_list, list_destination};
use message_credits::{graphql::engine::ids::PublicId, store};
use sea_orm::{
    ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, prelude::Uuid, sea_query::Expr,
};
use serde_json::Value;
use std::collections::BTreeMap;

use super::{Server, Tenant, sending::account};

/// A contact: its country and its fields.
pub type Contact = (&'static str, Option<Value>);

/// Gives a list exactly these contacts.
pub async fn store(server: &Server, tenant: &Tenant, list: &str, contacts: &[Contact]) {
    let (account, list) = (account(tenant), ListId::decode(list).unwrap());
    let writer = server.services().store.writer();
    let first = i64::from_be_bytes(message_credits::entropy::bytes::<8>()).unsigned_abs() >> 16;
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    let mut rows = Vec::new();
    for (number, (country, fields)) in (0_i64..).zip(contacts) {
        *counts.entry(country).or_default() += 1;
        rows.push(contact::Model {
            account_id: account.uuid(),
            list_id: list.uuid(),
            id: Uuid::from_bytes(message_credits::entropy::bytes()),
            number: i64::try_from(first).unwrap() + number,
            country_code: (*country).to_owned(),
            fields: fields.as_ref().map(Value::to_string),
            created_at: 0,
            revision: 0,
            changed_revision: None,
            updated_at: None,
        });
    }
    contact::Entity::delete_many()
        .filter(contact::Column::ListId.eq(list.uuid()))
        .exec(writer)
        .await
        .unwrap();
    for rows in rows.chunks(1_000) {
        let rows = rows.iter().cloned().map(IntoActiveModel::into_active_model);
        contact::Entity::insert_many(rows)
            .exec_without_returning(writer)
            .await
            .unwrap();
    }
    let destinations = counts
        .into_iter()
        .map(|(country, recipients)| list_destination::Model {
            account_id: account.uuid(),
            list_id: list.uuid(),
            country_code: country.to_owned(),
            recipients,
        });
    store::contact_list::replace_destinations(writer, account, list, destinations.collect())
        .await
        .unwrap();
    let stored = i64::try_from(contacts.len()).unwrap();
    contact_list::Entity::update_many()
        .col_expr(contact_list::Column::Contacts, Expr::value(stored))
        .filter(contact_list::Column::Id.eq(list.uuid()))
        .exec(writer)
        .await
        .unwrap();
}

/// Deletes a list's contacts and keeps their head-counts, as if it had never had contacts.
pub async fn forget(server: &Server, list: &str) {
    let list = ListId::decode(list).unwrap();
    let writer = server.services().store.writer();
    contact::Entity::delete_many()
        .filter(contact::Column::ListId.eq(list.uuid()))
        .exec(writer)
        .await
        .unwrap();
    contact_list::Entity::update_many()
        .col_expr(contact_list::Column::Contacts, Expr::value(0_i64))
        .filter(contact_list::Column::Id.eq(list.uuid()))
        .exec(writer)
        .await
        .unwrap();
}
