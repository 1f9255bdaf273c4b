//! The viewer of a request: its role and its account.

use domain::id::{AccountId, ApiKeyId};
use entity::{api_key, sql_enums::Role};

use crate::store::sql::reader::Owner;

/// Who makes a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Viewer {
    /// The key of the request; `None` for the server's own admin key.
    pub key: Option<ApiKeyId>,
    /// The role of the key.
    pub role: Role,
    /// The only account that it sees; `None` for a platform role, which sees all accounts.
    pub account: Option<AccountId>,
}

impl Viewer {
    /// Whether it sees what belongs to an account.
    #[must_use]
    pub fn sees(&self, account: AccountId) -> bool {
        self.account.is_none_or(|own| own == account)
    }

    /// Whether it sees a key. It sees the keys of accounts that it sees; an administrator also sees
    /// the platform's keys.
    #[must_use]
    pub fn sees_key(&self, row: &api_key::Model) -> bool {
        match row.account_id {
            Some(account) => self.sees(AccountId::new(account)),
            None => self.role == Role::PlatformAdmin,
        }
    }

    /// Who owns its share of the connections for readers.
    #[must_use]
    pub fn reads_as(&self) -> Owner {
        self.account
            .map_or(Owner::Platform(self.key), Owner::Account)
    }

    /// Whether it acts for the platform rather than for one account.
    #[must_use]
    pub fn is_platform(&self) -> bool {
        self.account.is_none()
    }
}
