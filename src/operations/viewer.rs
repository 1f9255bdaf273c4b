//! The viewer of a request: its role and its account.
//!
//! Here: a viewer, and which rows it sees. Not here: reading them ([`super::reader`]), and which
//! fields its role may use ([`super::policy`]).

use std::sync::Arc;

use domain::id::{AccountId, ApiKeyId};
use entity::sql_enums::Role;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{access_token::Token, input, refusal::Path};
use crate::store::actor::Actor;
pub use crate::store::sql::reader::Owner;

/// Who makes a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    /// The key of the request; `None` for the server's own admin key, and for a token of the OpenID
    /// provider.
    pub key: Option<ApiKeyId>,
    /// The role of the key.
    pub role: Role,
    /// The only account that it sees; `None` for a platform role, which sees all accounts.
    pub account: Option<AccountId>,
    /// The label of whom it acts for, if the request says so, or its access token; the subject of a
    /// token of the OpenID provider.
    pub on_behalf_of: Option<Arc<str>>,
    /// The token of the request, which `key` or the OpenID provider made; `None` if the request
    /// shows a key itself.
    pub token: Option<Token>,
    /// Whether its key runs the operator's trusted documents only.
    pub trusted_documents_only: bool,
}

/// Who sees a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Visibility {
    /// The account's own keys, and the platform's.
    Account(AccountId),
    /// The platform's keys.
    Platform,
    /// The keys of platform administrators.
    Administrators,
    /// Every key.
    Everyone,
}

impl Viewer {
    /// Whether it sees what these see.
    #[must_use]
    pub fn may_see(&self, visibility: Visibility) -> bool {
        match visibility {
            Visibility::Account(account) => self.account.is_none_or(|own| own == account),
            Visibility::Platform => self.is_platform(),
            Visibility::Administrators => self.role == Role::PlatformAdmin,
            Visibility::Everyone => true,
        }
    }

    /// This viewer, acting for whom a label names.
    ///
    /// # Errors
    /// What is wrong with the label, and what would be right.
    pub fn acting_for(self, label: &str) -> Result<Self, String> {
        if self.token.is_some() {
            return Err(
                "Must be left out with an access token, which names whom it acts for.".to_owned(),
            );
        }
        let label = input::label(label, &Path::argument("onBehalfOf"));
        let label = label.map_err(|refusal| refusal.message.english())?;
        Ok(Self {
            on_behalf_of: Some(label.into()),
            ..self
        })
    }

    /// The actor of what it does (law B7).
    #[must_use]
    pub fn actor(&self) -> Actor {
        if let Some(issuer) = self.issuer() {
            return Actor::User {
                issuer: issuer.clone(),
                subject: self.on_behalf_of.clone().unwrap_or_default(),
                is_platform: self.is_platform(),
            };
        }
        Actor::Key {
            id: self.key,
            on_behalf_of: self.on_behalf_of.clone(),
        }
    }

    /// Who owns its share of the connections for readers.
    #[must_use]
    pub fn reads_as(&self) -> Owner {
        self.account
            .map_or(Owner::Platform(self.share()), Owner::Account)
    }

    /// Whose limits it uses up: those of its key, or of the subject of the OpenID provider, who is
    /// given an id of the same kind; `None` for the server's own admin key.
    #[must_use]
    pub fn share(&self) -> Option<ApiKeyId> {
        if self.issuer().is_none() {
            return self.key;
        }
        let subject = self.on_behalf_of.as_deref().unwrap_or_default();
        let digest = Sha256::digest(subject.as_bytes());
        let first = digest.first_chunk::<16>().copied().unwrap_or_default();
        Some(ApiKeyId::new(Uuid::from_bytes(first)))
    }

    fn issuer(&self) -> Option<&Arc<str>> {
        self.token.as_ref().and_then(Token::issuer)
    }

    /// Whether it acts for the platform rather than for one account.
    #[must_use]
    pub fn is_platform(&self) -> bool {
        self.account.is_none()
    }
}

#[cfg(test)]
mod tests {
    use domain::id::AccountId;
    use entity::sql_enums::Role;
    use uuid::Uuid;

    use super::{Viewer, Visibility};

    #[test]
    fn a_viewer_sees_its_own_account_and_what_is_for_everyone() {
        let (own, other) = (
            AccountId::new(Uuid::from_u128(1)),
            AccountId::new(Uuid::from_u128(2)),
        );
        let check = |role, account, expected: [bool; 5]| {
            let viewer = Viewer {
                key: None,
                role,
                account,
                on_behalf_of: None,
                token: None,
                trusted_documents_only: false,
            };
            let seen = [
                Visibility::Account(own),
                Visibility::Account(other),
                Visibility::Platform,
                Visibility::Administrators,
                Visibility::Everyone,
            ];
            assert_eq!(seen.map(|of| viewer.may_see(of)), expected, "{role:?}");
        };
        for role in [Role::Owner, Role::Member, Role::Viewer, Role::Sender] {
            check(role, Some(own), [true, false, false, false, true]);
        }
        check(Role::AccountManager, None, [true, true, true, false, true]);
        check(Role::PlatformAdmin, None, [true; 5]);
    }
}
