//! Enums that columns store as text.
//!
//! Not here: those of the books ([`books`]), and of the journal of settings ([`settings`]).

mod books;
mod settings;

pub use self::books::{BookName, ConsumptionOrder, LotSource, TransactionKind};
pub use self::settings::SettingKind;

use sea_orm::entity::prelude::*;

/// Who settles an account's scheduled messages.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    serde::Serialize,
    serde::Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Settlement {
    /// The server, at sendAt.
    #[sea_orm(string_value = "AUTOMATIC")]
    Automatic,
    /// The sending service.
    #[sea_orm(string_value = "REPORTED")]
    Reported,
}

/// What did something in an account.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    serde::Serialize,
    serde::Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum ActorKind {
    /// An API key.
    #[sea_orm(string_value = "API_KEY")]
    ApiKey,
    /// The administrator's key of the server's configuration.
    #[sea_orm(string_value = "ADMINISTRATOR_KEY")]
    AdministratorKey,
    /// A user of the OpenID provider, in the account.
    #[sea_orm(string_value = "ACCOUNT_USER")]
    AccountUser,
    /// A user of the OpenID provider, for the platform.
    #[sea_orm(string_value = "PLATFORM_USER")]
    PlatformUser,
    /// A job of the server.
    #[sea_orm(string_value = "JOB")]
    Job,
    /// A payment provider.
    #[sea_orm(string_value = "PROVIDER")]
    Provider,
}

/// The role of an API key.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    serde::Serialize,
    serde::Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Role {
    /// A platform's key that may do everything.
    #[sea_orm(string_value = "PLATFORM_ADMIN")]
    PlatformAdmin,
    /// A platform's key that may read, report and grant.
    #[sea_orm(string_value = "ACCOUNT_MANAGER")]
    AccountManager,
    /// An account's key that may do everything in it.
    #[sea_orm(string_value = "OWNER")]
    Owner,
    /// An account's key for lists, allocations, quotes and messages.
    #[sea_orm(string_value = "MEMBER")]
    Member,
    /// An account's key that may read and report.
    #[sea_orm(string_value = "VIEWER")]
    Viewer,
    /// An account's key for a sending service.
    #[sea_orm(string_value = "SENDER")]
    Sender,
}

/// The channel that carries a message: [`domain::channel::Channel`] as it is stored.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    serde::Serialize,
    serde::Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Channel {
    /// Text only.
    #[sea_orm(string_value = "SMS")]
    Sms,
    /// With media.
    #[sea_orm(string_value = "MMS")]
    Mms,
}

impl From<domain::channel::Channel> for Channel {
    fn from(channel: domain::channel::Channel) -> Self {
        match channel {
            domain::channel::Channel::Sms => Self::Sms,
            domain::channel::Channel::Mms => Self::Mms,
        }
    }
}

impl From<Channel> for domain::channel::Channel {
    fn from(channel: Channel) -> Self {
        match channel {
            Channel::Sms => Self::Sms,
            Channel::Mms => Self::Mms,
        }
    }
}

/// How an SMS is encoded.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    serde::Serialize,
    serde::Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Encoding {
    /// The GSM 7-bit alphabet.
    #[sea_orm(string_value = "GSM_7")]
    Gsm7,
    /// 16-bit characters.
    #[sea_orm(string_value = "UCS_2")]
    Ucs2,
}

/// The status of a message.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    serde::Serialize,
    serde::Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum MessageStatus {
    /// Its credits are held.
    #[sea_orm(string_value = "SCHEDULED")]
    Scheduled,
    /// It was charged.
    #[sea_orm(string_value = "SENT")]
    Sent,
    /// It was cancelled, and its credits were released.
    #[sea_orm(string_value = "CANCELED")]
    Canceled,
}

/// The status of a purchase.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    serde::Serialize,
    serde::Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum PurchaseStatus {
    /// The owner has not decided yet.
    #[sea_orm(string_value = "PENDING")]
    Pending,
    /// It was paid, and its credits were added.
    #[sea_orm(string_value = "PAID")]
    Paid,
    /// The owner declined it.
    #[sea_orm(string_value = "DECLINED")]
    Declined,
    /// The owner did not decide in time.
    #[sea_orm(string_value = "EXPIRED")]
    Expired,
    /// The provider was asked and did not answer: the payment may have been taken or not.
    #[sea_orm(string_value = "UNKNOWN")]
    Unknown,
    /// The provider could not collect the payment.
    #[sea_orm(string_value = "FAILED")]
    Failed,
}

/// Whether an account's connection to its payment provider can be used.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    serde::Serialize,
    serde::Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum ConnectionStatus {
    /// It can be used.
    #[sea_orm(string_value = "ACTIVE")]
    Active,
    /// The provider has frozen the shop or customer.
    #[sea_orm(string_value = "FROZEN")]
    Frozen,
    /// The provider refuses the credentials, or they can't be decrypted.
    #[sea_orm(string_value = "UNAUTHORIZED")]
    Unauthorized,
    /// The shop has removed the app, or the customer was deleted.
    #[sea_orm(string_value = "UNINSTALLED")]
    Uninstalled,
}

/// The status of an import of contacts.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    serde::Serialize,
    serde::Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum ImportStatus {
    /// It is running.
    #[sea_orm(string_value = "RUNNING")]
    Running,
    /// It read the whole file.
    #[sea_orm(string_value = "DONE")]
    Done,
    /// It stopped before the end of the file. Contacts added until then stay.
    #[sea_orm(string_value = "FAILED")]
    Failed,
}

/// Why a row of a file of contacts was rejected.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    serde::Serialize,
    serde::Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum RejectionCode {
    /// The number's cell is empty.
    #[sea_orm(string_value = "NUMBER_MISSING")]
    NumberMissing,
    /// The number's cell holds no valid telephone number.
    #[sea_orm(string_value = "INVALID_NUMBER")]
    InvalidNumber,
    /// The number has no calling code, and it is no number of the default country.
    #[sea_orm(string_value = "UNKNOWN_COUNTRY")]
    UnknownCountry,
    /// The number is a landline, and landlines are not accepted.
    #[sea_orm(string_value = "LANDLINE")]
    Landline,
    /// The number is of a kind that never receives messages.
    #[sea_orm(string_value = "UNREACHABLE_NUMBER")]
    UnreachableNumber,
    /// The row has too many bytes or cells.
    #[sea_orm(string_value = "TOO_LONG")]
    TooLong,
    /// The row can't be cut into the columns of the first row.
    #[sea_orm(string_value = "MALFORMED_ROW")]
    MalformedRow,
    /// The row has characters that can't be read.
    #[sea_orm(string_value = "UNREADABLE_TEXT")]
    UnreadableText,
    /// The number's cell holds a formula without a result.
    #[sea_orm(string_value = "NOT_COMPUTED")]
    NotComputed,
}

/// The format of a report's file.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    serde::Serialize,
    serde::Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum ReportFormat {
    /// An Excel workbook.
    #[sea_orm(string_value = "XLSX")]
    Xlsx,
    /// Comma-separated values.
    #[sea_orm(string_value = "CSV")]
    Csv,
}

/// The interval of a report's timeline.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    serde::Serialize,
    serde::Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Interval {
    /// Hours.
    #[sea_orm(string_value = "HOUR")]
    Hour,
    /// Days.
    #[sea_orm(string_value = "DAY")]
    Day,
    /// Weeks.
    #[sea_orm(string_value = "WEEK")]
    Week,
    /// Calendar months.
    #[sea_orm(string_value = "MONTH")]
    Month,
}

/// What the sums of a row are of.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumIter,
    DeriveActiveEnum,
    serde::Serialize,
    serde::Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum UsageKind {
    /// A whole account. The key is empty.
    #[sea_orm(string_value = "ALL")]
    All,
    /// One list. The key is its sixteen bytes, or empty for messages without a list.
    #[sea_orm(string_value = "LIST")]
    List,
    /// One country, which is the key. A message to several countries counts in each.
    #[sea_orm(string_value = "COUNTRY")]
    Country,
    /// One list in a whole month: the sum of its days. The key is as for [`Self::List`].
    #[sea_orm(string_value = "LIST_MONTH")]
    ListMonth,
}
