//! Changes of keys, as the journal of settings has them. Not here: the changes themselves.

use domain::id::AccountId;
use entity::{api_key, sql_enums::SettingKind};
use sea_orm::{ActiveEnum, DbErr};
use serde_json::{Value, json};

use super::super::setting_change::{instant, texts};
use crate::{
    clock::Clock,
    store::{
        self, Store,
        actor::{Actor, Job},
        setting_change::{self, Changed, Fields, PLATFORM, Values},
    },
};

/// A key that was made. Its secret isn't in the journal.
pub(super) fn created(row: &api_key::Model) -> Changed {
    let networks = row.allowed_addresses.iter();
    let values = vec![
        ("name", json!(row.name)),
        ("role", json!(row.role.to_value())),
        ("expiresAt", instant(row.expires_at)),
        (
            "allowedAddresses",
            texts(networks.flat_map(|text| text.split(','))),
        ),
        ("trustedDocumentsOnly", json!(row.trusted_documents_only)),
    ];
    let fields = Fields::between(Values::new(), values);
    changed(row, fields.with_secret("secret", true))
}

/// A key that was revoked.
pub(super) fn revoked(row: &api_key::Model) -> Changed {
    let fields = Fields::default().set("revokedAt", Value::Null, instant(row.revoked_at));
    changed(row, fields)
}

/// A key that expires at another instant than before.
pub(super) fn expires(before: Option<i64>, row: &api_key::Model) -> Changed {
    let fields = Fields::default().set("expiresAt", instant(before), instant(row.expires_at));
    changed(row, fields)
}

fn changed(row: &api_key::Model, fields: Fields) -> Changed {
    Changed {
        account: row.account_id.map_or(PLATFORM, AccountId::new),
        kind: SettingKind::ApiKey,
        node: row.id,
        fields,
    }
}

/// Revokes the keys of demos, because the database is served as something else. Returns how many it
/// revoked.
pub async fn end_demo_keys(store: &Store, clock: &Clock) -> Result<u64, DbErr> {
    let now = clock.now();
    let transaction = store.begin().await?;
    let ended = store::api_key::revoke_demo(&transaction, now).await?;
    let changes = ended.iter().map(revoked);
    let by = Actor::Job(Job::Command);
    setting_change::insert(&transaction, (&by, now), changes).await?;
    transaction.commit().await?;
    Ok(ended.len() as u64)
}
