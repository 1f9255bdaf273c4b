//! The closed sets of values that columns hold, stored as text. Those of the books are in [`books`].

mod books;

pub use self::books::{BookName, ConsumptionOrder, LotSource, TransactionKind};

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

/// What a key may do.
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
    /// Platform: everything.
    #[sea_orm(string_value = "PLATFORM_ADMIN")]
    PlatformAdmin,
    /// Platform: reads, reports and grants.
    #[sea_orm(string_value = "ACCOUNT_MANAGER")]
    AccountManager,
    /// Account: everything in it.
    #[sea_orm(string_value = "OWNER")]
    Owner,
    /// Account: lists, allocation, quotes and messages.
    #[sea_orm(string_value = "MEMBER")]
    Member,
    /// Account: reads and reports.
    #[sea_orm(string_value = "VIEWER")]
    Viewer,
    /// Account: a sending service.
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

/// Where a message stands.
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
    /// Its credits went back.
    #[sea_orm(string_value = "CANCELED")]
    Canceled,
}

/// Where a purchase stands.
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
    /// The credits are there.
    #[sea_orm(string_value = "PAID")]
    Paid,
    /// The owner said no.
    #[sea_orm(string_value = "DECLINED")]
    Declined,
    /// Nobody decided in time.
    #[sea_orm(string_value = "EXPIRED")]
    Expired,
    /// The provider could not take the payment.
    #[sea_orm(string_value = "FAILED")]
    Failed,
}

/// Where an import of contacts stands.
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
    /// It reads.
    #[sea_orm(string_value = "RUNNING")]
    Running,
    /// It read the whole file.
    #[sea_orm(string_value = "DONE")]
    Done,
    /// It stopped before the file's end; what came in until then stays.
    #[sea_orm(string_value = "FAILED")]
    Failed,
}

/// How a report's file is written.
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

/// How a report cuts time.
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

/// What a day's sums are of.
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
    /// All of an account; without a key.
    #[sea_orm(string_value = "ALL")]
    All,
    /// One list of it; its key is the list's sixteen bytes, or none for what was sent without one.
    #[sea_orm(string_value = "LIST")]
    List,
    /// What went to one country, its key; a message that went to several is one in each.
    #[sea_orm(string_value = "COUNTRY")]
    Country,
    /// One list of it, as [`Self::List`], in a whole month: the sum of its days.
    #[sea_orm(string_value = "LIST_MONTH")]
    ListMonth,
}
