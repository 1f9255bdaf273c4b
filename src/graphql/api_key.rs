//! API keys: the node, its connection, and the mutations that create and revoke keys. A secret is
//! shown only when its key is created.

mod edges;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use domain::id::{AccountId, ApiKeyId};
use entity::api_key;
use secrecy::ExposeSecret;

use super::{
    account::Account,
    engine::{
        errors::ApiError,
        ids::PublicId,
        loaders,
        paging::{Nodes, connection, sorted},
        request::{UserError, id, optional_id, payload, reader, services, viewer_of},
    },
    last_change::ApiKeyFilterInput,
    scalars::DateTime,
    sorting::ApiKeySortKey,
    viewer::Role,
};
use crate::operations::{
    OperationError,
    api_key::{AllowedAddresses, CreateApiKey, RevokeOthers, Unread, updated_at},
    last_change::AskedLastChanges,
    reader::Window,
};

/// An API key without its secret.
#[derive(Debug, Clone)]
pub struct ApiKey(pub api_key::Model);

/// An API key without its secret, of which only a hash is stored. Owners see their account's keys,
/// platform roles those of every account. Requires PLATFORM_ADMIN, ACCOUNT_MANAGER or OWNER.
#[Object]
impl ApiKey {
    /// The key's id, for revokeApiKey.
    pub(super) async fn id(&self) -> ID {
        ApiKeyId::new(self.0.id).encode()
    }

    /// The name given when the key was made.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The account that the key gives access to; null for keys of platform roles.
    async fn account(&self, ctx: &Context<'_>) -> Option<Result<Account, ApiError>> {
        let account = AccountId::new(self.0.account_id?);
        let found = loaders::load(ctx, account).await.transpose()?;
        Some(found.map(Account))
    }

    /// The first nine characters of the secret, such as `mc_3fA9k2`, by which people tell keys
    /// apart; null for keys from before they were kept.
    async fn prefix(&self) -> Option<&str> {
        self.0.prefix.as_deref()
    }

    /// The role, which decides what the key may do.
    async fn role(&self) -> Role {
        self.0.role.into()
    }

    /// The IP networks from which the key works, such as `203.0.113.0/24`; empty if it works from
    /// everywhere.
    async fn allowed_addresses(&self) -> Vec<&str> {
        let networks = self.0.allowed_addresses.iter();
        networks.flat_map(|text| text.split(',')).collect()
    }

    /// Whether the key, and the access tokens that it makes, run the operator's trusted documents
    /// only.
    async fn trusted_documents_only(&self) -> bool {
        self.0.trusted_documents_only
    }

    /// The instant at which the key was made.
    async fn created_at(&self) -> DateTime {
        DateTime::from_micros(self.0.created_at)
    }

    /// The instant of the last use, exact to about an hour; null if the key was never used.
    async fn last_used_at(&self) -> Option<DateTime> {
        self.0.last_used_at.map(DateTime::from_micros)
    }

    /// The instant from which the key no longer works; null if it doesn't expire.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.expires_at.map(DateTime::from_micros)
    }

    /// The instant at which the key was revoked; null if it wasn't.
    async fn revoked_at(&self) -> Option<DateTime> {
        self.0.revoked_at.map(DateTime::from_micros)
    }

    /// The instant at which the key was made, was revoked, or got another expiry, whichever was
    /// last. Its use is no change.
    async fn updated_at(&self) -> DateTime {
        DateTime::from_micros(updated_at(&self.0))
    }
}

connection!(ApiKey, ApiKeyConnection, ApiKeyEdge, "API keys");

/// A page of the keys of an account, or of the platform.
pub(super) async fn connection(
    ctx: &Context<'_>,
    account: Option<AccountId>,
    changed: AskedLastChanges,
    (sort, window): (ApiKeySortKey, Window),
) -> Result<ApiKeyConnection, ApiError> {
    let reader = reader(ctx)?;
    let keys = reader.api_keys(account, changed, sort.into(), window);
    let keys = keys.await?;
    Ok(ApiKeyConnection(Nodes::new(keys, ApiKey)))
}

/// The root field that lists the platform's own keys.
#[derive(Debug, Default)]
pub struct ApiKeyQuery;

#[Object]
impl ApiKeyQuery {
    /// The platform's own API keys, including revoked ones. The key that the server was started
    /// with is not listed. Requires PLATFORM_ADMIN.
    async fn platform_api_keys(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "Conditions that the returned nodes meet. If it is left out, all are returned."
        )]
        filter: Option<ApiKeyFilterInput>,
        #[graphql(default, desc = "What the nodes are sorted by, and which are first.")]
        sort_key: ApiKeySortKey,
    ) -> Result<ApiKeyConnection, ApiError> {
        viewer_of(ctx, "platformApiKeys")?;
        let window = sorted(ctx, None, &sort_key)?;
        connection(ctx, None, filter.into(), (sort_key, window)).await
    }
}

/// The settings of a new API key.
#[derive(Debug, InputObject)]
pub struct CreateApiKeyInput {
    /// The account that the key gives access to. If it is left out, the viewer's own account is
    /// used; keys of platform roles have none.
    account_id: Option<ID>,
    /// The role, which decides what the key may do. Only platform administrators make keys of
    /// platform roles and SENDER keys.
    role: Role,
    /// The name that people see, of 1 to 200 characters.
    name: String,
    /// The instant from which the key no longer works, which must be in the future. If it is left
    /// out, the key doesn't expire.
    expires_at: Option<DateTime>,
    /// The IP networks from which the key works, at most 20: such as `203.0.113.0/24`, a single
    /// IPv4 address, or for IPv6 a network of at most 64 bits such as `2001:db8:1::/48`. From other
    /// addresses it is refused with FORBIDDEN. If none is given, it works from everywhere.
    #[graphql(default)]
    allowed_addresses: Vec<String>,
    /// Whether the key runs the operator's trusted documents only, and refuses all others with
    /// QUERY_NOT_IN_SAFELIST or PERSISTED_QUERY_NOT_IN_LIST. Must be false on a server without
    /// trusted documents.
    #[graphql(default)]
    trusted_documents_only: bool,
}

/// The result of createApiKey.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct CreateApiKeyPayload {
    /// The new key's id, for revokeApiKey; null if the mutation was refused.
    id: Option<ID>,
    /// The new key; null if the mutation was refused.
    api_key: Option<ApiKey>,
    /// The secret, for the header `Authorization: Bearer`. It is shown once and not stored; null if
    /// the mutation was refused.
    secret: Option<String>,
    /// Why the mutation was refused; empty if it was done.
    user_errors: Vec<UserError>,
}

/// The API key to replace.
#[derive(Debug, InputObject)]
pub struct RotateApiKeyInput {
    /// The id of the API key, which must work still.
    id: ID,
    /// For how many minutes the old key works beside the new one: 0 to 43,200 (30 days). With 0 it
    /// is revoked at once.
    #[graphql(default = 1_440)]
    overlap_minutes: i32,
}

/// The result of rotateApiKey.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct RotateApiKeyPayload {
    /// The new key, with the account, the role, the name, the allowed addresses and the documents
    /// of the old one. If that was made to expire, the new one works for as long from now on. Null
    /// if the mutation was refused.
    api_key: Option<ApiKey>,
    /// The old key, which expires after the overlap, or earlier if it was made to; null if the
    /// mutation was refused.
    previous: Option<ApiKey>,
    /// The new key's secret, for the header `Authorization: Bearer`. It is shown once and not
    /// stored; null if the mutation was refused.
    secret: Option<String>,
    /// Why the mutation was refused; empty if it was done.
    user_errors: Vec<UserError>,
}

/// The API key to revoke.
#[derive(Debug, InputObject)]
pub struct RevokeApiKeyInput {
    /// The id of the API key.
    id: ID,
}

/// The result of revokeApiKey.
#[derive(Debug, SimpleObject)]
pub struct RevokeApiKeyPayload {
    /// The revoked key's id; null if the mutation was refused.
    id: Option<ID>,
    /// The revoked key; null if the mutation was refused.
    api_key: Option<ApiKey>,
    /// Why the mutation was refused; empty if it was done.
    user_errors: Vec<UserError>,
}

/// The account whose API keys are revoked, and those to keep.
#[derive(Debug, InputObject)]
pub struct RevokeOtherApiKeysInput {
    /// The account whose keys are revoked. If it is left out, the viewer's own account is used, or
    /// for a platform administrator the platform's own keys.
    account_id: Option<ID>,
    /// The ids of keys that stay valid beside the one used for this request, at most 100.
    #[graphql(default)]
    keep_ids: Vec<ID>,
}

/// The result of revokeOtherApiKeys.
#[derive(Debug, SimpleObject)]
pub struct RevokeOtherApiKeysPayload {
    /// The number of keys that were revoked; null if the mutation was refused.
    revoked_count: Option<i32>,
    /// The account whose keys were revoked; null for the platform's own keys, or if the mutation
    /// was refused.
    account: Option<Account>,
    /// Why the mutation was refused; empty if it was done.
    user_errors: Vec<UserError>,
}

/// A key as it is after a mutation of it.
async fn as_it_is(ctx: &Context<'_>, id: Option<ApiKeyId>) -> Result<Option<ApiKey>, ApiError> {
    match id {
        Some(id) => {
            let row = reader(ctx)?.by_key(id).await;
            Ok(row.map_err(OperationError::from)?.map(ApiKey))
        }
        None => Ok(None),
    }
}

/// The mutations that create, replace and revoke keys.
#[derive(Debug, Default)]
pub struct ApiKeyMutation;

#[Object]
impl ApiKeyMutation {
    /// Creates an API key. Its secret is shown only in this answer. Requires PLATFORM_ADMIN or
    /// OWNER.
    async fn create_api_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The settings of the new key.")] input: CreateApiKeyInput,
    ) -> Result<CreateApiKeyPayload, ApiError> {
        let viewer = viewer_of(ctx, "createApiKey")?;
        let services = services(ctx)?;
        let done = async {
            let new = CreateApiKey {
                account: optional_id(input.account_id.as_ref()),
                role: input.role.into(),
                name: input.name,
                expires_at: None,
                allowed: AllowedAddresses::default(),
                trusted_documents_only: input.trusted_documents_only,
            };
            let expires_at = input.expires_at.map(|at| at.0);
            let unread = Unread {
                expires_at: expires_at.as_deref(),
                allowed_addresses: &input.allowed_addresses,
            };
            services.create_api_key(&viewer, new, unread).await
        };
        let (done, user_errors) = payload(done.await)?;
        let (id, secret) = done.unzip();
        Ok(CreateApiKeyPayload {
            id: id.map(PublicId::encode),
            api_key: as_it_is(ctx, id).await?,
            secret: secret.map(|secret| secret.expose_secret().to_owned()),
            user_errors,
        })
    }

    /// Replaces an API key by a new one, and lets the old one work for a while, so that programs
    /// that use it can change over. Its secret is shown only in this answer. Requires
    /// PLATFORM_ADMIN or OWNER.
    async fn rotate_api_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The key to replace.")] input: RotateApiKeyInput,
    ) -> Result<RotateApiKeyPayload, ApiError> {
        let viewer = viewer_of(ctx, "rotateApiKey")?;
        let services = services(ctx)?;
        let done = async {
            let old = id(&input.id);
            let made = services.rotate_api_key(&viewer, old, input.overlap_minutes);
            let (new, secret) = made.await?;
            Ok((old, new, secret))
        };
        let (done, user_errors) = payload(done.await)?;
        let (old, new) = match &done {
            Some((old, new, _)) => (Some(*old), Some(*new)),
            None => (None, None),
        };
        Ok(RotateApiKeyPayload {
            api_key: as_it_is(ctx, new).await?,
            previous: as_it_is(ctx, old).await?,
            secret: done.map(|(_, _, secret)| secret.expose_secret().to_owned()),
            user_errors,
        })
    }

    /// Revokes an API key at once and for good. Revoking it again changes nothing. An owner can
    /// revoke every key of the account, including SENDER keys. Requires PLATFORM_ADMIN or OWNER.
    async fn revoke_api_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The key to revoke.")] input: RevokeApiKeyInput,
    ) -> Result<RevokeApiKeyPayload, ApiError> {
        let viewer = viewer_of(ctx, "revokeApiKey")?;
        let services = services(ctx)?;
        let done = async {
            let key = id(&input.id);
            services.revoke_api_key(&viewer, key).await
        };
        let (id, user_errors) = payload(done.await)?;
        Ok(RevokeApiKeyPayload {
            id: id.map(PublicId::encode),
            api_key: as_it_is(ctx, id).await?,
            user_errors,
        })
    }

    /// Revokes every API key of an account except the one used for this request and those in
    /// keepIds. Use it if a key was stolen, which may have been used to make others. Requires
    /// PLATFORM_ADMIN or OWNER.
    async fn revoke_other_api_keys(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The account and the keys to keep.")] input: RevokeOtherApiKeysInput,
    ) -> Result<RevokeOtherApiKeysPayload, ApiError> {
        let viewer = viewer_of(ctx, "revokeOtherApiKeys")?;
        let services = services(ctx)?;
        let done = async {
            let account = input.account_id.as_ref();
            let others = RevokeOthers {
                account: optional_id(account),
                kept: input.keep_ids.iter().map(id).collect(),
            };
            services.revoke_other_api_keys(&viewer, others).await
        };
        let (done, user_errors) = payload(done.await)?;
        let account = match done {
            Some((Some(account), _)) => loaders::load(ctx, account).await?.map(Account),
            _ => None,
        };
        Ok(RevokeOtherApiKeysPayload {
            revoked_count: done.map(|(_, count)| i32::try_from(count).unwrap_or(i32::MAX)),
            account,
            user_errors,
        })
    }
}
