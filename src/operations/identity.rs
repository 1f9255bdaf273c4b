//! Whoever shows a token of the OpenID provider.
//!
//! Here: the account that the token names, and the viewer. Not here: whether a token is valid, and
//! which role it says ([`crate::openid`]).

use std::str::FromStr;

use domain::id::AccountId;
use entity::sql_enums::Role;
use type_safe_id::{DynamicType, TypeSafeId};

use super::{OperationError, Services, Viewer, access_token::Token};
use crate::openid::{Identity, Provider, Unreachable};

impl From<Unreachable> for OperationError {
    fn from(_: Unreachable) -> Self {
        Self::Unavailable
    }
}

impl Services {
    /// Whom a token of the provider names; `None` if there is no provider, or it isn't a token of
    /// the provider's that is valid now.
    pub(super) async fn identify(&self, text: &str) -> Result<Option<Identity>, OperationError> {
        match self.openid() {
            Some(provider) => Ok(provider.identify(text, self.clock().now()).await?),
            None => Ok(None),
        }
    }

    /// The viewer who shows this token of the provider; `None` if it isn't valid, or names no
    /// account that exists although its role is one in an account. A platform role opens all
    /// accounts, whichever the token names.
    pub(super) async fn authenticate_identity(
        &self,
        text: &str,
    ) -> Result<Option<Viewer>, OperationError> {
        let (Some(provider), Some(identity)) = (self.openid(), self.identify(text).await?) else {
            return Ok(None);
        };
        let account = match identity.role {
            Role::PlatformAdmin | Role::AccountManager => None,
            Role::Owner | Role::Member | Role::Viewer | Role::Sender => {
                let Some(id) = identity.account.as_deref().and_then(account_id) else {
                    return Ok(None);
                };
                if self.0.reads.accounts.load(id).await?.is_none() {
                    return Ok(None);
                }
                Some(id)
            }
        };
        let issuer = provider.issuer().clone();
        Ok(Some(Viewer {
            key: None,
            role: identity.role,
            account,
            on_behalf_of: Some(identity.subject),
            token: Some(Token::of_provider(text, identity.expires_at, issuer)),
            trusted_documents_only: false,
        }))
    }

    fn openid(&self) -> Option<&Provider> {
        self.0.parts.openid.as_ref()
    }
}

/// The account of an id such as `account_01j…`.
fn account_id(text: &str) -> Option<AccountId> {
    let id = TypeSafeId::<DynamicType>::from_str(text).ok()?;
    (id.type_prefix() == AccountId::PREFIX).then(|| AccountId::new(id.uuid()))
}
