//! API keys: the node, its connection, and the mutations that make and revoke keys. A secret is never read back.

use std::collections::HashMap;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use domain::id::{AccountId, ApiKeyId};
use entity::api_key;
use futures_util::FutureExt;
use secrecy::ExposeSecret;

use super::{
    account::Account,
    errors::ApiError,
    ids::PublicId,
    loaders::{self, LoadError, Loader, Rows},
    paging::{Nodes, connection, window},
    request::{UserError, id, optional_id, payload, services, viewer, viewer_of},
    scalars::DateTime,
    viewer::Role,
};
use crate::{
    operations::{
        Path,
        api_key::{CreateApiKey, RevokeOthers},
        input,
    },
    store::{
        self,
        paging::{Place, Window},
    },
};

/// A key of the API.
#[derive(Debug, Clone)]
pub struct ApiKey(pub api_key::Model);

/// A key of the API, without its secret, of which only a hash is kept. Owners see their account's keys, platform
/// roles those of every account.
#[Object]
impl ApiKey {
    /// Its id, to revoke it by.
    pub(super) async fn id(&self) -> ID {
        ApiKeyId::new(self.0.id).encode()
    }

    /// The name that people know it by, as it was given when the key was made.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What it may do.
    async fn role(&self) -> Role {
        self.0.role.into()
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        DateTime::from_micros(self.0.created_at)
    }

    /// When it was last used, to about an hour; null if it never was.
    async fn last_used_at(&self) -> Option<DateTime> {
        self.0.last_used_at.map(DateTime::from_micros)
    }

    /// From when on it does not work any more; null if it has no end.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.expires_at.map(DateTime::from_micros)
    }

    /// When it was revoked; null if it was not.
    async fn revoked_at(&self) -> Option<DateTime> {
        self.0.revoked_at.map(DateTime::from_micros)
    }
}

connection!(ApiKey, ApiKeyConnection, ApiKeyEdge, "API keys");

/// A page of an account's keys, or of the platform's own.
pub(super) async fn connection(
    ctx: &Context<'_>,
    account: Option<AccountId>,
    window: Window,
) -> Result<ApiKeyConnection, ApiError> {
    let services = services(ctx)?;
    let page = services.api_keys(&viewer(ctx)?, account, window).await?;
    let counting = services.clone();
    Ok(ApiKeyConnection(Nodes::new(
        page,
        |row| Place {
            key: row.created_at,
            id: row.id,
        },
        ApiKey,
        move || {
            let services = counting.clone();
            async move { store::api_key::count(services.store.reader(), account).await }.boxed()
        },
    )))
}

impl Loader<ApiKeyId> for Rows {
    type Value = api_key::Model;

    async fn load(&self, ids: &[ApiKeyId]) -> Result<HashMap<ApiKeyId, api_key::Model>, LoadError> {
        let reader = self.services.store.reader();
        let rows = store::api_key::find_all(reader, ids.iter().copied()).await?;
        Ok(rows
            .into_iter()
            .filter(|row| self.viewer.sees_key(row))
            .map(|row| (ApiKeyId::new(row.id), row))
            .collect())
    }
}

/// The root field that lists the platform's own keys.
#[derive(Debug, Default)]
pub struct ApiKeyQuery;

#[Object]
impl ApiKeyQuery {
    /// The platform's own keys, the newest first, revoked ones too. For platform administrators. The key that the
    /// server was started with is not among them.
    async fn platform_api_keys(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "How many from the start: 1 to 1000, 50 where neither first nor last is given."
        )]
        first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end: 1 to 1000.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<ApiKeyConnection, ApiError> {
        viewer_of(ctx, "platformApiKeys")?;
        let window = window(ctx, first, after.as_deref(), last, before.as_deref())?;
        connection(ctx, None, window).await
    }
}

/// A new API key.
#[derive(Debug, InputObject)]
pub struct CreateApiKeyInput {
    /// Which account it opens; the viewer's own where left out. Platform roles have none.
    account_id: Option<ID>,
    /// What it may do. Platform roles and SENDER are given by platform administrators only.
    role: Role,
    /// What people know it by; 1 to 200 characters.
    name: String,
    /// From when on it does not work any more: an instant later than now. It has no end if this is left out.
    expires_at: Option<DateTime>,
}

/// What createApiKey answers.
#[derive(SimpleObject)]
pub struct CreateApiKeyPayload {
    /// The new key's id, to revoke it by; null where it was refused.
    id: Option<ID>,
    /// The secret, to send as a Bearer. It is shown this once and kept nowhere.
    secret: Option<String>,
    /// Why it was refused; empty where it was done.
    user_errors: Vec<UserError>,
}

/// Which API key to revoke.
#[derive(Debug, InputObject)]
pub struct RevokeApiKeyInput {
    /// The key's id.
    id: ID,
}

/// What revokeApiKey answers.
#[derive(Debug, SimpleObject)]
pub struct RevokeApiKeyPayload {
    /// The revoked key's id; null where it was refused.
    id: Option<ID>,
    /// Why it was refused; empty where it was done.
    user_errors: Vec<UserError>,
}

/// Which API keys to revoke at once.
#[derive(Debug, InputObject)]
pub struct RevokeOtherApiKeysInput {
    /// Whose keys; if left out, those of the viewer's own account, or for a platform administrator the platform's
    /// own.
    account_id: Option<ID>,
    /// Keys that go on working beside the one that asks; at most 100.
    #[graphql(default)]
    keep_ids: Vec<ID>,
}

/// What revokeOtherApiKeys answers.
#[derive(Debug, SimpleObject)]
pub struct RevokeOtherApiKeysPayload {
    /// How many keys stopped working; null if the mutation was refused.
    revoked: Option<i32>,
    /// The account whose keys they were; null for the platform's own, or if the mutation was refused.
    account: Option<Account>,
    /// Why it was refused; empty if it was done.
    user_errors: Vec<UserError>,
}

/// The mutations that make and revoke keys.
#[derive(Debug, Default)]
pub struct ApiKeyMutation;

#[Object]
impl ApiKeyMutation {
    /// Makes an API key. Its secret is shown this once.
    async fn create_api_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The new key.")] input: CreateApiKeyInput,
    ) -> Result<CreateApiKeyPayload, ApiError> {
        let viewer = viewer_of(ctx, "createApiKey")?;
        let services = services(ctx)?;
        let done = async {
            let path = Path::input("accountId");
            let new = CreateApiKey {
                account: optional_id(input.account_id.as_ref(), &path, "account")?,
                role: input.role.into(),
                name: input.name,
                expires_at: (input.expires_at)
                    .map(|at| input::instant(&at.0, &Path::input("expiresAt")))
                    .transpose()?,
            };
            services.create_api_key(&viewer, new).await
        };
        let (done, user_errors) = payload(done.await)?;
        let (id, secret) = done.unzip();
        Ok(CreateApiKeyPayload {
            id: id.map(PublicId::encode),
            secret: secret.map(|secret| secret.expose_secret().to_owned()),
            user_errors,
        })
    }

    /// Stops an API key from working, at once and for good. Revoking it again changes nothing. An owner can revoke every
    /// key of the account, a SENDER key too.
    async fn revoke_api_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which key.")] input: RevokeApiKeyInput,
    ) -> Result<RevokeApiKeyPayload, ApiError> {
        let viewer = viewer_of(ctx, "revokeApiKey")?;
        let services = services(ctx)?;
        let done = async {
            let key = id(&input.id, &Path::input("id"), "key")?;
            services.revoke_api_key(&viewer, key).await
        };
        let (id, user_errors) = payload(done.await)?;
        Ok(RevokeApiKeyPayload {
            id: id.map(PublicId::encode),
            user_errors,
        })
    }

    /// Stops every API key of an account from working, at once and for good, but the one that asks and those in
    /// keepIds: for when one was stolen, which may have made others.
    async fn revoke_other_api_keys(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which keys.")] input: RevokeOtherApiKeysInput,
    ) -> Result<RevokeOtherApiKeysPayload, ApiError> {
        let viewer = viewer_of(ctx, "revokeOtherApiKeys")?;
        let services = services(ctx)?;
        let done = async {
            let account = input.account_id.as_ref();
            let path = Path::input("keepIds");
            let kept = input.keep_ids.iter().enumerate();
            let others = RevokeOthers {
                account: optional_id(account, &Path::input("accountId"), "account")?,
                kept: kept
                    .map(|(index, key)| id(key, &path.at(index), "key"))
                    .collect::<Result<_, _>>()?,
            };
            services.revoke_other_api_keys(&viewer, others).await
        };
        let (done, user_errors) = payload(done.await)?;
        let account = match done {
            Some((Some(account), _)) => loaders::load(ctx, account).await?.map(Account),
            _ => None,
        };
        Ok(RevokeOtherApiKeysPayload {
            revoked: done.map(|(_, count)| i32::try_from(count).unwrap_or(i32::MAX)),
            account,
            user_errors,
        })
    }
}
