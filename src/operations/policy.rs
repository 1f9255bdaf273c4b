//! Who may do what: a table with a row for every root field, one for every field below (law A1), and one of what a
//! field may be used for (law A3). Tests fail for a field without a row, and others try every row with every role.
//!
//! Here: the table of root fields, what they may be used for, and the one way to ask each table. Not here: the fields
//! below, which are [`edges`]; whose things a viewer sees, which operations check.

pub mod edges;

use domain::private::Reader as ReadsContacts;
use entity::sql_enums::Role;

pub use edges::{Rows, of};

use super::{refusal::OperationError, viewer::Viewer};

use Role::{AccountManager, Member, Owner, PlatformAdmin, Sender, Viewer as Reader};

/// Who may use a field.
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
/// The platform and its sending service.
const SETTLERS: Access = Access::Roles(&[PlatformAdmin, AccountManager, Sender]);

impl Access {
    /// Whether it is open to a key of this role.
    #[must_use]
    pub fn admits(self, role: Role) -> bool {
        match self {
            Self::Anyone => true,
            Self::Roles(roles) => roles.contains(&role),
        }
    }
}

/// Every root field of the schema and who may use it.
pub const POLICY: &[(&str, Access)] = &[
    ("node", EVERY_KEY),
    ("nodes", EVERY_KEY),
    ("viewer", EVERY_KEY),
    ("account", EVERY_KEY),
    ("accounts", PLATFORM),
    // Who holds the platform's keys can do everything: only its administrators see which there are.
    ("platformApiKeys", ADMIN),
    ("creditPackages", EVERY_KEY),
    ("rateCards", EVERY_KEY),
    ("segmentation", Access::Anyone),
    ("quote", EVERY_KEY),
    ("usageReport", READERS),
    // Whoever may import; nobody else sends files, which take places and disk.
    ("contactImportPreview", MEMBERS),
    ("createAccount", ADMIN),
    ("updateAccount", OWNERS),
    ("createApiKey", OWNERS),
    ("revokeApiKey", OWNERS),
    ("revokeOtherApiKeys", OWNERS),
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
    ("balanceChanged", EVERY_KEY),
    ("contactImportProgress", READERS),
];

/// What a root field may be used for, where that is not for all who may use the field, or where one might think so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// `updateAccount` with `settlement`.
    SetSettlement,
    /// `updateAccount` with `rateCardId`.
    SetRateCard,
    /// `createApiKey` with the role SENDER.
    MakeSenderKey,
    /// `revokeApiKey` of a SENDER key.
    RevokeSenderKey,
    /// `settleMessage` with `sent`.
    ReportSent,
    /// `settleMessage` without `sent`.
    SettleInFull,
    /// `cancelMessage` before the message's sendAt.
    CancelBeforeSendAt,
    /// `cancelMessage` from its sendAt on. If the server settles, nobody may (law H3).
    CancelAfterSendAt,
}

/// Who may use a root field for what, of those who may use the field, and why. Law A3: what a message costs is not
/// decided by who pays for it, but by the server or by the platform's sending service.
pub const USES: &[(Use, Access, &str)] = &[
    (
        Use::SetSettlement,
        PLATFORM,
        "by whose word messages are charged is the platform's to say",
    ),
    (Use::SetRateCard, ADMIN, "prices are the platform's"),
    (
        Use::MakeSenderKey,
        PLATFORM,
        "what its holder reports is charged, and the sending service is the platform's",
    ),
    (
        Use::RevokeSenderKey,
        OWNERS,
        "a leaked key spends the account's credits and must stop at once; nothing is gained: what is held stays held until the platform settles it",
    ),
    (
        Use::ReportSent,
        SETTLERS,
        "only who sends knows what was sent; who pays would report less",
    ),
    (
        Use::SettleInFull,
        SENDERS,
        "it charges the account for all that it planned, so nobody else loses by it",
    ),
    (Use::CancelBeforeSendAt, SENDERS, "nothing was sent yet"),
    (
        Use::CancelAfterSendAt,
        SETTLERS,
        "it may have been sent: only who sends knows",
    ),
];

/// Whether the viewer may use a root field for this, if it may use the field.
#[must_use]
pub fn may(viewer: &Viewer, what: Use) -> bool {
    let row = USES.iter().find(|(used, _, _)| *used == what);
    match row.map(|(_, access, _)| *access) {
        Some(Access::Anyone) => true,
        Some(Access::Roles(roles)) => roles.contains(&viewer.role),
        None => false,
    }
}

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
    if access(field).admits(viewer.role) {
        Ok(*viewer)
    } else {
        Err(OperationError::Forbidden)
    }
}

/// Who may read a field of a type whose rows these are; nobody if it has none.
#[must_use]
pub fn row(rows: Rows, field: &str) -> Access {
    rows.iter()
        .find(|(_, fields)| fields.contains(&field))
        .map_or(Access::Roles(&[]), |(access, _)| *access)
}

/// That the viewer may read a field of a type.
///
/// # Errors
/// Forbidden.
pub fn may_read(viewer: &Viewer, name: &str, field: &str) -> Result<(), OperationError> {
    if row(edges::rows(name), field).admits(viewer.role) {
        Ok(())
    } else {
        Err(OperationError::Forbidden)
    }
}

/// Whether nodes of a type exist for the viewer: whether it may read their ids.
#[must_use]
pub fn exists_for(viewer: &Viewer, name: &str) -> bool {
    may_read(viewer, name, "id").is_ok()
}

/// What is known of contacts is shown to whoever may read the fields of one.
impl ReadsContacts for Viewer {
    type Refusal = OperationError;

    fn may_read_contacts(&self) -> Result<(), OperationError> {
        may_read(self, "Contact", "fields")
    }
}
