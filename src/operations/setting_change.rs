//! Changes of settings: who changed what of accounts, lists, keys, packages and rate cards (law
//! B7).
//!
//! Here: reading the journal, and the forms of its values. Not here: what a change records of each
//! noun, which the noun says, and the rows ([`crate::store::setting_change`]).

use std::collections::HashMap;

use domain::{
    id::{AccountId, SettingChangeId},
    money::Money,
};
use entity::{setting_change, sql_enums::SettingKind};
use sea_orm::{DbErr, Iterable, prelude::Uuid};
use serde_json::{Value, json};
use type_safe_id::{DynamicType, TypeSafeId};

use super::{
    OperationError, Path, Services, Viewer, ViewerReader,
    actor::AskedActor,
    input, policy,
    reader::{Keyed, Listed, Listing, Owned, Page, Pages, Place, Window},
    together::Together,
    viewer::Visibility,
};
pub use crate::store::setting_change::FieldChange;
use crate::{
    clock::whole_micros,
    store::{
        self,
        setting_change::{ChangeFilter, PLATFORM},
    },
};

/// The filter of a list of changes. `None` doesn't restrict it.
#[derive(Debug, Default)]
pub struct AskedChanges {
    /// Only changes of these kinds.
    pub kinds: Option<Vec<SettingKind>>,
    /// Only changes of this actor.
    pub actor: Option<AskedActor>,
    /// Only changes at or after this instant.
    pub from: Option<String>,
    /// Only changes before this instant.
    pub to: Option<String>,
}

impl Owned for setting_change::Model {
    /// Changes of the platform's keys are for those who see these keys.
    fn visibility(&self) -> Visibility {
        whose(AccountId::new(self.account_id))
    }
}

fn whose(account: AccountId) -> Visibility {
    match account == PLATFORM {
        true => Visibility::Administrators,
        false => Visibility::Account(account),
    }
}

/// Whether a viewer sees changes of a kind: an access token does nothing with keys.
fn shows(viewer: &Viewer, kind: SettingKind) -> bool {
    viewer.token.is_none() || kind != SettingKind::ApiKey
}

impl Keyed for SettingChangeId {
    type Value = setting_change::Model;

    fn visibility(&self, row: Option<&setting_change::Model>) -> Option<Visibility> {
        row.map(Owned::visibility)
    }

    async fn read(
        reader: &ViewerReader,
        ids: &[Self],
    ) -> Result<HashMap<Self, setting_change::Model>, DbErr> {
        let connection = reader.services().store().reader();
        let mut rows = store::setting_change::find_all(connection, ids.iter().copied()).await?;
        rows.retain(|row| shows(reader.viewer(), row.kind));
        Ok(rows
            .into_iter()
            .map(|row| (Self::new(row.id), row))
            .collect())
    }
}

impl Listed for ChangeFilter {
    type Row = setting_change::Model;

    fn visibility(&self) -> Visibility {
        whose(self.account)
    }

    fn place(&self, row: &setting_change::Model) -> Place {
        Place {
            key: row.created_at,
            id: row.id,
        }
    }

    async fn page(
        &self,
        _: &Services,
        pages: &Pages,
        window: Window,
    ) -> Result<Page<setting_change::Model>, DbErr> {
        store::setting_change::list(pages, self, window).await
    }

    async fn count(&self, pages: &Pages) -> Result<u64, DbErr> {
        store::setting_change::count(pages, self).await
    }
}

impl ViewerReader {
    /// A page of the changes of an account's settings, or of the platform's, the newest first.
    ///
    /// # Errors
    /// `Forbidden` if the viewer's role may not read them; an unknown key, a text that is no label
    /// and an invalid instant, each at its field of the filter.
    pub async fn setting_changes(
        &self,
        account: Option<AccountId>,
        asked: AskedChanges,
        window: Window,
    ) -> Result<Listing<setting_change::Model>, OperationError> {
        policy::may_read(self.viewer(), "Account", "settingChanges")?;
        let account = account.unwrap_or(PLATFORM);
        let path = Path::argument("filter");
        let instant = |text: Option<String>, name| {
            text.map(|text| input::instant(&text, &path.at(name)))
                .transpose()
        };
        let checks = (
            self.actor_filter(account, asked.actor).await,
            instant(asked.from, "from"),
            instant(asked.to, "to"),
        );
        let (actor, from, to) = checks.together()?;
        let mut kinds = asked.kinds;
        if self.viewer().token.is_some() {
            let kinds = kinds.get_or_insert_with(|| SettingKind::iter().collect());
            kinds.retain(|kind| shows(self.viewer(), *kind));
        }
        let filter = ChangeFilter {
            account,
            kinds,
            actor,
            from,
            to,
        };
        self.list(filter, window).await
    }
}

/// The account of a change; `None` for one of the platform's.
#[must_use]
pub fn account_of(row: &setting_change::Model) -> Option<AccountId> {
    Some(AccountId::new(row.account_id)).filter(|account| *account != PLATFORM)
}

/// The fields of a change.
///
/// # Errors
/// A fault if they can't be read.
pub fn fields(row: &setting_change::Model) -> Result<Vec<FieldChange>, OperationError> {
    store::setting_change::fields(row).map_err(|cause| {
        OperationError::broken(format!("the change {} can't be read: {cause}", row.id))
    })
}

/// A value of the journal as people read it: a text as it is, anything else as JSON.
#[must_use]
pub fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// An amount of money in the journal, such as `20.00 EUR`.
pub(super) fn amount(money: Money) -> Value {
    json!(format!("{money} {}", money.currency().code()))
}

/// An instant in the journal.
pub(super) fn instant(micros: Option<i64>) -> Value {
    json!(micros.map(|at| whole_micros(at).to_string()))
}

/// Texts in the journal; null for none.
pub(super) fn texts<'a>(texts: impl Iterator<Item = &'a str>) -> Value {
    let texts: Vec<&str> = texts.collect();
    match texts.is_empty() {
        true => Value::Null,
        false => json!(texts),
    }
}

/// An id as clients know it.
pub(super) fn public(prefix: &str, id: Uuid) -> String {
    match DynamicType::new(prefix) {
        Ok(prefix) => TypeSafeId::from_type_and_uuid(prefix, id).to_string(),
        Err(_) => id.to_string(),
    }
}
