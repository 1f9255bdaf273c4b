//! Authorization by role: a table with a row for every root field, one for every field below (law
//! A1), and one for single uses of a field (law A3). A test fails for a field without a row, and
//! others try every row with every role.
//!
//! Here: the table of root fields, the table of uses, and the one way to query each table. Not
//! here: the fields below ([`edges`]), and which rows a viewer sees, which operations check.

pub mod edges;

use domain::private::Reader as ReadsContacts;
use entity::sql_enums::Role;

pub use edges::{Rows, of};

use super::{
    refusal::OperationError,
    viewer::{Viewer, Visibility},
};

use Role::{AccountManager, Member, Owner, PlatformAdmin, Sender, Viewer as Reader};

/// Which viewers may use a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody, even without a key.
    Anyone,
    /// Keys with these roles; an account's roles for their own account only.
    Roles(&'static [Role]),
}

const ADMIN: Access = Access::Roles(&[PlatformAdmin]);
const PLATFORM: Access = Access::Roles(&[PlatformAdmin, AccountManager]);
const EVERY_KEY: Access =
    Access::Roles(&[PlatformAdmin, AccountManager, Owner, Member, Reader, Sender]);
const READERS: Access = Access::Roles(&[PlatformAdmin, AccountManager, Owner, Member, Reader]);
const OWNERS: Access = Access::Roles(&[PlatformAdmin, Owner]);
const MEMBERS: Access = Access::Roles(&[PlatformAdmin, Owner, Member]);
/// Who buys, and who confirms that it is paid.
const BUYERS: Access = Access::Roles(&[PlatformAdmin, AccountManager, Owner, Member]);
const REPORTERS: Access = Access::Roles(&[PlatformAdmin, AccountManager, Owner]);
const SENDERS: Access = Access::Roles(&[PlatformAdmin, Owner, Member, Sender]);
/// The roles of the platform and its sending service.
const SETTLERS: Access = Access::Roles(&[PlatformAdmin, AccountManager, Sender]);

impl Access {
    /// Whether a key with this role may use the field.
    #[must_use]
    pub fn admits(self, role: Role) -> bool {
        match self {
            Self::Anyone => true,
            Self::Roles(roles) => roles.contains(&role),
        }
    }

    /// The roles that may use the field.
    #[must_use]
    pub fn roles(self) -> &'static [Role] {
        match self {
            Self::Anyone => &[PlatformAdmin, AccountManager, Owner, Member, Reader, Sender],
            Self::Roles(roles) => roles,
        }
    }
}

/// The name of a role in the API.
#[must_use]
pub fn role_name(role: Role) -> &'static str {
    match role {
        PlatformAdmin => "PLATFORM_ADMIN",
        AccountManager => "ACCOUNT_MANAGER",
        Owner => "OWNER",
        Member => "MEMBER",
        Reader => "VIEWER",
        Sender => "SENDER",
    }
}

/// The roles that see what a role without access asked for.
#[must_use]
pub fn roles_of(visibility: Visibility) -> &'static [Role] {
    match visibility {
        Visibility::Administrators => ADMIN.roles(),
        // Keys of another account have its roles, but not its rows.
        Visibility::Account(_) | Visibility::Platform => PLATFORM.roles(),
        Visibility::Everyone => EVERY_KEY.roles(),
    }
}

/// The roles that may use a root field in this way.
#[must_use]
pub fn roles_for(what: Use) -> &'static [Role] {
    let row = USES.iter().find(|(used, _, _)| *used == what);
    row.map_or(&[], |(_, access, _)| access.roles())
}

/// Every root field of the schema and its access.
pub const POLICY: &[(&str, Access)] = &[
    ("node", EVERY_KEY),
    ("nodes", EVERY_KEY),
    ("viewer", EVERY_KEY),
    ("account", EVERY_KEY),
    ("accounts", PLATFORM),
    // A platform key can do everything, so only platform administrators see which keys exist.
    ("platformApiKeys", ADMIN),
    // They are of these keys too.
    ("platformSettingChanges", ADMIN),
    ("creditPackages", EVERY_KEY),
    ("rateCards", EVERY_KEY),
    ("segmentation", Access::Anyone),
    ("quote", EVERY_KEY),
    ("usageReport", READERS),
    ("usageReportDownload", READERS),
    // For roles that may import. Nobody else sends files, which take slots and disk space.
    ("contactImportPreview", MEMBERS),
    // The schema, which introspection shows as well; both are off in production.
    ("_service", Access::Anyone),
    ("_entities", EVERY_KEY),
    ("createAccount", ADMIN),
    ("updateAccount", OWNERS),
    ("createAccessToken", OWNERS),
    ("createApiKey", OWNERS),
    ("revokeApiKey", OWNERS),
    ("rotateApiKey", OWNERS),
    ("revokeOtherApiKeys", OWNERS),
    ("createContactList", MEMBERS),
    ("updateContactList", MEMBERS),
    ("archiveContactList", MEMBERS),
    ("restoreContactList", MEMBERS),
    ("importContacts", MEMBERS),
    ("cancelContactImport", MEMBERS),
    ("addContacts", MEMBERS),
    ("updateContact", MEMBERS),
    ("removeContacts", MEMBERS),
    // It can't be undone, and who answers for the data of an account decides about it.
    ("erasePerson", REPORTERS),
    ("exportMessages", READERS),
    ("exportTransactions", READERS),
    ("exportContacts", READERS),
    ("createCreditPackage", ADMIN),
    ("updateCreditPackage", ADMIN),
    ("archiveCreditPackage", ADMIN),
    ("reorderCreditPackages", ADMIN),
    ("publishRateCard", ADMIN),
    ("purchaseCredits", MEMBERS),
    // Whoever has seen the money says that it has come, and that is never who owes it.
    ("confirmPurchase", PLATFORM),
    ("cancelPurchase", BUYERS),
    ("grantCredits", PLATFORM),
    ("revokeCredits", PLATFORM),
    ("allocateCredits", MEMBERS),
    ("updateAutoRecharge", OWNERS),
    ("updateMonthlyReports", REPORTERS),
    // Its credentials charge the shop or customer.
    ("connectPayments", ADMIN),
    ("disconnectPayments", ADMIN),
    ("scheduleMessage", SENDERS),
    ("updateMessage", SENDERS),
    ("sendMessage", SENDERS),
    ("settleMessage", SENDERS),
    ("cancelMessage", SENDERS),
    ("balanceChanged", EVERY_KEY),
    ("messageChanged", EVERY_KEY),
    ("purchaseChanged", READERS),
    ("contactImportProgress", READERS),
];

/// Root fields that only a key itself may use: an access token lies in a page, and must not become
/// anything that outlives it.
pub const KEYS_ONLY: &[&str] = &[
    "platformApiKeys",
    "createAccessToken",
    "createApiKey",
    "revokeApiKey",
    "rotateApiKey",
    "revokeOtherApiKeys",
];

/// Whether a field shows keys, which access tokens may not see.
fn shows_keys(name: &str, field: &str) -> bool {
    name == "ApiKey" || (name == "Account" && field == "apiKeys")
}

/// A use of a root field that isn't open to everybody who may use the field, or that one might
/// think isn't.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// `updateAccount` with `settlement`.
    SetSettlement,
    /// `updateAccount` with `rateCardId`.
    SetRateCard,
    /// `updateAccount` with `subscriptionFee`.
    SetSubscriptionFee,
    /// `updateAccount` with `retentionMonths`.
    SetRetention,
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
    /// `cancelMessage` from the message's sendAt on. Nobody may if the server settles (law H3).
    CancelAfterSendAt,
}

/// Who may use a root field in which way, and why, among those who may use the field at all. Law
/// A3: the cost of a message is decided by the server or the platform's sending service, not by its
/// payer.
pub const USES: &[(Use, Access, &str)] = &[
    (
        Use::SetSettlement,
        PLATFORM,
        "by whose word messages are charged is the platform's to say",
    ),
    (Use::SetRateCard, ADMIN, "prices are the platform's"),
    (
        Use::SetSubscriptionFee,
        ADMIN,
        "what an account pays the platform is the platform's to say",
    ),
    (
        Use::SetRetention,
        ADMIN,
        "how long texts are kept is in the platform's contracts, and what is erased can't come back",
    ),
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

/// Whether a viewer who may use the root field may use it in this way.
#[must_use]
pub fn may(viewer: &Viewer, what: Use) -> bool {
    let row = USES.iter().find(|(used, _, _)| *used == what);
    match row.map(|(_, access, _)| *access) {
        Some(Access::Anyone) => true,
        Some(Access::Roles(roles)) => roles.contains(&viewer.role),
        None => false,
    }
}

/// The access of a root field; nobody has access to a field without a row.
#[must_use]
pub fn access(field: &str) -> Access {
    POLICY
        .iter()
        .find(|(name, _)| *name == field)
        .map_or(Access::Roles(&[]), |(_, access)| *access)
}

/// Returns the viewer if it may use the root field.
///
/// # Errors
/// `Unauthenticated` without a key; `Forbidden` if the role may not use the field; `NeedsKey` for
/// an access token if only keys may.
pub fn authorise(viewer: Option<&Viewer>, field: &str) -> Result<Viewer, OperationError> {
    let viewer = viewer.ok_or(OperationError::Unauthenticated)?;
    let access = access(field);
    if !access.admits(viewer.role) {
        return Err(OperationError::Forbidden(access.roles()));
    }
    if viewer.token.is_some() && KEYS_ONLY.contains(&field) {
        return Err(OperationError::NeedsKey(access.roles()));
    }
    Ok(viewer.clone())
}

/// The access of a field in a type's rows; nobody has access to a field without a row.
#[must_use]
pub fn row(rows: Rows, field: &str) -> Access {
    rows.iter()
        .find(|(_, fields)| fields.contains(&field))
        .map_or(Access::Roles(&[]), |(access, _)| *access)
}

/// Checks that the viewer may read a field of a type.
///
/// # Errors
/// `Forbidden` if its role may not; `NeedsKey` if it is an access token, and the field shows keys.
pub fn may_read(viewer: &Viewer, name: &str, field: &str) -> Result<(), OperationError> {
    let access = row(edges::rows(name), field);
    if !access.admits(viewer.role) {
        return Err(OperationError::Forbidden(access.roles()));
    }
    if viewer.token.is_some() && shows_keys(name, field) {
        return Err(OperationError::NeedsKey(access.roles()));
    }
    Ok(())
}

/// Whether nodes of a type exist for the viewer, which is whether it may read their ids.
#[must_use]
pub fn exists_for(viewer: &Viewer, name: &str) -> bool {
    may_read(viewer, name, "id").is_ok()
}

/// Contact data is readable for viewers that may read the fields of a contact.
impl ReadsContacts for Viewer {
    type Refusal = OperationError;

    fn may_read_contacts(&self) -> Result<(), OperationError> {
        may_read(self, "Contact", "fields")
    }
}
