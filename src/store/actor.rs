//! Who does something in an account (law B7): an API key, a user of the OpenID provider, a job or a
//! payment provider.
//!
//! Here: an actor, its id and its row. Not here: who a request's key acts for, which its header
//! says ([`crate::operations::viewer`]).

use std::sync::Arc;

use domain::id::{AccountId, ApiKeyId};
use entity::{actor, api_key, sql_enums::ActorKind};
use sea_orm::{
    ActiveEnum, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, JoinType, Order,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    prelude::Uuid,
    sea_query::{Alias, Expr, IntoColumnRef, NullOrdering, SelectStatement},
};
use sha2::{Digest, Sha256};

use super::sql::{
    row_set::RowSet,
    table_rows::{self, TableRows},
};

/// A job of the server that changes books or begins purchases, or a command that its operator runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Job {
    /// A command of the operator, such as the one that makes a key.
    Command,
    /// Books credits whose day has come as expired.
    Expiry,
    /// Begins automatic recharges.
    Recharge,
    /// Charges scheduled messages that are due.
    Settlement,
}

impl Job {
    /// Its name in the database and for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Expiry => "expiry",
            Self::Recharge => "recharge",
            Self::Settlement => "settlement",
        }
    }
}

/// Who does something in an account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Actor {
    /// An API key.
    Key {
        /// The key; `None` for the administrator's key of the server's configuration.
        id: Option<ApiKeyId>,
        /// The label of whom it acts for.
        on_behalf_of: Option<Arc<str>>,
    },
    /// A user of the OpenID provider, who showed a token of it.
    User {
        /// The provider.
        issuer: Arc<str>,
        /// The provider's name for the user.
        subject: Arc<str>,
        /// Whether the user acted for the platform.
        is_platform: bool,
    },
    /// A job of the server.
    Job(Job),
    /// A payment provider, by its name.
    Provider(String),
}

impl Actor {
    /// The administrator's key of the server's configuration, for nobody.
    pub const ADMINISTRATOR: Self = Self::Key {
        id: None,
        on_behalf_of: None,
    };

    /// Its row in an account, and what the hash chain covers of it.
    #[must_use]
    pub fn of(&self, account: AccountId) -> Acting {
        let (kind, api_key_id, name, on_behalf_of) = match self {
            Self::Key { id, on_behalf_of } => {
                let kind = match id {
                    Some(_) => ActorKind::ApiKey,
                    None => ActorKind::AdministratorKey,
                };
                let label = on_behalf_of.as_deref().map(str::to_owned);
                (kind, id.map(ApiKeyId::uuid), None, label)
            }
            Self::User {
                issuer,
                subject,
                is_platform,
            } => {
                let kind = match is_platform {
                    true => ActorKind::PlatformUser,
                    false => ActorKind::AccountUser,
                };
                (
                    kind,
                    None,
                    Some(issuer.to_string()),
                    Some(subject.to_string()),
                )
            }
            Self::Job(job) => (ActorKind::Job, None, Some(job.name().to_owned()), None),
            Self::Provider(name) => (ActorKind::Provider, None, Some(name.clone()), None),
        };
        let mut row = actor::Model {
            account_id: account.uuid(),
            id: 0,
            kind,
            api_key_id,
            name,
            on_behalf_of,
        };
        let digest = digest(&row);
        row.id = id(&digest);
        Acting { row, digest }
    }
}

/// An actor of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acting {
    /// Its row.
    pub row: actor::Model,
    /// What the hash chain covers of it.
    pub digest: [u8; 32],
}

/// The id of an actor with this digest.
#[must_use]
pub fn id(digest: &[u8; 32]) -> i64 {
    let [a, b, c, d, e, f, g, h, ..] = *digest;
    i64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// SHA-256 over what an actor is, without its account and its id: what the hash chain covers.
#[must_use]
pub fn digest(row: &actor::Model) -> [u8; 32] {
    let mut hash = Sha256::new();
    let key = row.api_key_id.as_ref().map(|id| &id.as_bytes()[..]);
    let parts = [
        Some(row.kind.to_value().into_bytes()),
        key.map(<[u8]>::to_vec),
        row.name.clone().map(String::into_bytes),
        row.on_behalf_of.clone().map(String::into_bytes),
    ];
    for part in parts {
        // Whether it is there, and its length first: no two actors encode alike.
        hash.update([u8::from(part.is_some())]);
        let part = part.unwrap_or_default();
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Inserts actors that aren't stored yet.
pub async fn insert_missing(
    connection: &impl ConnectionTrait,
    rows: Vec<actor::Model>,
) -> Result<(), DbErr> {
    table_rows::write(connection, [missing(rows)]).await
}

/// The same, to be written with other rows.
pub fn missing(rows: Vec<actor::Model>) -> TableRows {
    use actor::Column;
    TableRows::insert_missing(rows, &[Column::AccountId, Column::Id])
}

/// Finds actors by account and id, in no particular order.
pub async fn find_all(
    connection: &impl ConnectionTrait,
    keys: impl IntoIterator<Item = (AccountId, i64)>,
) -> Result<Vec<actor::Model>, DbErr> {
    let keys = keys.into_iter();
    RowSet::of(keys.map(|(account, id)| [account.uuid().into(), id.into()]))
        .find::<actor::Entity>(connection, &["account_id", "id"], "")
        .await
}

/// The actors that a list is restricted to. Each condition narrows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActorFilter {
    /// One of these keys.
    pub keys: Option<Vec<ApiKeyId>>,
    /// Or one of the account's own users, beside the keys.
    pub own_users: bool,
    /// Acting for whom this label names.
    pub on_behalf_of: Option<String>,
}

impl ActorFilter {
    /// The ids of an account's actors that it matches.
    #[must_use]
    pub fn ids(&self, account: AccountId) -> SelectStatement {
        use actor::Column;
        let mut select = actor::Entity::find()
            .select_only()
            .column(Column::Id)
            .filter(Column::AccountId.eq(account.uuid()));
        if let Some(keys) = &self.keys {
            let keys = keys.iter().map(|key| key.uuid());
            let mut one_of = Condition::any().add(Column::ApiKeyId.is_in(keys));
            if self.own_users {
                one_of = one_of.add(Column::Kind.eq(ActorKind::AccountUser));
            }
            select = select.filter(one_of);
        }
        if let Some(label) = &self.on_behalf_of {
            select = select.filter(Column::OnBehalfOf.eq(label));
        }
        select.into_query()
    }
}

/// The number of cells that [`with_actor`] adds.
pub const EXPORT_CELLS: usize = 4;

/// Adds the kind, the key, the name and the label of a row's actor to a statement, all null for a
/// row without one.
pub(super) fn with_actor<T: IntoColumnRef>(statement: &mut SelectStatement, account: T, actor: T) {
    use actor::Column;
    for column in [
        Column::Kind,
        Column::ApiKeyId,
        Column::Name,
        Column::OnBehalfOf,
    ] {
        statement.expr(acting(column));
    }
    join_acting(statement, account, actor);
}

/// A column of the actor that [`join_acting`] joins.
pub(super) fn acting(column: actor::Column) -> Expr {
    Expr::col(("acting", column))
}

/// Joins the actor of a row, if it has one.
pub(super) fn join_acting<T: IntoColumnRef>(statement: &mut SelectStatement, account: T, actor: T) {
    use actor::Column;
    use sea_orm::ExprTrait;
    let same = acting(Column::AccountId)
        .eq(Expr::col(account))
        .and(acting(Column::Id).eq(Expr::col(actor)));
    let name = Alias::new("acting");
    statement.join_as(JoinType::LeftJoin, actor::Entity, name, same);
}

/// The keys that did something in an account, the platform's too.
pub async fn keys_in(
    connection: &impl ConnectionTrait,
    account: AccountId,
) -> Result<Vec<ApiKeyId>, DbErr> {
    use actor::Column;
    let keys: Vec<Uuid> = actor::Entity::find()
        .select_only()
        .column(Column::ApiKeyId)
        .distinct()
        .filter(Column::AccountId.eq(account.uuid()))
        .filter(Column::ApiKeyId.is_not_null())
        .into_tuple()
        .all(connection)
        .await?;
    Ok(keys.into_iter().map(ApiKeyId::new).collect())
}

/// The keys that acted for whom a label names in an account.
pub async fn keys_acting_for(
    connection: &impl ConnectionTrait,
    account: AccountId,
    label: &str,
) -> Result<Vec<ApiKeyId>, DbErr> {
    use actor::Column;
    let keys: Vec<Uuid> = actor::Entity::find()
        .select_only()
        .column(Column::ApiKeyId)
        .filter(Column::AccountId.eq(account.uuid()))
        .filter(Column::OnBehalfOf.eq(label))
        .filter(Column::ApiKeyId.is_not_null())
        .into_tuple()
        .all(connection)
        .await?;
    Ok(keys.into_iter().map(ApiKeyId::new).collect())
}

/// The keys and users that did something in an account, each key with whom it acted for: the newest
/// keys first, then by label, then users. With `own`, only the account's own keys and users.
pub async fn keys(
    connection: &impl ConnectionTrait,
    account: AccountId,
    own: bool,
    limit: u64,
) -> Result<Vec<actor::Model>, DbErr> {
    use actor::Column;
    let named = Condition::any()
        .add(Column::ApiKeyId.is_not_null())
        .add(Column::OnBehalfOf.is_not_null());
    let mut select = actor::Entity::find()
        .filter(Column::AccountId.eq(account.uuid()))
        .filter(Column::Kind.is_in([
            ActorKind::ApiKey,
            ActorKind::AdministratorKey,
            ActorKind::AccountUser,
            ActorKind::PlatformUser,
        ]))
        .filter(named);
    if own {
        let own_keys = api_key::Entity::find()
            .select_only()
            .column(api_key::Column::Id)
            .filter(api_key::Column::AccountId.eq(account.uuid()));
        let own = Condition::any()
            .add(Column::ApiKeyId.in_subquery(own_keys.into_query()))
            .add(Column::Kind.eq(ActorKind::AccountUser));
        select = select.filter(own);
    }
    select
        .order_by_with_nulls(Column::ApiKeyId, Order::Desc, NullOrdering::Last)
        .order_by_with_nulls(Column::OnBehalfOf, Order::Asc, NullOrdering::First)
        .limit(limit)
        .all(connection)
        .await
}

/// All actors of an account.
pub async fn all(
    connection: &impl ConnectionTrait,
    account: Uuid,
) -> Result<Vec<actor::Model>, DbErr> {
    actor::Entity::find()
        .filter(actor::Column::AccountId.eq(account))
        .all(connection)
        .await
}

#[cfg(test)]
mod tests {
    use domain::id::{AccountId, ApiKeyId};
    use uuid::Uuid;

    use super::{Actor, Job};

    #[test]
    fn different_actors_have_different_ids_in_every_account() {
        let key = |number, label: Option<&str>| Actor::Key {
            id: (number > 0).then(|| ApiKeyId::new(Uuid::from_u128(number))),
            on_behalf_of: label.map(Into::into),
        };
        let user = |subject: &str, is_platform| Actor::User {
            issuer: "expiry".into(),
            subject: subject.into(),
            is_platform,
        };
        let actors = [
            key(0, None),
            key(0, Some("")),
            key(0, Some("Ada")),
            key(1, None),
            key(1, Some("Ada")),
            key(2, None),
            Actor::Job(Job::Expiry),
            Actor::Job(Job::Settlement),
            Actor::Provider("expiry".to_owned()),
            user("Ada", false),
            user("Ada", true),
            user("Bob", false),
        ];
        let ids = |account| {
            let account = AccountId::new(Uuid::from_u128(account));
            let ids = actors.iter().map(|actor| actor.of(account).row.id);
            ids.collect::<Vec<_>>()
        };
        let mut distinct = ids(1);
        assert_eq!(distinct, ids(2));
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), actors.len());
    }
}
