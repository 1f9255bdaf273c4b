//! Changes of settings: the node, its connection, and the root field of the platform's own.

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};
use domain::id::{AccountId, ApiKeyId, ListId, PackageId, RateCardId, SettingChangeId};
use entity::{setting_change, sql_enums};

use super::{
    account::{self, Account},
    actor::{self, Actor, ActorFilterInput},
    engine::{
        errors::ApiError,
        ids::PublicId,
        paging::{Nodes, connection, window},
        request::{reader, viewer, viewer_of},
    },
    node::{self, Node},
    scalars::DateTime,
};
use crate::operations::{
    Path,
    reader::Window,
    setting_change::{AskedChanges, FieldChange, account_of, fields, shown},
};

/// A change of settings.
#[derive(Debug, Clone)]
pub struct SettingChange(pub setting_change::Model);

/// What a mutation, a job or a command changed of one object's settings, and who did it. It never
/// changes. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER or OWNER.
#[Object]
impl SettingChange {
    /// The node's id. It never changes.
    pub(super) async fn id(&self) -> ID {
        SettingChangeId::new(self.0.id).encode()
    }

    /// The account whose settings changed; null for the platform's own keys, packages and rate
    /// cards.
    async fn account(&self, ctx: &Context<'_>) -> Option<Result<Account, ApiError>> {
        Some(account::of(ctx, account_of(&self.0)?).await)
    }

    /// What was changed.
    async fn kind(&self) -> SettingKind {
        self.0.kind.into()
    }

    /// The object that was changed, as it is now: the account for its automatic recharge, its
    /// monthly reports and its connection to the payment provider. Null if the viewer can't see it.
    async fn node(&self, ctx: &Context<'_>) -> Option<Result<Node, ApiError>> {
        let found = async { node::find(ctx, &viewer(ctx)?, &self.node_id()).await };
        found.await.transpose()
    }

    /// The fields that changed.
    async fn changes(&self) -> Result<Vec<FieldChangeRow>, ApiError> {
        let changes = fields(&self.0)?;
        Ok(changes.into_iter().map(Into::into).collect())
    }

    /// Who changed it: an API key or a user, a job, the payment provider, or a command of the
    /// server's operator.
    async fn actor(&self, ctx: &Context<'_>) -> Option<Result<Actor, ApiError>> {
        actor::of(ctx, self.0.account_id, Some(self.0.actor_id))
            .await
            .transpose()
    }

    /// The instant at which it was changed.
    async fn created_at(&self) -> DateTime {
        DateTime::from_micros(self.0.created_at)
    }
}

impl SettingChange {
    fn node_id(&self) -> ID {
        use sql_enums::SettingKind as Kind;
        let id = self.0.node_id;
        match self.0.kind {
            Kind::Account | Kind::AutoRecharge | Kind::MonthlyReports | Kind::PaymentConnection => {
                AccountId::new(id).encode()
            }
            Kind::ContactList => ListId::new(id).encode(),
            Kind::ApiKey => ApiKeyId::new(id).encode(),
            Kind::CreditPackage => PackageId::new(id).encode(),
            Kind::RateCard => RateCardId::new(id).encode(),
        }
    }
}

/// A field of an object with its values before and after a change. Requires PLATFORM_ADMIN,
/// ACCOUNT_MANAGER or OWNER.
#[derive(Debug, SimpleObject)]
#[graphql(name = "SettingFieldChange")]
pub struct FieldChangeRow {
    /// The name of the field, such as `timeZone`; `secret` and `credentials` for what has no field.
    field: String,
    /// The value before the change: a text as it is, such as an amount with its currency, and other
    /// values as JSON, at most 4,500 bytes. Null if there was none, or if it is secret.
    before: Option<String>,
    /// The value after the change, in the same form. Null if there is none, or if it is secret.
    after: Option<String>,
    /// Whether the values are secret, so that they were not recorded.
    secret: bool,
}

impl From<FieldChange> for FieldChangeRow {
    fn from(change: FieldChange) -> Self {
        Self {
            before: shown(&change.before),
            after: shown(&change.after),
            field: change.field.into_owned(),
            secret: change.secret,
        }
    }
}

connection!(
    SettingChange,
    SettingChangeConnection,
    SettingChangeEdge,
    "changes of settings"
);

/// What a change of settings is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "sql_enums::SettingKind")]
pub enum SettingKind {
    /// An account's own settings, such as its name.
    Account,
    /// An account's automatic recharge.
    AutoRecharge,
    /// The schedule of an account's monthly reports.
    MonthlyReports,
    /// An account's connection to its payment provider.
    PaymentConnection,
    /// A contact list: its name, its head-counts by hand, and whether it is archived. Contacts have
    /// their imports instead.
    ContactList,
    /// An API key, of which access tokens see no changes.
    ApiKey,
    /// A credit package: what it offers, its place among the others, and its archiving.
    CreditPackage,
    /// A version of a rate card, which was published.
    RateCard,
}

/// The conditions that listed changes of settings meet. A condition that is left out doesn't
/// restrict the list.
#[derive(Debug, Default, InputObject)]
#[graphql(name = "SettingChangeFilter")]
pub struct SettingChangeFilterInput {
    /// Returns only changes of these kinds, and none if the list is empty.
    kinds: Option<Vec<SettingKind>>,
    /// Returns only changes of this actor.
    actor: Option<ActorFilterInput>,
    /// Returns only changes at or after this instant.
    from: Option<DateTime>,
    /// Returns only changes before this instant.
    to: Option<DateTime>,
}

/// A page of the changes of an account's settings, or of the platform's.
pub(super) async fn connection(
    ctx: &Context<'_>,
    account: Option<AccountId>,
    filter: Option<SettingChangeFilterInput>,
    window: Window,
) -> Result<SettingChangeConnection, ApiError> {
    let filter = filter.unwrap_or_default();
    let path = Path::argument("filter");
    let kinds = filter.kinds.map(|kinds| kinds.into_iter().map(Into::into));
    let asked = AskedChanges {
        kinds: kinds.map(Iterator::collect),
        actor: filter.actor.map(|actor| actor.read_at(path.at("actor"))),
        from: filter.from.map(|from| from.0),
        to: filter.to.map(|to| to.0),
    };
    let changes = reader(ctx)?.setting_changes(account, asked, window).await?;
    Ok(SettingChangeConnection(Nodes::new(changes, SettingChange)))
}

/// The root field that lists changes of the platform's own settings.
#[derive(Debug, Default)]
pub struct SettingChangeQuery;

#[Object]
impl SettingChangeQuery {
    /// The changes of the platform's own API keys, credit packages and rate cards, newest first.
    /// Those of an account are its settingChanges. Requires PLATFORM_ADMIN.
    async fn platform_setting_changes(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Conditions that the returned nodes meet. If it is left out, all are returned."
        )]
        filter: Option<SettingChangeFilterInput>,
    ) -> Result<SettingChangeConnection, ApiError> {
        viewer_of(ctx, "platformSettingChanges")?;
        let window = window(ctx, None)?;
        connection(ctx, None, filter, window).await
    }
}
