//! Who may do what: one table with a row for every root field (law A1). A test fails for a root field
//! without a row, and another tries every row with every role.

use entity::sql_enums::Role;

use super::{refusal::OperationError, viewer::Viewer};

use Role::{AccountManager, Member, Owner, PlatformAdmin, Sender, Viewer as Reader};

/// Who may use a root field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody, without a key.
    Anyone,
    /// These roles; an account's roles for their own account only.
    Roles(&'static [Role]),
}

const ADMIN: Access = Access::Roles(&[PlatformAdmin]);
const PLATFORM: Access = Access::Roles(&[PlatformAdmin, AccountManager]);
const EVERY_KEY: Access =
    Access::Roles(&[PlatformAdmin, AccountManager, Owner, Member, Reader, Sender]);
const READERS: Access = Access::Roles(&[PlatformAdmin, AccountManager, Owner, Member, Reader]);
const OWNERS: Access = Access::Roles(&[PlatformAdmin, Owner]);
const MEMBERS: Access = Access::Roles(&[PlatformAdmin, Owner, Member]);
const REPORTERS: Access = Access::Roles(&[PlatformAdmin, AccountManager, Owner]);
const SENDERS: Access = Access::Roles(&[PlatformAdmin, Owner, Member, Sender]);

/// Every root field of the schema and who may use it.
pub const POLICY: &[(&str, Access)] = &[
    ("node", EVERY_KEY),
    ("nodes", EVERY_KEY),
    ("viewer", EVERY_KEY),
    ("account", EVERY_KEY),
    ("accounts", PLATFORM),
    ("creditPackages", EVERY_KEY),
    ("rateCards", EVERY_KEY),
    ("segmentation", Access::Anyone),
    ("quote", EVERY_KEY),
    ("usageReport", READERS),
    ("createAccount", ADMIN),
    ("updateAccount", OWNERS),
    ("createApiKey", OWNERS),
    ("revokeApiKey", OWNERS),
    ("createContactList", MEMBERS),
    ("updateContactList", MEMBERS),
    ("archiveContactList", MEMBERS),
    ("importContacts", MEMBERS),
    ("removeContacts", MEMBERS),
    ("createCreditPackage", ADMIN),
    ("archiveCreditPackage", ADMIN),
    ("publishRateCard", ADMIN),
    ("purchaseCredits", MEMBERS),
    ("grantCredits", PLATFORM),
    ("revokeCredits", PLATFORM),
    ("allocateCredits", MEMBERS),
    ("updateAutoRecharge", OWNERS),
    ("updateMonthlyReports", REPORTERS),
    ("scheduleMessage", SENDERS),
    ("sendMessage", SENDERS),
    ("settleMessage", SENDERS),
    ("cancelMessage", SENDERS),
    ("balanceChanged", READERS),
    ("contactImportProgress", READERS),
];

/// Who may use a root field; nobody where it has no row.
#[must_use]
pub fn access(field: &str) -> Access {
    POLICY
        .iter()
        .find(|(name, _)| *name == field)
        .map_or(Access::Roles(&[]), |(_, access)| *access)
}

/// The viewer, where the root field is open to it.
///
/// # Errors
/// Unauthenticated without a key, Forbidden for a role that may not.
pub fn authorise(viewer: Option<&Viewer>, field: &str) -> Result<Viewer, OperationError> {
    let viewer = viewer.ok_or(OperationError::Unauthenticated)?;
    match access(field) {
        Access::Anyone => Ok(*viewer),
        Access::Roles(roles) if roles.contains(&viewer.role) => Ok(*viewer),
        Access::Roles(_) => Err(OperationError::Forbidden),
    }
}
