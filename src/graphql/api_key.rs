//! API keys: the mutations that make and revoke them. A key itself is never read back.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use secrecy::ExposeSecret;

use super::{
    errors::ApiError,
    ids::PublicId,
    request::{UserError, id, optional_id, payload, services, viewer_of},
    viewer::Role,
};
use crate::operations::{Path, api_key::CreateApiKey};

/// A new API key.
#[derive(Debug, InputObject)]
pub struct CreateApiKeyInput {
    /// Which account it opens; the viewer's own where left out. Platform roles have none.
    account_id: Option<ID>,
    /// What it may do. Platform roles and SENDER are given by platform administrators only.
    role: Role,
    /// What people know it by; 1 to 200 characters.
    name: String,
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
}
