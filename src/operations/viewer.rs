//! Who is asking: a role, and the account that it is for.

use domain::id::{AccountId, ApiKeyId};
use entity::sql_enums::Role;

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

    /// Whether it speaks for the platform rather than for one account.
    #[must_use]
    pub fn is_platform(&self) -> bool {
        self.account.is_none()
    }
}
