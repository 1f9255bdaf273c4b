//! Who is asking: a role, and the account that it is for.

use domain::id::{AccountId, ApiKeyId};
use entity::{api_key, sql_enums::Role};

use crate::store::sql::reader::Owner;

/// Who is asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Viewer {
    /// The key that was shown; none for the server's own admin key.
    pub key: Option<ApiKeyId>,
    /// What it may do.
    pub role: Role,
    /// The only account that it sees; `None` for a platform role, which sees all.
    pub account: Option<AccountId>,
}

impl Viewer {
    /// Whether it sees what belongs to an account.
    #[must_use]
    pub fn sees(&self, account: AccountId) -> bool {
        self.account.is_none_or(|own| own == account)
    }

    /// Whether it sees a key: an account's, of an account that it sees; the platform's own, if it is an
    /// administrator's.
    #[must_use]
    pub fn sees_key(&self, row: &api_key::Model) -> bool {
        match row.account_id {
            Some(account) => self.sees(AccountId::new(account)),
            None => self.role == Role::PlatformAdmin,
        }
    }

    /// Whose share of the readers' connections it uses.
    #[must_use]
    pub fn reads_as(&self) -> Owner {
        self.account
            .map_or(Owner::Platform(self.key), Owner::Account)
    }

    /// Whether it speaks for the platform rather than for one account.
    #[must_use]
    pub fn is_platform(&self) -> bool {
        self.account.is_none()
    }
}
