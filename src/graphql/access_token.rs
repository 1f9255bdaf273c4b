//! Access tokens: the mutation that makes them. A token is shown only when it is made.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::{
    engine::{
        errors::ApiError,
        request::{UserError, optional_id, payload, services, viewer_of},
    },
    scalars::DateTime,
    viewer::Role,
};
use crate::operations::access_token::CreateAccessToken;

/// The settings of a new access token.
#[derive(Debug, InputObject)]
pub struct CreateAccessTokenInput {
    /// The account that the token gives access to. If it is left out, the viewer's own account is
    /// used.
    account_id: Option<ID>,
    /// The role, which decides what the token may do: OWNER, MEMBER or VIEWER.
    role: Role,
    /// Whom the token acts for, of 1 to 100 characters. `Actor.onBehalfOf` shows it with everything
    /// that the token does, for good, so a staff number is better than a name.
    name: String,
    /// For how many minutes the token works: 1 to 60.
    #[graphql(default = 15)]
    minutes: i32,
}

/// The result of createAccessToken.
#[derive(SimpleObject)]
pub struct CreateAccessTokenPayload {
    /// The token, for the header `Authorization: Bearer`. It has at most 1,024 characters, is shown
    /// once and not stored; null if the mutation was refused.
    token: Option<String>,
    /// The instant from which the token no longer works: after the minutes, or when the key that
    /// made it expires, if that is earlier. Null if the mutation was refused.
    expires_at: Option<DateTime>,
    /// Why the mutation was refused; empty if it was done.
    user_errors: Vec<UserError>,
}

/// The mutation that makes access tokens.
#[derive(Debug, Default)]
pub struct AccessTokenMutation;

#[Object]
impl AccessTokenMutation {
    /// Creates an access token, with which a page in a browser calls the API for one person. It
    /// stops working when it expires, or when the key that made it is revoked or expires, and works
    /// from that key's allowed addresses only. With a token nobody sees or changes keys, or makes
    /// tokens. Requires PLATFORM_ADMIN or OWNER.
    async fn create_access_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The settings of the new token.")] input: CreateAccessTokenInput,
    ) -> Result<CreateAccessTokenPayload, ApiError> {
        let viewer = viewer_of(ctx, "createAccessToken")?;
        let services = services(ctx)?;
        let done = async {
            let new = CreateAccessToken {
                account: optional_id(input.account_id.as_ref()),
                role: input.role.into(),
                name: input.name,
                minutes: input.minutes,
            };
            services.create_access_token(&viewer, new).await
        };
        let (token, user_errors) = payload(done.await)?;
        Ok(CreateAccessTokenPayload {
            token: token.as_ref().map(|token| token.text().to_owned()),
            expires_at: token.map(|token| token.expires_at().into()),
            user_errors,
        })
    }
}
